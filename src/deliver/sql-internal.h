/* SPDX-License-Identifier: MIT */
/* What the parts of the way into a database share: sql.c (batches and what to do about errors), sql-read.c (what is there), sql-transaction.c (one
 * transaction), sql-inspect.c (comparing), sql-difference.c, sql-statements.c (many rows in few statements), sql-server.c (what the server tells of
 * itself), sql-check.c and sql-check-tables.c (for an operator). */
#pragma once

#include "basic/buffer.h"
#include "deliver/sql.h"

struct DdnsSql {
        const DdnsMysqlConfig *config;
        const DdnsSqlDescription *d;
        const DdnsSqlOps *ops;
        void *userdata;
        DdnsMysql *m;
        bool known; /* this connection's server was looked at */
};

#define DDNS_SQL_ID_SIZE 21 /* decimal digits of a uint64_t and a NUL */

/* A zone of a transaction. */
typedef struct DdnsSqlZone {
        DdnsTask *task;
        char name[DDNS_SQL_ZONE_MAX + 1];
        DdnsSqlRows wanted[DDNS_SQL_TABLES_MAX]; /* sorted */

        /* As the database has it; every try reads it anew. */
        uint64_t id; /* 0: it is not there */
        char id_text[DDNS_SQL_ID_SIZE];
        bool misnamed;      /* with capital letters */
        DdnsSqlRows stored; /* in the table at hand */
} DdnsSqlZone;

/* Connects, and looks at the server if the connection is a new one. No transaction is open after it. */
int ddns_sql_connect(DdnsSql *s, DdnsMessage *message);

/* ---- sql.c ---- */

/* A piece of a batch: the zones of one transaction. */
typedef struct DdnsSqlPiece {
        DdnsSqlZone *zones; /* sorted by name */
        size_t n;
} DdnsSqlPiece;

/* How many of the tasks go together. */
size_t ddns_sql_piece_cut(const DdnsTask *tasks, size_t n);
/* Makes the rows of those that are PENDING. The backend must be connected. */
int ddns_sql_piece_make(DdnsSql *s, DdnsTask *tasks, size_t n, DdnsSqlPiece *p, DdnsMessage *message);
void ddns_sql_piece_done(DdnsSqlPiece *p);

/* ---- sql-transaction.c ---- */

/* One try of bringing `zones`, sorted by name, into the database, COMMIT included. A zone that can't be had at all makes its
 * task FAILED, and the others go on. Negative: nothing happened, unless it says -ENOTCONN; the caller rolls back. */
int ddns_sql_transaction(DdnsSql *s, DdnsSqlZone *zones, size_t n, DdnsSqlOutcome *ret,
                         DdnsMessage *message);

/* ---- sql-difference.c ---- */

/* A row to be written: over the stored row `id`, or a new one if that is 0. */
typedef struct DdnsSqlChange {
        uint64_t id;
        const char *zone_id;
        const DdnsSqlRow *row;
} DdnsSqlChange;

typedef struct DdnsSqlChanges {
        DdnsSqlChange *items;
        size_t n, allocated;
} DdnsSqlChanges;

typedef struct DdnsSqlDifference {
        DdnsSqlChanges inserts, updates;
        uint64_t *deletes; /* ids */
        size_t n_deletes, allocated_deletes;
} DdnsSqlDifference;

void ddns_sql_difference_done(DdnsSqlDifference *d);

/* Adds what turns the stored rows of a zone, which are sorted here, into the wanted ones. -ENOMEM. */
int ddns_sql_difference_add(DdnsSqlDifference *d, const DdnsSqlTable *t, DdnsSqlZone *zone,
                            const DdnsSqlRows *wanted);

/* Adds the deletion of a row. -ENOMEM. */
int ddns_sql_difference_delete(DdnsSqlDifference *d, uint64_t id);

/* ---- sql-statements.c ---- */

/* Writes the `width` values of item `i`; `id` is room for one number's text. */
typedef void DdnsSqlFill(const void *items, size_t i, char id[DDNS_SQL_ID_SIZE], DdnsMysqlValue *values);

/* A statement with one group of placeholders for each item: `head` group,group,… `tail`. */
typedef struct DdnsSqlStatement {
        const char *head, *group, *tail;
        size_t width; /* placeholders in a group */
        bool repeats; /* an item that stands there twice does no harm */
        DdnsSqlFill *fill;
} DdnsSqlStatement;

/* Runs it for `n` items, by as many executions as the server's packets need. A few sizes only, so that the texts stay
 * prepared. */
int ddns_sql_run(DdnsMysql *m, const DdnsSqlStatement *st, const void *items, size_t n,
                 DdnsMysqlRow *each, void *userdata, DdnsMessage *message);

/* The same for `HEAD (?,…) TAIL` over ids, or over the names of zones. */
int ddns_sql_run_ids(DdnsMysql *m, const char *head, const uint64_t *ids, size_t n, DdnsMysqlRow *each,
                     void *userdata, DdnsMessage *message);

/* INSERT of whole rows of a table; with `update`: over those that have the same ids. */
int ddns_sql_run_changes(DdnsMysql *m, const DdnsSqlTable *t, const DdnsSqlChange *changes, size_t n,
                         bool update, DdnsMessage *message);

void ddns_sql_id_text(uint64_t id, char ret[DDNS_SQL_ID_SIZE]);
/* 0 for what is no id. */
uint64_t ddns_sql_id_parse(DdnsMysqlValue value);

/* ---- sql-read.c ---- */

/* What is at hand in one try. Zones whose tasks FAILED stay in `zones` and are passed over. */
typedef struct DdnsSqlTransaction {
        DdnsSql *s;
        DdnsSqlZone *zones; /* sorted by name */
        size_t n;
        DdnsSqlZone **by_id; /* those that are there, sorted by id */
        uint64_t *ids;       /* room for as many ids */
        size_t n_by_id;
        bool strangers; /* there are rows that only the collation takes for zones of ours */
        DdnsSqlOutcome outcome;
        DdnsMessage *message;
} DdnsSqlTransaction;

/* Makes room for `n` zones, sorted by name, that are not known to be there. -ENOMEM. */
int ddns_sql_transaction_begin(DdnsSqlTransaction *t, DdnsSql *s, DdnsSqlZone *zones, size_t n,
                               DdnsMessage *message);
void ddns_sql_transaction_done(DdnsSqlTransaction *t);
int ddns_sql_no_memory(DdnsSqlTransaction *t);

static inline bool ddns_sql_is_failed(const DdnsSqlZone *z) {
        return z->task->state == DDNS_TASK_FAILED;
}
void ddns_sql_refuse(DdnsSqlZone *z, const char *why);

/* Reads the rows of zones that are not known yet, in the order of their names. `lock`: nobody else may change them then. */
int ddns_sql_read_zones(DdnsSqlTransaction *t, bool lock);
/* The array of `by_id` and `ids`: zones that are to be kept, or that are to be deleted, and are there. */
void ddns_sql_gather(DdnsSqlTransaction *t, bool delete);
/* Refuses those of them that are to be kept and are not ours to save. Gathers. */
int ddns_sql_refuse_claimed(DdnsSqlTransaction *t);
/* Reads what the gathered zones have in a table. */
int ddns_sql_read_rows(DdnsSqlTransaction *t, const DdnsSqlTable *table);

typedef struct DdnsSqlZoneList {
        DdnsSqlZone **items;
        const char *kind; /* NULL: names alone */
} DdnsSqlZoneList;

/* Fills a statement with the names of a list, and the kind. */
DdnsSqlFill ddns_sql_fill_zone;

/* ---- sql-server.c ---- */

/* Deletes what can't be there, in a transaction that is undone. -ETIME: somebody keeps the tables locked. */
int ddns_sql_try_tables(DdnsSql *s, DdnsMessage *message);

/* -EOPNOTSUPP: a table of ours knows no transactions. */
int ddns_sql_look_at_engines(DdnsMysql *m, const DdnsSqlDescription *d, DdnsMessage *message);

/* The last cell of the first row, as a string that the caller frees; NULL: there is no row, or it is NULL. */
int ddns_sql_fetch_text(DdnsMysql *m, const char *sql, const DdnsMysqlValue *parameters, size_t n,
                        char **ret, DdnsMessage *message);
