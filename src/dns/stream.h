/* SPDX-License-Identifier: MIT */
/* A TCP connection that carries DNS messages (RFC 1035, 4.2.2), with an end to every wait. Private to src/dns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/address.h"

typedef struct DnsStream {
        int fd;
        uint64_t silence_usec; /* longest wait without an octet, and for connecting */
        uint64_t deadline;     /* of everything, monotonic */
        uint8_t *data;         /* received: [at, end) was not given out yet */
        size_t at, end;
} DnsStream;

#define DNS_STREAM_NULL ((DnsStream){ .fd = -EBADF })

/* -ETIMEDOUT; -ECONNREFUSED and the other errnos of connecting; -ENOMEM. Also after a failure `s` needs dns_stream_done(). */
int dns_stream_open(DnsStream *s, const DdnsSockaddr *server, uint64_t silence_usec,
                    uint64_t total_usec);

/* -ETIMEDOUT, or the errno of sending. */
int dns_stream_send(DnsStream *s, const void *data, size_t size);

/* The next message, without the length before it; valid up to the next call. -EPIPE: the connection ended; -ETIMEDOUT, or the
 * errno of receiving. */
int dns_stream_receive(DnsStream *s, const uint8_t **ret, size_t *ret_size);

/* Something was received behind the last message. */
bool dns_stream_has_more(const DnsStream *s);

void dns_stream_done(DnsStream *s);
