/* SPDX-License-Identifier: MIT */
/* A wall clock for tests, put before a program by LD_PRELOAD: the real one, ahead by the microseconds that the file named by
 * DDNS_TEST_CLOCK holds as an int64_t at this very moment (named looks at the coarse one). Nothing else moves: time-outs are by the monotonic clock. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead;

__attribute__((constructor)) static void open_clock(void) {
        const char *path = getenv("DDNS_TEST_CLOCK");
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

        if (fd < 0)
                return;
        void *p = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
        ahead = p == MAP_FAILED ? NULL : p;
        (void) close(fd);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ts) {
        int r = (int) syscall(SYS_clock_gettime, id, ts);

        if (r < 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE) || !ahead)
                return r;
        int64_t usec = ts->tv_sec * INT64_C(1000000) + ts->tv_nsec / 1000 +
                       *ahead; /* which may be negative */
        ts->tv_sec = usec / 1000000;
        ts->tv_nsec = usec % 1000000 * 1000;
        return 0;
}
