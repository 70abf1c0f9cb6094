/* SPDX-License-Identifier: MIT */
/* What ldns takes in a record although BIND refuses it, or reads as another value ("65536" as 0). Private to src/zone. */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stdint.h>

#include "zone/lexer.h"

/* Seconds: "3600", or "1h30m". */
bool zone_seconds_parse(const ZoneToken *t, uint64_t *ret);

/* Only decimal digits, `max` at most. */
bool zone_number_parse(const ZoneToken *t, uint64_t max, uint64_t *ret);

/* A type's name, or TYPEnnn. */
bool zone_type_parse(const ZoneToken *t, uint16_t *ret);

/* Whether `type` is one of `n`. */
bool zone_type_is_one_of(uint16_t type, const uint16_t types[], size_t n);

/* The fields behind the type's token, as they were written (not in RFC 3597 form). -EBADMSG with line and reason. */
int zone_fields_check(uint16_t type, const ZoneEntry *e, size_t type_token, DdnsMessage *message);

/* The fields as octets, whatever they were written like. -EBADMSG with line and reason. */
int zone_content_check(const ldns_rr *rr, unsigned line, DdnsMessage *message);
