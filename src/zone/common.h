/* SPDX-License-Identifier: MIT */
/* The short way for rdata of common types: ldns reads a line with some 9,000 instructions, its fields alone with a fifth of them.
 * Private to src/zone. */
#pragma once

#include <ldns/ldns.h>
#include <stdint.h>

#include "zone/lexer.h"

/* As zone_rdata_parse(), after zone_fields_check(). NULL: the type is not common, or something seems wrong; then the long way knows
 * all types and says what is wrong. Else the caller's. */
ldns_rr *zone_rdata_make_common(uint16_t type, const ldns_rdf *origin, const ZoneEntry *e,
                                size_t type_token);
