/* SPDX-License-Identifier: MIT */
/* What the parts of the store share: the handle, statements, transactions. Private to src/store. */
#pragma once

#include <sqlite3.h>

#include "store/store.h"

/* Statements are prepared once and kept. */
#define STATEMENTS_MAX 96

/* Versions beyond DdnsStoreOptions.history are deleted with each generation that this divides, so that the whole database has fewer of
 * them than this. */
#define STORE_TRIM_EVERY 32

struct DdnsStore {
        sqlite3 *db;
        DdnsStoreOptions options;
        DdnsMessage error;
        bool in_transaction;
        int spent;                /* 0; negative errno: ddns_store_is_spent() */
        uint64_t oldest_turn;     /* that has not ended */
        bool has_turns;           /* temp.turn is there */
        uint64_t busy_since_usec; /* monotonic: since when a lock is waited for */
        struct {
                const char *sql;
                sqlite3_stmt *stmt;
        } statements[STATEMENTS_MAX];
};

/* A failed SQLite call: keeps its text and returns the errno for it. */
int store_fail(DdnsStore *s, int rc);
int store_errno(int rc);

/* Prepares `sql` and binds its parameters ?1, ?2 … by `types`: 't' text or NULL, 'u' uint64_t, 'i' int or bool, 'b' blob
 * (pointer, size_t) or NULL. Texts and blobs are not copied. `sql` must be a string constant: its address is the key under
 * which the statement is kept. */
int store_query(DdnsStore *s, sqlite3_stmt **ret, const char *sql, const char *types, ...);
/* The same for a statement that gives no rows, and runs it. */
int store_run(DdnsStore *s, const char *sql, const char *types, ...);
/* Next row: 1; end: 0; negative errno. The statement is reset at the end of its scope (STORE_STMT). */
int store_step(DdnsStore *s, sqlite3_stmt *stmt);
/* Several statements, without parameters. */
int store_exec(DdnsStore *s, const char *sql);

int store_begin(DdnsStore *s); /* for writing */
int store_begin_read(DdnsStore *s);
int store_commit(DdnsStore *s);
void store_rollback(DdnsStore *s);
/* Rolls back if the scope is left before the commit. */
static inline void store_rollback_pending(DdnsStore **s) {
        if ((*s)->in_transaction)
                store_rollback(*s);
}
#define STORE_TRANSACTION(s) \
        ddns_cleanup(store_rollback_pending) __attribute__((unused)) DdnsStore *_tx = (s)

/* Statements are reset when they leave the scope. */
static inline void store_resetp(sqlite3_stmt **stmt) {
        if (*stmt) {
                (void) sqlite3_reset(*stmt);
                (void) sqlite3_clear_bindings(*stmt);
        }
}
#define STORE_STMT ddns_cleanup(store_resetp) sqlite3_stmt

/* "" for NULL; a longer text is cut. */
void store_copy_text(sqlite3_stmt *stmt, int column, char *ret, size_t size);
uint64_t store_column_u64(sqlite3_stmt *stmt, int column);

/* From a row of name, generation, deleted, urgent, serial, time, digest, hostname, username, master, client, size, time of the newest
 * push, content. */
void store_copy_zone_row(sqlite3_stmt *stmt, DdnsZoneRow *ret);
/* Calls `each` for all such rows; a non-zero return of it ends that and is passed on. */
int store_each_zone_row(DdnsStore *s, sqlite3_stmt *stmt,
                        int (*each)(const DdnsZoneRow *row, void *userdata), void *userdata);
/* The content of such a row, NUL-terminated and the caller's; NULL of a tombstone. 0 or -ENOMEM. */
int store_copy_content(DdnsStore *s, sqlite3_stmt *stmt, char **ret);

/* `retry.due_usec` of what is written and waits to be seen served: no batch takes it. */
#define NEVER_USEC INT64_MAX

/* Fails with what is wrong with the database at `path` or the files beside it, and what mends it. */
int store_explain(const char *path, int error, const char *detail, DdnsMessage *message);

/* Whether the database is ours and not newer than this program. Writes nothing. */
int store_check_version(DdnsStore *s, DdnsMessage *message);
/* Brings an open database to the newest schema, or the first `steps` of it. */
int store_migrate(DdnsStore *s, DdnsMessage *message);
int store_migrate_to(DdnsStore *s, size_t steps, DdnsMessage *message);

/* Applies one change within the caller's transaction. */
int store_apply(DdnsStore *s, DdnsChange *c, uint64_t now_usec);

/* "What is this zone's state on this backend" as SQL over the aliases z (zone), b (backend), r (retry, left-joined on both):
 * kept in one place because the listings must agree with what is delivered. */
#define SQL_RETRY_JOIN \
        " LEFT JOIN retry r ON r.backend = b.id AND r.zone = z.name AND r.generation = z.generation"
#define SQL_IS_PENDING                                                \
        " (r.zone IS NULL AND z.generation > b.cursor AND NOT EXISTS" \
        " (SELECT 1 FROM ahead a WHERE a.backend = b.id AND a.generation = z.generation))"
