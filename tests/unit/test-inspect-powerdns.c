/* SPDX-License-Identifier: MIT */
/* What is told of PowerDNS' database, against a real MariaDB. */
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "powerdns.h"
#include "test.h"

#define TEXT                                                                                           \
        "$TTL 1h\n@ SOA ns.host. h.x. 7 1d 2h 4w 300\n@ NS ns.host.\n@ MX 10 mail\nmail A 192.0.2.1\n" \
        "deep.in.it TXT \"x\"\n"

static Powerdns fixture;
static bool installed;

static int set_up(void **state) {
        if (!installed)
                skip();
        powerdns_reset(&fixture);
        *state = &fixture;
        return 0;
}

static void write_zone(Powerdns *p, const DdnsZone *z) {
        DdnsTask task = powerdns_save("one.example", z);

        powerdns_write(p, &task);
}

/* `want`: NULL if all is well. */
static void assert_found(Powerdns *p, const DdnsZone *z, const char *want) {
        DdnsTask task = powerdns_save("one.example", z);

        if (ddns_backend_powerdns_mysql.inspect(p->backend, &task, 1, &p->message) != 0)
                fail_msg("%s", p->message.text);
        assert_string_equal(task.message.text, want ? want : "");
        assert_int_equal(task.state, want ? DDNS_TASK_FAILED : DDNS_TASK_WRITTEN);
}

static void what_is_written_is_found_right(void **state) {
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("one.example", TEXT);
        Powerdns *p = *state;

        write_zone(p, &z);
        assert_found(p, &z, NULL);
}

static void signed_zone_is_found_right_with_its_metadata(void **state) {
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_sign(*state, "one.example", TEXT, "-3 -");
        Powerdns *p = *state;

        write_zone(p, &z);
        assert_found(p, &z, NULL);
        powerdns_run(p, "UPDATE records SET ordername=NULL WHERE name='mail.one.example' AND type='A'");
        assert_found(p, &z, "1 row changed");
        write_zone(p, &z);
        powerdns_run(p, "DELETE FROM domainmetadata");
        assert_found(p, &z, "2 rows missing");
}

static void rows_that_differ_are_counted(void **state) {
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("one.example", TEXT);
        Powerdns *p = *state;

        assert_found(p, &z, "the zone is not there");
        write_zone(p, &z);
        powerdns_run(p,
                     "UPDATE records SET disabled=1 WHERE type='MX'; DELETE FROM records WHERE type IS NULL");
        assert_found(p, &z, "2 rows missing, 1 changed");
        write_zone(p, &z);
        powerdns_run(p, "INSERT INTO records (domain_id,name,type,content,ttl,prio,disabled,auth)"
                        " SELECT id,'x.one.example','A','192.0.2.9',60,0,0,1 FROM domains");
        assert_found(p, &z, "1 row surplus");
}

static void operators_metadata_is_no_difference(void **state) {
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("one.example", TEXT);
        Powerdns *p = *state;

        write_zone(p, &z);
        powerdns_run(p, "INSERT INTO domainmetadata (domain_id,kind,content)"
                        " SELECT id,'ALSO-NOTIFY','192.0.2.7' FROM domains");
        assert_found(p, &z, NULL);
}

static void zone_that_is_somebody_elses_says_so(void **state) {
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("one.example", TEXT);
        DdnsTask task = powerdns_save("one.example", &z);
        Powerdns *p = *state;

        write_zone(p, &z);
        powerdns_run(p, "UPDATE domains SET type='SLAVE'");
        assert_int_equal(ddns_backend_powerdns_mysql.inspect(p->backend, &task, 1, &p->message), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_non_null(strstr(task.message.text, "belongs to somebody else"));
}

static int collect_name(const char *zone, void *userdata) {
        ddns_buffer_append_format(userdata, "%s ", zone);
        return 0;
}

static void all_zones_are_listed(void **state) {
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("one.example", TEXT);
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        Powerdns *p = *state;

        write_zone(p, &z);
        assert_int_equal(ddns_backend_powerdns_mysql.list(p->backend, collect_name, &b, &p->message), 0);
        assert_string_equal(b.data, "one.example ");
}

static int open_fixture(void **state) {
        installed = powerdns_open(&fixture);
        return 0;
}

static int close_fixture(void **state) {
        if (installed)
                powerdns_close(&fixture);
        return 0;
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup(f, set_up)
        const struct CMUnitTest tests[] = {
                TEST(what_is_written_is_found_right),
                TEST(signed_zone_is_found_right_with_its_metadata),
                TEST(rows_that_differ_are_counted),
                TEST(operators_metadata_is_no_difference),
                TEST(zone_that_is_somebody_elses_says_so),
                TEST(all_zones_are_listed),
        };

        return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
