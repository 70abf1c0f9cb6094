/* SPDX-License-Identifier: MIT */
/* Durable log of accepted zones, and each backend's place in it: one SQLite file, shared by all programs.
 *
 * Every accepted change gets the next generation. A zone's row points to its newest version; a delete leaves a tombstone.
 * A backend's cursor says: all generations up to it are delivered, or have a row in `retry`. What is delivered above the
 * cursor (urgent zones overtake) is listed in `ahead` until the cursor has passed it.
 *
 * Errors: 0 or a negative errno. -EAGAIN: another process held the write lock past the busy time-out. -ENOSPC: disk full.
 * -EBADMSG: the file is corrupt or not ours. -EPROTO: made by a newer ddns. -EROFS, -EACCES, -EIO: as they say.
 * ddns_store_error() has the detail. Nothing in here logs. Not thread-safe: one DdnsStore per thread.
 * Times are microseconds since the epoch. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/cleanup.h"
#include "basic/digest.h"
#include "basic/domain.h"
#include "basic/message.h"

typedef struct DdnsStore DdnsStore;

typedef struct DdnsStoreOptions {
        uint64_t busy_usec; /* longest wait for the write lock */
        uint32_t history; /* versions kept of each zone, the newest included: 1 at least, 2 of a deleted one. The whole database
                           * has a few more for a while, which nothing lists. */
        uint32_t rejected; /* refused pushes kept */
} DdnsStoreOptions;

/* Opens or creates `path`, asserts WAL and synchronous=FULL, and runs pending schema steps. On success the caller owns
 * `*ret`; on failure `*ret` is left as it was and `message` has the text. */
int ddns_store_open(const char *path, const DdnsStoreOptions *options, DdnsStore **ret,
                    DdnsMessage *message);
DdnsStore *ddns_store_free(DdnsStore *s);
DDNS_DEFINE_CLEANUP(DdnsStore *, ddns_store_free)

/* Text of the last failure; valid until the next call. */
const char *ddns_store_error(const DdnsStore *s);

/* After an I/O error, and where the file is corrupt, was removed or replaced (-ESTALE) or is open to be read only, or there was
 * no memory to roll back, what the disk has and what this process believes may differ: a sync that failed is not tried again as if
 * nothing had been. All calls but ddns_store_free() fail with the same from then on. SQLite shares descriptors within a process, so only
 * a new one reads the disk afresh. */
bool ddns_store_is_spent(const DdnsStore *s);

/* ---- the writing side: what was pushed ------------------------------------------------------------------------- */

typedef enum DdnsChangeKind {
        DDNS_CHANGE_SAVE,
        DDNS_CHANGE_DELETE,
        DDNS_CHANGE_REJECT,  /* a push was refused: keep `reason` for the operator */
        DDNS_CHANGE_CONTACT, /* nothing but a sign of life of `master` */
} DdnsChangeKind;

typedef enum DdnsOutcome {
        DDNS_OUTCOME_NONE,  /* for REJECT and CONTACT */
        DDNS_OUTCOME_SAVED, /* new generation */
        DDNS_OUTCOME_UNCHANGED, /* same content: no new generation; urgency, owner and failed deliveries were refreshed */
        DDNS_OUTCOME_DELETED, /* new generation, a tombstone */
        DDNS_OUTCOME_ABSENT,  /* nothing there to delete */
        DDNS_OUTCOME_OVERTAKEN, /* a later turn was accepted, or a condition of the change is not so: nothing stored */
        DDNS_OUTCOME_CONFLICT, /* delete by somebody else than the owner: kept; `owner` says who it is */
} DdnsOutcome;

#define DDNS_OWNER_MAX 255 /* bytes of hostname and username */

typedef struct DdnsChange {
        DdnsChangeKind kind;
        const char *zone;    /* checked name; for REJECT any text; NULL for CONTACT */
        const char *content; /* SAVE: canonical text */
        size_t size;
        const uint8_t *digest;
        uint32_t serial;
        bool urgent;          /* SAVE: deliver before others */
        const char *hostname; /* the master's own name; NULL: not said, which never erases what is known */
        const char *username;         /* the owning account; likewise */
        bool delete_without_hostname; /* DELETE: obey it for an owned zone although `hostname` is NULL */
        bool force;                   /* DELETE: whoever owns it */
        const char *master; /* credential's name, or the program that made the change ("ddnsctl") */
        const char *client; /* address, or NULL */
        const char *reason; /* REJECT */

        /* SAVE: only if the zone is not held: there is no tombstone either (0), or still the one of this generation. So a zone
         * fetched from a master (`hostname` is its servername, `master` its entry's name, `client` NULL) and one that an operator
         * restores never stand in the way of a push. */
        bool only_absent;
        uint64_t tombstone;
        /* SAVE: likewise, only if the zone is held and still has these. */
        bool only_held;
        uint64_t held_generation, held_accepted_usec;
        const char *held_owner; /* "": not known */
        /* SAVE: likewise, only if this is still the newest generation of the zone, be it a delete; 0: whatever it is. */
        uint64_t newest_generation;

        uint64_t turn; /* when its request began, see ddns_store_forget_turns(); 0: just now */

        DdnsOutcome outcome;
        uint64_t generation;            /* SAVED, DELETED: the new one; UNCHANGED: the one held */
        char owner[DDNS_OWNER_MAX + 1]; /* CONFLICT: hostname of the owner */
} DdnsChange;

/* Applies all changes in their order in one transaction, durable on return. On failure none of them happened. */
int ddns_store_accept(DdnsStore *s, DdnsChange *changes, size_t n, uint64_t now_usec);

/* Changes that one handle accepts have turns: a SAVE or DELETE of a zone with a lower turn than the last one accepted is
 * overtaken. All turns below `oldest` have ended, so that nothing need be known about them any more. */
int ddns_store_forget_turns(DdnsStore *s, uint64_t oldest);

/* ---- the delivering side ----------------------------------------------------------------------------------------- */

typedef struct DdnsStoreBackend {
        const char *name;
        const char *target; /* where it delivers to; another text means another place, which starts from cursor 0 */
} DdnsStoreBackend;

/* Makes the store's list of backends equal to the configured ones: new ones start with cursor 0, others are forgotten. */
int ddns_store_set_backends(DdnsStore *s, const DdnsStoreBackend *backends, size_t n);

/* A zone to deliver. */
typedef struct DdnsDelivery {
        char *zone;
        uint64_t generation;
        bool delete;
        bool urgent;
        char *content; /* NULL for a delete */
        size_t size;
        uint32_t serial;
        uint64_t accepted_usec;
        char *master;   /* who made the change; NULL: not known */
        unsigned tries; /* failed ones so far of this generation */
} DdnsDelivery;

typedef struct DdnsBatch {
        DdnsDelivery *deliveries;
        size_t n;
} DdnsBatch;

#define DDNS_BATCH_NULL ((DdnsBatch){ 0 })
void ddns_batch_done(DdnsBatch *b);

/* The next at most `max` zones for `backend`: urgent ones, then the log in its order, and retries that are due at `now_usec`
 * (a quarter of the places is theirs). Bodies add up to at most 32 MiB unless it is a single zone. */
int ddns_store_take_batch(DdnsStore *s, const char *backend, uint64_t now_usec, size_t max,
                          DdnsBatch *ret);

typedef struct DdnsSchedule {
        const uint64_t *backoff_usec;
        size_t n;
} DdnsSchedule;

typedef struct DdnsResult {
        const char *zone;
        uint64_t generation;
        const char *error; /* NULL: delivered; with `written`: why it is not served yet */
        bool written;      /* for good, but not seen served yet: the lane goes on asking */
        const char *warning; /* what of the zone this backend does not serve; "": all of it; NULL: as known */
        uint64_t delay_usec; /* delivered: since it was accepted; 0: not known */
        /* set by ddns_store_record() */
        bool dead;           /* it was the last try */
        uint64_t due_usec;   /* when the next try is due */
        bool warning_is_new; /* another text than before */
} DdnsResult;

/* Records what came of a batch and moves the cursor, in one transaction. A failure of a generation that is no longer the
 * newest is not kept: the newer one starts afresh. The n-th failed try of a generation is repeated after backoff_usec[n - 1];
 * when the schedule is used up the row is dead. What is written is in no batch until a result follows, or
 * ddns_store_reset_written(). */
int ddns_store_record(DdnsStore *s, const char *backend, DdnsResult *results, size_t n,
                      uint64_t now_usec, const DdnsSchedule *schedule);

/* Makes what is written, but was not seen served, due now: after a start, and when the name server is gone. Writes
 * nothing if there is no such thing. */
int ddns_store_reset_written(DdnsStore *s, const char *backend, uint64_t now_usec);

/* The backend as a whole failed: its next try is due by the schedule (its last entry repeats), no zone is charged. */
int ddns_store_backend_failed(DdnsStore *s, const char *backend, const char *error, uint64_t now_usec,
                              const DdnsSchedule *schedule, uint64_t *ret_due_usec);
/* It answered. `*ret_was_down_usec`: since when it had failed, 0 if it had not. */
int ddns_store_backend_answered(DdnsStore *s, const char *backend, uint64_t now_usec,
                                uint64_t *ret_was_down_usec);

/* The name server's incarnation (see deliver/backend.h) that was seen last; "" if none was. */
#define DDNS_INCARNATION_MAX 255
int ddns_store_get_incarnation(DdnsStore *s, const char *backend, char ret[DDNS_INCARNATION_MAX + 1]);
int ddns_store_set_incarnation(DdnsStore *s, const char *backend, const char *incarnation);

/* When `backend` has something to do: 0 now, UINT64_MAX nothing at all, else the time the first retry or the backend's own
 * next try is due. `*ret_backoff`: until when the backend itself is left alone, 0 if it is not. */
int ddns_store_next_due(DdnsStore *s, const char *backend, uint64_t now_usec, uint64_t *ret,
                        uint64_t *ret_backoff);

/* Makes due now what is due later than `latest_usec` (the backend itself, and its retries): after the clock was set back, or
 * the schedule made shorter, nothing may wait longer than the schedule says. Writes nothing if there is no such thing. */
int ddns_store_limit_due(DdnsStore *s, const char *backend, uint64_t now_usec, uint64_t latest_usec);

/* A zone of which a backend should have the newest version by now, or nothing. */
typedef struct DdnsExpected {
        char zone[DDNS_ZONE_NAME_MAX + 1];
        uint64_t generation;
        bool delete;
        uint32_t serial; /* of one that is not deleted */
} DdnsExpected;

/* Up to `max` zones, also deleted ones, but no retry rows, delivered to `backend`, by name, after `after` ("" for the first). */
int ddns_store_list_delivered(DdnsStore *s, const char *backend, const char *after, DdnsExpected *ret,
                              size_t max, size_t *ret_n);

/* Makes deliveries due now, with their failed tries forgotten, and ends the back-off of the backends concerned. `backend`
 * NULL: every backend. With a `zone` (and not `dead_only`) it is delivered again, whatever its state; with `zone` NULL all
 * deferred and dead zones are. `dead_only`: only what is dead. `*ret_n`: deliveries made due. */
int ddns_store_retry(DdnsStore *s, const char *backend, const char *zone, bool dead_only,
                     uint64_t now_usec, uint64_t *ret_n);

/* The backend starts from cursor 0 again: every zone is delivered to it, whatever its state. -ENOENT: there is none of that name.
 * `*ret_n`: zones. */
int ddns_store_resync(DdnsStore *s, const char *backend, uint64_t *ret_n);

/* Drops the tombstones and the history of zones that were deleted before `deleted_before_usec`, of which every backend knows. Until
 * then a backend that comes back, or starts anew, is told of the delete. */
int ddns_store_purge(DdnsStore *s, uint64_t deleted_before_usec);

/* ---- reading ----------------------------------------------------------------------------------------------------- */

typedef struct DdnsZoneRow {
        char zone[DDNS_ZONE_NAME_MAX + 1];
        uint64_t generation;
        bool deleted; /* a tombstone */
        bool urgent;
        uint32_t serial;
        uint64_t changed_usec;
        uint64_t accepted_usec; /* the newest push, also one that changed nothing; of a version in the history: as changed_usec */
        uint64_t size; /* of the canonical text */
        uint8_t digest[DDNS_DIGEST_SIZE];
        char hostname[DDNS_OWNER_MAX + 1]; /* "" if not known */
        char username[DDNS_OWNER_MAX + 1];
        char master[DDNS_OWNER_MAX + 1]; /* credential that made the last change */
        char client[64];
} DdnsZoneRow;

/* -ENOENT if the zone was never held, or only a purged tombstone. `ret_content` (may be NULL): the canonical text,
 * NUL-terminated and the caller's; NULL of a tombstone. */
int ddns_store_get_zone(DdnsStore *s, const char *zone, DdnsZoneRow *ret, char **ret_content);

/* What history keeps of a zone, the newest first; the owner in each row is the one that was said with that change. */
int ddns_store_each_version(DdnsStore *s, const char *zone,
                            int (*each)(const DdnsZoneRow *row, void *userdata), void *userdata);
/* The last `max` changes of all zones likewise. */
int ddns_store_each_newest_version(DdnsStore *s, uint64_t max,
                                   int (*each)(const DdnsZoneRow *row, void *userdata), void *userdata);
/* One of them. -ENOENT if history has no such generation of this zone. `ret_content` as above. */
int ddns_store_get_version(DdnsStore *s, const char *zone, uint64_t generation, DdnsZoneRow *ret,
                           char **ret_content);

/* The closest ancestor that is held (not deleted). -ENOENT if there is none. */
int ddns_store_find_parent(DdnsStore *s, const char *zone, DdnsZoneRow *ret);

typedef enum DdnsDeliveryState {
        DDNS_DELIVERY_PENDING,
        DDNS_DELIVERY_WRITTEN, /* but not seen served yet */
        DDNS_DELIVERY_DELIVERED,
        DDNS_DELIVERY_DEFERRED,
        DDNS_DELIVERY_DEAD,
} DdnsDeliveryState;

const char *ddns_delivery_state_to_string(DdnsDeliveryState state);

typedef struct DdnsZoneState {
        const char *backend;
        DdnsDeliveryState state;
        unsigned tries;
        uint64_t due_usec;   /* DEFERRED; PENDING: the backend's, 0 if it is up */
        const char *error;   /* likewise the backend's; NULL if none */
        const char *warning; /* what of the zone it does not serve; NULL if all is well */
} DdnsZoneState;

typedef struct DdnsQueueRow {
        const char *zone;
        const char *backend;
        uint64_t generation;
        bool delete;
        bool urgent;
        DdnsDeliveryState state;
        unsigned tries;
        uint64_t since_usec; /* accepted */
        uint64_t due_usec;   /* as in DdnsZoneState */
        const char *error;   /* likewise */
} DdnsQueueRow;

typedef struct DdnsBackendRow {
        const char *name;
        const char *target; /* where it delivered to when it was met */
        uint64_t cursor;
        uint64_t pending, written, deferred, dead; /* zones */
        uint64_t oldest_usec; /* acceptance of the oldest zone that is pending or written; 0 if none */
        unsigned failures;    /* > 0: down */
        uint64_t since_usec;  /* down or up since then; 0 if never tried */
        uint64_t due_usec;    /* down: next try */
        uint64_t delay_usec; /* from acceptance until delivered, of what was recorded last; 0: not known */
        const char *error; /* last error of the backend as a whole, else why a zone is written and not served; NULL: none */
} DdnsBackendRow;

typedef struct DdnsMasterRow {
        const char *name;
        const char *hostname; /* what it last called itself; "" if it did not say */
        const char *client;
        uint64_t contact_usec;
        uint64_t accepted; /* pushes since the database was made */
        uint64_t refused;
} DdnsMasterRow;

typedef struct DdnsRejectedRow {
        uint64_t at_usec;
        const char *zone;
        const char *hostname;
        const char *master;
        const char *client;
        const char *reason;
} DdnsRejectedRow;

typedef struct DdnsStoreCounts {
        uint64_t zones;
        uint64_t tombstones;
        uint64_t generation; /* the newest */
} DdnsStoreCounts;

/* Listings call `each` for every row in a stable order, by one consistent read; strings live until it returns. A non-zero
 * return of `each` ends the listing and is passed on. */
int ddns_store_count(DdnsStore *s, DdnsStoreCounts *ret);
int ddns_store_each_zone(DdnsStore *s, const char *pattern /* glob; NULL: all */, bool deleted_too,
                         int (*each)(const DdnsZoneRow *row, void *userdata), void *userdata);
int ddns_store_each_state(DdnsStore *s, const char *zone,
                          int (*each)(const DdnsZoneState *row, void *userdata), void *userdata);
int ddns_store_each_queued(DdnsStore *s, int (*each)(const DdnsQueueRow *row, void *userdata),
                           void *userdata);
int ddns_store_each_backend(DdnsStore *s, int (*each)(const DdnsBackendRow *row, void *userdata),
                            void *userdata);
int ddns_store_each_master(DdnsStore *s, int (*each)(const DdnsMasterRow *row, void *userdata),
                           void *userdata);
int ddns_store_each_rejected(DdnsStore *s, int (*each)(const DdnsRejectedRow *row, void *userdata),
                             void *userdata);

/* ---- a copy ------------------------------------------------------------------------------------------------------ */

/* Copies the database as it is at one moment to `path`, which must not exist (-EEXIST), while others write. On return the copy
 * was checked, is on disk, is a single file of mode 0600, and survives a power cut; on failure nothing is left and `message`
 * has the text. `show` (may be NULL) hears of every step how many pages of how many are done; a negative errno of its ends that. */
int ddns_store_backup(DdnsStore *s, const char *path,
                      int (*show)(uint64_t done, uint64_t of, void *userdata), void *userdata,
                      DdnsMessage *message);
