/* SPDX-License-Identifier: MIT */
/* Dying where a test wants it. Part of the library only with -Dcrash-points=enabled. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "basic/crash-point.h"

/* Whether this passage is the one; else the file counts it. */
static bool is_here(const char *path, const char *name) {
        ddns_cleanup(ddns_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
        char text[128] = "", wanted[100];
        unsigned passages;

        if (fd < 0 || pread(fd, text, sizeof text - 1, 0) < 0 ||
            sscanf(text, "%99s %u", wanted, &passages) != 2 || strcmp(wanted, name) != 0)
                return false;
        if (passages == 0)
                return unlink(path) == 0;
        int n = snprintf(text, sizeof text, "%s %u\n", name, passages - 1);
        if (pwrite(fd, text, (size_t) n, 0) != n)
                abort();
        return false;
}

void ddns_crash_point(const char *name) {
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        const char *path = getenv("DDNS_CRASH_AT");

        if (!path)
                return;
        (void) pthread_mutex_lock(&lock);
        if (is_here(path, name))
                (void) kill(getpid(), SIGKILL);
        (void) pthread_mutex_unlock(&lock);
}
