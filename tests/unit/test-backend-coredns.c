/* SPDX-License-Identifier: MIT */
/* The backend for CoreDNS' database against a real MariaDB: what is written, and what is left alone. */
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "coredns.h"
#include "test.h"

#define ROWS "SELECT hostname,type,data,ttl,online FROM records ORDER BY hostname,type,data"

static Coredns fixture;
static bool installed;

static int set_up(void **state) {
        if (!installed)
                skip();
        coredns_reset(&fixture, true);
        *state = &fixture;
        return 0;
}

static int set_up_plugin(void **state) {
        if (!installed)
                skip();
        coredns_reset(&fixture, false);
        *state = &fixture;
        return 0;
}

static void a_new_zone_arrives_whole(void **state) {
        Coredns *c = *state;

        coredns_write(c, coredns_save("one.example", 1,
                                      "*.one.example. 60 IN A 192.0.2.9\n"
                                      "www.one.example. 300 IN A 192.0.2.1\n"
                                      "www.one.example. 300 IN A 192.0.2.2\n"));
        coredns_assert(c, "SELECT zone_name FROM zones", "one.example.");
        coredns_assert(c, ROWS,
                       "*|A|192.0.2.9|60|1\n"
                       "@|NS|ns.host.test.|60|1\n"
                       "@|SOA|ns.host.test. dns.host.test. 1 3600 600 86400 60|60|1\n"
                       "www|A|192.0.2.1|300|1\n"
                       "www|A|192.0.2.2|300|1");
}

static void a_changed_record_keeps_all_ids(void **state) {
        Coredns *c = *state;
        static const char ids[] = "SELECT zone_id,id,hostname,type FROM records ORDER BY id";

        coredns_write(c,
                      coredns_save("one.example", 1,
                                   "ftp.one.example. 60 IN A 192.0.2.3\nwww.one.example. 60 IN A 192.0.2.1\n"));
        ddns_cleanup(ddns_freep) char *before = mariadb_query(&c->server, "coredns", ids);
        unsigned long written = coredns_rows_written(c);
        coredns_write(c,
                      coredns_save("one.example", 2,
                                   "ftp.one.example. 60 IN A 192.0.2.3\nwww.one.example. 60 IN A 192.0.2.4\n"));

        coredns_assert(c, ids, before);
        coredns_assert(c, "SELECT data FROM records WHERE hostname='www'", "192.0.2.4");
        assert_int_equal(coredns_rows_written(c) - written, 2 * 2); /* that one and the SOA */
}

static unsigned long count(const Coredns *c, const char *what) {
        char sql[128];

        (void) snprintf(sql, sizeof sql, "SHOW GLOBAL STATUS LIKE '%s'", what);
        ddns_cleanup(ddns_freep) char *text = mariadb_query(&c->server, NULL, sql);
        return strtoul(strchr(text, '|') + 1, NULL, 10);
}

static void a_change_takes_three_statements_and_a_commit(void **state) {
        Coredns *c = *state;

        coredns_write(c, coredns_save("one.example", 1, "www 60 IN A 192.0.2.1\n"));
        coredns_write(c, coredns_save("one.example", 2, "www 60 IN A 192.0.2.2\n"));
        unsigned long statements = count(c, "Com_stmt_execute"), commits = count(c, "Com_commit"),
                      prepared = count(c, "Com_stmt_prepare");
        coredns_write(c, coredns_save("one.example", 3, "www 60 IN A 192.0.2.3\n"));
        assert_int_equal(count(c, "Com_stmt_execute") - statements, 3);
        assert_int_equal(count(c, "Com_commit") - commits, 1);
        assert_int_equal(count(c, "Com_stmt_prepare"), prepared);
}

static void a_changed_ttl_is_a_change(void **state) {
        Coredns *c = *state;

        coredns_write(c, coredns_save("one.example", 1, "www.one.example. 60 IN A 192.0.2.1\n"));
        ddns_cleanup(ddns_freep) char *id = mariadb_query(&c->server, "coredns",
                                                          "SELECT id FROM records WHERE hostname='www'");
        coredns_write(c, coredns_save("one.example", 1, "www.one.example. 61 IN A 192.0.2.1\n"));
        coredns_assert(c, "SELECT ttl FROM records WHERE hostname='www'", "61");
        coredns_assert(c, "SELECT id FROM records WHERE hostname='www'", id);
}

static void an_unchanged_zone_writes_nothing(void **state) {
        Coredns *c = *state;
        const char *more = "txt.one.example. 60 IN TXT \"a b\" \"c;d\" \"\\195\\164\"\n"
                           "www.one.example. 60 IN MX 10 mail.one.example.\n";

        coredns_write(c, coredns_save("one.example", 1, more));
        unsigned long written = coredns_rows_written(c);
        coredns_write(c, coredns_save("one.example", 1, more));
        coredns_reconnect(c);
        coredns_write(c, coredns_save("one.example", 1, more));
        assert_int_equal(coredns_rows_written(c), written);
}

static void a_batch_of_saves_and_deletes_is_one_transaction(void **state) {
        Coredns *c = *state;
        char names[300][32];
        DdnsTask tasks[300];

        for (unsigned i = 0; i < 300; i++) {
                char more[128];

                (void) snprintf(names[i], sizeof names[i], "z%u.example", i);
                (void) snprintf(more, sizeof more, "www.z%u.example. 60 IN A 192.0.2.%u\n", i, i % 250);
                tasks[i] = coredns_save(names[i], 1, more);
        }
        assert_int_equal(coredns_apply(c, tasks, 300), 0);
        for (unsigned i = 0; i < 300; i++) {
                assert_int_equal(tasks[i].state, DDNS_TASK_WRITTEN);
                tasks[i] = i % 2 ? coredns_delete(names[i]) : coredns_save(names[i], 2, "");
        }
        coredns_assert(c, "SELECT COUNT(*),COUNT(DISTINCT zone_id) FROM records", "900|300");

        unsigned long before = count(c, "Com_commit");
        assert_int_equal(coredns_apply(c, tasks, 300), 0);
        coredns_assert(c, "SELECT COUNT(*),COUNT(DISTINCT zone_id) FROM records", "300|150");
        coredns_assert(c, "SELECT COUNT(*) FROM zones", "150");
        assert_int_equal(count(c, "Com_commit") - before, 1);
}

static void a_delete_leaves_what_is_not_ours(void **state) {
        Coredns *c = *state;

        coredns_run(c,
                    "INSERT INTO zones (id, zone_name) VALUES (900, ''), (901, 'other.example.');"
                    "INSERT INTO records (zone_id, hostname, type, data) VALUES (900, 'x', 'A', '192.0.2.1'),"
                    " (901, '@', 'A', '192.0.2.1')");
        coredns_write(c, coredns_save("one.example", 1, ""));
        coredns_write(c, coredns_delete("one.example"));
        coredns_write(c, coredns_delete("never.there.example"));
        coredns_assert(c, "SELECT id, zone_name FROM zones ORDER BY id", "900|\n901|other.example.");
        coredns_assert(c, "SELECT zone_id, hostname FROM records ORDER BY zone_id", "900|x\n901|@");
}

static void no_statement_deletes_very_many_rows(void **state) {
        Coredns *c = *state;

        coredns_write(c, coredns_save("one.example", 1, ""));
        coredns_run(c, "INSERT INTO records (zone_id, hostname, type, data)"
                       " SELECT zones.id, seq, 'A', '192.0.2.1' FROM zones, seq_1_to_2000");
        unsigned long deletes = count(c, "Com_delete");
        coredns_write(c, coredns_delete("one.example"));
        assert_true(count(c, "Com_delete") - deletes > 2000 / 600);
        coredns_assert(c, "SELECT COUNT(*) FROM records", "0");
        coredns_assert(c, "SELECT COUNT(*) FROM zones", "0");
}

static void strays_and_doubles_go(void **state) {
        Coredns *c = *state;

        coredns_write(c, coredns_save("one.example", 1, "www.one.example. 60 IN A 192.0.2.1\n"));
        coredns_run(c, "INSERT INTO records (zone_id, hostname, type, data, ttl, online)"
                       " SELECT zone_id, hostname, type, data, ttl, online FROM records;"
                       "INSERT INTO records (zone_id, hostname, type, data, ttl, online)"
                       " SELECT id, 'stray', 'A', '192.0.2.7', 60, 1 FROM zones");
        coredns_write(c, coredns_save("one.example", 1, "www.one.example. 60 IN A 192.0.2.1\n"));
        coredns_assert(c, "SELECT hostname,type FROM records ORDER BY 1,2", "@|NS\n@|SOA\nwww|A");
}

static void capital_letters_are_put_right(void **state) {
        Coredns *c = *state;

        coredns_run(c, "INSERT INTO zones (id, zone_name) VALUES (77, 'ONE.Example.');"
                       "INSERT INTO records (zone_id, hostname, type, data, ttl, online) VALUES"
                       " (77, 'WWW', 'a', '192.0.2.1', 60, 1)");
        coredns_write(c, coredns_save("one.example", 1, "www.one.example. 60 IN A 192.0.2.1\n"));
        coredns_assert(c, "SELECT id, zone_name FROM zones", "77|one.example.");
        coredns_assert(c, "SELECT hostname,type FROM records ORDER BY 1,2", "@|NS\n@|SOA\nwww|A");
}

static void a_zone_alike_to_the_collation_alone_is_not_touched(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[] = { coredns_save("one.example", 1, ""), coredns_save("zoe.example", 1, ""),
                             coredns_save("zz.example", 1, "") };

        coredns_run(c,
                    "INSERT INTO zones (id, zone_name) VALUES (5, 'zoë.example.');"
                    "INSERT INTO records (zone_id, hostname, type, data) VALUES (5, '@', 'A', '192.0.2.1')");
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_WRITTEN);
        assert_int_equal(tasks[1].state, DDNS_TASK_FAILED);
        assert_int_equal(tasks[2].state, DDNS_TASK_WRITTEN);
        assert_non_null(strstr(tasks[1].message.text, "collation"));

        coredns_write(c, coredns_delete("zoe.example"));
        coredns_assert(c,
                       "SELECT z.zone_name, r.data FROM zones z JOIN records r ON r.zone_id=z.id WHERE z.id=5",
                       "zoë.example.|192.0.2.1");
}

static void a_zone_with_two_rows_fails_alone(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[] = { coredns_save("one.example", 1, ""), coredns_save("two.example", 1, "") };

        coredns_run(c, "ALTER TABLE zones DROP INDEX zone_name;"
                       "INSERT INTO zones (zone_name) VALUES ('one.example.'), ('One.example.')");
        assert_int_equal(coredns_apply(c, tasks, 2), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_FAILED);
        assert_non_null(strstr(tasks[0].message.text, "twice"));
        assert_int_equal(tasks[1].state, DDNS_TASK_WRITTEN);
        coredns_assert(c,
                       "SELECT COUNT(*) FROM records r JOIN zones z ON z.id=r.zone_id WHERE zone_name LIKE 'one%'",
                       "0");
}

static void hostile_data_arrives_unchanged(void **state) {
        Coredns *c = *state;
        static const char text[] =
                        "\"'; DROP TABLE zones; -- \\\"`\\\\ %s ?\" \"${x}\\000\\009\\010\\127\"";
        char more[512];

        (void) snprintf(more, sizeof more, "a.one.example. 60 IN TXT %s\n", text);
        coredns_write(c, coredns_save("one.example", 1, more));
        coredns_assert(c, "SELECT data FROM records WHERE type='TXT'", text);
        coredns_assert(c, "SELECT zone_name FROM zones", "one.example.");
}

/* A TXT record of strings of 255 octets. 254 of them are 65,024 octets on the wire and 65,531 as text. */
static char *long_text(unsigned strings) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        size_t size;

        ddns_buffer_append_text(&b, "long 60 IN TXT");
        for (unsigned i = 0; i < strings; i++) {
                ddns_buffer_append_text(&b, " \"");
                for (unsigned k = 0; k < 255; k++)
                        ddns_buffer_append_byte(&b, (char) ('a' + (i + k) % 26));
                ddns_buffer_append_byte(&b, '"');
        }
        ddns_buffer_append_byte(&b, '\n');
        return ddns_buffer_take(&b, &size);
}

static void records_of_64_kib_arrive_whole(void **state) {
        Coredns *c = *state;
        ddns_cleanup(ddns_freep) char *more = long_text(254), *want = strdup(strchr(more, '"'));

        want[strlen(want) - 1] = '\0';
        coredns_write(c, coredns_save("one.example", 1, more));
        coredns_assert(c, "SELECT data FROM records WHERE type='TXT'", want);
        unsigned long written = coredns_rows_written(c);
        coredns_write(c, coredns_save("one.example", 1, more));
        assert_int_equal(coredns_rows_written(c), written);
}

static void a_very_large_batch_goes_in_some_transactions(void **state) {
        Coredns *c = *state;
        ddns_cleanup(ddns_buffer_done) DdnsBuffer more = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_freep) char *record = long_text(250);
        unsigned long before;

        for (unsigned i = 0; i < 80; i++)
                ddns_buffer_append_format(&more, "h%u.%s", i, record);
        DdnsTask tasks[] = { coredns_save("one.example", 1, more.data),
                             coredns_save("two.example", 1, more.data) };
        before = count(c, "Com_commit");
        assert_int_equal(coredns_apply(c, tasks, 2), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_WRITTEN);
        assert_int_equal(tasks[1].state, DDNS_TASK_WRITTEN);
        assert_int_equal(count(c, "Com_commit") - before, 2);
        coredns_assert(c, "SELECT COUNT(*) FROM records", "164");
}

static void what_the_column_has_no_room_for_is_left_out(void **state) {
        Coredns *c = *state;
        ddns_cleanup(ddns_freep) char *more = long_text(5);
        DdnsTask task = coredns_save("one.example", 1, more);

        assert_int_equal(coredns_apply(c, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_WRITTEN);
        assert_non_null(strstr(task.warning.text, "long.one.example"));
        coredns_assert(c, "SELECT type FROM records ORDER BY 1", "NS\nSOA");
}

static void a_latin1_table_holds_every_octet(void **state) {
        Coredns *c = *state;
        static const char more[] = "a.one.example. 60 IN TXT \"\\195\\164\\226\\130\\172\\255\"\n";

        coredns_run(c, "ALTER TABLE records CONVERT TO CHARACTER SET latin1;"
                       "ALTER TABLE zones CONVERT TO CHARACTER SET latin1");
        coredns_write(c, coredns_save("one.example", 1, more));
        coredns_assert(c, "SELECT data FROM records WHERE type='TXT'",
                       "\"\\195\\164\\226\\130\\172\\255\"");
        unsigned long written = coredns_rows_written(c);
        coredns_write(c, coredns_save("one.example", 1, more));
        assert_int_equal(coredns_rows_written(c), written);
}

static void tables_may_have_other_names(void **state) {
        Coredns *c = *state;

        coredns_run(c, "RENAME TABLE zones TO `dns-zones`, records TO `select`");
        c->config.tables.zones = (char *) "dns-zones";
        c->config.tables.records = (char *) "select";
        coredns_reconnect(c);
        coredns_write(c, coredns_save("one.example", 1, ""));
        coredns_write(c, coredns_save("one.example", 2, ""));
        c->config.tables.zones = (char *) "zones";
        c->config.tables.records = (char *) "records";
        coredns_assert(c, "SELECT COUNT(*) FROM `select`", "2");
}

static void incarnation(Coredns *c, DdnsMessage *ret) {
        if (ddns_backend_coredns_mysql.incarnation(c->backend, ret, &c->message) < 0)
                fail_msg("%s", c->message.text);
}

static void an_incarnation_tells_dates_whatever_the_time_zone(void **state) {
        Coredns *c = *state;
        DdnsMessage here = DDNS_MESSAGE_NULL, elsewhere = DDNS_MESSAGE_NULL;

        incarnation(c, &here);
        ddns_cleanup(ddns_freep) char *made = mariadb_query(
                        &c->server, "coredns",
                        "SELECT DATE_FORMAT(CONVERT_TZ(CREATE_TIME, @@time_zone, '+00:00'),"
                        " ', table zones made at %Y-%m-%d %H:%i:%s UTC, ') FROM information_schema.TABLES"
                        " WHERE TABLE_SCHEMA='coredns' AND TABLE_NAME='zones'");
        if (!strstr(here.text, made))
                fail_msg("no \"%s\" in: %s", made, here.text);
        coredns_run(c, "SET GLOBAL time_zone='+05:30'");
        coredns_reconnect(c);
        incarnation(c, &elsewhere);
        coredns_run(c, "SET GLOBAL time_zone=DEFAULT");
        assert_string_equal(here.text, elsewhere.text);
}

static void a_database_made_anew_has_another_incarnation(void **state) {
        Coredns *c = *state;
        DdnsMessage first, again;

        incarnation(c, &first);
        assert_non_null(strstr(first.text, "server "));
        coredns_write(c, coredns_save("one.example", 1, ""));
        coredns_reconnect(c);
        incarnation(c, &again);
        assert_string_equal(again.text, first.text);

        mariadb_stop(&c->server, SIGTERM);
        mariadb_start(&c->server, "");
        incarnation(c, &again);
        assert_string_equal(again.text, first.text);

        uint64_t deadline = ddns_monotonic_usec() + 10 * USEC_PER_SEC;
        do { /* the server tells its age in whole seconds */
                assert_true(ddns_monotonic_usec() < deadline);
                coredns_reset(c, true);
                incarnation(c, &again);
        } while (strcmp(again.text, first.text) == 0);
}

static void a_column_made_wider_is_another_incarnation_and_used_at_once(void **state) {
        Coredns *c = *state;
        ddns_cleanup(ddns_freep) char *more = long_text(5);
        DdnsMessage first, again;

        coredns_write(c, coredns_save("one.example", 1, more));
        coredns_assert(c, "SELECT type FROM records ORDER BY 1", "NS\nSOA");
        incarnation(c, &first);
        uint64_t deadline = ddns_monotonic_usec() + 10 * USEC_PER_SEC;
        do { /* in whole seconds */
                assert_true(ddns_monotonic_usec() < deadline);
                coredns_run(c, "ALTER TABLE records MODIFY data VARCHAR(1024) NOT NULL;"
                               "ALTER TABLE records MODIFY data TEXT NOT NULL");
                incarnation(c, &again);
        } while (strcmp(again.text, first.text) == 0);
        coredns_write(c, coredns_save("one.example", 1, more));
        coredns_assert(c, "SELECT type FROM records ORDER BY 1", "NS\nSOA\nTXT");
}

int main(void) {
#define BOTH(f)                                                                 \
        { #f, f, set_up, NULL, NULL }, {                                        \
#f "_with_the_plugins_own_tables", f, set_up_plugin, NULL, NULL \
        }
        const struct CMUnitTest tests[] = {
                BOTH(a_new_zone_arrives_whole),
                BOTH(a_changed_record_keeps_all_ids),
                BOTH(a_changed_ttl_is_a_change),
                BOTH(a_change_takes_three_statements_and_a_commit),
                BOTH(an_unchanged_zone_writes_nothing),
                BOTH(a_batch_of_saves_and_deletes_is_one_transaction),
                BOTH(a_delete_leaves_what_is_not_ours),
                BOTH(no_statement_deletes_very_many_rows),
                BOTH(strays_and_doubles_go),
                BOTH(capital_letters_are_put_right),
                BOTH(hostile_data_arrives_unchanged),
                BOTH(tables_may_have_other_names),
                cmocka_unit_test_setup(a_zone_alike_to_the_collation_alone_is_not_touched,
                                       set_up_plugin),
                cmocka_unit_test_setup(a_zone_with_two_rows_fails_alone, set_up_plugin),
                cmocka_unit_test_setup(records_of_64_kib_arrive_whole, set_up),
                cmocka_unit_test_setup(a_very_large_batch_goes_in_some_transactions, set_up),
                cmocka_unit_test_setup(what_the_column_has_no_room_for_is_left_out, set_up_plugin),
                cmocka_unit_test_setup(a_column_made_wider_is_another_incarnation_and_used_at_once,
                                       set_up_plugin),
                cmocka_unit_test_setup(a_latin1_table_holds_every_octet, set_up_plugin),
                cmocka_unit_test_setup(an_incarnation_tells_dates_whatever_the_time_zone, set_up),
                cmocka_unit_test_setup(a_database_made_anew_has_another_incarnation, set_up),
        };

        installed = coredns_open(&fixture);
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        if (installed)
                coredns_close(&fixture);
        return r;
}
