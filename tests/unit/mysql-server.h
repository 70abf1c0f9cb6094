/* SPDX-License-Identifier: MIT */
/* The server that the tests of src/mysql of one program have together, and what they say to it. */
#pragma once

#include "mariadb.h"
#include "mysql/mysql.h"
#include "test.h"

extern Mariadb server;
extern DdnsMessage message; /* of the last call */

/* For the group: starts it, with an empty database "dns". */
int start_server(void **state);
int stop_server(void **state);

/* A test that is skipped where no server is installed. */
#define TEST(f) cmocka_unit_test_setup(f, need_server)
int need_server(void **state);

/* mariadb_config() of "dns", with time-outs of 2 s for reading, of 1 s for all else. */
DdnsMysqlConfig short_config(void);

/* Connected. */
DdnsMysql *open_mysql(const DdnsMysqlConfig *config);
int run(DdnsMysql *m, const char *sql);
void must(DdnsMysql *m, const char *sql);

/* The message has `part`, one line, and no password. */
void assert_message(const char *part);
