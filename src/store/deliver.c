/* SPDX-License-Identifier: MIT */
/* The delivering side of the log: batches, results, cursors. */
#include <errno.h>
#include <string.h>

#include "store/reconcile.h"
#include "store/store-internal.h"

#define BATCH_BYTES_MAX (UINT64_C(32) << 20)

/* Where a backend stands, read once for each operation. */
typedef struct Place {
        uint64_t id;
        uint64_t cursor;
} Place;

static int find_place(DdnsStore *s, const char *name, Place *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt, "SELECT id, cursor FROM backend WHERE name = ?1", "t", name);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r < 0)
                return r;
        if (r == 0)
                return ddns_fail(&s->error, -ENOENT, "no backend \"%s\" in the database", name);
        ret->id = store_column_u64(stmt, 0);
        ret->cursor = store_column_u64(stmt, 1);
        return 0;
}

void ddns_batch_done(DdnsBatch *b) {
        for (size_t i = 0; i < b->n; i++) {
                free(b->deliveries[i].zone);
                free(b->deliveries[i].content);
                free(b->deliveries[i].master);
        }
        free(b->deliveries);
        *b = DDNS_BATCH_NULL;
}

#define SQL_DELIVERY \
        "SELECT z.name, z.generation, z.deleted, z.urgent, v.serial, v.master, v.content, v.at_usec"

/* What the log still has for backend ?1 above its cursor ?2: neither delivered ahead of it nor waiting for a retry. */
#define SQL_IN_LOG                                                                                     \
        " z.generation > ?2"                                                                           \
        " AND NOT EXISTS (SELECT 1 FROM ahead a WHERE a.backend = ?1 AND a.generation = z.generation)" \
        " AND NOT EXISTS (SELECT 1 FROM retry r WHERE r.backend = ?1 AND r.zone = z.name"              \
        "  AND r.generation = z.generation)"

static const char urgent_sql[] = SQL_DELIVERY ", 0 FROM zone z INDEXED BY zone_urgent"
                                              " JOIN version v USING (generation) WHERE" SQL_IN_LOG
                                              " AND z.urgent = 1 ORDER BY z.generation LIMIT ?3";
static const char log_sql[] =
                SQL_DELIVERY ", 0 FROM zone z JOIN version v USING (generation) WHERE" SQL_IN_LOG
                             " AND z.urgent = 0 ORDER BY z.generation LIMIT ?3";
static const char retry_sql[] =
                SQL_DELIVERY ", r.tries FROM retry r JOIN zone z ON z.name = r.zone"
                             " AND z.generation = r.generation JOIN version v USING (generation)"
                             " WHERE r.backend = ?1 AND r.due_usec <= ?2"
                             " ORDER BY r.due_usec LIMIT ?3";

static int copy_delivery(sqlite3_stmt *stmt, DdnsDelivery *ret) {
        const char *zone = (const char *) sqlite3_column_text(stmt, 0);
        const char *master = (const char *) sqlite3_column_text(stmt, 5);
        const char *content = sqlite3_column_blob(stmt, 6);
        DdnsDelivery d = {
                .generation = store_column_u64(stmt, 1),
                .delete = sqlite3_column_int(stmt, 2),
                .urgent = sqlite3_column_int(stmt, 3),
                .serial = (uint32_t) sqlite3_column_int64(stmt, 4),
                .size = (size_t) sqlite3_column_bytes(stmt, 6),
                .accepted_usec = store_column_u64(stmt, 7),
                .tries = (unsigned) sqlite3_column_int(stmt, 8),
        };

        d.zone = zone ? strdup(zone) : NULL;
        d.master = master ? strdup(master) : NULL;
        d.content = content ? strndup(content, d.size) : NULL;
        if (!d.zone || (master && !d.master) || (!d.delete &&!d.content)) {
                free(d.zone);
                free(d.master);
                free(d.content);
                return -ENOMEM;
        }
        *ret = d;
        return 0;
}

/* Appends the rows of `stmt`, which has a limit. */
static int collect(DdnsStore *s, sqlite3_stmt *stmt, uint64_t *bytes, DdnsBatch *batch) {
        int r;

        while ((r = store_step(s, stmt)) > 0) {
                uint64_t size = (uint64_t) sqlite3_column_bytes(stmt, 6);

                if (batch->n > 0 && *bytes + size > BATCH_BYTES_MAX)
                        return 0;
                r = copy_delivery(stmt, &batch->deliveries[batch->n]);
                if (r < 0)
                        return ddns_fail(&s->error, r, "out of memory");
                batch->n++;
                *bytes += size;
        }
        return r;
}

/* Appends what `sql` gives (?1 backend, ?2 cursor or now, ?3 limit) up to `max` deliveries in all. */
static int fill(DdnsStore *s, const char *sql, uint64_t backend, uint64_t bound, size_t max,
                uint64_t *bytes, DdnsBatch *batch) {
        STORE_STMT *stmt = NULL;
        int r;

        if (batch->n >= max)
                return 0;
        r = store_query(s, &stmt, sql, "uuu", backend, bound, max - batch->n);
        return r < 0 ? r : collect(s, stmt, bytes, batch);
}

int ddns_store_take_batch(DdnsStore *s, const char *backend, uint64_t now_usec, size_t max,
                          DdnsBatch *ret) {
        ddns_cleanup(ddns_batch_done) DdnsBatch batch = DDNS_BATCH_NULL;
        STORE_TRANSACTION(s);
        size_t for_retries = max < 4 ? 1 : max / 4;
        uint64_t bytes = 0;
        Place place;
        int r;

        batch.deliveries = calloc(max, sizeof *batch.deliveries);
        if (!batch.deliveries)
                return ddns_fail(&s->error, -ENOMEM, "out of memory");

        r = store_begin_read(s);
        if (r >= 0)
                r = find_place(s, backend, &place);
        if (r >= 0)
                r = fill(s, urgent_sql, place.id, place.cursor, max, &bytes, &batch);
        /* retries can't be starved by a long log, nor the log by many retries */
        if (r >= 0)
                r = fill(s, retry_sql, place.id, now_usec,
                         batch.n + for_retries < max ? batch.n + for_retries : max, &bytes, &batch);
        if (r >= 0)
                r = fill(s, log_sql, place.id, place.cursor, max, &bytes, &batch);
        if (r >= 0)
                r = store_commit(s);
        if (r < 0)
                return r;

        *ret = batch;
        batch = DDNS_BATCH_NULL;
        return 0;
}

/* Keeps what the backend said about the zone; writes only if it is something else than before. */
static int record_warning(DdnsStore *s, const Place *place, DdnsResult *result) {
        int r;

        if (!result->warning)
                return 0;
        if (!result->warning[0])
                return store_run(s, "DELETE FROM warning WHERE backend = ?1 AND zone = ?2", "ut",
                                 place->id, result->zone);
        r = store_run(s,
                      "INSERT INTO warning (backend, zone, text) SELECT ?1, name, ?3 FROM zone WHERE name = ?2"
                      " ON CONFLICT DO UPDATE SET text = excluded.text WHERE text <> excluded.text",
                      "utt", place->id, result->zone, result->warning);
        result->warning_is_new = r >= 0 && sqlite3_changes64(s->db) > 0;
        return r;
}

static int record_delivered(DdnsStore *s, const Place *place, const DdnsResult *result) {
        int r;

        r = store_run(s, "DELETE FROM retry WHERE backend = ?1 AND zone = ?2 AND generation <= ?3",
                      "utu", place->id, result->zone, result->generation);
        if (r < 0 || result->generation <= place->cursor)
                return r;

        return store_run(s, "INSERT OR IGNORE INTO ahead (backend, generation) VALUES (?1, ?2)", "uu",
                         place->id, result->generation);
}

/* How often this generation has failed before. -ENOENT: it is no longer the newest. */
static int failed_tries(DdnsStore *s, const Place *place, const DdnsResult *result, unsigned *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT coalesce(r.tries, 0) FROM zone z LEFT JOIN retry r ON r.backend = ?1"
                        " AND r.zone = z.name AND r.generation = z.generation"
                        " WHERE z.name = ?2 AND z.generation = ?3",
                        "utu", place->id, result->zone, result->generation);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret = (unsigned) sqlite3_column_int(stmt, 0);
        return 0;
}

static int record_failed(DdnsStore *s, const Place *place, DdnsResult *result, uint64_t now_usec,
                         const DdnsSchedule *schedule) {
        unsigned tries;
        int r;

        r = failed_tries(s, place, result, &tries);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;

        result->dead = tries >= schedule->n;
        result->due_usec = result->dead ? 0 : now_usec + schedule->backoff_usec[tries];
        return store_run(
                        s,
                        "INSERT OR REPLACE INTO retry (backend, zone, generation, tries, due_usec, error)"
                        " VALUES (?1, ?2, ?3, ?4, iif(?5, NULL, ?6), ?7)",
                        "utuuiut", place->id, result->zone, result->generation, (uint64_t) tries + 1,
                        result->dead, result->due_usec, result->error);
}

static int record_written(DdnsStore *s, const Place *place, const DdnsResult *result) {
        unsigned tries;
        int r;

        r = failed_tries(s, place, result, &tries);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return store_run(
                        s,
                        "INSERT OR REPLACE INTO retry (backend, zone, generation, tries, due_usec, error, written)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)",
                        "utuuut", place->id, result->zone, result->generation, (uint64_t) tries,
                        (uint64_t) NEVER_USEC, result->error);
}

static int record_one(DdnsStore *s, const Place *place, DdnsResult *result, uint64_t now_usec,
                      const DdnsSchedule *schedule) {
        int r;

        result->dead = result->warning_is_new = false;
        result->due_usec = 0;
        r = result->written ? record_written(s, place, result)
            : result->error ? record_failed(s, place, result, now_usec, schedule)
                            : record_delivered(s, place, result);
        return r < 0 ? r : record_warning(s, place, result);
}

/* How long the change took that was delivered now; what was there before the backend was says nothing about it. */
static int record_delay(DdnsStore *s, const Place *place, const DdnsResult *results, size_t n) {
        const DdnsResult *last = NULL;

        for (size_t i = 0; i < n; i++)
                if (!results[i].written && !results[i].error && results[i].delay_usec > 0 &&
                    (!last || results[i].generation > last->generation))
                        last = &results[i];
        if (!last)
                return 0;
        return store_run(s, "UPDATE backend SET delay_usec = ?2 WHERE id = ?1 AND met < ?3", "uuu",
                         place->id, last->delay_usec, last->generation);
}

/* The first generation above the cursor that nothing was done about, 0 if there is none. */
static int first_in_log(DdnsStore *s, const Place *place, uint64_t *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT z.generation FROM zone z WHERE" SQL_IN_LOG
                        " ORDER BY z.generation LIMIT 1",
                        "uu", place->id, place->cursor);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r < 0)
                return r;
        *ret = r > 0 ? store_column_u64(stmt, 0) : 0;
        return 0;
}

/* The cursor goes to where everything below is delivered or waits for a retry. */
static int move_cursor(DdnsStore *s, const Place *place) {
        uint64_t first;
        int r;

        r = first_in_log(s, place, &first);
        if (r < 0)
                return r;

        r = store_run(s,
                      "UPDATE backend SET cursor = max(cursor, iif(?2 > 0, ?2 - 1,"
                      " coalesce((SELECT max(generation) FROM zone), 0))) WHERE id = ?1",
                      "uu", place->id, first);
        if (r < 0)
                return r;

        return store_run(s,
                         "DELETE FROM ahead WHERE backend = ?1"
                         " AND generation <= (SELECT cursor FROM backend WHERE id = ?1)",
                         "u", place->id);
}

static int count(DdnsStore *s, const Place *place, const DdnsResult *results, size_t n,
                 uint64_t now_usec) {
        uint64_t delivered = 0, failed = 0;

        for (size_t i = 0; i < n; i++) {
                delivered += !results[i].written && !results[i].error;
                failed += !results[i].written && results[i].error;
        }
        return store_run(s,
                         "UPDATE backend SET delivered = delivered + ?2, failed = failed + ?3,"
                         " delivered_usec = iif(?2 > 0, ?4, delivered_usec) WHERE id = ?1",
                         "uuuu", place->id, delivered, failed, now_usec);
}

int ddns_store_record(DdnsStore *s, const char *backend, DdnsResult *results, size_t n,
                      uint64_t now_usec, const DdnsSchedule *schedule) {
        STORE_TRANSACTION(s);
        Place place;
        int r;

        r = store_begin(s);
        if (r >= 0)
                r = find_place(s, backend, &place);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = record_one(s, &place, &results[i], now_usec, schedule);
        if (r >= 0)
                r = record_delay(s, &place, results, n);
        if (r >= 0)
                r = count(s, &place, results, n, now_usec);
        if (r >= 0)
                r = move_cursor(s, &place);
        return r < 0 ? r : store_commit(s);
}

/* ?1: the backend, ?2: after this zone, ?3: limit */
#define SQL_DELIVERED                                    \
        " FROM zone z JOIN version v USING (generation)" \
        " JOIN backend b ON b.name = ?1" SQL_RETRY_JOIN  \
        " WHERE z.name > ?2 AND r.zone IS NULL AND NOT" SQL_IS_PENDING

#define SQL_IN_PAGES " ORDER BY z.name LIMIT ?3"

int ddns_store_list_delivered(DdnsStore *s, const char *backend, const char *after, DdnsExpected *ret,
                              size_t max, size_t *ret_n) {
        STORE_STMT *stmt = NULL;
        size_t n = 0;
        int r;

        r = store_query(s, &stmt,
                        "SELECT z.name, z.generation, v.serial, z.deleted" SQL_DELIVERED SQL_IN_PAGES,
                        "ttu", backend, after, (uint64_t) max);
        if (r < 0)
                return r;
        while ((r = store_step(s, stmt)) > 0) {
                store_copy_text(stmt, 0, ret[n].zone, sizeof ret[n].zone);
                ret[n].generation = store_column_u64(stmt, 1);
                ret[n].serial = (uint32_t) sqlite3_column_int64(stmt, 2);
                ret[n].delete = sqlite3_column_int(stmt, 3);
                n++;
        }
        if (r < 0)
                return r;
        *ret_n = n;
        return 0;
}

int ddns_store_take_delivered(DdnsStore *s, const char *backend, const char *after, size_t max,
                              DdnsBatch *ret) {
        ddns_cleanup(ddns_batch_done) DdnsBatch batch = DDNS_BATCH_NULL;
        STORE_STMT *stmt = NULL;
        uint64_t bytes = 0;
        int r;

        batch.deliveries = calloc(max, sizeof *batch.deliveries);
        if (!batch.deliveries)
                return ddns_fail(&s->error, -ENOMEM, "out of memory");

        r = store_query(s, &stmt, SQL_DELIVERY ", 0" SQL_DELIVERED " AND z.deleted = 0" SQL_IN_PAGES,
                        "ttu", backend, after, (uint64_t) max);
        if (r >= 0)
                r = collect(s, stmt, &bytes, &batch);
        if (r < 0)
                return r;
        *ret = batch;
        batch = DDNS_BATCH_NULL;
        return 0;
}
