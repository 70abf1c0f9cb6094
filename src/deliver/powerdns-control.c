/* SPDX-License-Identifier: MIT */
/* Commands to PowerDNS' control socket. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "basic/socket.h"
#include "deliver/powerdns-control.h"

#define ANSWER_MAX 1024

/* A guardian hands a line on through a pipe, and its child takes what one read gives: no more than PIPE_BUF is sure to be whole. */
#define LINE_MAX_OCTETS 4000

/* Half a millisecond for each zone, as PowerDNS walks through all shards of its caches: more than these, and forgetting all costs
 * less, which its caches do anyway within a minute. */
#define PURGE_MAX 100

static int fail(const char *path, int error, DdnsMessage *message) {
        return ddns_fail(message, error, "the control socket %s: %s%s", path,
                         error == -ETIMEDOUT ? "PowerDNS did not answer in time" : strerror(-error),
                         error == -EACCES ? "; the service needs its group: see ddns-mysql(7)" : "");
}

/* A full backlog is EAGAIN for a UNIX socket, and nothing tells when there is room again. */
static int open_socket(const char *path, uint64_t deadline, int *ret) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

        if (strlen(path) >= sizeof address.sun_path)
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        ddns_cleanup(ddns_closep) int fd =
                        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        while (connect(fd, (const struct sockaddr *) &address, sizeof address) < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
                if (ddns_monotonic_usec() >= deadline)
                        return -ETIMEDOUT;
                (void) nanosleep(&pause, NULL);
        }
        *ret = TAKE_FD(fd);
        return 0;
}

/* Up to the end of the connection; what is too much is read and dropped. */
static int receive(int fd, char answer[ANSWER_MAX], uint64_t deadline) {
        size_t size = 0;
        char rest[256];

        for (;;) {
                bool full = size == ANSWER_MAX - 1;
                ssize_t k = ddns_socket_receive(fd, full ? rest : answer + size,
                                                full ? sizeof rest : ANSWER_MAX - 1 - size, deadline);

                if (k < 0)
                        return (int) k;
                if (k == 0)
                        break;
                size += full ? 0 : (size_t) k;
        }
        while (size > 0 && strchr(" \t\r\n", answer[size - 1]))
                size--;
        answer[size] = '\0';
        return 0;
}

/* One command. What PowerDNS says if it went well is `good`, or a number if that is NULL. */
static int command(const char *path, const char *line, size_t size, const char *good, uint64_t deadline,
                   DdnsMessage *message) {
        ddns_cleanup(ddns_closep) int fd = -EBADF;
        char answer[ANSWER_MAX];
        int r = open_socket(path, deadline, &fd);

        if (r >= 0)
                r = ddns_socket_send(fd, line, size, deadline);
        if (r >= 0)
                r = receive(fd, answer, deadline);
        if (r < 0)
                return fail(path, r, message);
        if (good ? strcmp(answer, good) == 0
                 : answer[0] && strspn(answer, "0123456789") == strlen(answer))
                return 0;
        return ddns_fail(message, -EBADMSG, "the control socket %s: PowerDNS answered \"%.200s\"", path,
                         answer);
}

int ddns_powerdns_ping(const char *path, uint64_t timeout_usec, DdnsMessage *message) {
        /* a guardian answers PING itself, and without one there is no such command */
        return command(path, "RPING\n", 6, "PONG", ddns_monotonic_usec() + timeout_usec, message);
}

int ddns_powerdns_rediscover(const char *path, uint64_t timeout_usec, DdnsMessage *message) {
        return command(path, "REDISCOVER\n", 11, "Ok", ddns_monotonic_usec() + timeout_usec, message);
}

int ddns_powerdns_purge(const char *path, const char *const *zones, size_t n, uint64_t timeout_usec,
                        DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer line = DDNS_BUFFER_NULL;
        uint64_t deadline = ddns_monotonic_usec() + timeout_usec;

        if (n > PURGE_MAX)
                return command(path, "PURGE\n", 6, NULL, deadline, message);
        for (size_t i = 0; i < n;) {
                int r;

                ddns_buffer_reset(&line);
                ddns_buffer_append_text(&line, "PURGE");
                do
                        ddns_buffer_append_format(&line, " %s$", zones[i++]);
                while (i < n && line.size + strlen(zones[i]) + 3 < LINE_MAX_OCTETS);
                ddns_buffer_append_byte(&line, '\n');
                if (ddns_buffer_status(&line) < 0)
                        return ddns_fail(message, -ENOMEM, "out of memory");
                r = command(path, line.data, line.size, NULL, deadline, message);
                if (r < 0)
                        return r;
        }
        return 0;
}
