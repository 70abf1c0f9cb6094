/* SPDX-License-Identifier: MIT */
/* Counting by indexes alone. */
#include <stdio.h>
#include <sys/stat.h>

#include "store/figures.h"
#include "store/store-internal.h"

int ddns_store_at_once(DdnsStore *s, int (*read)(DdnsStore *s, void *userdata), void *userdata) {
        STORE_TRANSACTION(s);
        int r;

        r = store_begin_read(s);
        if (r >= 0)
                r = read(s, userdata);
        return r;
}

static uint64_t size_of_log(DdnsStore *s) {
        const char *path = sqlite3_db_filename(s->db, "main");
        const char *log = path ? sqlite3_filename_wal(path) : NULL;
        struct stat st;

        return log && *log && stat(log, &st) == 0 ? (uint64_t) st.st_size : 0;
}

int ddns_store_get_size(DdnsStore *s, DdnsStoreSize *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT page_count * page_size, freelist_count * page_size"
                        " FROM pragma_page_count, pragma_page_size, pragma_freelist_count",
                        "");
        if (r >= 0)
                r = store_step(s, stmt);
        if (r < 0)
                return r;
        *ret = (DdnsStoreSize){ .bytes = store_column_u64(stmt, 0),
                                .free_bytes = store_column_u64(stmt, 1),
                                .log_bytes = size_of_log(s) };
        return 0;
}

typedef struct Place {
        uint64_t id, cursor;
} Place;

/* Zones above the cursor, less those that were delivered out of turn. A generation is of one zone, so comparing it is enough
 * to see that a row is of the newest version. */
static int count_above(DdnsStore *s, const Place *place, uint64_t *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT (SELECT count(*) FROM zone WHERE generation > ?2) -"
                        " (SELECT count(*) FROM ahead a JOIN zone z ON z.generation = a.generation"
                        " WHERE a.backend = ?1 AND a.generation > ?2)",
                        "uu", place->id, place->cursor);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r >= 0)
                *ret = store_column_u64(stmt, 0);
        return r < 0 ? r : 0;
}

static int count_retries(DdnsStore *s, const Place *place, DdnsBackendFigures *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT count(*) FILTER (WHERE r.due_usec IS NULL),"
                        " count(*) FILTER (WHERE r.written = 1),"
                        " count(*) FILTER (WHERE r.due_usec IS NOT NULL AND r.written = 0),"
                        " count(*) FILTER (WHERE r.generation > ?2 AND NOT EXISTS"
                        " (SELECT 1 FROM ahead a WHERE a.backend = ?1 AND a.generation = r.generation)),"
                        " min(r.generation) FILTER (WHERE r.written = 1)"
                        " FROM retry r CROSS JOIN zone z ON z.generation = r.generation"
                        " WHERE r.backend = ?1",
                        "uu", place->id, place->cursor);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r < 0)
                return r;
        ret->dead = store_column_u64(stmt, 0);
        ret->written = store_column_u64(stmt, 1);
        ret->deferred = store_column_u64(stmt, 2);
        ret->pending -= store_column_u64(stmt, 3);
        ret->oldest_usec = store_column_u64(stmt, 4); /* a generation yet */
        return 0;
}

/* Generations are given in the order of acceptance, so the oldest has the lowest. */
static int find_oldest(DdnsStore *s, const Place *place, DdnsBackendFigures *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT min(v.at_usec) FROM version v WHERE v.generation = ?3"
                        " OR v.generation = (SELECT z.generation FROM zone z WHERE z.generation > ?2"
                        " AND NOT EXISTS (SELECT 1 FROM ahead a WHERE a.backend = ?1"
                        " AND a.generation = z.generation)"
                        " AND NOT EXISTS (SELECT 1 FROM retry r WHERE r.backend = ?1"
                        " AND r.zone = z.name AND r.generation = z.generation)"
                        " ORDER BY z.generation LIMIT 1)",
                        "uuu", place->id, place->cursor, ret->oldest_usec);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r >= 0)
                ret->oldest_usec = store_column_u64(stmt, 0);
        return r < 0 ? r : 0;
}

static int count_zones(DdnsStore *s, const Place *place, DdnsBackendFigures *ret) {
        int r;

        r = count_above(s, place, &ret->pending);
        if (r >= 0)
                r = count_retries(s, place, ret);
        return r < 0 ? r : find_oldest(s, place, ret);
}

int ddns_store_each_backend_figures(DdnsStore *s,
                                    int (*each)(const DdnsBackendFigures *row, void *userdata),
                                    void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT id, cursor, name, failures, since_usec, delay_usec, delivered, failed,"
                        " delivered_usec FROM backend ORDER BY id",
                        "");
        if (r < 0)
                return r;
        while ((r = store_step(s, stmt)) > 0) {
                Place place = { store_column_u64(stmt, 0), store_column_u64(stmt, 1) };
                DdnsBackendFigures row = {
                        .failures = store_column_u64(stmt, 3),
                        .since_usec = store_column_u64(stmt, 4),
                        .delay_usec = store_column_u64(stmt, 5),
                        .delivered = store_column_u64(stmt, 6),
                        .failed = store_column_u64(stmt, 7),
                        .delivered_usec = store_column_u64(stmt, 8),
                };

                store_copy_text(stmt, 2, row.name, sizeof row.name);
                r = count_zones(s, &place, &row);
                if (r >= 0)
                        r = each(&row, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int ddns_store_each_owner(DdnsStore *s,
                          int (*each)(const char *hostname, uint64_t zones, void *userdata),
                          void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT coalesce(hostname, ''), count(*) FROM zone WHERE deleted = 0 GROUP BY 1",
                        "");
        if (r < 0)
                return r;
        while ((r = store_step(s, stmt)) > 0) {
                r = each((const char *) sqlite3_column_text(stmt, 0), store_column_u64(stmt, 1),
                         userdata);
                if (r != 0)
                        return r;
        }
        return r;
}
