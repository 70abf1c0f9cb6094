/* SPDX-License-Identifier: MIT */
/* Connecting, sending and receiving up to a deadline. */
#include <errno.h>
#include <poll.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/socket.h"

static int wait_for(int fd, short events, uint64_t deadline) {
        for (;;) {
                struct pollfd pfd = { .fd = fd, .events = events };
                uint64_t now = ddns_monotonic_usec(), wait = deadline > now ? deadline - now : 0;
                struct timespec ts = { .tv_sec = (time_t) (wait / USEC_PER_SEC),
                                       .tv_nsec = (long) (wait % USEC_PER_SEC * 1000) };

                int r = ppoll(&pfd, 1, &ts, NULL);
                if (r > 0)
                        return 0; /* an error shows in what is done next */
                if (r == 0)
                        return -ETIMEDOUT;
                if (errno != EINTR)
                        return -errno;
        }
}

int ddns_socket_connect(const DdnsSockaddr *server, uint64_t deadline, int *ret) {
        int error;
        socklen_t size = sizeof error;

        ddns_cleanup(ddns_closep) int fd =
                        socket(server->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, &server->sa, ddns_sockaddr_length(server)) < 0) {
                if (errno != EINPROGRESS)
                        return -errno;
                int r = wait_for(fd, POLLOUT, deadline);
                if (r < 0)
                        return r;
                if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                        return -errno;
                if (error != 0)
                        return -error;
        }
        *ret = TAKE_FD(fd);
        return 0;
}

int ddns_socket_send(int fd, const void *data, size_t size, uint64_t deadline) {
        const char *p = data;

        while (size > 0) {
                ssize_t k = send(fd, p, size, MSG_NOSIGNAL);

                if (k >= 0) {
                        p += k;
                        size -= (size_t) k;
                } else if (errno == EAGAIN) {
                        int r = wait_for(fd, POLLOUT, deadline);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

ssize_t ddns_socket_receive(int fd, void *data, size_t size, uint64_t deadline) {
        for (;;) {
                /* A peer that never pauses would keep us from wait_for(), which looks at the clock. */
                if (ddns_monotonic_usec() >= deadline)
                        return -ETIMEDOUT;
                ssize_t k = recv(fd, data, size, 0);
                if (k >= 0)
                        return k;
                if (errno == EAGAIN) {
                        int r = wait_for(fd, POLLIN, deadline);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
}
