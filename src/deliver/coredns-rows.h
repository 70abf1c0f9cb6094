/* SPDX-License-Identifier: MIT */
/* A zone as rows for CoreDNS' mysql plugin (coredns_mysql_extend), by the rules that it was seen to follow.
 *
 * Cells: hostname, type, data, ttl, online. What the plugin can't parse, or can't serve without harm, is left out RRset by
 * RRset, and `warning` says what. */
#pragma once

#include "deliver/sql-rows.h"

/* Widths of the columns as the database has them: in characters, in octets for a TEXT. */
typedef struct DdnsCorednsLimits {
        uint64_t hostname, type, data;
        bool utf8; /* `data` holds all of UTF-8 */
} DdnsCorednsLimits;

#define DDNS_COREDNS_CELLS 5

/* 0, also with a `warning` ("" if there is none); -EBADMSG: the plugin can not serve this zone at all, `message` says why:
 * nothing is stored then; -ENOMEM. `ret` is the caller's in any case. */
int ddns_coredns_rows(const char *zone, const char *content, const DdnsCorednsLimits *limits,
                      DdnsSqlRows *ret, DdnsMessage *warning, DdnsMessage *message);

/* The name as `zones` has it: with the trailing dot. */
#define DDNS_COREDNS_ZONE_MAX 255
