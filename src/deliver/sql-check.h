/* SPDX-License-Identifier: MIT */
/* What the two halves of ddns_sql_check() share: the server (sql-check.c) and its tables (sql-check-tables.c). */
#pragma once

#include "deliver/sql-internal.h"

typedef struct DdnsSqlCheck {
        DdnsSql *s;
        const char *database;
        DdnsFindingHandler *found;
        void *userdata;
        DdnsMessage *message; /* what made it end */
        bool may_try;         /* all tables are there, and what is written to them can be undone */
} DdnsSqlCheck;

void ddns_sql_check_say(DdnsSqlCheck *c, DdnsFinding finding, const char *format, ...)
                __attribute__((format(printf, 3, 4)));

/* Looks at all tables, columns and indexes. 0, or what made it end. */
int ddns_sql_check_tables(DdnsSqlCheck *c);
