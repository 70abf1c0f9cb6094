/* SPDX-License-Identifier: MIT */
/* The backend for CoreDNS' database when things go wrong: nothing is lost, doubled or half there, and the text says why. */
#include <errno.h>
#include <mysql.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "coredns.h"
#include "test.h"

static Coredns fixture;
static bool installed;
static MYSQL *other; /* somebody else at the same tables */

static void others_leave(void) {
        if (other)
                mysql_close(other);
        other = NULL;
}

static int set_up(void **state) {
        if (!installed)
                skip();
        others_leave();
        fixture.config.mysql = mariadb_config(&fixture.server, "coredns");
        fixture.config.mysql.read_timeout_usec = 2 * USEC_PER_SEC; /* so a lock is waited for 1 s */
        coredns_reset(&fixture, false);
        *state = &fixture;
        return 0;
}

static void wait_until(const Coredns *c, const char *sql) {
        const uint64_t deadline = ddns_monotonic_usec() + 20 * USEC_PER_SEC;

        for (;;) {
                ddns_cleanup(ddns_freep) char *text = mariadb_query(&c->server, "coredns", sql);
                if (strcmp(text, "0") != 0)
                        return;
                assert_true(ddns_monotonic_usec() < deadline);
                (void) usleep(2000);
        }
}

static void others_run(const char *sql) {
        if (!other) {
                other = mysql_init(NULL);
                assert_non_null(mysql_real_connect(other, NULL, "root", "", "coredns", 0,
                                                   fixture.server.socket, 0));
        }
        if (mysql_query(other, sql) != 0)
                fail_msg("%s: %s", sql, mysql_error(other));
        mysql_free_result(mysql_store_result(other));
}

static void a_refused_zone_stops_no_others(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        coredns_run(c,
                    "CREATE TRIGGER poison BEFORE INSERT ON records FOR EACH ROW "
                    "IF NEW.data='192.0.2.66' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT='no such host here'; "
                    "END IF");
        coredns_save_three(tasks, 1);
        free((char *) tasks[1].content);
        tasks[1] = coredns_save("three.example", 1, "www 60 IN A 192.0.2.66\n");
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        coredns_assert_states(tasks, WRITTEN, FAILED, WRITTEN);
        assert_non_null(strstr(tasks[1].message.text, "no such host here"));
        coredns_assert_whole(c, "2");
}

static void a_row_that_a_key_of_the_operator_refuses_fails_alone(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        coredns_run(c, "CREATE UNIQUE INDEX once ON records (zone_id, hostname)");
        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        coredns_assert_states(tasks, FAILED, FAILED, FAILED); /* SOA and NS at one name */
        assert_non_null(strstr(tasks[0].message.text, "once"));
        coredns_assert(c, "SELECT COUNT(*) FROM records", "0");
        coredns_assert(c, "SELECT COUNT(*) FROM zones", "0");
}

static void a_key_of_the_operator_against_doubles_refuses_no_change(void **state) {
        Coredns *c = *state;

        coredns_run(c, "CREATE UNIQUE INDEX once ON records (zone_id, hostname(100), type, data(200))");
        coredns_write(c, coredns_save("one.example", 1, "w 60 IN A 192.0.2.1\nw 60 IN A 192.0.2.2\n"));
        coredns_write(c, coredns_save("one.example", 2, "w 90 IN A 192.0.2.2\nw 90 IN A 192.0.2.3\n"));
        coredns_write(c, coredns_save("one.example", 3, "w 60 IN A 192.0.2.1\nw 60 IN A 192.0.2.2\n"));
        coredns_assert(c, "SELECT data, ttl FROM records WHERE type='A' ORDER BY 1",
                       "192.0.2.1|60\n192.0.2.2|60");
}

static void a_column_made_narrower_meanwhile_cuts_nothing(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        mariadb_run(&c->server, NULL, "SET GLOBAL sql_mode=''");
        coredns_reconnect(c);
        coredns_write(c, coredns_save("four.example", 1, "www 60 IN A 192.0.2.1\n"));
        coredns_run(c, "SET sql_mode=''; ALTER TABLE records MODIFY data VARCHAR(60) NOT NULL");
        coredns_save_three(tasks, 1);
        free((char *) tasks[2].content);
        tasks[2] = coredns_save(
                        "two.example", 1,
                        "www 60 IN TXT \"a text that is longer than the column, which has room for sixty characters\"\n");
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        coredns_assert_states(tasks, WRITTEN, WRITTEN, FAILED);
        assert_non_null(strstr(tasks[2].message.text, "too long"));
        coredns_assert_whole(c, "3");
}

static void *apply_in_thread(void *argument) {
        DdnsTask *tasks = argument;

        return coredns_apply(&fixture, tasks, 3) == 0 ? tasks : NULL;
}

static void a_deadlock_is_tried_again(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];
        pthread_t thread;
        void *done;

        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        /* Much work of theirs, so that ours is the transaction that the server gives up. */
        others_run("CREATE TABLE work (a INT)");
        others_run("START TRANSACTION");
        others_run("INSERT INTO work SELECT seq FROM seq_1_to_1000");
        others_run("UPDATE records SET ttl=ttl+1 WHERE type='SOA'");
        coredns_save_three(tasks, 2);
        assert_int_equal(pthread_create(&thread, NULL, apply_in_thread, tasks), 0);
        wait_until(c, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS "
                      "WHERE VARIABLE_NAME='INNODB_ROW_LOCK_CURRENT_WAITS'");
        others_run("SELECT * FROM zones FOR UPDATE");
        others_run("COMMIT");
        assert_int_equal(pthread_join(thread, &done), 0);
        others_leave();

        assert_ptr_equal(done, tasks);
        coredns_assert_states(tasks, WRITTEN, WRITTEN, WRITTEN);
        coredns_assert_whole(c, "3");
        coredns_assert(c, "SELECT COUNT(*) FROM records WHERE data LIKE '% 2 3600 %' AND ttl=60", "3");
        coredns_assert(c,
                       "SELECT VARIABLE_VALUE>0 FROM information_schema.GLOBAL_STATUS "
                       "WHERE VARIABLE_NAME='INNODB_DEADLOCKS'",
                       "1");
}

static void a_locked_zone_fails_alone(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        others_run("START TRANSACTION");
        others_run("SELECT * FROM zones WHERE zone_name='three.example.' FOR UPDATE");
        coredns_save_three(tasks, 2);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        others_leave();
        coredns_assert_states(tasks, WRITTEN, FAILED, WRITTEN);
        assert_non_null(strcasestr(tasks[1].message.text, "lock wait"));
        assert_non_null(strstr(tasks[1].message.text, "another connection there holds a lock on it"));
        coredns_assert_whole(c, "3");
}

static void many_locked_zones_do_not_keep_a_batch_for_ever(void **state) {
        Coredns *c = *state;
        static const char *const names[] = { "a.example", "b.example", "c.example",
                                             "d.example", "e.example", "f.example",
                                             "g.example", "h.example", "i.example" };
        DdnsTask tasks[ARRAY_SIZE(names)];
        size_t n[3] = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                coredns_write(c, coredns_save(names[i], 1, ""));
        others_run("START TRANSACTION");
        others_run("SELECT * FROM zones WHERE zone_name IN "
                   "('b.example.','d.example.','f.example.','h.example.') FOR UPDATE");
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                tasks[i] = coredns_save(names[i], 2, "");
        assert_int_equal(coredns_apply(c, tasks, ARRAY_SIZE(names)), 0);
        others_leave();
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                n[tasks[i].state]++;
        assert_int_equal(n[FAILED], 3);
        assert_int_equal(n[WRITTEN], 3);
        assert_int_equal(n[PENDING], 3);
}

static void locked_zones_alone_in_a_batch_are_no_outage(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        others_run("START TRANSACTION");
        others_run("SELECT * FROM zones WHERE zone_name LIKE '%.example.' FOR UPDATE");
        coredns_save_three(tasks, 2);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        others_leave();
        coredns_assert_states(tasks, FAILED, FAILED, FAILED);
        coredns_assert_whole(c, "3");
}

static void a_lone_locked_zone_is_waited_for_once(void **state) {
        Coredns *c = *state;

        coredns_write(c, coredns_save("one.example", 1, ""));
        others_run("START TRANSACTION");
        others_run("SELECT * FROM zones FOR UPDATE");
        DdnsTask task = coredns_save("one.example", 2, "");
        uint64_t start = ddns_monotonic_usec();
        assert_int_equal(coredns_apply(c, &task, 1), 0);
        assert_true(ddns_monotonic_usec() - start < 1900 * USEC_PER_MSEC);
        assert_int_equal(task.state, FAILED);
}

static void a_zone_that_takes_the_server_too_long_fails_alone(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        coredns_run(c, "CREATE TRIGGER slow BEFORE INSERT ON records FOR EACH ROW "
                       "IF NEW.data='192.0.2.66' THEN DO SLEEP(3); END IF");
        coredns_save_three(tasks, 1);
        free((char *) tasks[1].content);
        tasks[1] = coredns_save("three.example", 1, "www 60 IN A 192.0.2.66\n");
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        coredns_assert_states(tasks, WRITTEN, FAILED, WRITTEN);
        assert_non_null(strstr(tasks[1].message.text, "max_statement_time"));
        coredns_assert_whole(c, "2");
}

static void a_locked_table_is_an_outage_of_few_lock_waits(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        coredns_write(c, coredns_save("one.example", 1, "www 60 IN A 192.0.2.1\n"));
        others_run("LOCK TABLES records WRITE");
        coredns_save_three(tasks, 2);
        uint64_t start = ddns_monotonic_usec();
        assert_int_equal(coredns_apply(c, tasks, 3), -ETIME);
        assert_true(ddns_monotonic_usec() - start < 6 * USEC_PER_SEC);
        others_leave();
        coredns_assert_states(tasks, PENDING, PENDING, PENDING);
        coredns_assert_whole(c, "1");
}

static void a_read_only_server_is_an_outage(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        mariadb_run(&c->server, NULL, "SET GLOBAL read_only=ON");
        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), -EROFS);
        coredns_assert_states(tasks, PENDING, PENDING, PENDING);
        mariadb_run(&c->server, NULL, "SET GLOBAL read_only=OFF");
        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        coredns_assert_whole(c, "3");
}

static void a_missing_table_is_an_outage(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        coredns_write(c, coredns_save("one.example", 1, "www 60 IN A 192.0.2.1\n"));
        coredns_run(c, "DROP TABLE records");
        for (int i = 0; i < 2; i++) {
                coredns_save_three(tasks, 1);
                assert_int_equal(coredns_apply(c, tasks, 3), -ENOENT);
                assert_non_null(strstr(c->message.text, "records"));
                coredns_assert_states(tasks, PENDING, PENDING, PENDING);
                coredns_reconnect(c); /* before and after it is known */
        }
}

static void tables_without_transactions_are_refused(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        coredns_run(c,
                    "ALTER TABLE records DROP FOREIGN KEY records_ibfk_1; ALTER TABLE records ENGINE=MyISAM");
        for (int i = 0; i < 2; i++) { /* on the kept connection too */
                coredns_save_three(tasks, 1);
                assert_int_equal(coredns_apply(c, tasks, 3), -EOPNOTSUPP);
                assert_non_null(strstr(c->message.text, "ALTER TABLE `records` ENGINE=InnoDB"));
                coredns_assert_states(tasks, PENDING, PENDING, PENDING);
        }
        coredns_run(c, "ALTER TABLE records ENGINE=InnoDB");
        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
}

static void small_packets_split_batches_and_fail_only_what_is_larger(void **state) {
        Coredns *c = *state;
        ddns_cleanup(ddns_buffer_done) DdnsBuffer more = DDNS_BUFFER_NULL;
        DdnsTask tasks[3];

        ddns_buffer_append_text(&more, "www 60 IN TXT");
        for (int i = 0; i < 70; i++)
                ddns_buffer_append_format(&more, " \"%0200d\"", i);
        ddns_buffer_append_text(&more, "\n");
        coredns_run(c,
                    "ALTER TABLE records MODIFY data TEXT NOT NULL; SET GLOBAL max_allowed_packet=8192");
        coredns_save_three(tasks, 1);
        free((char *) tasks[0].content);
        tasks[0] = coredns_save("one.example", 1, more.data);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        coredns_assert_states(tasks, FAILED, WRITTEN, WRITTEN);
        assert_non_null(strstr(tasks[0].message.text, "max_allowed_packet"));
        coredns_assert_whole(c, "2");

        ddns_buffer_reset(&more);
        for (int i = 0; i < 900; i++)
                ddns_buffer_append_format(&more, "h%d 60 IN TXT \"%0100d\"\n", i, i);
        coredns_write(c, coredns_save("one.example", 1, more.data));
        coredns_assert(c, "SELECT COUNT(*) FROM records", "908");
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_refused_zone_stops_no_others),
                TEST(a_row_that_a_key_of_the_operator_refuses_fails_alone),
                TEST(a_key_of_the_operator_against_doubles_refuses_no_change),
                TEST(a_column_made_narrower_meanwhile_cuts_nothing),
                TEST(a_deadlock_is_tried_again),
                TEST(a_locked_zone_fails_alone),
                TEST(many_locked_zones_do_not_keep_a_batch_for_ever),
                TEST(locked_zones_alone_in_a_batch_are_no_outage),
                TEST(a_lone_locked_zone_is_waited_for_once),
                TEST(a_zone_that_takes_the_server_too_long_fails_alone),
                TEST(a_locked_table_is_an_outage_of_few_lock_waits),
                TEST(a_read_only_server_is_an_outage),
                TEST(a_missing_table_is_an_outage),
                TEST(tables_without_transactions_are_refused),
                TEST(small_packets_split_batches_and_fail_only_what_is_larger),
        };

        installed = coredns_open(&fixture);
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        others_leave();
        if (installed)
                coredns_close(&fixture);
        return r;
}
