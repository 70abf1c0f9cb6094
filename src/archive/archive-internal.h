/* SPDX-License-Identifier: MIT */
/* What the two kinds of files share. Private to src/archive. */
#pragma once

#include <jansson.h>
#include <sqlite3.h>

#include "archive/archive.h"

#define ARCHIVE_MANIFEST  "manifest.jsonl"
#define ARCHIVE_DIRECTORY "zones"
#define ARCHIVE_SUFFIX    ".zone"
#define ARCHIVE_FORMAT    "ddns-export"
#define ARCHIVE_VERSION   1

struct DdnsArchive {
        FILE *f;          /* an export */
        json_t *manifest; /* its lines, by zone */
        sqlite3 *db;      /* directdnsonly, in a transaction */
        uint64_t n;
};

int archive_open_export(DdnsArchive *a, DdnsMessage *message);
int archive_each_export(DdnsArchive *a, int (*each)(const DdnsArchived *zone, void *userdata),
                        void *userdata, DdnsMessage *message);

int archive_open_directdnsonly(DdnsArchive *a, const char *path, DdnsMessage *message);
int archive_each_directdnsonly(DdnsArchive *a, int (*each)(const DdnsArchived *zone, void *userdata),
                               void *userdata, DdnsMessage *message);
