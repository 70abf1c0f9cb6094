/* SPDX-License-Identifier: MIT */
/* Connections and statements without anything that is not needed. */
#include <string.h>

#include "database.h"

#define USERNAME "ddns"

MYSQL *bench_connect(const char *port, const char *database, const char *password, bool autocommit) {
        MYSQL *m = mysql_init(NULL);

        if (!m || mysql_optionsv(m, MYSQL_SET_CHARSET_NAME, "utf8mb4") != 0)
                bench_fail("no memory");
        if (!mysql_real_connect(m, "127.0.0.1", USERNAME, password, database,
                                bench_number(port, 1, UINT16_MAX), NULL, 0) ||
            mysql_autocommit(m, autocommit))
                bench_fail("connect: %s", mysql_error(m));
        return m;
}

void bench_query(MYSQL *m, const char *sql) {
        if (mysql_query(m, sql) != 0)
                bench_fail("%s: %s", sql, mysql_error(m));
}

MYSQL_STMT *bench_prepare(MYSQL *m, const char *sql) {
        MYSQL_STMT *statement = mysql_stmt_init(m);

        if (!statement || mysql_stmt_prepare(statement, sql, strlen(sql)) != 0)
                bench_fail("%s: %s", sql, mysql_error(m));
        return statement;
}

void bench_execute(MYSQL_STMT *statement, MYSQL_BIND *binds) {
        if (mysql_stmt_bind_param(statement, binds) || mysql_stmt_execute(statement) != 0)
                bench_fail("%s", mysql_stmt_error(statement));
}

bool bench_finds(MYSQL_STMT *statement, MYSQL_BIND *binds) {
        bench_execute(statement, binds);
        if (mysql_stmt_store_result(statement) != 0)
                bench_fail("%s", mysql_stmt_error(statement));
        bool found = mysql_stmt_num_rows(statement) > 0;
        (void) mysql_stmt_free_result(statement);
        return found;
}

uint64_t bench_select_id(MYSQL *m, const char *sql, const char *parameter) {
        MYSQL_STMT *statement = bench_prepare(m, sql);
        MYSQL_BIND bind = bench_text(parameter, strlen(parameter));
        uint64_t id = 0;
        MYSQL_BIND result = { .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &id, .is_unsigned = 1 };

        bench_execute(statement, &bind);
        if (mysql_stmt_bind_result(statement, &result) || mysql_stmt_fetch(statement) != 0)
                bench_fail("%s: %s finds nothing: %s", sql, parameter, mysql_stmt_error(statement));
        (void) mysql_stmt_close(statement);
        return id;
}
