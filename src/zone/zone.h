/* SPDX-License-Identifier: MIT */
/* The zone check: from a master file as DirectAdmin or a person wrote it to canonical text that every name server loads.
 *
 * Canonical text: one record a line, "owner TTL IN TYPE rdata" with tabs between, absolute lower-case owners, the apex SOA
 * first, then in canonical order (RFC 4034, 6.1) by owner, type and rdata, no duplicates; serial and rdata untouched. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/cleanup.h"
#include "basic/digest.h"
#include "basic/message.h"

typedef struct DdnsZone {
        char *text; /* canonical, NUL-terminated, the only form that goes on */
        size_t size;
        uint8_t digest[DDNS_DIGEST_SIZE]; /* SHA-256 of `text`: the content's identity */
        uint32_t serial;
        uint32_t n_records;
        uint32_t n_dropped;  /* records with an owner outside the zone, left out as BIND does */
        DdnsMessage warning; /* of the first of them; "" if none */
} DdnsZone;

#define DDNS_ZONE_NULL ((DdnsZone){ 0 })

typedef struct DdnsZoneLimits {
        uint32_t max_records;
} DdnsZoneLimits;

/* Checks `size` bytes of master file as zone `name` (a checked name: domain.h).
 * -EBADMSG: refused, `message` says why and where ("line 12: …"); -ENOMEM. `*ret` is filled only on success. */
int ddns_zone_check(const char *name, const char *data, size_t size, const DdnsZoneLimits *limits,
                    DdnsZone *ret, DdnsMessage *message);

void ddns_zone_done(DdnsZone *z);
