/* SPDX-License-Identifier: MIT */
/* Fetching a zone from a name server by AXFR (RFC 5936), with TSIG (RFC 8945) if a key is given. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/address.h"
#include "basic/buffer.h"
#include "basic/hmac-key.h"
#include "basic/message.h"

typedef struct DdnsAxfrLimits {
        uint64_t silence_usec; /* without a byte, and for connecting */
        uint64_t total_usec;
        size_t max_size; /* of the text */
} DdnsAxfrLimits;

/* Appends the zone as master file text, for ddns_zone_check(), which decides what becomes of it. `zone`: a checked name;
 * `key`: from ddns_hmac_key_read().
 * 0; -ENOENT: the server has no such zone, or gives it to nobody like us (NOTAUTH, REFUSED, NXDOMAIN); -EAGAIN: it has it, but
 * not loaded (SERVFAIL); -EKEYREJECTED: TSIG, also for any answer that is not signed if there is a key, whatever its rcode;
 * -EBADMSG: what came is no zone transfer, or ended early; -EFBIG; -ETIMEDOUT, -ECONNREFUSED and other errnos of connecting;
 * -ENOMEM. `message` names the server and the zone. A transfer is complete or a failure, and then `ret` is as it was.
 * Needs 64 KiB besides the text. One connection, which is closed in the end. Thread-safe. */
int ddns_axfr_fetch(const DdnsSockaddr *server, const char *zone, const DdnsHmacKey *key /* or NULL */,
                    const DdnsAxfrLimits *limits, DdnsBuffer *ret, DdnsMessage *message);
