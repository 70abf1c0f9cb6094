/* SPDX-License-Identifier: MIT */
/* The store's side of a pass: what is held, and decisions carried out if they still hold. */
#include "store/reconcile.h"
#include "store/store-internal.h"

/* What was missing is, within bounds; a mark of another clock, or of long ago, is none. */
#define SQL_IS_MARK(now, oldest) "missing_usec BETWEEN " oldest " AND " now

static uint64_t oldest_mark(uint64_t now_usec) {
        return now_usec > DDNS_MISSING_USEC ? now_usec - DDNS_MISSING_USEC : 1;
}

int ddns_store_each_held(DdnsStore *s, uint64_t now_usec,
                         int (*each)(const DdnsHeldRow *row, void *userdata), void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT name, hostname, generation, accepted_usec,"
                        " iif(" SQL_IS_MARK(
                                        "?1",
                                        "?2") ", missing_generation, 0),"
                                              " iif(" SQL_IS_MARK(
                                                              "?1",
                                                              "?2") ", missing_elsewhere, 0),"
                                                                    " deleted, missing_usec FROM zone ORDER BY name",
                        "uu", now_usec, oldest_mark(now_usec));
        if (r < 0)
                return r;
        while ((r = store_step(s, stmt)) > 0) {
                DdnsHeldRow row;

                store_copy_text(stmt, 0, row.zone, sizeof row.zone);
                store_copy_text(stmt, 1, row.owner, sizeof row.owner);
                row.generation = store_column_u64(stmt, 2);
                row.accepted_usec = store_column_u64(stmt, 3);
                row.missing_generation = store_column_u64(stmt, 4);
                row.missing_elsewhere = sqlite3_column_int(stmt, 5);
                row.deleted = sqlite3_column_int(stmt, 6);
                row.missing_usec = store_column_u64(stmt, 7);
                r = each(&row, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

/* 1: the zone is as it was when the change was decided; 0: it is not. */
static int still_holds(DdnsStore *s, const DdnsReconcileChange *c) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT 1 FROM zone WHERE name = ?1 AND deleted = 0 AND generation = ?2"
                        " AND coalesce(hostname, '') = ?3 AND accepted_usec = ?4",
                        "tutu", c->zone, c->generation, c->owner, c->accepted_usec);
        return r < 0 ? r : store_step(s, stmt);
}

/* The account is of the old owner, unless that was not known. */
static int set_owner(DdnsStore *s, const DdnsReconcileChange *c) {
        return store_run(
                        s,
                        "UPDATE zone SET hostname = ?2, username = iif(hostname IS NULL, username, NULL),"
                        " missing_generation = 0, missing_elsewhere = 0, missing_usec = 0 WHERE name = ?1",
                        "tt", c->zone, c->new_owner);
}

static int set_missing(DdnsStore *s, const DdnsReconcileChange *c, uint64_t now_usec) {
        return store_run(
                        s,
                        "UPDATE zone SET missing_generation = ?2, missing_elsewhere = ?3, missing_usec ="
                        " iif(missing_generation = ?2 AND " SQL_IS_MARK("?4", "?5") ", missing_usec, ?4)"
                                                                                    " WHERE name = ?1",
                        "tuiuu", c->zone, c->missing_generation, c->missing_elsewhere, now_usec,
                        oldest_mark(now_usec));
}

static int carry_out(DdnsStore *s, DdnsReconcileChange *c, uint64_t now_usec) {
        DdnsChange removal = { .kind = DDNS_CHANGE_DELETE,
                               .zone = c->zone,
                               .force = true, /* the owner was compared */
                               .master = "ddns-reconcile" };
        int r;

        r = still_holds(s, c);
        if (r <= 0)
                return r;
        switch (c->kind) {
        case DDNS_RECONCILE_DELETE:
                r = store_apply(s, &removal, now_usec);
                break;
        case DDNS_RECONCILE_OWNER:
                r = set_owner(s, c);
                break;
        case DDNS_RECONCILE_MISSING:
                r = set_missing(s, c, now_usec);
                break;
        }
        c->done = r >= 0;
        return r;
}

static void none_done(DdnsReconcileChange *changes, size_t n) {
        for (size_t i = 0; i < n; i++)
                changes[i].done = false;
}

int ddns_store_reconcile(DdnsStore *s, DdnsReconcileChange *changes, size_t n, uint64_t now_usec) {
        STORE_TRANSACTION(s);
        int r;

        none_done(changes, n);
        r = store_begin(s);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = carry_out(s, &changes[i], now_usec);
        if (r >= 0)
                r = store_commit(s);
        if (r < 0)
                none_done(changes, n);
        return r;
}
