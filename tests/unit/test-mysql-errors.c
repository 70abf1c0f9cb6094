/* SPDX-License-Identifier: MIT */
/* Tests of src/mysql/ with a real server: who has to do something, and that the text says what. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "mysql-server.h"

static int connect_with(const DdnsMysqlConfig *config) {
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = NULL;

        message.text[0] = '\0';
        assert_int_equal(ddns_mysql_new(config, &m, &message), 0);
        return ddns_mysql_connect(m, &message);
}

static void a_failed_login_says_what_is_wrong(void **state) {
        DdnsMysqlConfig config = short_config();
        char where[64], wrong[96];

        (void) snprintf(where, sizeof where, "database 127.0.0.1:%u: ", server.port);
        (void) snprintf(wrong, sizeof wrong, "%s/wrong", server.root);
        daemon_write_file(server.root, "wrong", "wrong " MARIADB_PASSWORD "\n");
        mariadb_run(&server, NULL, "CREATE USER little IDENTIFIED BY '" MARIADB_PASSWORD "'");

        config.password_file = wrong;
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message(where);
        assert_message("1045");

        config = short_config();
        config.password_file = NULL;
        assert_int_equal(connect_with(&config), -EACCES);

        config = short_config();
        config.password_file = (char *) "/nonexistent/password";
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("/nonexistent/password");

        config = short_config();
        config.username = (char *) "nobody";
        assert_int_equal(connect_with(&config), -EACCES);

        config = short_config();
        config.database = (char *) "nowhere";
        assert_int_equal(connect_with(&config), -ENOENT);
        assert_message("1049");

        config.username = (char *) "little";
        assert_int_equal(connect_with(&config), -EACCES);
        assert_message("1044");
}

static void who_does_not_answer_is_named(void **state) {
        DdnsMysqlConfig config = short_config();

        config.port = 1;
        assert_int_equal(connect_with(&config), -ENOTCONN);
        assert_message("database 127.0.0.1:1: Connection refused (error 2002)");

        config.host = (char *) "::1";
        assert_int_equal(connect_with(&config), -ENOTCONN);
        assert_message("database [::1]:1: ");

        config.host = (char *) "no-such-host.invalid";
        assert_int_equal(connect_with(&config), -ENOTCONN);
        assert_message("no-such-host.invalid");

        config.socket = (char *) "/nonexistent/socket";
        assert_int_equal(connect_with(&config), -ENOTCONN);
        assert_message("database /nonexistent/socket: No such file or directory");
}

static void missing_things_are_missing(void **state) {
        DdnsMysqlConfig config = short_config();
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        must(m, "CREATE TABLE there (x INT)");
        assert_int_equal(run(m, "SELECT * FROM elsewhere"), -ENOENT);
        assert_message("1146");
        assert_int_equal(run(m, "SELECT y FROM there"), -ENOENT);
        assert_message("1054");
        assert_int_equal(run(m, "SELEKT"), -EINVAL);
        assert_message("1064");
        must(m, "SELECT 1"); /* none of them cost the connection */
}

static void rights_may_be_missing(void **state) {
        mariadb_run(&server, "dns",
                    "CREATE TABLE secret (x INT, y INT); CREATE USER reader IDENTIFIED BY '" MARIADB_PASSWORD
                    "';"
                    "GRANT SELECT (x) ON dns.secret TO reader");
        DdnsMysqlConfig config = short_config();
        config.username = (char *) "reader";
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        must(m, "SELECT x FROM secret");
        assert_int_equal(run(m, "SELECT y FROM secret"), -EACCES);
        assert_message("1143");
        assert_int_equal(run(m, "INSERT INTO secret VALUES (1, 1)"), -EACCES);
        assert_message("1142");
}

static void a_read_only_server_says_so(void **state) {
        DdnsMysqlConfig config = short_config();
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        must(m, "CREATE TABLE ro (x INT)");
        mariadb_run(&server, NULL, "SET GLOBAL read_only = 1");
        int r = run(m, "INSERT INTO ro VALUES (1)");
        mariadb_run(&server, NULL, "SET GLOBAL read_only = 0");
        assert_int_equal(r, -EROFS);
        assert_message("read-only");
        must(m, "INSERT INTO ro VALUES (1)");
}

static void two_rows(DdnsMysql *m, const char *table) {
        char sql[64];

        (void) snprintf(sql, sizeof sql, "CREATE TABLE %s (id INT PRIMARY KEY, x INT)", table);
        must(m, sql);
        (void) snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (1, 0), (2, 0)", table);
        must(m, sql);
        assert_int_equal(ddns_mysql_commit(m, &message), 0);
}

static void waiting_for_a_lock_is_bounded(void **state) {
        DdnsMysqlConfig config = short_config();
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *other = open_mysql(&config);

        two_rows(m, "l");
        must(m, "UPDATE l SET x = 1 WHERE id = 1");
        assert_int_equal(run(other, "UPDATE l SET x = 2 WHERE id = 1"), -ETIME);
        assert_message("1205");
        assert_int_equal(run(other, "DROP TABLE l"), -ETIME); /* and for that of the table */
        /* The error comes instead of a row. */
        assert_int_equal(run(other, "SELECT * FROM l WHERE id = 1 FOR UPDATE"), -ETIME);
        assert_message("1205");
        assert_int_equal(ddns_mysql_connect(other, &message), 0);
        ddns_mysql_rollback(m);
        ddns_mysql_rollback(other);
        must(other, "UPDATE l SET x = 2 WHERE id = 1");
}

typedef struct Blocked {
        DdnsMysql *m;
        int r;
        DdnsMessage message;
} Blocked;

static void *update_first(void *userdata) {
        Blocked *b = userdata;

        b->r = ddns_mysql_run(b->m, "UPDATE d SET x = 2 WHERE id = 1", NULL, 0, NULL, NULL, &b->message);
        if (b->r < 0)
                ddns_mysql_rollback(b->m);
        return NULL;
}

static void a_deadlock_costs_one_of_two_its_transaction(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *other = open_mysql(&config);
        Blocked blocked = { .m = other };
        pthread_t thread;

        two_rows(m, "d");
        must(m, "UPDATE d SET x = 1 WHERE id = 1");
        must(other, "UPDATE d SET x = 2 WHERE id = 2");
        assert_int_equal(pthread_create(&thread, NULL, update_first, &blocked), 0);
        int r = run(m, "UPDATE d SET x = 1 WHERE id = 2");
        if (r < 0)
                ddns_mysql_rollback(m);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true((r == -EAGAIN) + (blocked.r == -EAGAIN) == 1);
        assert_true((r == 0) + (blocked.r == 0) == 1);
}

static void a_lost_race_for_a_key_can_be_run_again(void **state) {
        DdnsMysqlConfig config = short_config();
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        two_rows(m, "k");
        assert_int_equal(run(m, "INSERT INTO k VALUES (1, 1)"), -EAGAIN);
        assert_message("1062");
}

static void more_than_the_servers_packet_costs_no_connection(void **state) {
        mariadb_run(&server, NULL, "SET GLOBAL max_allowed_packet = 1048576");
        DdnsMysqlConfig config = short_config();
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);
        static char text[1048576];
        DdnsMysqlValue value = { text, sizeof text };

        assert_int_equal(ddns_mysql_max_packet(m), 1048576);
        must(m, "CREATE TABLE p (t LONGBLOB)");
        assert_int_equal(ddns_mysql_run(m, "INSERT INTO p VALUES (?)", &value, 1, NULL, NULL, &message),
                         -EMSGSIZE);
        assert_message("max_allowed_packet");
        value.size -= 1000;
        assert_int_equal(ddns_mysql_run(m, "INSERT INTO p VALUES (?)", &value, 1, NULL, NULL, &message),
                         0);
        assert_int_equal(ddns_mysql_connect(m, &message), 0);
        mariadb_run(&server, NULL, "SET GLOBAL max_allowed_packet = DEFAULT");
}

static void a_full_table_is_a_full_disk(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        must(m, "SET SESSION max_heap_table_size = 16384");
        must(m, "CREATE TABLE full (t CHAR(250)) ENGINE = MEMORY");
        int r = 0;
        for (unsigned i = 0; r == 0 && i < 1000; i++)
                r = run(m, "INSERT INTO full VALUES ('x')");
        assert_int_equal(r, -ENOSPC);
        assert_message("full");
}

static void too_many_connections_are_no_fault_of_a_zone(void **state) {
        DdnsMysqlConfig config = short_config();

        mariadb_run(&server, NULL,
                    "CREATE USER single IDENTIFIED BY '" MARIADB_PASSWORD
                    "' WITH MAX_USER_CONNECTIONS 1;"
                    "GRANT SELECT ON dns.* TO single");
        config.username = (char *) "single";
        ddns_cleanup(ddns_mysql_freep) __attribute__((unused)) DdnsMysql *m = open_mysql(&config);
        assert_int_equal(connect_with(&config), -ENOTCONN);
        assert_message("max_user_connections");
}

static void a_server_that_ends_is_away_and_comes_back(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        two_rows(m, "kept");
        must(m, "UPDATE kept SET x = 1");
        mariadb_stop(&server, SIGKILL);
        assert_int_equal(ddns_mysql_commit(m, &message), -ENOTCONN);
        assert_int_equal(ddns_mysql_connect(m, &message), -ENOTCONN);
        mariadb_start(&server, "");
        assert_int_equal(ddns_mysql_connect(m, &message), 1);
        ddns_cleanup(ddns_freep) char *x = mariadb_query(&server, "dns", "SELECT x FROM kept");
        assert_string_equal(x, "0\n0");
}

/* What can't be had from a healthy server, by its number. */
static void each_number_has_its_meaning(void **state) {
        static const struct {
                const char *number, *text;
                int error;
        } cases[] = {
                { "1021", "Disk full (/tmp/x); waiting for someone to free some space", -ENOSPC },
                { "1030", "Got error 28 \"No space left on device\" from storage engine InnoDB",
                  -ENOSPC },
                { "1026", "Error writing file './x' (errno: 28 \"No space left on device\")", -ENOSPC },
                { "1180", "Got error 28 \"No space left on device\" during COMMIT", -ENOSPC },
                { "1030", "Got error 168 \"Unknown (generic) error from engine\"", -ENOTCONN },
                { "1047", "WSREP has not yet prepared node for application use", -ENOTCONN },
                { "1053", "Server shutdown in progress", -ENOTCONN },
                { "1040", "Too many connections", -ENOTCONN },
                { "1195", "Table './dns/x' is marked as crashed", -ENOTCONN },
                { "1461", "Can't create more than max_prepared_stmt_count statements", -ENOTCONN },
                { "1927", "Connection was killed", -ENOTCONN },
                { "1205", "Lock wait timeout exceeded", -ETIME },
                { "1969", "Query execution was interrupted (max_statement_time exceeded)", -ETIME },
                { "1213", "Deadlock found when trying to get lock", -EAGAIN },
                { "1020", "Record has changed since last read in table 'x'", -EAGAIN },
                { "1452", "Cannot add or update a child row", -EAGAIN },
                { "1153", "Got a packet bigger than 'max_allowed_packet' bytes", -EMSGSIZE },
                { "1290", "The MariaDB server is running with the --read-only option", -EROFS },
                { "1665", "Cannot execute statement: BINLOG_FORMAT = STATEMENT", -EROFS },
                { "1820", "You must SET PASSWORD before executing this statement", -EACCES },
                { "1406", "Data too long for column 'data' at row 1", -EINVAL },
        };
        mariadb_run(&server, "dns",
                    "CREATE PROCEDURE complain(n INT, t VARCHAR(128)) SIGNAL SQLSTATE '45000'"
                    " SET MYSQL_ERRNO = n, MESSAGE_TEXT = t; GRANT EXECUTE ON dns.* TO " MARIADB_USER);
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                DdnsMysqlValue values[] = { ddns_mysql_text(cases[i].number),
                                            ddns_mysql_text(cases[i].text) };

                assert_true(ddns_mysql_connect(m, &message) >= 0);
                int r = ddns_mysql_run(m, "CALL complain(?, ?)", values, 2, NULL, NULL, &message);
                if (r != cases[i].error)
                        fail_msg("%d: %s", r, message.text);
                assert_message(cases[i].text);
                assert_message(cases[i].number);
                assert_int_equal(ddns_mysql_connect(m, &message), r == -ENOTCONN ? 1 : 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_failed_login_says_what_is_wrong),
                TEST(who_does_not_answer_is_named),
                TEST(missing_things_are_missing),
                TEST(rights_may_be_missing),
                TEST(a_read_only_server_says_so),
                TEST(waiting_for_a_lock_is_bounded),
                TEST(a_deadlock_costs_one_of_two_its_transaction),
                TEST(a_lost_race_for_a_key_can_be_run_again),
                TEST(more_than_the_servers_packet_costs_no_connection),
                TEST(a_full_table_is_a_full_disk),
                TEST(each_number_has_its_meaning),
                TEST(too_many_connections_are_no_fault_of_a_zone),
                TEST(a_server_that_ends_is_away_and_comes_back),
        };
        return cmocka_run_group_tests(tests, start_server, stop_server);
}
