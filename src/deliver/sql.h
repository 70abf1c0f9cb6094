/* SPDX-License-Identifier: MIT */
/* Bringing a batch of zones into a database: read what is there, write the difference, in one transaction, or in some if the
 * batch is a very large one.
 *
 * A description says what a kind of name server wants; all statements are made from it once. Each zone is there whole or as
 * it was. One that the server refuses never stops the others: the batch is undone and its zones go one by one. */
#pragma once

#include "deliver/backend.h"
#include "deliver/sql-rows.h"

#define DDNS_SQL_TABLES_MAX  2
#define DDNS_SQL_INDEXES_MAX 4
#define DDNS_SQL_ZONE_MAX    255 /* a zone's name as the database has it */

/* A table with rows of zones. A changed row keeps its id if the first `n_key` cells stay the same. */
typedef struct DdnsSqlTable {
        const char *name;
        const char *zone_id; /* the column that has zones' ids */
        const char *columns[DDNS_SQL_CELLS_MAX];
        size_t n_columns;
        size_t n_key;
        bool (*is_ours)(const DdnsSqlRow
                                        *row); /* which rows of a zone we may touch; NULL: all of them */

        /* For ddns_sql_check(): */
        uint32_t widths[DDNS_SQL_CELLS_MAX]; /* of the columns in the shipped schema, in characters; 0: not a text */
        bool nulls[DDNS_SQL_CELLS_MAX]; /* NULL is written there too */
        const char *utf8; /* the column that should hold all of UTF-8; NULL: there is none */
        const char *indexes[DDNS_SQL_INDEXES_MAX]
                           [3]; /* columns by which the name server looks rows up, in their order */
} DdnsSqlTable;

typedef struct DdnsSqlDescription {
        const char *zones;       /* table of zones */
        const char *zone_column; /* in which their names are, unique */
        const char *kind_column; /* written with `kind` for a new zone; NULL: there is none */
        const char *kind;
        DdnsSqlTable tables[DDNS_SQL_TABLES_MAX];
        size_t n_tables;
        const DdnsSqlTable *emptied; /* tables that lose all rows of a zone with the zone itself */
        size_t n_emptied;

        /* A zone with rows in this table is not ours to save; `claimed` says why. NULL: there is none. */
        const DdnsSqlTable *claims;
        const char *claimed;
} DdnsSqlDescription;

/* What a kind of name server adds. `userdata` is that of ddns_sql_new(). */
typedef struct DdnsSqlOps {
        /* The checked name as the table of zones has it. */
        void (*zone_name)(const char *zone, char ret[DDNS_SQL_ZONE_MAX + 1]);
        /* The rows that a zone should have, a list for each table. -EBADMSG: this name server can't serve it, `message` says
         * why; -ENOMEM. May set a warning. */
        int (*rows)(const DdnsTask *task, DdnsSqlRows ret[DDNS_SQL_TABLES_MAX], DdnsMessage *warning,
                    DdnsMessage *message, void *userdata);
        /* Is the row of a zone that is there ours to change? `kind`: of its row. 0, or -EBADMSG with the reason. NULL: always. */
        int (*may_change)(const DdnsTask *task, DdnsMysqlValue kind, DdnsMessage *message);
        /* A new connection was made: look at what must be known before the first batch (column widths). Negative: the
         * backend as a whole is out of service. */
        int (*connected)(DdnsMysql *m, DdnsMessage *message, void *userdata);
} DdnsSqlOps;

typedef struct DdnsSql DdnsSql;

/* `config`, `description`, `ops` and `userdata` outlive it. Connects to nothing. */
int ddns_sql_new(const DdnsBackendConfig *config, const DdnsSqlDescription *description,
                 const DdnsSqlOps *ops, void *userdata, DdnsSql **ret, DdnsMessage *message);
DdnsSql *ddns_sql_free(DdnsSql *s);
DDNS_DEFINE_CLEANUP(DdnsSql *, ddns_sql_free)

/* What a batch did, for who has to tell the name server. */
typedef struct DdnsSqlOutcome {
        size_t inserted_zones, deleted_zones;
        size_t written_rows; /* inserted, changed and deleted ones of all tables, a deleted zone as one; 0: all was there */
} DdnsSqlOutcome;

/* As DdnsBackendOps.apply. */
int ddns_sql_apply(DdnsSql *s, DdnsTask *tasks, size_t n, DdnsSqlOutcome *ret, DdnsMessage *message);

/* As DdnsBackendOps.inspect, .diff and .list. */
int ddns_sql_inspect(DdnsSql *s, DdnsTask *tasks, size_t n, DdnsMessage *message);
int ddns_sql_diff(DdnsSql *s, const DdnsTask *task, DdnsLineHandler *line, void *userdata,
                  DdnsMessage *message);
int ddns_sql_list(DdnsSql *s, DdnsNameHandler *each, void *userdata, DdnsMessage *message);

/* As DdnsBackendOps.incarnation: the server's own identity and when its tables of zones and of records were made: another
 * server has not the one, a database that was made anew, put back from a backup or altered not the other. What was left out
 * for want of room comes in by itself then. */
int ddns_sql_incarnation(DdnsSql *s, DdnsMessage *ret, DdnsMessage *message);

/* As DdnsBackendOps.check: connection, modes, engines, columns, widths, indexes, rights. What is wanted of the schema follows
 * from the description. Rights are tried by writing in a transaction that is undone. */
int ddns_sql_check(DdnsSql *s, DdnsFindingHandler *found, void *userdata, DdnsMessage *message);

/* Width of a column in characters; `*ret_utf8`: it holds all of UTF-8. -ENOENT: there is no such column, said in
 * `message`. */
int ddns_sql_width(DdnsMysql *m, const char *database, const char *table, const char *column,
                   uint64_t *ret_width, bool *ret_utf8, DdnsMessage *message);
