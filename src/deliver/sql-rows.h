/* SPDX-License-Identifier: MIT */
/* The rows that a zone has in one table of a database, as they should be or as they are. */
#pragma once

#include "mysql/mysql.h"

#define DDNS_SQL_CELLS_MAX 8

/* Its cells in the order of the table's columns (sql.h), without id and zone. */
typedef struct DdnsSqlRow {
        uint64_t id; /* in the database; 0: not there yet */
        DdnsMysqlValue cells[DDNS_SQL_CELLS_MAX];
} DdnsSqlRow;

typedef struct DdnsSqlRows {
        DdnsSqlRow *rows;
        size_t n, allocated;
        struct DdnsSqlText *texts; /* what cells point to */
} DdnsSqlRows;

#define DDNS_SQL_ROWS_NULL ((DdnsSqlRows){ 0 })
void ddns_sql_rows_done(DdnsSqlRows *r);

/* Adds a row with copies of `n` cells; those behind are NULL. -ENOMEM. */
int ddns_sql_rows_add(DdnsSqlRows *r, uint64_t id, const DdnsMysqlValue *cells, size_t n);

/* The order in which two sets of rows are compared: cell by cell, NULL first, then as octets; ids last. */
void ddns_sql_rows_sort(DdnsSqlRows *r, size_t n_cells);
int ddns_sql_rows_compare(const DdnsSqlRow *a, const DdnsSqlRow *b, size_t n_cells);
