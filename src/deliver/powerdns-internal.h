/* SPDX-License-Identifier: MIT */
/* What the parts of PowerDNS' rows share: powerdns-rows.c (rows), powerdns-names.c (which names there are, and cuts),
 * powerdns-chain.c (NSEC and NSEC3), powerdns-content.c (rdata). Private to src/deliver. */
#pragma once

#include <stdbool.h>

#include "basic/buffer.h"
#include "deliver/powerdns-rows.h"
#include "zone/canonical.h"

#define POWERDNS_HASH_SIZE 32 /* SHA-1 in base32hex */

/* A name of the zone. Its ancestors stand before it. */
typedef struct PowerdnsName {
        const char *owner; /* canonical, a part of the zone's text */
        size_t size;
        size_t first, n; /* its records; 0: an empty non-terminal */
        bool cut;        /* a delegation */
        bool below;      /* below one: glue, and what is hidden */
        bool hash;       /* the owner of an NSEC3 record, which no query asks for */
        bool chained;    /* an NSEC or NSEC3 record says which types it has */
        char hashed[POWERDNS_HASH_SIZE + 1];
} PowerdnsName;

typedef enum PowerdnsChain {
        POWERDNS_UNSIGNED,
        POWERDNS_NSEC,
        POWERDNS_NSEC3,
} PowerdnsChain;

typedef struct PowerdnsZone {
        DdnsRecord *records; /* in the order of the text: the apex first, an RRset in one piece */
        size_t n_records, allocated_records;
        PowerdnsName *names;
        size_t n_names, allocated_names;

        PowerdnsChain chain;
        bool has_nsec, has_nsec3;
        bool opt_out;
        uint16_t iterations;
        const char *salt; /* hexadecimal, or "-" */
        size_t salt_size;
} PowerdnsZone;

#define POWERDNS_ZONE_NULL ((PowerdnsZone){ 0 })
void powerdns_zone_done(PowerdnsZone *z);

/* Names and records of canonical text, which lives longer. -ENOMEM. */
int powerdns_zone_read(const char *content, PowerdnsZone *ret);

/* Does the record belong to the zone, or to one that was delegated? */
static inline bool powerdns_is_authoritative(const PowerdnsName *name, const DdnsRecord *r) {
        return !name->below && (!name->cut || ddns_record_is_type(r, "DS"));
}

/* Finds the chain and makes sure that PowerDNS, which makes NSEC and NSEC3 records of its own accord, will make those that were
 * signed. -EBADMSG: it will not; -ENOMEM. */
int powerdns_chain(PowerdnsZone *z, DdnsMessage *message);

/* The next field of rdata in `*p`, quotes and all, and moves on behind the blank after it. */
const char *powerdns_token(const char **p, const char *end, size_t *ret_size);

/* A name without its last dot, escaped as PowerDNS does it. The root is ".". */
void powerdns_append_name(DdnsBuffer *b, const char *name, size_t size);

#define POWERDNS_TYPE_MAX 16
#define POWERDNS_PRIO_MAX 8

typedef struct PowerdnsContent {
        char type[POWERDNS_TYPE_MAX];
        char prio[POWERDNS_PRIO_MAX];
        DdnsBuffer text;
} PowerdnsContent;

/* What PowerDNS stores for a record; `ret` can be used again and again. 0; -EBADMSG: it can't serve it, `*ret_why`: a constant
 * that says why; -ENOMEM. */
int powerdns_content(const DdnsRecord *r, PowerdnsContent *ret, const char **ret_why);
