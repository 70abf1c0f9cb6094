/* SPDX-License-Identifier: MIT */
/* Names, types and rdata as the DNS library of CoreDNS (miekg/dns 1.1.50) spells and reads them. */
#pragma once

#include "basic/buffer.h"
#include "zone/canonical.h"

/* How a type's rdata is written. */
typedef enum DdnsCorednsForm {
        DDNS_COREDNS_TEXT,        /* as it is */
        DDNS_COREDNS_NAME,        /* its last field is a name */
        DDNS_COREDNS_TWO_NAMES,   /* its first two fields are names */
        DDNS_COREDNS_STRINGS,     /* nothing but strings */
        DDNS_COREDNS_LAST_STRING, /* its last field is one string, which can't be cut */
        DDNS_COREDNS_HEX,         /* RFC 3597 */
        DDNS_COREDNS_DNSSEC,      /* left out: the plugin knows nothing of DNSSEC */
        DDNS_COREDNS_UNREADABLE,  /* left out: comes out as something else, or kills its RRset */
} DdnsCorednsForm;

typedef struct DdnsCorednsType {
        uint16_t number;
        DdnsCorednsForm form;
        char name[16]; /* under which a query for it is looked up */
} DdnsCorednsType;

void ddns_coredns_type(const DdnsRecord *r, DdnsCorednsType *ret);

/* Appends a name of canonical text in the spelling in which the plugin compares it with that of a query. */
void ddns_coredns_append_name(DdnsBuffer *b, const char *name, size_t size);

/* Appends the rdata of a record whose type is not left out. `utf8`: non-ASCII text may stand as it is. 0; 1: with strings cut
 * into shorter ones; -EBADMSG: it would be read as something else, or not at all; -ENOMEM. */
int ddns_coredns_append_rdata(DdnsBuffer *b, const DdnsRecord *r, const DdnsCorednsType *type,
                              bool utf8);
