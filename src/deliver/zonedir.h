/* SPDX-License-Identifier: MIT */
/* The directory in which a name server finds its zones: ZONE.db for each, replaced as a whole or not at all.
 *
 * Functions that take tasks look at those that are PENDING. One zone's trouble makes its task FAILED; a negative errno means
 * that the directory as a whole is out of order (no space, no permission, I/O error) and `message` says so. What was done
 * stays PENDING, since for most backends a file is only the first half. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "basic/cleanup.h"
#include "basic/message.h"
#include "deliver/backend.h"

typedef struct DdnsZoneDir DdnsZoneDir;

/* Opens the directory, which must be there. Temporary files of a run that was killed are overwritten, or removed when it is
 * freed. */
int ddns_zonedir_open(const char *path, DdnsZoneDir **ret, DdnsMessage *message);
/* The same for who only looks, perhaps while somebody else writes: nothing is removed. */
int ddns_zonedir_open_to_read(const char *path, DdnsZoneDir **ret, DdnsMessage *message);
DdnsZoneDir *ddns_zonedir_free(DdnsZoneDir *d);
DDNS_DEFINE_CLEANUP(DdnsZoneDir *, ddns_zonedir_free)

/* False: the path leads to another directory since one was moved or mounted there, or to none. */
bool ddns_zonedir_is_there(const DdnsZoneDir *d);

/* Calls `each` for every zone that has a file, in no order; a non-zero return of it ends the listing and is passed on. */
int ddns_zonedir_each(DdnsZoneDir *d, int (*each)(const char *zone, void *userdata), void *userdata,
                      DdnsMessage *message);
bool ddns_zonedir_has(const DdnsZoneDir *d, const char *zone);

/* Writes the files of all saves: first all temporary ones to disk, then the renames, then the directory. On return they
 * survive a power cut, and each modification time is the precise time of its rename. */
int ddns_zonedir_write(DdnsZoneDir *d, DdnsTask *tasks, size_t n, DdnsMessage *message);

/* Keeps the file that a zone has now, as a second link in a directory of its own, until it is put back or forgotten. One that
 * is kept already stays the kept one, also from a run that was killed: what came after it was never seen served. 1: there is
 * such a one, else 0. Without a file, or where the file system refuses the link, nothing is kept. */
int ddns_zonedir_keep(DdnsZoneDir *d, const char *zone);
/* Keeps the file that a zone has now in the place of an older one, if it, and not that, was modified in the second
 * `loaded_sec`: forgetting is not synced, so after a power cut what was forgotten may be kept again. */
void ddns_zonedir_keep_loaded(DdnsZoneDir *d, const char *zone, time_t loaded_sec);
/* Puts the kept file back, for good. 1: done; 0: none is kept; negative errno. */
int ddns_zonedir_put_back(DdnsZoneDir *d, const char *zone);
void ddns_zonedir_forget(DdnsZoneDir *d, const char *zone);

/* Removes the files of all deletes, for good, and what is kept of them. One that is not there is fine. */
int ddns_zonedir_remove(DdnsZoneDir *d, DdnsTask *tasks, size_t n, DdnsMessage *message);

/* Removes one file; not synced, and it may stay: for what nobody registered. */
void ddns_zonedir_discard(DdnsZoneDir *d, const char *zone);

/* Sets the modification time of a zone's file. Negative errno. */
int ddns_zonedir_set_mtime(DdnsZoneDir *d, const char *zone, time_t seconds);

/* As DdnsBackendOps.check: whether it is there and has room. Who may write to it is not looked at. */
void ddns_zonedir_check(const char *path, DdnsFindingHandler *found, void *userdata);

/* As DdnsBackendOps.inspect: the same octets, mode and owner as ddns_zonedir_write() would leave there. What is right stays
 * PENDING. */
int ddns_zonedir_inspect(const DdnsZoneDir *d, DdnsTask *tasks, size_t n, DdnsMessage *message);
/* As DdnsBackendOps.diff. */
int ddns_zonedir_diff(const DdnsZoneDir *d, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                      DdnsMessage *message);
