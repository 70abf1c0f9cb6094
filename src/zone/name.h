/* SPDX-License-Identifier: MIT */
/* Domain names between tokens, wire form and canonical text. For src/zone and src/dns. */
#pragma once

#include <ldns/ldns.h>

#include "basic/buffer.h"
#include "zone/lexer.h"

static inline void zone_name_freep(ldns_rdf **name) {
        ldns_rdf_deep_free(*name);
}

/* A name relative to `origin`, "@", or absolute. -EBADMSG with the reason; -ENOMEM. On success `*ret` is the caller's. */
int zone_name_parse(const ldns_rdf *origin, const ZoneToken *t, unsigned line, ldns_rdf **ret,
                    DdnsMessage *message);

/* The same octets: of canonical names, which owners and an apex are, no others are equal. */
bool zone_name_is(const ldns_rdf *a, const ldns_rdf *b);
/* What ldns has for these takes memory, and without it says that a name is not below another. */
bool zone_name_is_below(const ldns_rdf *name, const ldns_rdf *above);
/* `name`, which is not the root, without its first label; a view that needs it and is never freed. */
ldns_rdf zone_name_parent(const ldns_rdf *name);

/* Absolute, with the last dot, in a form that every reader takes for the same name: anything but letters, digits, '-', '_',
 * '*', '/' and '+' is escaped. */
void zone_name_append(DdnsBuffer *b, const ldns_rdf *name);
/* NULL: out of memory; else the caller's. */
char *zone_name_to_text(const ldns_rdf *name);
