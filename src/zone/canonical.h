/* SPDX-License-Identifier: MIT */
/* Reading canonical text (zone.h) record by record, in place. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/buffer.h"

/* A record; its texts are parts of the zone's text and not NUL-terminated. */
typedef struct DdnsRecord {
        const char *owner; /* absolute, lower case, with the trailing dot */
        size_t owner_size;
        const char *ttl; /* decimal */
        size_t ttl_size;
        const char *type; /* mnemonic, or TYPEnnn */
        size_t type_size;
        const char *rdata;
        size_t rdata_size;
} DdnsRecord;

/* Gives the next record and moves `*text` behind it. False at the end. Only for text that ddns_zone_check() made. */
bool ddns_record_next(const char **text, DdnsRecord *ret);

bool ddns_record_is_type(const DdnsRecord *r, const char *type);

/* IANA's number of its type. */
uint16_t ddns_record_type_number(const DdnsRecord *r);

/* Appends the rdata as it goes over the wire: names lower case, not compressed. -EBADMSG: not from ddns_zone_check();
 * -ENOMEM. Slow. */
int ddns_record_append_wire(const DdnsRecord *r, DdnsBuffer *b);
