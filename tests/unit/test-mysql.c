/* SPDX-License-Identifier: MIT */
/* Tests of src/mysql/ with a real server: values, transactions, errors. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "mysql-server.h"

typedef struct Rows {
        size_t n, stop_after;
        char text[1024]; /* "cell|cell\n" */
} Rows;

static int take_row(const DdnsMysqlValue *values, size_t n, void *userdata) {
        Rows *rows = userdata;
        size_t used = strlen(rows->text);

        for (size_t i = 0; i < n; i++)
                used += (size_t) snprintf(rows->text + used, sizeof rows->text - used, "%.*s%c",
                                          (int) values[i].size, values[i].text ? values[i].text : "",
                                          i + 1 < n ? '|' : '\n');
        return ++rows->n == rows->stop_after ? 7 : 0;
}

static const char *query(DdnsMysql *m, const char *sql) {
        static Rows rows;

        rows = (Rows){ 0 };
        if (ddns_mysql_run(m, sql, NULL, 0, take_row, &rows, &message) != 0)
                fail_msg("%s: %s", sql, message.text);
        return rows.text;
}

/* Values that must come back. */
typedef struct Wanted {
        const DdnsMysqlValue *values;
        size_t n, seen;
} Wanted;

static int compare_row(const DdnsMysqlValue *values, size_t n, void *userdata) {
        Wanted *w = userdata;

        assert_int_equal(n, 2);
        assert_true(w->seen < w->n);
        const DdnsMysqlValue *want = &w->values[w->seen++];
        if (!want->text) {
                assert_null(values[1].text);
                return 0;
        }
        assert_non_null(values[1].text);
        assert_int_equal(values[1].size, want->size);
        assert_memory_equal(values[1].text, want->text, want->size);
        return 0;
}

static void values_come_back_as_they_went(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);
        static char huge[65536], longer[300000];

        memset(huge, '\'', sizeof huge);
        memset(longer, 'x', sizeof longer);
        const DdnsMysqlValue values[] = {
                { huge, sizeof huge }, /* the first row is wider than any buffer made beforehand */
                { "", 0 },
                DDNS_MYSQL_NULL,
                { "a\0b", 3 },
                ddns_mysql_text("'); DROP TABLE v; -- "),
                ddns_mysql_text("\\ \\\\ \\' \" ` % _ ?"),
                ddns_mysql_text("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8c"),
                { longer, sizeof longer },
                ddns_mysql_text("short again"),
        };
        must(m, "CREATE TABLE v (id INT PRIMARY KEY, t LONGTEXT) CHARACTER SET utf8mb4");
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                char id[8];

                (void) snprintf(id, sizeof id, "%zu", i);
                DdnsMysqlValue row[] = { ddns_mysql_text(id), values[i] };
                assert_int_equal(ddns_mysql_run(m, "INSERT INTO v VALUES (?, ?)", row, 2, NULL, NULL,
                                                &message),
                                 0);
        }
        for (unsigned again = 0; again < 2; again++) {
                Wanted wanted = { values, ARRAY_SIZE(values), 0 };
                assert_int_equal(ddns_mysql_run(m, "SELECT id, t FROM v ORDER BY id", NULL, 0,
                                                compare_row, &wanted, &message),
                                 0);
                assert_int_equal(wanted.seen, ARRAY_SIZE(values));
        }
}

static void what_is_no_utf8_is_refused(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);
        DdnsMysqlValue value = ddns_mysql_text("\xff\xfe");

        must(m, "CREATE TABLE u (t VARCHAR(10)) CHARACTER SET utf8mb4");
        assert_int_equal(ddns_mysql_run(m, "INSERT INTO u VALUES (?)", &value, 1, NULL, NULL, &message),
                         -EINVAL);
        assert_non_null(strstr(message.text, "1366"));
}

static void as_many_parameters_as_promised_go_in_one_statement(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);
        enum { N = 65535 };
        static char sql[4 * N + 64];
        static DdnsMysqlValue values[N];
        char *p = stpcpy(sql, "INSERT INTO many VALUES (?)");

        for (size_t i = 0; i < N; i++) {
                values[i] = ddns_mysql_text("x");
                if (i > 0)
                        p = stpcpy(p, ",(?)");
        }
        must(m, "CREATE TABLE many (c CHAR(1))");
        assert_int_equal(ddns_mysql_run(m, sql, values, N, NULL, NULL, &message), 0);
        assert_string_equal(query(m, "SELECT COUNT(*) FROM many"), "65535\n");
        assert_int_equal(ddns_mysql_run(m, sql, values, N - 1, NULL, NULL, &message), -EINVAL);
}

static void reading_may_end_before_the_last_row(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        for (unsigned i = 0; i < 3; i++) {
                Rows rows = { .stop_after = 2 };
                assert_int_equal(ddns_mysql_run(m, "SELECT seq FROM seq_1_to_100000", NULL, 0, take_row,
                                                &rows, NULL),
                                 7);
                assert_string_equal(rows.text, "1\n2\n");
        }
        assert_int_equal(ddns_mysql_connect(m, &message), 0);
}

static void the_session_does_not_depend_on_the_servers_defaults(void **state) {
        mariadb_run(&server, NULL,
                    "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES', GLOBAL autocommit = 1,"
                    " GLOBAL tx_isolation = 'SERIALIZABLE', GLOBAL sql_select_limit = 1,"
                    " GLOBAL completion_type = 2, GLOBAL init_connect = 'SET NAMES latin1'");
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        assert_string_equal(
                        query(m,
                              "SELECT @@sql_mode, @@autocommit, @@tx_isolation, @@character_set_client,"
                              " @@character_set_results, @@wait_timeout <= 60"),
                        "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION|0|READ-COMMITTED|"
                        "utf8mb4|utf8mb4|1\n");
        assert_string_equal(query(m, "SELECT \"one\\\\\" UNION SELECT 'two'"), "one\\\ntwo\n");
        must(m, "CREATE TABLE narrow (c VARCHAR(3))");
        assert_int_equal(run(m, "INSERT INTO narrow VALUES ('four')"), -EINVAL);
        assert_non_null(strstr(message.text, "1406"));
        assert_int_equal(ddns_mysql_commit(m, &message), 0);
        assert_int_equal(ddns_mysql_connect(m, &message), 0);
        mariadb_run(&server, NULL,
                    "SET GLOBAL sql_mode = DEFAULT, GLOBAL tx_isolation = DEFAULT,"
                    " GLOBAL sql_select_limit = DEFAULT, GLOBAL completion_type = DEFAULT,"
                    " GLOBAL init_connect = ''");
}

static void only_a_commit_is_seen_by_others(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *other = open_mysql(&config);

        must(m, "CREATE TABLE c (x INT)");
        must(m, "INSERT INTO c VALUES (1)");
        assert_string_equal(query(other, "SELECT * FROM c"), "");
        ddns_mysql_rollback(m);
        assert_string_equal(query(m, "SELECT * FROM c"), "");
        must(m, "INSERT INTO c VALUES (2)");
        assert_int_equal(ddns_mysql_commit(m, &message), 0);
        assert_string_equal(query(other, "SELECT * FROM c"), "2\n");
}

static void a_connection_is_kept_until_the_server_ends_it(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);
        char kill_it[32];

        assert_int_equal(ddns_mysql_connect(m, &message), 0);
        (void) snprintf(kill_it, sizeof kill_it, "KILL %.8s", query(m, "SELECT CONNECTION_ID()"));
        mariadb_run(&server, NULL, kill_it);
        assert_int_equal(run(m, "SELECT 1"), -ENOTCONN);
        assert_int_equal(run(m, "SELECT 1"), -ENOTCONN); /* and no other is made in secret */
        assert_int_equal(ddns_mysql_commit(m, &message), -ENOTCONN);
        assert_int_equal(ddns_mysql_connect(m, &message), 1);

        (void) snprintf(kill_it, sizeof kill_it, "KILL %.8s", query(m, "SELECT CONNECTION_ID()"));
        mariadb_run(&server, NULL, kill_it);
        uint64_t deadline = ddns_monotonic_usec() + 5 * USEC_PER_SEC;
        int r;
        while ((r = ddns_mysql_connect(m, &message)) == 0)
                assert_true(ddns_monotonic_usec() < deadline);
        assert_int_equal(r, 1);
        must(m, "SELECT 1");
}

static void statements_are_kept_within_a_bound(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        for (unsigned i = 0; i < 300; i++) {
                char sql[32];
                (void) snprintf(sql, sizeof sql, "SELECT %u", i);
                must(m, sql);
                must(m, "SELECT 'often'");
        }
        ddns_cleanup(ddns_freep) char *kept =
                        mariadb_query(&server, NULL, "SHOW STATUS LIKE 'Prepared_stmt_count'");
        unsigned n = 0;
        assert_int_equal(sscanf(kept, "Prepared_stmt_count|%u", &n), 1);
        assert_in_range(n, 2, 64);
        ddns_cleanup(ddns_freep) char *before =
                        mariadb_query(&server, NULL, "SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'");
        must(m, "SELECT 'often'");
        ddns_cleanup(ddns_freep) char *after =
                        mariadb_query(&server, NULL, "SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'");
        assert_string_equal(before, after);
}

static void a_kept_statement_follows_a_change_of_its_table(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        must(m, "CREATE TABLE a (x INT)");
        must(m, "INSERT INTO a VALUES (1)");
        assert_int_equal(ddns_mysql_commit(m, &message), 0);
        assert_string_equal(query(m, "SELECT * FROM a"), "1\n");
        assert_int_equal(ddns_mysql_commit(m, &message), 0);
        mariadb_run(&server, "dns", "ALTER TABLE a ADD y VARCHAR(300) NOT NULL DEFAULT 'more'");

        int r = run(m, "SELECT * FROM a");
        assert_true(r == 0 || r == -EAGAIN);
        assert_string_equal(query(m, "SELECT * FROM a"), "1|more\n");
}

static void a_server_that_stands_still_costs_the_read_timeout(void **state) {
        DdnsMysqlConfig config = short_config();
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        mariadb_signal(&server, SIGSTOP);
        uint64_t begin = ddns_monotonic_usec();
        int r = run(m, "SELECT 1");
        uint64_t answered = ddns_monotonic_usec();
        int again = ddns_mysql_connect(m, NULL);
        uint64_t connected = ddns_monotonic_usec();
        mariadb_signal(&server, SIGCONT);

        assert_int_equal(r, -ENOTCONN);
        assert_non_null(strstr(message.text, "time-out"));
        assert_in_range(answered - begin, 2 * USEC_PER_SEC, 3 * USEC_PER_SEC);
        assert_int_equal(again, -ENOTCONN);
        assert_in_range(connected - answered, USEC_PER_SEC, 2 * USEC_PER_SEC);
        assert_int_equal(ddns_mysql_connect(m, &message), 1);
}

static void rows_without_end_cost_no_more_than_four_timeouts(void **state) {
        DdnsMysqlConfig config = short_config();
        config.read_timeout_usec = USEC_PER_SEC;
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        uint64_t begin = ddns_monotonic_usec();
        assert_int_equal(run(m, "SELECT seq FROM seq_1_to_1000000000000"), -ENOTCONN);
        assert_in_range(ddns_monotonic_usec() - begin, 4 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        assert_int_equal(ddns_mysql_connect(m, &message), 1);
}

static void localhost_is_an_address_and_no_socket(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        config.host = (char *) "localhost";
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        assert_string_equal(query(m, "SELECT HOST LIKE '%:%' FROM information_schema.PROCESSLIST"
                                     " WHERE ID = CONNECTION_ID()"),
                            "1\n");
}

static void a_socket_serves_as_well(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        config.socket = server.socket;
        config.port = 1;
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        assert_int_equal(run(m, "SELECT * FROM nowhere"), -ENOENT);
        assert_non_null(strstr(message.text, server.socket));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(values_come_back_as_they_went),
                TEST(what_is_no_utf8_is_refused),
                TEST(as_many_parameters_as_promised_go_in_one_statement),
                TEST(reading_may_end_before_the_last_row),
                TEST(the_session_does_not_depend_on_the_servers_defaults),
                TEST(only_a_commit_is_seen_by_others),
                TEST(a_connection_is_kept_until_the_server_ends_it),
                TEST(statements_are_kept_within_a_bound),
                TEST(a_kept_statement_follows_a_change_of_its_table),
                TEST(a_server_that_stands_still_costs_the_read_timeout),
                TEST(rows_without_end_cost_no_more_than_four_timeouts),
                TEST(localhost_is_an_address_and_no_socket),
                TEST(a_socket_serves_as_well),
        };
        return cmocka_run_group_tests(tests, start_server, stop_server);
}
