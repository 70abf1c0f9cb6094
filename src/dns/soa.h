/* SPDX-License-Identifier: MIT */
/* Asking a name server what it really serves: SOA queries over UDP for many zones at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/address.h"
#include "basic/message.h"

typedef enum DdnsSoaState {
        DDNS_SOA_SILENT, /* no answer */
        DDNS_SOA_SERVED, /* authoritative (see `without_aa`) answer with the zone's SOA: `serial` is set */
        DDNS_SOA_ABSENT, /* an answer, but no authority for this very zone: REFUSED, NXDOMAIN, a parent's SOA … */
        DDNS_SOA_FAILED, /* SERVFAIL: configured, but not loaded */
} DdnsSoaState;

typedef struct DdnsSoaQuestion {
        const char *zone; /* checked name */
        bool want_absent; /* after a delete; else `want_serial` is wanted */
        uint32_t want_serial;
        bool without_aa; /* of a name server that never sets AA: an answer with the SOA is enough */

        /* the newest answer */
        DdnsSoaState state;
        uint32_t serial;
        int rcode;
} DdnsSoaQuestion;

/* The question's wish is met by the newest answer. */
bool ddns_soa_is_served(const DdnsSoaQuestion *q);

/* Asks each question once (repeating only what stays unanswered) and returns when all have an answer, or after
 * `timeout_usec`. 0 also if some stay silent; negative errno if the socket fails; -ENOMEM. */
int ddns_soa_ask(const DdnsSockaddr *server, DdnsSoaQuestion *questions, size_t n,
                 uint64_t timeout_usec);

/* Asks until every question's wish is met (after 1 ms, 2 ms, 4 ms … at most 250 ms), or until `timeout_usec` is over.
 * 0: see each question; -ETIMEDOUT: the server answered nothing at all; else as above. */
int ddns_soa_wait(const DdnsSockaddr *server, DdnsSoaQuestion *questions, size_t n,
                  uint64_t timeout_usec);

/* "serial 7 instead of 8", "REFUSED", "no answer": why the wish is not met, for error texts. */
void ddns_soa_explain(const DdnsSoaQuestion *q, DdnsMessage *ret);
