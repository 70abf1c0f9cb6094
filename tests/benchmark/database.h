/* SPDX-License-Identifier: MIT */
/* Bare libmariadb for the measuring programs: nothing of what ddns puts around it. All end the process on any failure. */
#pragma once

#include <mysql.h>
#include <stddef.h>

#include "bench.h"

/* A kept connection to the server at that port of the loopback, as ddns' user; commits are the caller's if not `autocommit`. */
MYSQL *bench_connect(const char *port, const char *database, const char *password, bool autocommit);

void bench_query(MYSQL *m, const char *sql);

MYSQL_STMT *bench_prepare(MYSQL *m, const char *sql);

/* Runs it with `n` parameters that are bound as `binds` says. */
void bench_execute(MYSQL_STMT *statement, MYSQL_BIND *binds);

static inline MYSQL_BIND bench_text(const char *text, size_t size) {
        return (MYSQL_BIND){ .buffer_type = text ? MYSQL_TYPE_STRING : MYSQL_TYPE_NULL,
                             .buffer = (void *) text,
                             .buffer_length = size };
}

/* Whether a SELECT finds a row. */
bool bench_finds(MYSQL_STMT *statement, MYSQL_BIND *binds);

/* The first cell of the first row. */
uint64_t bench_select_id(MYSQL *m, const char *sql, const char *parameter);
