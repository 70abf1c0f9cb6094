/* SPDX-License-Identifier: MIT */
/* Rdata between tokens, ldns and canonical text. For src/zone and src/dns. */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>

#include "zone/lexer.h"

#define ZONE_STRING_MAX 255 /* of one character-string (RFC 1035, 3.3) */

/* What ldns wants in field `i` of a record of that type; the last field may go on over several tokens. */
ldns_rdf_type zone_field_type(const ldns_rr_descriptor *d, size_t i);

/* The rdata of entry `e` behind the type's token at index `type_token`; names in it are relative to `origin`.
 * -EBADMSG with line and reason; -ENOMEM. On success `*ret` is the caller's. */
int zone_rdata_parse(uint16_t type, const ldns_rdf *origin, const ZoneEntry *e, size_t type_token,
                     ldns_rr **ret, DdnsMessage *message);

/* One line without its end, fields parted by a blank; the caller's. -EBADMSG: octets that no record of the type has, so that
 * ldns has no text for them; -ENOMEM. */
int zone_rdata_to_text(const ldns_rr *rr, char **ret);

/* The same octets in the same fields. */
bool zone_rdata_is_same(const ldns_rr *a, const ldns_rr *b);
