/* SPDX-License-Identifier: MIT */
/* Reading: single zones, counts and listings. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/reconcile.h"
#include "store/store-internal.h"

const char *ddns_delivery_state_to_string(DdnsDeliveryState state) {
        static const char *const names[] = {
                [DDNS_DELIVERY_PENDING] = "pending",     [DDNS_DELIVERY_WRITTEN] = "written",
                [DDNS_DELIVERY_DELIVERED] = "delivered", [DDNS_DELIVERY_DEFERRED] = "deferred",
                [DDNS_DELIVERY_DEAD] = "dead",
        };

        return names[state];
}

static const char *column_text(sqlite3_stmt *stmt, int column) {
        return (const char *) sqlite3_column_text(stmt, column);
}

#define SQL_ZONE_ROW                                                                       \
        "SELECT z.name, v.generation, v.deleted, z.urgent, v.serial, v.at_usec, v.digest," \
        " z.hostname, z.username, v.master, v.client, coalesce(length(v.content), 0),"     \
        " z.accepted_usec"

void store_copy_zone_row(sqlite3_stmt *stmt, DdnsZoneRow *ret) {
        *ret = (DdnsZoneRow){
                .generation = store_column_u64(stmt, 1),
                .deleted = sqlite3_column_int(stmt, 2),
                .urgent = sqlite3_column_int(stmt, 3),
                .serial = (uint32_t) sqlite3_column_int64(stmt, 4),
                .changed_usec = store_column_u64(stmt, 5),
                .size = store_column_u64(stmt, 11),
                .accepted_usec = store_column_u64(stmt, 12),
        };
        store_copy_text(stmt, 0, ret->zone, sizeof ret->zone);
        if (sqlite3_column_bytes(stmt, 6) == DDNS_DIGEST_SIZE)
                memcpy(ret->digest, sqlite3_column_blob(stmt, 6), DDNS_DIGEST_SIZE);
        store_copy_text(stmt, 7, ret->hostname, sizeof ret->hostname);
        store_copy_text(stmt, 8, ret->username, sizeof ret->username);
        store_copy_text(stmt, 9, ret->master, sizeof ret->master);
        store_copy_text(stmt, 10, ret->client, sizeof ret->client);
}

/* ?1: the zone, ?2: whether its content is wanted */
static const char newest_sql[] =
                SQL_ZONE_ROW ", iif(?2, v.content, NULL) FROM zone z JOIN version v USING (generation)"
                             " WHERE z.name = ?1";
static const char newest_save_sql[] =
                SQL_ZONE_ROW ", iif(?2, v.content, NULL) FROM zone z JOIN version v ON v.zone = z.name"
                             " WHERE z.name = ?1 AND v.deleted = 0 ORDER BY v.generation DESC LIMIT 1";

int store_copy_content(DdnsStore *s, sqlite3_stmt *stmt, char **ret) {
        const char *text = sqlite3_column_blob(stmt, 13);
        char *content = text ? strndup(text, (size_t) sqlite3_column_bytes(stmt, 13)) : NULL;

        if (text && !content)
                return ddns_fail(&s->error, -ENOMEM, "out of memory");
        *ret = content;
        return 0;
}

static int get_version(DdnsStore *s, const char *sql, const char *zone, DdnsZoneRow *ret,
                       char **ret_content) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt, sql, "ti", zone, ret_content != NULL);
        if (r >= 0)
                r = store_step(s, stmt);
        if (r <= 0)
                return r < 0 ? r : ddns_fail(&s->error, -ENOENT, "no zone \"%s\"", zone);
        if (ret_content && (r = store_copy_content(s, stmt, ret_content)) < 0)
                return r;
        store_copy_zone_row(stmt, ret);
        return 0;
}

int ddns_store_get_zone(DdnsStore *s, const char *zone, DdnsZoneRow *ret, char **ret_content) {
        return get_version(s, newest_sql, zone, ret, ret_content);
}

int ddns_store_get_deleted(DdnsStore *s, const char *zone, DdnsZoneRow *ret, char **ret_content) {
        return get_version(s, newest_save_sql, zone, ret, ret_content);
}

int ddns_store_find_parent(DdnsStore *s, const char *zone, DdnsZoneRow *ret) {
        DdnsZoneRow row;

        for (const char *p = ddns_zone_name_parent(zone); p; p = ddns_zone_name_parent(p)) {
                int r = ddns_store_get_zone(s, p, &row, NULL);

                if (r < 0 && r != -ENOENT)
                        return r;
                if (r >= 0 && !row.deleted) {
                        *ret = row;
                        return 0;
                }
        }
        return ddns_fail(&s->error, -ENOENT, "no zone above \"%s\"", zone);
}

int ddns_store_count(DdnsStore *s, DdnsStoreCounts *ret) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT (SELECT count(*) FROM zone), (SELECT count(*) FROM zone"
                        " WHERE deleted = 1),"
                        " (SELECT coalesce(max(generation), 0) FROM version)",
                        "");
        if (r >= 0)
                r = store_step(s, stmt);
        if (r < 0)
                return r;
        ret->tombstones = store_column_u64(stmt, 1);
        ret->zones = store_column_u64(stmt, 0) - ret->tombstones;
        ret->generation = store_column_u64(stmt, 2);
        return 0;
}

int store_each_zone_row(DdnsStore *s, sqlite3_stmt *stmt,
                        int (*each)(const DdnsZoneRow *row, void *userdata), void *userdata) {
        int r;

        while ((r = store_step(s, stmt)) > 0) {
                DdnsZoneRow row;

                store_copy_zone_row(stmt, &row);
                r = each(&row, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int ddns_store_each_zone(DdnsStore *s, const char *pattern, bool deleted_too,
                         int (*each)(const DdnsZoneRow *row, void *userdata), void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        SQL_ZONE_ROW " FROM zone z JOIN version v USING (generation)"
                                     " WHERE (?1 IS NULL OR z.name GLOB ?1)"
                                     " AND (?2 OR z.deleted = 0) ORDER BY z.name",
                        "ti", pattern, deleted_too);
        return r < 0 ? r : store_each_zone_row(s, stmt, each, userdata);
}

/* Columns: is there a retry row, is it due some time, is it written, is the zone in the log. */
static DdnsDeliveryState delivery_state(bool retry, bool due, bool written, bool pending) {
        if (retry)
                return written ? DDNS_DELIVERY_WRITTEN
                       : due   ? DDNS_DELIVERY_DEFERRED
                               : DDNS_DELIVERY_DEAD;
        return pending ? DDNS_DELIVERY_PENDING : DDNS_DELIVERY_DELIVERED;
}

/* What waits for a backend that is out of service waits for its reason and its next try. */
#define SQL_DUE   "iif(r.zone IS NULL AND" SQL_IS_PENDING ", b.due_usec, iif(r.written, 0, r.due_usec))"
#define SQL_ERROR "iif(r.zone IS NULL AND" SQL_IS_PENDING ", b.error, r.error)"

int ddns_store_each_state(DdnsStore *s, const char *zone,
                          int (*each)(const DdnsZoneState *row, void *userdata), void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT b.name, r.zone IS NOT NULL, r.due_usec IS NOT NULL," SQL_IS_PENDING
                        ", r.tries, " SQL_DUE ", " SQL_ERROR ", r.written, w.text"
                        " FROM zone z JOIN backend b" SQL_RETRY_JOIN
                        " LEFT JOIN warning w ON w.backend = b.id AND w.zone = z.name"
                        " WHERE z.name = ?1 ORDER BY b.id",
                        "t", zone);
        if (r < 0)
                return r;
        while ((r = store_step(s, stmt)) > 0) {
                DdnsZoneState row = {
                        .backend = column_text(stmt, 0),
                        .state = delivery_state(sqlite3_column_int(stmt, 1), sqlite3_column_int(stmt, 2),
                                                sqlite3_column_int(stmt, 7),
                                                sqlite3_column_int(stmt, 3)),
                        .tries = (unsigned) sqlite3_column_int64(stmt, 4),
                        .due_usec = store_column_u64(stmt, 5),
                        .error = column_text(stmt, 6),
                        .warning = column_text(stmt, 8),
                };

                r = each(&row, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int ddns_store_each_queued(DdnsStore *s, int (*each)(const DdnsQueueRow *row, void *userdata),
                           void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        /* two ranges of an index each, not a walk over all zones */
        r = store_query(s, &stmt,
                        "SELECT b.id AS backend, z.name, b.name, z.generation, z.deleted, z.urgent,"
                        " 0, 0, 0, v.at_usec, b.due_usec, b.error, 0 FROM backend b JOIN zone z ON z.generation > b.cursor"
                        " JOIN version v USING (generation)" SQL_RETRY_JOIN " WHERE" SQL_IS_PENDING
                        " UNION ALL"
                        " SELECT b.id, z.name, b.name, z.generation, z.deleted, z.urgent, 1,"
                        " r.due_usec IS NOT NULL, r.tries, v.at_usec, iif(r.written, 0, r.due_usec), r.error,"
                        " r.written FROM retry r JOIN backend b"
                        " ON b.id = r.backend"
                        " JOIN zone z ON z.name = r.zone AND z.generation = r.generation"
                        " JOIN version v ON v.generation = z.generation"
                        " ORDER BY 1, 4",
                        "");
        if (r < 0)
                return r;
        while ((r = store_step(s, stmt)) > 0) {
                DdnsQueueRow row = {
                        .zone = column_text(stmt, 1),
                        .backend = column_text(stmt, 2),
                        .generation = store_column_u64(stmt, 3),
                        .delete = sqlite3_column_int(stmt, 4),
                        .urgent = sqlite3_column_int(stmt, 5),
                        .state = delivery_state(sqlite3_column_int(stmt, 6), sqlite3_column_int(stmt, 7),
                                                sqlite3_column_int(stmt, 12), true),
                        .tries = (unsigned) sqlite3_column_int64(stmt, 8),
                        .since_usec = store_column_u64(stmt, 9),
                        .due_usec = store_column_u64(stmt, 10),
                        .error = column_text(stmt, 11),
                };

                r = each(&row, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

/* A row of an older generation counts no more: the newer one starts afresh. */
#define SQL_VALID_RETRY                                                           \
        " retry r JOIN zone y ON y.name = r.zone AND y.generation = r.generation" \
        " WHERE r.backend = b.id AND "
/* Has NEVER as ?1: a range of the index, however much is deferred. The planner would take all rows of the backend. */
#define SQL_WRITTEN                                                    \
        " retry r INDEXED BY retry_due JOIN zone y ON y.name = r.zone" \
        " AND y.generation = r.generation"                             \
        " WHERE r.backend = b.id AND r.due_usec = ?1 AND r.written = 1"

static uint64_t earlier(uint64_t a, uint64_t b) {
        return a == 0 || (b > 0 && b < a) ? b : a;
}

int ddns_store_each_backend(DdnsStore *s, int (*each)(const DdnsBackendRow *row, void *userdata),
                            void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT b.name, b.cursor, count(z.name), min(v.at_usec),"
                        " (SELECT count(*) FROM" SQL_VALID_RETRY
                        "r.due_usec IS NOT NULL AND r.written = 0),"
                        " (SELECT count(*) FROM" SQL_VALID_RETRY "r.due_usec IS NULL),"
                        " b.failures, b.since_usec, b.due_usec,"
                        " coalesce(b.error, (SELECT r.error FROM" SQL_WRITTEN
                        " AND r.error IS NOT NULL ORDER BY r.generation LIMIT 1)),"
                        " b.delay_usec,"
                        " (SELECT count(*) FROM" SQL_WRITTEN "),"
                        " (SELECT w.at_usec FROM version w WHERE w.generation ="
                        " (SELECT min(r.generation) FROM" SQL_WRITTEN ")),"
                        " b.target"
                        " FROM backend b LEFT JOIN zone z ON z.generation > b.cursor"
                        " AND NOT EXISTS (SELECT 1 FROM ahead a WHERE a.backend = b.id"
                        " AND a.generation = z.generation)"
                        " AND NOT EXISTS (SELECT 1 FROM retry r WHERE r.backend = b.id"
                        " AND r.zone = z.name"
                        "  AND r.generation = z.generation)"
                        " LEFT JOIN version v ON v.generation = z.generation GROUP BY b.id"
                        " ORDER BY b.id",
                        "u", (uint64_t) NEVER_USEC);
        if (r < 0)
                return r;
        while ((r = store_step(s, stmt)) > 0) {
                DdnsBackendRow row = {
                        .name = column_text(stmt, 0),
                        .cursor = store_column_u64(stmt, 1),
                        .pending = store_column_u64(stmt, 2),
                        .oldest_usec = earlier(store_column_u64(stmt, 3), store_column_u64(stmt, 12)),
                        .deferred = store_column_u64(stmt, 4),
                        .dead = store_column_u64(stmt, 5),
                        .failures = (unsigned) sqlite3_column_int64(stmt, 6),
                        .since_usec = store_column_u64(stmt, 7),
                        .due_usec = store_column_u64(stmt, 8),
                        .error = column_text(stmt, 9),
                        .delay_usec = store_column_u64(stmt, 10),
                        .written = store_column_u64(stmt, 11),
                        .target = column_text(stmt, 13),
                };

                r = each(&row, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int ddns_store_each_master(DdnsStore *s, int (*each)(const DdnsMasterRow *row, void *userdata),
                           void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT name, coalesce(hostname, ''), coalesce(client, ''), contact_usec,"
                        " accepted, refused"
                        " FROM master ORDER BY name",
                        "");
        if (r < 0)
                return r;
        while ((r = store_step(s, stmt)) > 0) {
                DdnsMasterRow row = {
                        .name = column_text(stmt, 0),
                        .hostname = column_text(stmt, 1),
                        .client = column_text(stmt, 2),
                        .contact_usec = store_column_u64(stmt, 3),
                        .accepted = store_column_u64(stmt, 4),
                        .refused = store_column_u64(stmt, 5),
                };

                r = each(&row, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}

int ddns_store_each_rejected(DdnsStore *s, int (*each)(const DdnsRejectedRow *row, void *userdata),
                             void *userdata) {
        STORE_STMT *stmt = NULL;
        int r;

        r = store_query(s, &stmt,
                        "SELECT at_usec, coalesce(zone, ''), coalesce(hostname, ''),"
                        " coalesce(master, ''),"
                        " coalesce(client, ''), reason FROM rejected ORDER BY id",
                        "");
        if (r < 0)
                return r;
        while ((r = store_step(s, stmt)) > 0) {
                DdnsRejectedRow row = {
                        .at_usec = store_column_u64(stmt, 0),
                        .zone = column_text(stmt, 1),
                        .hostname = column_text(stmt, 2),
                        .master = column_text(stmt, 3),
                        .client = column_text(stmt, 4),
                        .reason = column_text(stmt, 5),
                };

                r = each(&row, userdata);
                if (r != 0)
                        return r;
        }
        return r;
}
