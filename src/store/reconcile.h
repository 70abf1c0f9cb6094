/* SPDX-License-Identifier: MIT */
/* The store's side of ddns-reconcile: what is held, decisions carried out under their conditions, passes, and what lanes were
 * asked to compare. As store.h: errors, threads. */
#pragma once

#include "store/store.h"

typedef struct DdnsHeldRow {
        char zone[DDNS_ZONE_NAME_MAX + 1];
        char owner[DDNS_OWNER_MAX + 1]; /* "": not known */
        uint64_t generation;
        uint64_t accepted_usec; /* newest push, also one that changed nothing; of the delete */
        uint64_t missing_generation;
        bool missing_elsewhere;
        uint64_t missing_usec; /* since when, if missing_generation is not 0 */
        bool deleted;
} DdnsHeldRow;

/* That a zone was missing counts for that long: a reconciler that was off for months begins anew. */
#define DDNS_MISSING_USEC (UINT64_C(7) * 24 * 3600 * USEC_PER_SEC)

/* Every zone and every tombstone in the order of strcmp(), as ddns_store_each_zone(). */
int ddns_store_each_held(DdnsStore *s, uint64_t now_usec,
                         int (*each)(const DdnsHeldRow *row, void *userdata), void *userdata);

typedef enum DdnsReconcileKind {
        DDNS_RECONCILE_DELETE,
        DDNS_RECONCILE_OWNER,   /* `new_owner`; no new generation, and nothing in the history */
        DDNS_RECONCILE_MISSING, /* only remember */
} DdnsReconcileKind;

typedef struct DdnsReconcileChange {
        DdnsReconcileKind kind;
        const char *zone;
        /* It is done only if the zone still has these, and is not deleted. */
        uint64_t generation;
        const char *owner; /* "": not known */
        uint64_t accepted_usec;

        const char *new_owner;
        uint64_t missing_generation; /* stored unless the zone is deleted or moved */
        bool missing_elsewhere;

        bool done; /* set; false for all on failure */
} DdnsReconcileChange;

/* All in one transaction, durable on return; pushes wait meanwhile: some hundreds at a time. Deletes are changes like those of
 * a push: new generation, tombstone, history; `master` of the version is "ddns-reconcile". */
int ddns_store_reconcile(DdnsStore *s, DdnsReconcileChange *changes, size_t n, uint64_t now_usec);

/* The newest version of a zone that is not a delete, as long as history has it; the owner is the zone's, as it was known last.
 * -ENOENT. `ret_content` is the caller's. To bring it back: a SAVE with `only_absent` and the tombstone's generation. */
int ddns_store_get_deleted(DdnsStore *s, const char *zone, DdnsZoneRow *ret, char **ret_content);

/* ---- passes ---- */

typedef struct DdnsPass {
        uint64_t started_usec, ended_usec;
        bool dry_run;
        bool failed; /* it ended early: `error` */
        uint64_t masters, unreachable, listed, held, orphans, deleted, braked, backfilled, moved,
                        unclear, fetched, fetch_failed, lacked, healed;
        char error[256];
} DdnsPass;

int ddns_store_add_pass(DdnsStore *s, const DdnsPass *pass); /* keeps the last 100 */
/* The last one. -ENOENT. */
int ddns_store_get_pass(DdnsStore *s, DdnsPass *ret);

/* How it went with a master of reconcile.masters, for the back-off after refused logins. */
typedef struct DdnsMasterHealth {
        unsigned failures; /* in a row */
        bool refused;      /* the last one was a refused login */
        uint64_t since_usec, due_usec;
        char error[256];
} DdnsMasterHealth;

/* Zeros if nothing is known. */
int ddns_store_get_master_health(DdnsStore *s, const char *master, DdnsMasterHealth *ret);
int ddns_store_set_master_health(DdnsStore *s, const char *master, const DdnsMasterHealth *health);

/* ---- comparisons: asked for by ddns-reconcile or an operator, made by lanes ---- */

typedef struct DdnsComparison {
        uint64_t asked_usec;                  /* 0: never, or it is answered */
        uint64_t ended_usec;                  /* of the last one that ended */
        uint64_t compared, differed, foreign; /* of the last one */
        char error[256];                      /* why it did not end */
} DdnsComparison;

/* Asks a backend (NULL: all) to compare all that it should have. -ENOENT: there is none of that name; also below. */
int ddns_store_ask_comparison(DdnsStore *s, const char *backend, uint64_t now_usec);
int ddns_store_get_comparison(DdnsStore *s, const char *backend, DdnsComparison *ret);
/* Stores all but `asked_usec`: that says which question is answered by this. If another was asked meanwhile, or it is 0,
 * what was asked stays asked. */
int ddns_store_set_comparison(DdnsStore *s, const char *backend, const DdnsComparison *result);

/* As ddns_store_list_delivered(), with contents and without deletes: up to `max` zones after `after`, and at most 32 MiB unless it is a
 * single zone; none: that was the last. Release with ddns_batch_done(). */
int ddns_store_take_delivered(DdnsStore *s, const char *backend, const char *after, size_t max,
                              DdnsBatch *ret);
