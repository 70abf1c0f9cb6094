/* SPDX-License-Identifier: MIT */
/* ddnsctl history, diff, rollback, rejected and masters. */
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "ctl-fixture.h"
#include "ctl/listing.h"
#include "test.h"

#define SOA_OF(serial) \
        "@ 3600 IN SOA ns1.host.test. hostmaster.host.test. " serial " 3600 3600 1209600 86400\n"
#define NS  "@ 3600 IN NS ns1.host.test.\n"
#define OLD SOA_OF("2026010101") NS "www 300 IN A 192.0.2.1\nftp 300 IN A 192.0.2.9\n"
#define NEW SOA_OF("2026010102") NS "www 300 IN A 192.0.2.2\nftp 300 IN A 192.0.2.9\n"

#define OLD_SOA \
        "example.org.\t3600\tIN\tSOA\tns1.host.test. hostmaster.host.test. 2026010101 3600 3600 1209600 86400"
#define NEW_SOA \
        "example.org.\t3600\tIN\tSOA\tns1.host.test. hostmaster.host.test. 2026010102 3600 3600 1209600 86400"

static void push_text(Fixture *f, const char *text) {
        f->input = text;
        assert_int_equal(run(f, "push", "example.org", "-", NULL), 0);
        f->input = NULL;
}

/* Generations 1 and 2 are saves, 3 is a delete. */
static int set_up_versions(void **state) {
        (void) set_up(state);
        push_text(*state, OLD);
        push_text(*state, NEW);
        return 0;
}

static void delete_zone(Fixture *f) {
        assert_int_equal(run(f, "delete", "example.org", NULL), 0);
}

static void history_shows_each_version_the_newest_first(void **state) {
        Fixture *f = *state;

        delete_zone(f);
        assert_int_equal(run(f, "history", "Example.ORG.", NULL), 0);
        assert_true(has(f->out, "GENERATION"));
        assert_true(has(f->out, "3 versions listed."));
        assert_true(strstr(f->out, "delete") < strstr(f->out, "2026010102"));
        assert_true(strstr(f->out, "2026010102") < strstr(f->out, "2026010101"));

        assert_int_equal(run(f, "history", "example.org", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *all = parse(f->out);
        assert_int_equal(json_array_size(all), 3);
        assert_true(json_is_true(json_object_get(json_array_get(all, 0), "deleted")));
        assert_int_equal(number_of(json_array_get(all, 1), "generation"), 2);
        assert_int_equal(number_of(json_array_get(all, 2), "serial"), 2026010101);
        assert_string_equal(text_of(json_array_get(all, 2), "master"), "ddnsctl");
}

static void diff_shows_the_records_of_the_newest_change(void **state) {
        Fixture *f = *state;

        assert_int_equal(run(f, "diff", "example.org", NULL), 0);
        assert_string_equal(f->out, "--- generation 1, serial 2026010101\n"
                                    "+++ generation 2, serial 2026010102\n"
                                    "-" OLD_SOA "\n"
                                    "+" NEW_SOA "\n"
                                    "-www.example.org.\t300\tIN\tA\t192.0.2.1\n"
                                    "+www.example.org.\t300\tIN\tA\t192.0.2.2\n");

        assert_int_equal(run(f, "diff", "example.org", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *all = parse(f->out);
        assert_int_equal(number_of(all, "from"), 1);
        assert_int_equal(number_of(all, "to"), 2);
        const json_t *removed = json_object_get(all, "removed"), *added = json_object_get(all, "added");
        assert_int_equal(json_array_size(removed), 2);
        assert_string_equal(json_string_value(json_array_get(removed, 0)), OLD_SOA);
        assert_string_equal(json_string_value(json_array_get(added, 1)),
                            "www.example.org.\t300\tIN\tA\t192.0.2.2");
}

static void diff_takes_any_two_versions_and_deletes(void **state) {
        Fixture *f = *state;

        assert_int_equal(run(f, "diff", "example.org", "2", "1", NULL), 0);
        assert_true(has(f->out, "+www.example.org.\t300\tIN\tA\t192.0.2.1\n"));
        assert_int_equal(run(f, "diff", "example.org", "2", NULL), 0);
        assert_true(has(f->out, "No record differs.\n"));

        delete_zone(f);
        assert_int_equal(run(f, "diff", "example.org", NULL), 0);
        assert_true(has(f->out, "+++ generation 3, deleted\n"));
        assert_true(has(f->out, "-ftp.example.org.\t300\tIN\tA\t192.0.2.9\n"));
}

static void diff_of_the_only_version_shows_all_of_it(void **state) {
        Fixture *f = *state;

        push(f, "example.org");
        assert_int_equal(run(f, "diff", "example.org", NULL), 0);
        assert_true(has(f->out, "--- nothing before it is kept\n"));
        assert_true(has(f->out, "+www.example.org.\t300\tIN\tA\t192.0.2.1\n"));
}

static void what_history_lacks_is_named(void **state) {
        static const struct {
                const char *line[3];
                const char *text;
        } cases[] = {
                { { "history", "other.test" }, "other.test: unknown zone" },
                { { "diff", "other.test" }, "other.test: unknown zone" },
                { { "diff", "example.org", "7" }, "example.org: history has no generation 7" },
                { { "diff", "example.org", "1x" }, "'1x' is no generation" },
                { { "diff", "example.org", "-1" }, "invalid option" },
                { { "rollback", "other.test", "1" }, "other.test: unknown zone" },
                { { "rollback", "example.org", "7" }, "example.org: history has no generation 7" },
                { { "rollback", "example.org", "0" }, "'0' is no generation" },
                { { "rollback", "example.org", "99999999999999999999" }, "is no generation" },
        };
        Fixture *f = *state;

        push_text(f, OLD);
        push_text(f, NEW);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_not_equal(run(f, cases[i].line[0], cases[i].line[1], cases[i].line[2], NULL),
                                     0);
                if (cases[i].line[2] && strcmp(cases[i].line[2], "-1") == 0)
                        continue; /* getopt's own words go to the process' standard error */
                assert_true(has(f->err, cases[i].text));
        }
}

static void rollback_makes_an_old_version_the_newest(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        ddns_cleanup(ddns_closep) int wake = listen_for_wake(f);
        assert_int_equal(run(f, "rollback", "example.org", "1", NULL), 0);
        assert_string_equal(f->out,
                            "example.org: as in generation 1, serial 2026010101, now generation 3.\n");
        assert_true(has(f->err, "hint: the next push of example.org replaces it"));
        assert_true(has(f->err, "its serial goes back from 2026010102 to 2026010101"));
        assert_true(was_woken(wake));
        assert_int_equal(run(f, "cat", "example.org", NULL), 0);
        assert_true(has(f->out, "192.0.2.1"));
        assert_int_equal(ddns_store_get_zone(f->store, "example.org", &row, NULL), 0);
        assert_string_equal(row.master, "ddnsctl");

        assert_int_equal(run(f, "rollback", "example.org", "3", NULL), 0);
        assert_string_equal(f->out, "example.org: unchanged, generation 3 has the same content.\n");
}

/* What happens when rollback has read the old version. */
static void (*meanwhile)(Fixture *f);
static Fixture *meanwhile_fixture;

int __real_ddns_store_get_version(DdnsStore *s, const char *zone, uint64_t generation, DdnsZoneRow *ret,
                                  char **ret_content);
int __wrap_ddns_store_get_version(DdnsStore *s, const char *zone, uint64_t generation, DdnsZoneRow *ret,
                                  char **ret_content);

int __wrap_ddns_store_get_version(DdnsStore *s, const char *zone, uint64_t generation, DdnsZoneRow *ret,
                                  char **ret_content) {
        int r = __real_ddns_store_get_version(s, zone, generation, ret, ret_content);
        if (meanwhile)
                meanwhile(meanwhile_fixture);
        return r;
}

/* By the fixture's own handle, as another program does it. */
static void change_newer(Fixture *f, DdnsChangeKind kind) {
        uint8_t digest[DDNS_DIGEST_SIZE] = { 7 };
        DdnsChange change = { .kind = kind,
                              .zone = "example.org",
                              .content = "newer\n",
                              .size = 6,
                              .digest = digest,
                              .serial = 2026010103,
                              .force = true };

        assert_int_equal(ddns_store_accept(f->store, &change, 1, ddns_now_usec()), 0);
}

static void push_newer(Fixture *f) {
        change_newer(f, DDNS_CHANGE_SAVE);
}

static void delete_newer(Fixture *f) {
        change_newer(f, DDNS_CHANGE_DELETE);
}

static void rollback_never_overwrites_a_push_that_comes_in_between(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        meanwhile_fixture = f;
        for (size_t i = 0; i < 2; i++) {
                meanwhile = i == 0 ? push_newer : delete_newer;
                int status = run(f, "rollback", "example.org", "2", NULL);
                meanwhile = NULL;
                assert_int_equal(status, 1);
                assert_true(has(f->err, "changed by somebody else at this moment"));
                assert_int_equal(ddns_store_get_zone(f->store, "example.org", &row, NULL), 0);
                assert_int_equal(row.generation, 3 + i);
                assert_int_equal(row.deleted, i == 1);
        }
}

static void rollback_keeps_the_owner_and_brings_deleted_zones_back(void **state) {
        ddns_cleanup(ddns_freep) char *content = NULL;
        Fixture *f = *state;
        DdnsZoneRow row;

        assert_int_equal(ddns_store_get_zone(f->store, "example.org", &row, &content), 0);
        DdnsChange change = { .kind = DDNS_CHANGE_SAVE,
                              .zone = "example.org",
                              .content = content,
                              .size = strlen(content),
                              .digest = row.digest,
                              .serial = row.serial,
                              .hostname = "one.test",
                              .username = "joe" };
        assert_int_equal(ddns_store_accept(f->store, &change, 1, ddns_now_usec()), 0);
        delete_zone(f);
        assert_int_equal(run(f, "rollback", "example.org", "3", NULL), 1);
        assert_true(has(f->err, "generation 3 is a delete"));

        assert_int_equal(run(f, "rollback", "example.org", "1", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *answer = parse(f->out);
        assert_string_equal(text_of(answer, "outcome"), "saved");
        assert_int_equal(number_of(answer, "generation"), 4);
        assert_null(strstr(f->err, "serial goes back"));
        assert_int_equal(ddns_store_get_zone(f->store, "example.org", &row, NULL), 0);
        assert_string_equal(row.hostname, "one.test");
        assert_string_equal(row.username, "joe");
}

static void rejected_lists_refused_pushes_with_reasons(void **state) {
        Fixture *f = *state;
        DdnsChange changes[] = {
                { .kind = DDNS_CHANGE_REJECT,
                  .zone = "bad.test",
                  .master = "da1",
                  .client = "192.0.2.10",
                  .hostname = "one.test",
                  .reason = "line 3: no\nsuch type" },
                { .kind = DDNS_CHANGE_REJECT,
                  .master = "da1",
                  .client = "192.0.2.10",
                  .reason = "no domain" },
        };

        assert_int_equal(run(f, "rejected", NULL), 0);
        assert_true(has(f->out, "0 refused pushes listed."));
        assert_int_equal(ddns_store_accept(f->store, changes, ARRAY_SIZE(changes), ddns_now_usec()), 0);
        assert_int_equal(run(f, "rejected", NULL), 0);
        assert_true(has(f->out, "2 refused pushes listed."));
        assert_true(strstr(f->out, "bad.test") < strstr(f->out, "no domain"));
        assert_null(strstr(f->out, "no\nsuch"));

        assert_int_equal(run(f, "rejected", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *all = parse(f->out);
        assert_string_equal(text_of(json_array_get(all, 0), "reason"), "line 3: no\nsuch type");
        assert_string_equal(text_of(json_array_get(all, 0), "hostname"), "one.test");
        assert_true(json_is_null(json_object_get(json_array_get(all, 1), "zone")));
}

static void masters_shows_who_pushes(void **state) {
        Fixture *f = *state;
        DdnsChange change = { .kind = DDNS_CHANGE_CONTACT,
                              .master = "da1",
                              .hostname = "one.test",
                              .client = "192.0.2.10" };

        assert_int_equal(ddns_store_accept(f->store, &change, 1, ddns_now_usec()), 0);
        assert_int_equal(run(f, "masters", NULL), 0);
        assert_true(has(f->out, "da1"));
        assert_true(has(f->out, "192.0.2.10"));
        assert_null(strstr(f->out, "BACKEND"));

        assert_int_equal(run(f, "masters", "--json", NULL), 0);
        ddns_cleanup(ddns_json_decrefp) json_t *all = parse(f->out);
        assert_string_equal(text_of(json_array_get(json_object_get(all, "masters"), 0), "master"),
                            "da1");
        assert_true(json_is_array(json_object_get(all, "asked")));
}

int main(void) {
#define EMPTY(t)    cmocka_unit_test_setup_teardown(t, set_up, tear_down)
#define VERSIONS(t) cmocka_unit_test_setup_teardown(t, set_up_versions, tear_down)
        const struct CMUnitTest tests[] = {
                VERSIONS(history_shows_each_version_the_newest_first),
                VERSIONS(diff_shows_the_records_of_the_newest_change),
                VERSIONS(diff_takes_any_two_versions_and_deletes),
                EMPTY(diff_of_the_only_version_shows_all_of_it),
                EMPTY(what_history_lacks_is_named),
                VERSIONS(rollback_makes_an_old_version_the_newest),
                VERSIONS(rollback_never_overwrites_a_push_that_comes_in_between),
                VERSIONS(rollback_keeps_the_owner_and_brings_deleted_zones_back),
                EMPTY(rejected_lists_refused_pushes_with_reasons),
                EMPTY(masters_shows_who_pushes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
