/* SPDX-License-Identifier: MIT */
/* A caller-owned, bounded error text: how library code says where and why without logging. */
#pragma once

typedef struct DdnsMessage {
        char text[512];
} DdnsMessage;

#define DDNS_MESSAGE_NULL ((DdnsMessage){ "" })

/* Formats into `m` (may be NULL; too long a text is cut) and returns `error`, so that a failure is one line:
 * `return ddns_fail(message, -EBADMSG, "line %u: no TTL", line);` */
int ddns_fail(DdnsMessage *m, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
