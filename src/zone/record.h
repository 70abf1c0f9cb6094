/* SPDX-License-Identifier: MIT */
/* One entry of a master file to one record: owner, TTL, class and type as RFC 1035 and RFC 2308 have them, rdata by ldns.
 * Private to src/zone. */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stdint.h>

#include "zone/lexer.h"

typedef struct ZoneRecord {
        ldns_rdf *owner; /* lower case */
        uint16_t type;
        uint16_t covered; /* of an RRSIG: the type it signs, part of the RRset's identity; else 0 */
        uint32_t ttl;
        uint32_t sequence; /* place in the input */
        unsigned line;
        ldns_rr *rr; /* holds the rdata; its owner and TTL are not used */
        char *rdata; /* canonical text */
} ZoneRecord;

/* What carries over from entry to entry. */
typedef struct ZoneContext {
        ldns_rdf *apex;
        ldns_rdf *origin;
        ldns_rdf *owner; /* the last one that was written; NULL: none yet */
        bool has_default_ttl;
        uint32_t default_ttl; /* $TTL */
        bool has_last_ttl;
        uint32_t last_ttl;
} ZoneContext;

/* -EBADMSG: refused, `message` says why; -ENOMEM. 0: a directive, now in `c`, or a record outside the zone
 * (`*ret_dropped`); 1: `*ret` is filled, its pointers are the caller's (zone_record_done()). */
int zone_record_parse(ZoneContext *c, const ZoneEntry *e, ZoneRecord *ret, bool *ret_dropped,
                      DdnsMessage *message);

void zone_record_done(ZoneRecord *r);
