/* SPDX-License-Identifier: MIT */
/* What passes of ddns-reconcile leave behind: their summaries, how it went with each master, comparisons asked of lanes. */
#include <errno.h>

#include "store/reconcile.h"
#include "store/store-internal.h"

int ddns_store_add_pass(DdnsStore *s, const DdnsPass *p) {
        STORE_TRANSACTION(s);
        int r;

        r = store_begin(s);
        if (r >= 0)
                r = store_run(s,
                              "INSERT INTO pass (started_usec, ended_usec, dry_run, failed, masters,"
                              " unreachable, listed, held, orphans, deleted, braked, backfilled, moved,"
                              " unclear, fetched, fetch_failed, lacked, healed, error)"
                              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
                              " ?15, ?16, ?17, ?18, nullif(?19, ''))",
                              "uuiiuuuuuuuuuuuuuut", p->started_usec, p->ended_usec, p->dry_run,
                              p->failed, p->masters, p->unreachable, p->listed, p->held, p->orphans,
                              p->deleted, p->braked, p->backfilled, p->moved, p->unclear, p->fetched,
                              p->fetch_failed, p->lacked, p->healed, p->error);
        if (r >= 0)
                r = store_run(s, "DELETE FROM pass WHERE id <= (SELECT max(id) FROM pass) - 100", "");
        return r < 0 ? r : store_commit(s);
}

int ddns_store_get_pass(DdnsStore *s, DdnsPass *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT started_usec, ended_usec, dry_run, failed, masters, unreachable, listed,"
                        " held, orphans, deleted, braked, backfilled, moved, unclear, fetched,"
                        " fetch_failed, lacked, healed, error FROM pass ORDER BY id DESC LIMIT 1",
                        "");
        if (r >= 0)
                r = store_step(s, stmt);
        if (r <= 0)
                return r < 0 ? r : ddns_fail(&s->error, -ENOENT, "no pass has ended yet");
        *ret = (DdnsPass){
                .started_usec = store_column_u64(stmt, 0),
                .ended_usec = store_column_u64(stmt, 1),
                .dry_run = sqlite3_column_int(stmt, 2),
                .failed = sqlite3_column_int(stmt, 3),
                .masters = store_column_u64(stmt, 4),
                .unreachable = store_column_u64(stmt, 5),
                .listed = store_column_u64(stmt, 6),
                .held = store_column_u64(stmt, 7),
                .orphans = store_column_u64(stmt, 8),
                .deleted = store_column_u64(stmt, 9),
                .braked = store_column_u64(stmt, 10),
                .backfilled = store_column_u64(stmt, 11),
                .moved = store_column_u64(stmt, 12),
                .unclear = store_column_u64(stmt, 13),
                .fetched = store_column_u64(stmt, 14),
                .fetch_failed = store_column_u64(stmt, 15),
                .lacked = store_column_u64(stmt, 16),
                .healed = store_column_u64(stmt, 17),
        };
        store_copy_text(stmt, 18, ret->error, sizeof ret->error);
        return 0;
}

int ddns_store_get_master_health(DdnsStore *s, const char *master, DdnsMasterHealth *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT failures, refused, since_usec, due_usec, error FROM listing WHERE master = ?1",
                        "t", master);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r < 0)
                return r;
        *ret = (DdnsMasterHealth){ 0 };
        if (r == 0)
                return 0;
        ret->failures = (unsigned) sqlite3_column_int64(stmt, 0);
        ret->refused = sqlite3_column_int(stmt, 1);
        ret->since_usec = store_column_u64(stmt, 2);
        ret->due_usec = store_column_u64(stmt, 3);
        store_copy_text(stmt, 4, ret->error, sizeof ret->error);
        return 0;
}

int ddns_store_set_master_health(DdnsStore *s, const char *master, const DdnsMasterHealth *health) {
        return store_run(
                        s,
                        "INSERT OR REPLACE INTO listing (master, failures, refused, since_usec, due_usec,"
                        " error) VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, ''))",
                        "tuiuut", master, (uint64_t) health->failures, health->refused,
                        health->since_usec, health->due_usec, health->error);
}

/* After an UPDATE of backends. */
static int check_found(DdnsStore *s, const char *backend) {
        if (backend && sqlite3_changes64(s->db) == 0)
                return ddns_fail(&s->error, -ENOENT, "no backend \"%s\" in the database", backend);
        return 0;
}

int ddns_store_ask_comparison(DdnsStore *s, const char *backend, uint64_t now_usec) {
        int r;

        r = store_run(s, "UPDATE backend SET comparison_asked_usec = ?2 WHERE ?1 IS NULL OR name = ?1",
                      "tu", backend, now_usec);
        return r < 0 ? r : check_found(s, backend);
}

int ddns_store_get_comparison(DdnsStore *s, const char *backend, DdnsComparison *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT comparison_asked_usec, comparison_ended_usec, comparison_zones,"
                        " comparison_differed, comparison_foreign, comparison_error"
                        " FROM backend WHERE name = ?1",
                        "t", backend);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r <= 0)
                return r < 0 ? r
                             : ddns_fail(&s->error, -ENOENT, "no backend \"%s\" in the database",
                                         backend);
        *ret = (DdnsComparison){
                .asked_usec = store_column_u64(stmt, 0),
                .ended_usec = store_column_u64(stmt, 1),
                .compared = store_column_u64(stmt, 2),
                .differed = store_column_u64(stmt, 3),
                .foreign = store_column_u64(stmt, 4),
        };
        store_copy_text(stmt, 5, ret->error, sizeof ret->error);
        return 0;
}

int ddns_store_set_comparison(DdnsStore *s, const char *backend, const DdnsComparison *result) {
        int r;

        r = store_run(s,
                      "UPDATE backend SET comparison_ended_usec = ?3, comparison_zones = ?4,"
                      " comparison_differed = ?5, comparison_foreign = ?6,"
                      " comparison_error = nullif(?7, ''),"
                      " comparison_asked_usec = iif(comparison_asked_usec = ?2, 0, comparison_asked_usec)"
                      " WHERE name = ?1",
                      "tuuuuut", backend, result->asked_usec, result->ended_usec, result->compared,
                      result->differed, result->foreign, result->error);
        return r < 0 ? r : check_found(s, backend);
}
