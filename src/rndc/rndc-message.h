/* SPDX-License-Identifier: MIT */
/* BIND's control messages as bytes: a pure encoder and decoder.
 *
 * 4 octets length, 4 octets version 1, then a table. Each of its entries: 1 octet length of the key, the key, 1 octet type
 * (1 binary, 2 table; named sends no others), 4 octets length, the value. All numbers are big-endian. `_auth` comes first;
 * its HMAC covers everything behind it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/buffer.h"
#include "basic/hmac-key.h"

#define DDNS_RNDC_MESSAGE_MAX (1u << 20) /* what rndc(8) takes from named */
#define DDNS_RNDC_NONCE_MAX   31

typedef struct DdnsRndcRequest {
        uint32_t serial;
        uint64_t now_sec;
        const char *nonce; /* NULL in the first message of a connection */
        const char *command;
} DdnsRndcRequest;

/* Appends the message, its length in front. -ENOMEM; -E2BIG: longer than what named takes; -EIO: GnuTLS refuses. */
int ddns_rndc_message_encode(const DdnsHmacKey *key, const DdnsRndcRequest *request, DdnsBuffer *ret);

/* A part of the message that was decoded; `data` NULL: not there. */
typedef struct DdnsRndcSpan {
        const uint8_t *data;
        size_t size;
} DdnsRndcSpan;

typedef struct DdnsRndcAnswer {
        uint32_t serial; /* of the request */
        char nonce[DDNS_RNDC_NONCE_MAX + 1];
        uint32_t result; /* 0: done */
        DdnsRndcSpan text;
        DdnsRndcSpan error;
} DdnsRndcAnswer;

/* Decodes a message without its length. -EBADMSG: malformed; -EKEYREJECTED: signed with another key; -EIO: GnuTLS. */
int ddns_rndc_message_decode(const DdnsHmacKey *key, const uint8_t *data, size_t size,
                             DdnsRndcAnswer *ret);
