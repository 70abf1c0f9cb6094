/* SPDX-License-Identifier: MIT */
/* Zones with their owners in one file: exports, and the database of directdnsonly.
 *
 * An export is a tar archive (tar.h):
 *   manifest.jsonl   its first file, a JSON object a line. First {"format": "ddns-export", "version": 1, "zones": N, …}, then
 *                    one for each zone: "zone", "hostname", "username", "master" (who made the last change), "accepted_usec" (of the newest push), "serial",
 *                    "size" and "digest" (SHA-256 of the text). Only "zone" must be there; what is not known is null.
 *   zones/NAME.zone  the canonical text of each of them
 * Nothing else may be in it but the directory "zones".
 *
 * directdnsonly keeps a table `domains` in SQLite: domain, hostname, username, zone_data, zone_updated_at (UTC).
 *
 * Errors: 0 or a negative errno. -EBADMSG: the file is neither, or not sound; -ENOMEM; else that of reading or writing.
 * `message` is made to stand after the file's name and a colon, or a space if it begins with a verb. Nothing in here logs. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "basic/cleanup.h"
#include "basic/message.h"
#include "store/store.h"

/* Bytes of one zone's text: more than any zone that the receiver takes by default has in canonical form. */
#define DDNS_ARCHIVED_MAX (UINT64_C(512) << 20)
/* Bytes of a manifest: enough for half a million zones. */
#define DDNS_MANIFEST_MAX (UINT64_C(128) << 20)

typedef struct DdnsArchived {
        const char *zone; /* a checked name; with `unusable`, the text in its place */
        const char *hostname, *username, *master; /* NULL: not known */
        uint64_t accepted_usec;                   /* the newest push of that content; 0: not known */
        const char *text;                         /* as it is there, to be checked as a push is */
        size_t size;
        const char *unusable; /* why it can't be a zone; NULL: it may be one */
} DdnsArchived;

typedef struct DdnsArchive DdnsArchive;

/* `path` "-": an export from `input`, which is copied to an unnamed temporary file if it can't be read twice. A database is opened
 * read-only, never changed, and read at one moment even while others write. */
int ddns_archive_open(const char *path, FILE *input, DdnsArchive **ret, DdnsMessage *message);
DdnsArchive *ddns_archive_free(DdnsArchive *a);
DDNS_DEFINE_CLEANUP(DdnsArchive *, ddns_archive_free)

/* "export" or "directdnsonly". */
const char *ddns_archive_format(const DdnsArchive *a);
/* How many zones each reading has. */
uint64_t ddns_archive_count(const DdnsArchive *a);

/* Reads it from beginning to end, as often as it is called; strings live until `each` returns. A non-zero return of `each` ends
 * that and is passed on. Only when it returned 0 is the archive known to be whole. */
int ddns_archive_each(DdnsArchive *a, int (*each)(const DdnsArchived *zone, void *userdata),
                      void *userdata, DdnsMessage *message);

/* Writes all zones that `store` holds at one moment to `f`, while others write. `show` (may be NULL) hears how many of how many
 * are done; a negative errno of its ends that. `*ret_zones`: how many there are. */
int ddns_archive_write(DdnsStore *store, FILE *f, uint64_t now_usec,
                       int (*show)(uint64_t done, uint64_t of, void *userdata), void *userdata,
                       uint64_t *ret_zones, DdnsMessage *message);
