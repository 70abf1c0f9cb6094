/* SPDX-License-Identifier: MIT */
/* Refuses connections. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/clock.h"
#include "receiver/refusal.h"
#include "report/report.h"

/* Connections closed at a time, before the loop looks at other sockets again. */
#define CLOSED_MAX  64
#define REPORT_USEC (60 * USEC_PER_SEC)

int ddns_refusal_add(DdnsRefusal *r, int fd) {
        int flags = fcntl(fd, F_GETFL);

        if (r->n == DDNS_REFUSALS_MAX)
                return -ENOSPC;
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        r->fds[r->n++] = fd;
        return 0;
}

void ddns_refusal_run(DdnsRefusal *r, int fd, uint64_t now_monotonic_usec) {
        unsigned closed = 0;

        for (unsigned i = 0; i < CLOSED_MAX; i++) {
                int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

                if (connection < 0)
                        break;
                (void) close(connection);
                closed++;
        }
        if (closed == 0 ||
            (r->reported_usec != 0 && now_monotonic_usec - r->reported_usec < REPORT_USEC))
                return;
        r->reported_usec = now_monotonic_usec;
        ddns_report(DDNS_EVENT_CONFIG_BAD, NULL, "connections are refused: %s", r->why.text);
}
