/* SPDX-License-Identifier: MIT */
/* One connection to BIND's control channel, kept over many commands: what rndc(8) does, without starting it.
 *
 * Errors: -ECONNREFUSED and other errnos of connect, read and write; -ETIMEDOUT; -ECONNRESET: named closed the connection,
 * which is also how it refuses a key; -EBADMSG: what came is no control message; -EKEYREJECTED: it is signed with another
 * key; -E2BIG: the command is too long; -ENOMEM. `message` begins with "control channel ADDRESS@PORT". After an error
 * (but -E2BIG) the connection is closed; to connect again is the caller's matter. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/address.h"
#include "basic/cleanup.h"
#include "basic/hmac-key.h"
#include "basic/message.h"

typedef struct DdnsRndc DdnsRndc;

/* What named said. Both texts are valid until the next command, never NULL, and free of NUL octets. */
typedef struct DdnsRndcReply {
        uint32_t result;   /* 0: done */
        const char *text;  /* may have several lines */
        const char *error; /* named's short word for the result: "already exists" */
} DdnsRndcReply;

/* Connects and proves the key with the command "null". `key` must outlive the connection. `timeout_usec` is for this and for
 * each command. */
int ddns_rndc_connect(const DdnsSockaddr *server, const DdnsHmacKey *key, uint64_t timeout_usec,
                      DdnsRndc **ret, DdnsMessage *message);

/* 0: named answered, also if it answered with a failure; negative: the channel failed. */
int ddns_rndc_command(DdnsRndc *c, const char *command, DdnsRndcReply *ret, DdnsMessage *message);

/* False: named has closed the connection since the last command, or it was closed after an error. */
bool ddns_rndc_is_alive(const DdnsRndc *c);

DdnsRndc *ddns_rndc_free(DdnsRndc *c);
DDNS_DEFINE_CLEANUP(DdnsRndc *, ddns_rndc_free)
