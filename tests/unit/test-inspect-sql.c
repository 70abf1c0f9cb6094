/* SPDX-License-Identifier: MIT */
/* What is told of a database's rows, against a real MariaDB, and that looking leaves no trace. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "coredns.h"
#include "mysql/mysql.h"
#include "test.h"

#define WWW "www.one.example. 60 IN A 192.0.2.1\nwww.one.example. 60 IN A 192.0.2.2\n"

static Coredns fixture;
static bool installed;

static int set_up(void **state) {
        if (!installed)
                skip();
        coredns_reset(&fixture, true);
        coredns_write(&fixture, coredns_save("one.example", 1, WWW));
        coredns_write(&fixture, coredns_save("two.example", 1, ""));
        *state = &fixture;
        return 0;
}

/* `want`: NULL if all is well. The other zone is right in any case. */
static void assert_found(Coredns *c, const char *want) {
        DdnsTask tasks[] = { coredns_save("one.example", 1, WWW), coredns_save("two.example", 1, "") };

        int r = ddns_backend_coredns_mysql.inspect(c->backend, tasks, 2, &c->message);
        free((char *) tasks[0].content);
        free((char *) tasks[1].content);
        if (r != 0)
                fail_msg("%s", c->message.text);
        assert_string_equal(tasks[0].message.text, want ? want : "");
        assert_int_equal(tasks[0].state, want ? FAILED : WRITTEN);
        assert_int_equal(tasks[1].state, WRITTEN);
}

static void what_is_right_is_found_right_and_nothing_is_written(void **state) {
        Coredns *c = *state;
        unsigned long written = coredns_rows_written(c);

        assert_found(c, NULL);
        assert_int_equal(coredns_rows_written(c), written);
}

static void nothing_is_written_where_rows_differ(void **state) {
        Coredns *c = *state;

        coredns_run(c, "DELETE FROM records WHERE data='192.0.2.2'");
        unsigned long written = coredns_rows_written(c);
        assert_found(c, "1 row missing");
        assert_int_equal(coredns_rows_written(c), written);
}

static void rows_that_differ_are_counted(void **state) {
        Coredns *c = *state;

        coredns_run(c, "DELETE FROM records WHERE data LIKE '192.0.2.%'");
        assert_found(c, "2 rows missing");
        coredns_run(c,
                    "UPDATE records SET ttl=61 WHERE type IN ('NS','SOA') AND zone_id=(SELECT id FROM zones WHERE zone_name='one.example.')");
        assert_found(c, "2 rows missing, 2 changed");
}

static void row_that_is_changed_or_surplus_is_told(void **state) {
        Coredns *c = *state;

        coredns_run(c, "UPDATE records SET online=0 WHERE data='192.0.2.2'");
        assert_found(c, "1 row changed");
        coredns_run(c,
                    "INSERT INTO records (zone_id,hostname,type,data,ttl,online) SELECT id,'x','A','192.0.2.9',60,1 "
                    "FROM zones WHERE zone_name='one.example.'");
        assert_found(c, "1 row changed, 1 surplus");
}

static void zone_that_is_not_there_lacks_all(void **state) {
        Coredns *c = *state;

        coredns_run(c,
                    "DELETE FROM records WHERE zone_id=(SELECT id FROM zones WHERE zone_name='one.example.');"
                    "DELETE FROM zones WHERE zone_name='one.example.'");
        assert_found(c, "the zone is not there");
}

static void name_in_capital_letters_is_a_difference(void **state) {
        Coredns *c = *state;

        coredns_run(c, "UPDATE zones SET zone_name='ONE.example.' WHERE zone_name='one.example.'");
        assert_found(c, "the zone's name has capital letters");
        coredns_run(c, "DELETE FROM records WHERE data='192.0.2.2'");
        assert_found(c, "the zone's name has capital letters; 1 row missing");
}

static void what_is_found_is_put_right_by_the_next_delivery(void **state) {
        Coredns *c = *state;

        coredns_run(c,
                    "UPDATE zones SET zone_name='ONE.example.' WHERE zone_name='one.example.';"
                    "DELETE FROM records WHERE data='192.0.2.2'; UPDATE records SET ttl=1 WHERE data='192.0.2.1'");
        coredns_write(c, coredns_save("one.example", 1, WWW));
        assert_found(c, NULL);
}

/* Somebody in the middle of a change keeps its rows locked. */
static void locks_of_others_are_not_waited_for(void **state) {
        Coredns *c = *state;
        DdnsMysqlConfig config = mariadb_config(&c->server, "coredns");
        DdnsMysql *other;

        assert_int_equal(ddns_mysql_new(&config, &other, &c->message), 0);
        assert_int_equal(ddns_mysql_connect(other, &c->message), 1);
        assert_int_equal(ddns_mysql_run(other, "DELETE FROM records", NULL, 0, NULL, NULL, &c->message),
                         0);
        assert_found(c, NULL);
        ddns_mysql_rollback(other);
        (void) ddns_mysql_free(other);
}

static int collect_line(char sign, const char *text, void *userdata) {
        ddns_buffer_append_format(userdata, "%c%s\n", sign, text);
        return 0;
}

static void difference_is_shown_row_by_row(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        DdnsTask task = coredns_save("one.example", 1, WWW);
        Coredns *c = *state;

        coredns_run(c,
                    "DELETE FROM records WHERE data='192.0.2.2'; UPDATE records SET ttl=1 WHERE data='192.0.2.1'");
        assert_int_equal(ddns_backend_coredns_mysql.diff(c->backend, &task, collect_line, &b,
                                                         &c->message),
                         0);
        assert_string_equal(b.data, "-records www\tA\t192.0.2.1\t1\t1\n"
                                    "+records www\tA\t192.0.2.1\t60\t1\n"
                                    "+records www\tA\t192.0.2.2\t60\t1\n"
                                    " 1 row missing, 1 changed\n");
        free((char *) task.content);
}

static int collect_name(const char *zone, void *userdata) {
        ddns_buffer_append_format(userdata, "%s ", zone);
        return 0;
}

static void all_zones_are_listed_but_an_operators_row_without_a_name(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        Coredns *c = *state;

        coredns_run(c, "INSERT INTO zones (zone_name) VALUES ('Their.example.'),('')");
        assert_int_equal(ddns_backend_coredns_mysql.list(c->backend, collect_name, &b, &c->message), 0);
        assert_non_null(strstr(b.data, "one.example "));
        assert_non_null(strstr(b.data, "two.example "));
        assert_non_null(strstr(b.data, "Their.example "));
        assert_int_equal(strlen(b.data), 12 + 12 + 14);
}

static void server_that_is_gone_is_no_difference_of_a_zone(void **state) {
        DdnsTask task = coredns_save("one.example", 1, WWW);
        Coredns *c = *state;

        mariadb_stop(&c->server, SIGKILL);
        assert_int_equal(ddns_backend_coredns_mysql.inspect(c->backend, &task, 1, &c->message),
                         -ENOTCONN);
        assert_int_equal(task.state, PENDING);
        free((char *) task.content);
        mariadb_start(&c->server, "");
        assert_found(c, NULL);
}

static int open_all(void **state) {
        installed = coredns_open(&fixture);
        return 0;
}

static int close_all(void **state) {
        if (installed)
                coredns_close(&fixture);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(what_is_right_is_found_right_and_nothing_is_written, set_up),
                cmocka_unit_test_setup(nothing_is_written_where_rows_differ, set_up),
                cmocka_unit_test_setup(rows_that_differ_are_counted, set_up),
                cmocka_unit_test_setup(row_that_is_changed_or_surplus_is_told, set_up),
                cmocka_unit_test_setup(zone_that_is_not_there_lacks_all, set_up),
                cmocka_unit_test_setup(name_in_capital_letters_is_a_difference, set_up),
                cmocka_unit_test_setup(what_is_found_is_put_right_by_the_next_delivery, set_up),
                cmocka_unit_test_setup(locks_of_others_are_not_waited_for, set_up),
                cmocka_unit_test_setup(difference_is_shown_row_by_row, set_up),
                cmocka_unit_test_setup(all_zones_are_listed_but_an_operators_row_without_a_name, set_up),
                cmocka_unit_test_setup(server_that_is_gone_is_no_difference_of_a_zone, set_up),
        };

        return cmocka_run_group_tests(tests, open_all, close_all);
}
