/* SPDX-License-Identifier: MIT */
/* What makes a set of records a zone that every name server loads. Private to src/zone. */
#pragma once

#include "zone/record.h"

typedef struct ZoneRecords {
        ZoneRecord *records;
        size_t n;
        size_t allocated;
} ZoneRecords;

/* Sorts, drops duplicates and gives each RRset one TTL (the first that was written, as BIND does). */
void zone_records_normalize(ZoneRecords *z);

/* Checks normalized records. -EBADMSG with line and reason. */
int zone_records_check(const ZoneRecords *z, const ldns_rdf *apex, DdnsMessage *message);
