/* SPDX-License-Identifier: MIT */
/* Messages over TCP, one socket without blocking. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "dns/stream.h"

#define LENGTH_SIZE 2
#define DATA_MAX    (LENGTH_SIZE + UINT16_MAX)

static int wait_for(const DnsStream *s, short events) {
        uint64_t now = ddns_monotonic_usec(), end = now + s->silence_usec;
        struct pollfd pfd = { .fd = s->fd, .events = events };

        if (end > s->deadline)
                end = s->deadline;
        while (now < end) {
                struct timespec ts = { .tv_sec = (time_t) ((end - now) / USEC_PER_SEC),
                                       .tv_nsec = (long) ((end - now) % USEC_PER_SEC * 1000) };

                int r = ppoll(&pfd, 1, &ts, NULL);
                if (r > 0)
                        return 0; /* an error shows in what is done next */
                if (r < 0 && errno != EINTR)
                        return -errno;
                now = ddns_monotonic_usec();
        }
        return -ETIMEDOUT;
}

static int finish_connecting(const DnsStream *s) {
        int error, r = wait_for(s, POLLOUT);
        socklen_t size = sizeof error;

        if (r < 0)
                return r;
        if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return -errno;
        return -error;
}

int dns_stream_open(DnsStream *s, const DdnsSockaddr *server, uint64_t silence_usec,
                    uint64_t total_usec) {
        s->silence_usec = silence_usec;
        s->deadline = ddns_monotonic_usec() + total_usec;
        s->data = malloc(DATA_MAX);
        if (!s->data)
                return -ENOMEM;
        s->fd = socket(server->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (s->fd < 0)
                return -errno;
        if (connect(s->fd, &server->sa, ddns_sockaddr_length(server)) == 0)
                return 0;
        return errno == EINPROGRESS ? finish_connecting(s) : -errno;
}

int dns_stream_send(DnsStream *s, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                ssize_t k = send(s->fd, p, size, MSG_NOSIGNAL);

                if (k >= 0) {
                        p += k;
                        size -= (size_t) k;
                } else if (errno == EAGAIN) {
                        int r = wait_for(s, POLLOUT);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

/* Receives until `size` octets are there. */
static int fill(DnsStream *s, size_t size) {
        while (s->end - s->at < size) {
                /* A server that never pauses would keep us from wait_for(), which looks at the clock. */
                if (ddns_monotonic_usec() >= s->deadline)
                        return -ETIMEDOUT;
                ssize_t k = recv(s->fd, s->data + s->end, DATA_MAX - s->end, 0);

                if (k > 0)
                        s->end += (size_t) k;
                else if (k == 0)
                        return -EPIPE;
                else if (errno == EAGAIN) {
                        int r = wait_for(s, POLLIN);
                        if (r < 0)
                                return r;
                } else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

int dns_stream_receive(DnsStream *s, const uint8_t **ret, size_t *ret_size) {
        /* At the front there is room for the longest message. */
        memmove(s->data, s->data + s->at, s->end - s->at);
        s->end -= s->at;
        s->at = 0;

        int r = fill(s, LENGTH_SIZE);
        if (r < 0)
                return r;
        size_t size = LENGTH_SIZE + ((size_t) s->data[0] << 8 | s->data[1]);
        r = fill(s, size);
        if (r < 0)
                return r;
        s->at = size;
        *ret = s->data + LENGTH_SIZE;
        *ret_size = size - LENGTH_SIZE;
        return 0;
}

bool dns_stream_has_more(const DnsStream *s) {
        return s->at < s->end;
}

void dns_stream_done(DnsStream *s) {
        ddns_closep(&s->fd);
        free(s->data);
        *s = DNS_STREAM_NULL;
}
