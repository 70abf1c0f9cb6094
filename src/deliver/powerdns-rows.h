/* SPDX-License-Identifier: MIT */
/* A zone as rows for PowerDNS' generic MySQL backend: what `pdnsutil load-zone` and a zone transfer of a signed zone would
 * write, with empty non-terminals, `auth` and `ordername`.
 *
 * Cells of a record: name, type, content, ttl, prio, disabled, ordername, auth. Cells of metadata: kind, content. */
#pragma once

#include "deliver/sql-rows.h"

/* Widths of the columns as the database has them, in characters. */
typedef struct DdnsPowerdnsLimits {
        uint64_t name, type, content, ordername;
} DdnsPowerdnsLimits;

#define DDNS_POWERDNS_RECORD_CELLS   8
#define DDNS_POWERDNS_METADATA_CELLS 2

/* 0, also with a `warning` ("" if there is none); -EBADMSG: PowerDNS can not serve this zone, `message` says why: nothing is
 * stored then; -ENOMEM. Both lists are the caller's in any case. */
int ddns_powerdns_rows(const char *zone, const char *content, const DdnsPowerdnsLimits *limits,
                       DdnsSqlRows *ret_records, DdnsSqlRows *ret_metadata, DdnsMessage *warning,
                       DdnsMessage *message);

/* This metadata is ours to write and to remove; all other kinds are the operator's. */
bool ddns_powerdns_owns_metadata(const DdnsSqlRow *row);
