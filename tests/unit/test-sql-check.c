/* SPDX-License-Identifier: MIT */
/* The operator's check of a database: each fault is found, told with what helps, and nothing is left behind. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "coredns.h"
#include "test.h"

static Coredns fixture;
static bool installed;
static DdnsBuffer findings; /* "BAD …\n" */

static int set_up_with(void **state, bool shipped) {
        if (!installed)
                skip();
        fixture.config.mysql = mariadb_config(&fixture.server, "coredns");
        coredns_reset(&fixture, shipped);
        *state = &fixture;
        return 0;
}

static int set_up(void **state) {
        return set_up_with(state, true);
}

static int set_up_plugin(void **state) {
        return set_up_with(state, false);
}

static void take(DdnsFinding finding, const char *text, void *userdata) {
        static const char *const names[] = {
                [DDNS_FINDING_GOOD] = "GOOD",
                [DDNS_FINDING_WARNING] = "WARNING",
                [DDNS_FINDING_BAD] = "BAD",
        };

        ddns_buffer_append_format(&findings, "%s %s\n", names[finding], text);
}

static int check(Coredns *c) {
        ddns_buffer_reset(&findings);
        ddns_buffer_append_text(&findings, "\n");
        c->message = DDNS_MESSAGE_NULL;
        return ddns_backend_coredns_mysql.check(c->backend, take, NULL, &c->message);
}

static void assert_found(Coredns *c, const char *finding, const char *part) {
        char start[16];

        if (check(c) != 0)
                fail_msg("%s", c->message.text);
        (void) snprintf(start, sizeof start, "\n%s ", finding);
        for (const char *p = findings.data; (p = strstr(p, start)); p++) {
                const char *hit = strstr(p + 1, part);
                if (hit && hit < strchr(p + 1, '\n'))
                        return;
        }
        fail_msg("no %s with \"%s\" in:%s", finding, part, findings.data);
}

static void assert_not_found(Coredns *c, const char *text) {
        if (check(c) != 0)
                fail_msg("%s", c->message.text);
        if (strstr(findings.data, text))
                fail_msg("\"%s\" in:%s", text, findings.data);
}

static void the_shipped_tables_are_all_right_and_stay_empty(void **state) {
        Coredns *c = *state;

        assert_found(c, "GOOD", "logged in as ddns within this machine");
        assert_found(c, "GOOD", "MariaDB");
        assert_found(c, "GOOD", "a zone was inserted, changed and deleted");
        assert_not_found(c, "WARNING");
        assert_not_found(c, "BAD");
        coredns_assert(c, "SELECT COUNT(*) FROM zones", "0");
        coredns_assert(c, "SELECT COUNT(*) FROM records", "0");
        coredns_write(c, coredns_save("one.example", 1, "")); /* on the same connection */
}

static void the_plugins_own_tables_could_be_better(void **state) {
        Coredns *c = *state;

        assert_found(c, "WARNING", "ALTER TABLE `records` MODIFY `data` TEXT CHARACTER SET ");
        assert_found(c, "WARNING", "ON `records` (`zone_id`, `hostname`, `type`)");
        assert_not_found(c, "BAD");
}

/* What is told to help, helps: each statement behind "what helps:" is run as it stands. */
static void run_what_helps(Coredns *c) {
        static const char mark[] = "what helps: ";

        for (const char *p = findings.data; (p = strstr(p, mark));) {
                p += sizeof mark - 1;
                ddns_cleanup(ddns_freep) char *sql = strndup(p, strcspn(p, "\n"));
                coredns_run(c, sql);
        }
}

static void what_is_told_to_help_helps(void **state) {
        Coredns *c = *state;

        coredns_run(c,
                    "ALTER TABLE records DROP FOREIGN KEY records_ibfk_1;"
                    "ALTER TABLE records ENGINE=MyISAM;"
                    "ALTER TABLE records DROP INDEX zone_id, MODIFY data VARCHAR(100) CHARACTER SET latin1 NOT NULL,"
                    "  MODIFY ttl INT ZEROFILL NOT NULL, ADD COLUMN owner INT NOT NULL;"
                    "ALTER TABLE zones DROP INDEX zone_name, MODIFY zone_name VARCHAR(64) NOT NULL");
        assert_found(c, "BAD", "ALTER TABLE `records` ENGINE=InnoDB");
        assert_found(c, "BAD", "CREATE UNIQUE INDEX");
        assert_found(c, "BAD", "column owner of table records");
        assert_found(c, "WARNING", "utf8mb4");
        assert_found(c, "WARNING", "ZEROFILL");
        assert_found(c, "WARNING", "column zone_name of table zones has room for 64 characters");
        assert_found(c, "WARNING", "no index over `zone_id`");
        run_what_helps(c);
        assert_not_found(c, "BAD");
        assert_not_found(c, "WARNING");
}

static void missing_things_are_named(void **state) {
        Coredns *c = *state;

        coredns_run(c, "ALTER TABLE records DROP COLUMN online");
        assert_found(c, "BAD", "table records has no column online");
        coredns_run(c, "DROP TABLE records");
        assert_found(c, "BAD", "no table records");
}

/* Most often it is the configuration that is wrong. */
static void tables_of_another_kind_get_no_advice_how_to_change_them(void **state) {
        Coredns *c = *state;

        coredns_run(c, "DROP TABLE records;"
                       "CREATE TABLE records (id INT AUTO_INCREMENT PRIMARY KEY, domain_id INT NOT NULL,"
                       "  name VARCHAR(255) NOT NULL, type VARCHAR(10), content TEXT, ttl INT)");
        assert_found(c, "BAD",
                     "table records has no column zone_id, hostname, data, online; what helps: ");
        assert_found(c, "BAD", "another `type`");
        assert_not_found(c, "ALTER TABLE");
        assert_not_found(c, "CREATE INDEX");
}

static void missing_rights_are_named(void **state) {
        Coredns *c = *state;

        coredns_run(c, "CREATE OR REPLACE USER weak IDENTIFIED BY '" MARIADB_PASSWORD "';"
                       "GRANT SELECT, INSERT ON coredns.* TO weak");
        c->config.mysql.username = (char *) "weak";
        coredns_reconnect(c);
        assert_found(c, "BAD", "GRANT SELECT, INSERT, UPDATE, DELETE ON `coredns`.");
        coredns_run(c, "GRANT UPDATE ON coredns.* TO weak");
        coredns_reconnect(c);
        assert_found(c, "BAD", "deleting from table records");
        coredns_run(c, "GRANT DELETE ON coredns.records TO weak");
        coredns_reconnect(c);
        assert_found(c, "BAD", "deleting from table zones");
        coredns_run(c, "GRANT DELETE ON coredns.zones TO weak");
        coredns_reconnect(c);
        assert_not_found(c, "BAD");
        coredns_assert(c, "SELECT COUNT(*) FROM zones", "0");
}

static void who_can_not_log_in_is_told_so(void **state) {
        Coredns *c = *state;

        c->config.mysql.username = (char *) "nobody";
        coredns_reconnect(c);
        assert_int_equal(check(c), -EACCES);
        assert_non_null(strstr(c->message.text, "nobody"));
        assert_null(strstr(c->message.text, MARIADB_PASSWORD));
        c->config.mysql = mariadb_config(&c->server, "nowhere");
        coredns_reconnect(c);
        assert_int_equal(check(c), -ENOENT);
}

static void the_servers_modes_are_told(void **state) {
        Coredns *c = *state;

        mariadb_run(&c->server, NULL, "SET GLOBAL sql_mode='', max_allowed_packet=65536");
        coredns_reconnect(c);
        assert_found(c, "GOOD", "not strict");
        assert_found(c, "WARNING", "max_allowed_packet");
        mariadb_run(&c->server, NULL, "SET GLOBAL read_only=ON");
        assert_found(c, "BAD", "SET GLOBAL read_only = OFF");
        coredns_run(c,
                    "CREATE OR REPLACE USER writer IDENTIFIED BY '" MARIADB_PASSWORD "';"
                    "GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO writer; GRANT READ_ONLY ADMIN ON *.* TO writer");
        c->config.mysql.username = (char *) "writer";
        coredns_reconnect(c);
        assert_found(c, "WARNING", "read-only, but not for this user");
}

static void plain_text_to_another_host_is_warned_of(void **state) {
        Coredns *c = *state;

        c->config.mysql.host = (char *) "127.1"; /* for us a name like any other */
        coredns_reconnect(c);
        assert_found(c, "WARNING", "plain text");
}

static void tables_that_number_no_rows_are_found(void **state) {
        Coredns *c = *state;

        coredns_run(c, "ALTER TABLE records MODIFY id INT NOT NULL");
        assert_found(c, "BAD", "table records does not number its rows");
}

static void triggers_that_refuse_are_found(void **state) {
        Coredns *c = *state;

        coredns_run(c, "CREATE TRIGGER guard BEFORE DELETE ON records FOR EACH ROW "
                       "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT='keep everything'");
        assert_found(c, "BAD", "keep everything");
        coredns_assert(c, "SELECT COUNT(*) FROM records", "0");
}

static void a_view_is_told_to_be_one(void **state) {
        Coredns *c = *state;

        coredns_run(c,
                    "RENAME TABLE records TO real_records; CREATE VIEW records AS SELECT * FROM real_records");
        assert_found(c, "WARNING", "table records is a view");
        assert_not_found(c, "BAD");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(the_shipped_tables_are_all_right_and_stay_empty, set_up),
                cmocka_unit_test_setup(the_plugins_own_tables_could_be_better, set_up_plugin),
                cmocka_unit_test_setup(what_is_told_to_help_helps, set_up_plugin),
                cmocka_unit_test_setup(missing_things_are_named, set_up),
                cmocka_unit_test_setup(tables_of_another_kind_get_no_advice_how_to_change_them, set_up),
                cmocka_unit_test_setup(missing_rights_are_named, set_up),
                cmocka_unit_test_setup(who_can_not_log_in_is_told_so, set_up),
                cmocka_unit_test_setup(the_servers_modes_are_told, set_up),
                cmocka_unit_test_setup(plain_text_to_another_host_is_warned_of, set_up),
                cmocka_unit_test_setup(tables_that_number_no_rows_are_found, set_up),
                cmocka_unit_test_setup(triggers_that_refuse_are_found, set_up),
                cmocka_unit_test_setup(a_view_is_told_to_be_one, set_up),
        };

        installed = coredns_open(&fixture);
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        if (installed)
                coredns_close(&fixture);
        ddns_buffer_done(&findings);
        return r;
}
