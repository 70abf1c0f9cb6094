/* SPDX-License-Identifier: MIT */
/* Messages over TCP: cutting what comes into them. */
#include <errno.h>
#include <string.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "basic/socket.h"
#include "dns/stream.h"

#define LENGTH_SIZE 2
#define DATA_MAX    (LENGTH_SIZE + UINT16_MAX)

/* Of a wait that begins now. */
static uint64_t end_of_wait(const DnsStream *s) {
        uint64_t end = ddns_monotonic_usec() + s->silence_usec;

        return end < s->deadline ? end : s->deadline;
}

int dns_stream_open(DnsStream *s, const DdnsSockaddr *server, uint64_t silence_usec,
                    uint64_t total_usec) {
        s->silence_usec = silence_usec;
        s->deadline = ddns_monotonic_usec() + total_usec;
        s->data = malloc(DATA_MAX);
        if (!s->data)
                return -ENOMEM;
        return ddns_socket_connect(server, end_of_wait(s), &s->fd);
}

int dns_stream_send(DnsStream *s, const void *data, size_t size) {
        return ddns_socket_send(s->fd, data, size, end_of_wait(s));
}

/* Receives until `size` octets are there. */
static int fill(DnsStream *s, size_t size) {
        while (s->end - s->at < size) {
                ssize_t k = ddns_socket_receive(s->fd, s->data + s->end, DATA_MAX - s->end,
                                                end_of_wait(s));

                if (k <= 0)
                        return k < 0 ? (int) k : -EPIPE;
                s->end += (size_t) k;
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
