/* SPDX-License-Identifier: MIT */
/* The store's list of backends: their state as a whole, what is due, retries on demand, the purge behind all cursors. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/store-internal.h"

int ddns_store_set_backends(DdnsStore *s, const DdnsStoreBackend *backends, size_t n) {
        STORE_TRANSACTION(s);
        int r;

        r = store_begin(s);
        if (r >= 0)
                r = store_exec(s,
                               "CREATE TEMP TABLE IF NOT EXISTS wanted (name TEXT, target TEXT); DELETE FROM wanted");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = store_run(s, "INSERT INTO temp.wanted VALUES (?1, ?2)", "tt", backends[i].name,
                              backends[i].target);
        /* another target: forget the place and everything known about it */
        if (r >= 0)
                r = store_exec(s,
                               "DELETE FROM backend WHERE (name, target) NOT IN (SELECT name, target FROM wanted);"
                               "INSERT OR IGNORE INTO backend (name, target, met)"
                               " SELECT name, target, coalesce((SELECT max(generation) FROM zone), 0) FROM wanted");
        return r < 0 ? r : store_commit(s);
}

/* A backend as a whole, as it is now. */
typedef struct Health {
        unsigned failures;
        uint64_t since_usec, due_usec;
        char incarnation[DDNS_INCARNATION_MAX + 1];
} Health;

static int read_health(DdnsStore *s, const char *backend, Health *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT failures, since_usec, due_usec, incarnation FROM backend WHERE name = ?1",
                        "t", backend);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r < 0)
                return r;
        if (r == 0)
                return ddns_fail(&s->error, -ENOENT, "no backend \"%s\" in the database", backend);
        ret->failures = (unsigned) sqlite3_column_int64(stmt, 0);
        ret->since_usec = store_column_u64(stmt, 1);
        ret->due_usec = store_column_u64(stmt, 2);
        store_copy_text(stmt, 3, ret->incarnation, sizeof ret->incarnation);
        return 0;
}

int ddns_store_backend_failed(DdnsStore *s, const char *backend, const char *error, uint64_t now_usec,
                              const DdnsSchedule *schedule, uint64_t *ret_due_usec) {
        STORE_TRANSACTION(s);
        Health h;
        int r;

        r = store_begin(s);
        if (r >= 0)
                r = read_health(s, backend, &h);
        if (r < 0)
                return r;

        uint64_t due = now_usec +
                       schedule->backoff_usec[h.failures < schedule->n ? h.failures : schedule->n - 1];
        uint64_t since = h.failures == 0 ? now_usec : h.since_usec;
        r = store_run(s,
                      "UPDATE backend SET failures = failures + 1, error = ?2, since_usec = ?3, due_usec = ?4"
                      " WHERE name = ?1",
                      "ttuu", backend, error, since, due);
        if (r >= 0)
                r = store_commit(s);
        if (r < 0)
                return r;
        *ret_due_usec = due;
        return 0;
}

int ddns_store_backend_answered(DdnsStore *s, const char *backend, uint64_t now_usec,
                                uint64_t *ret_was_down_usec) {
        Health h;
        int r;

        r = read_health(s, backend, &h);
        if (r < 0)
                return r;
        *ret_was_down_usec = h.failures > 0 ? h.since_usec : 0;
        if (h.failures == 0 && h.since_usec > 0)
                return 0; /* the ordinary case writes nothing */
        return store_run(
                        s,
                        "UPDATE backend SET failures = 0, due_usec = 0, error = NULL, since_usec = ?2 WHERE name = ?1",
                        "tu", backend, now_usec);
}

int ddns_store_get_incarnation(DdnsStore *s, const char *backend, char ret[DDNS_INCARNATION_MAX + 1]) {
        Health h;
        int r = read_health(s, backend, &h);

        if (r >= 0)
                memcpy(ret, h.incarnation, sizeof h.incarnation);
        return r;
}

int ddns_store_set_incarnation(DdnsStore *s, const char *backend, const char *incarnation) {
        return store_run(s, "UPDATE backend SET incarnation = ?2 WHERE name = ?1", "tt", backend,
                         incarnation);
}

/* When the first zone of `backend` is due, whatever the backend itself does: 0 now, UINT64_MAX never. */
static int first_due(DdnsStore *s, const char *backend, uint64_t *ret) {
        STORE_STMT *pending = NULL, *retry = NULL;
        int r;

        r = store_query(s, &pending,
                        "SELECT 1 FROM backend b JOIN zone z ON z.generation > b.cursor" SQL_RETRY_JOIN
                        " WHERE b.name = ?1 AND" SQL_IS_PENDING " LIMIT 1",
                        "t", backend);
        if (r >= 0)
                r = store_step(s, pending);
        if (r != 0) {
                *ret = 0;
                return r < 0 ? r : 0;
        }

        r = store_query(s, &retry,
                        "SELECT r.due_usec FROM backend b JOIN retry r ON r.backend = b.id"
                        " JOIN zone z ON z.name = r.zone AND z.generation = r.generation"
                        " WHERE b.name = ?1 AND r.due_usec IS NOT NULL AND r.written = 0"
                        " ORDER BY r.due_usec LIMIT 1",
                        "t", backend);
        if (r >= 0)
                r = store_step(s, retry);
        if (r < 0)
                return r;
        *ret = r > 0 ? store_column_u64(retry, 0) : UINT64_MAX;
        return 0;
}

int ddns_store_next_due(DdnsStore *s, const char *backend, uint64_t now_usec, uint64_t *ret,
                        uint64_t *ret_backoff) {
        uint64_t due = UINT64_MAX;
        Health h;
        int r;

        r = read_health(s, backend, &h);
        if (r >= 0)
                r = first_due(s, backend, &due);
        if (r < 0)
                return r;
        if (h.failures > 0 && due < h.due_usec)
                due = h.due_usec;
        *ret = due <= now_usec ? 0 : due;
        *ret_backoff = h.failures > 0 && h.due_usec > now_usec ? h.due_usec : 0;
        return 0;
}

/* 1: something is; 0: nothing. */
static int is_due_after(DdnsStore *s, const char *backend, uint64_t latest_usec) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT 1 FROM backend b WHERE b.name = ?1 AND (b.due_usec > ?2"
                        " OR EXISTS (SELECT 1 FROM retry r WHERE r.backend = b.id AND r.due_usec > ?2"
                        " AND r.written = 0))",
                        "tu", backend, latest_usec);
        return r < 0 ? r : store_step(s, stmt);
}

int ddns_store_limit_due(DdnsStore *s, const char *backend, uint64_t now_usec, uint64_t latest_usec) {
        STORE_TRANSACTION(s);
        int r;

        r = is_due_after(s, backend, latest_usec);
        if (r <= 0)
                return r;
        r = store_begin(s);
        if (r >= 0)
                r = store_run(s,
                              "UPDATE retry SET due_usec = ?2 WHERE due_usec > ?3 AND written = 0"
                              " AND backend = (SELECT id FROM backend WHERE name = ?1)",
                              "tuu", backend, now_usec, latest_usec);
        if (r >= 0)
                r = store_run(s, "UPDATE backend SET due_usec = ?2 WHERE name = ?1 AND due_usec > ?3",
                              "tuu", backend, now_usec, latest_usec);
        return r < 0 ? r : store_commit(s);
}

static int retry_zone(DdnsStore *s, const char *backend, const char *zone, uint64_t now_usec) {
        return store_run(s,
                         "INSERT OR REPLACE INTO retry (backend, zone, generation, tries, due_usec)"
                         " SELECT b.id, z.name, z.generation, 0, ?3 FROM zone z, backend b"
                         " WHERE z.name = ?2 AND (?1 IS NULL OR b.name = ?1)",
                         "ttu", backend, zone, now_usec);
}

static int retry_failed(DdnsStore *s, const char *backend, const char *zone, bool dead_only,
                        uint64_t now_usec) {
        return store_run(
                        s,
                        "UPDATE retry SET tries = 0, due_usec = ?3 WHERE (?2 IS NULL OR zone = ?2) AND written = 0"
                        " AND (?1 IS NULL OR backend = (SELECT id FROM backend WHERE name = ?1))"
                        " AND (NOT ?4 OR due_usec IS NULL)",
                        "ttui", backend, zone, now_usec, dead_only);
}

int ddns_store_retry(DdnsStore *s, const char *backend, const char *zone, bool dead_only,
                     uint64_t now_usec, uint64_t *ret_n) {
        STORE_TRANSACTION(s);
        uint64_t n = 0;
        int r;

        r = store_begin(s);
        if (r >= 0)
                r = zone && !dead_only ? retry_zone(s, backend, zone, now_usec)
                                       : retry_failed(s, backend, zone, dead_only, now_usec);
        if (r >= 0) {
                n = (uint64_t) sqlite3_changes64(s->db);
                r = store_run(s, "UPDATE backend SET due_usec = 0 WHERE ?1 IS NULL OR name = ?1", "t",
                              backend);
        }
        if (r >= 0)
                r = store_commit(s);
        if (r < 0)
                return r;
        *ret_n = n;
        return 0;
}

/* 1: there is something written; 0: there is not. */
static int has_written(DdnsStore *s, const char *backend) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT 1 FROM retry WHERE due_usec = ?2 AND written = 1"
                        " AND backend = (SELECT id FROM backend WHERE name = ?1) LIMIT 1",
                        "tu", backend, (uint64_t) NEVER_USEC);
        return r < 0 ? r : store_step(s, stmt);
}

int ddns_store_reset_written(DdnsStore *s, const char *backend, uint64_t now_usec) {
        int r;

        r = has_written(s, backend);
        if (r <= 0)
                return r;
        return store_run(
                        s,
                        "UPDATE retry SET due_usec = ?2, written = 0 WHERE due_usec = ?3 AND written = 1"
                        " AND backend = (SELECT id FROM backend WHERE name = ?1)",
                        "tuu", backend, now_usec, (uint64_t) NEVER_USEC);
}

int ddns_store_resync(DdnsStore *s, const char *backend, uint64_t *ret_n) {
        STORE_TRANSACTION(s);
        DdnsStoreCounts counts;
        Health h;
        int r;

        r = store_begin(s);
        if (r >= 0)
                r = read_health(s, backend, &h);
        if (r >= 0)
                r = ddns_store_count(s, &counts);
        if (r >= 0)
                r = store_run(s,
                              "UPDATE backend SET cursor = 0, due_usec = 0,"
                              " met = coalesce((SELECT max(generation) FROM zone), 0) WHERE name = ?1",
                              "t", backend);
        if (r >= 0)
                r = store_run(s,
                              "DELETE FROM ahead WHERE backend = (SELECT id FROM backend WHERE name = ?1)",
                              "t", backend);
        if (r >= 0)
                r = store_run(s,
                              "DELETE FROM retry WHERE backend = (SELECT id FROM backend WHERE name = ?1)",
                              "t", backend);
        if (r >= 0)
                r = store_commit(s);
        if (r < 0)
                return r;
        *ret_n = counts.zones;
        return 0;
}

int ddns_store_purge(DdnsStore *s, uint64_t deleted_before_usec) {
        STORE_TRANSACTION(s);
        int r;

        r = store_begin(s);
        if (r >= 0)
                r = store_run(s,
                              "DELETE FROM zone WHERE deleted = 1 AND generation <= (SELECT min(cursor) FROM backend)"
                              " AND NOT EXISTS (SELECT 1 FROM retry WHERE retry.zone = zone.name)"
                              " AND (SELECT at_usec FROM version v WHERE v.generation = zone.generation) < ?1",
                              "u", deleted_before_usec);
        if (r >= 0)
                r = store_run(s,
                              "DELETE FROM version WHERE zone IN (SELECT v.zone FROM version v"
                              " WHERE v.deleted = 1 AND v.at_usec < ?1"
                              " AND NOT EXISTS (SELECT 1 FROM zone z WHERE z.name = v.zone))",
                              "u", deleted_before_usec);
        return r < 0 ? r : store_commit(s);
}
