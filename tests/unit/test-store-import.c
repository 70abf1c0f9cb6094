/* SPDX-License-Identifier: MIT */
/* Which version of a zone counts when one of them is imported. */
#include <stdio.h>
#include <string.h>

#include "store-fixture.h"
#include "store/import.h"

#define HOUR (3600 * USEC_PER_SEC)

static const DdnsImportRules usual, forced = { .force = true }, undeleting = { .undelete = true },
                                    dry = { .dry_run = true };

/* The content that push_as() of the fixture would push, from an archive in which it was accepted at that time. */
static DdnsImport import(Fixture *f, uint32_t serial, uint64_t accepted_usec,
                         const DdnsImportRules *rules) {
        uint8_t digest[DDNS_DIGEST_SIZE];
        char content[64];

        int n = snprintf(content, sizeof content, "a.test %u\n", serial);
        assert_int_equal(ddns_digest(content, (size_t) n, digest), 0);
        DdnsImport item = { .zone = "a.test",
                            .content = content,
                            .size = (size_t) n,
                            .digest = digest,
                            .serial = serial,
                            .hostname = "other",
                            .username = "joe",
                            .master = "da2",
                            .accepted_usec = accepted_usec };

        assert_int_equal(ddns_store_import(f->store, &item, 1, rules, f->now), 0);
        return item;
}

static DdnsZoneRow row_of(Fixture *f) {
        DdnsZoneRow row;

        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        return row;
}

static void what_is_not_here_is_added_with_its_owner(void **state) {
        Fixture *f = *state;

        DdnsImport item = import(f, 5, 0, &usual);
        assert_int_equal(item.outcome, DDNS_IMPORT_ADDED);
        assert_false(item.is_held);
        DdnsZoneRow row = row_of(f);
        assert_int_equal(row.generation, item.generation);
        assert_string_equal(row.hostname, "other");
        assert_string_equal(row.username, "joe");
        assert_string_equal(row.master, "da2");
        assert_int_equal(deliver(f, "one", NULL), 1);
}

static void only_what_is_newer_by_clock_and_by_serial_replaces(void **state) {
        static const struct {
                uint32_t serial;
                int64_t later; /* than what is held */
                DdnsImportOutcome outcome;
        } cases[] = {
                { 6, HOUR, DDNS_IMPORT_REPLACED },
                { 6, -(int64_t) HOUR, DDNS_IMPORT_NEWER },
                { 6, 0, DDNS_IMPORT_NEWER },
                { 4, HOUR, DDNS_IMPORT_AHEAD },
                { 4, -(int64_t) HOUR, DDNS_IMPORT_NEWER },
                { 0xffffffff, HOUR, DDNS_IMPORT_AHEAD }, /* RFC 1982: 5 is behind that */
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                (void) push(f, "a.test", 5);
                DdnsZoneRow before = row_of(f);

                DdnsImport item = import(f, cases[i].serial, f->now + (uint64_t) cases[i].later, &usual);
                assert_int_equal(item.outcome, cases[i].outcome);
                assert_true(item.is_held);
                assert_int_equal(item.held_serial, 5);
                DdnsZoneRow after = row_of(f);
                bool replaced = cases[i].outcome == DDNS_IMPORT_REPLACED;
                assert_int_equal(after.serial, replaced ? cases[i].serial : 5);
                assert_string_equal(after.hostname, replaced ? "other" : "server1");
                assert_int_equal(after.generation > before.generation, replaced);
                f->now += 24 * HOUR;
        }
}

static void force_replaces_whatever_is_here(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 5);
        assert_int_equal(import(f, 4, 0, &forced).outcome, DDNS_IMPORT_REPLACED);
        assert_int_equal(row_of(f).serial, 4);
        assert_string_equal(row_of(f).hostname, "other");
}

static void the_same_content_fills_in_only_an_owner_that_is_not_known(void **state) {
        Fixture *f = *state;

        uint64_t generation = push_as(f, "a.test", 5, NULL, false).generation;
        assert_int_equal(import(f, 5, 0, &usual).outcome, DDNS_IMPORT_SAME);
        assert_string_equal(row_of(f).hostname, "other");
        assert_int_equal(row_of(f).generation, generation);

        (void) push(f, "a.test", 5);
        assert_int_equal(import(f, 5, f->now + HOUR, &usual).outcome, DDNS_IMPORT_SAME);
        assert_string_equal(row_of(f).hostname, "server1");
        assert_int_equal(import(f, 5, 0, &forced).outcome, DDNS_IMPORT_SAME);
        assert_string_equal(row_of(f).hostname, "other");
}

static void what_was_deleted_comes_back_only_when_told(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 5);
        assert_int_equal(delete_as(f, "a.test", "server1").outcome, DDNS_OUTCOME_DELETED);

        assert_int_equal(import(f, 9, f->now + HOUR, &usual).outcome, DDNS_IMPORT_DELETED);
        assert_int_equal(import(f, 9, f->now + HOUR, &forced).outcome, DDNS_IMPORT_DELETED);
        assert_true(row_of(f).deleted);
        assert_int_equal(import(f, 9, 0, &undeleting).outcome, DDNS_IMPORT_ADDED);
        assert_false(row_of(f).deleted);
        assert_string_equal(row_of(f).hostname, "other");
}

static void a_dry_run_decides_and_stores_nothing(void **state) {
        DdnsStoreCounts before, after;
        Fixture *f = *state;

        assert_int_equal(ddns_store_count(f->store, &before), 0);
        assert_int_equal(import(f, 5, 0, &dry).outcome, DDNS_IMPORT_ADDED);
        (void) push(f, "a.test", 5);
        assert_int_equal(import(f, 6, f->now + HOUR, &dry).outcome, DDNS_IMPORT_REPLACED);
        assert_int_equal(ddns_store_count(f->store, &after), 0);
        assert_int_equal(after.generation, before.generation + 1);
        assert_int_equal(row_of(f).serial, 5);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                T(what_is_not_here_is_added_with_its_owner),
                T(only_what_is_newer_by_clock_and_by_serial_replaces),
                T(force_replaces_whatever_is_here),
                T(the_same_content_fills_in_only_an_owner_that_is_not_known),
                T(what_was_deleted_comes_back_only_when_told),
                T(a_dry_run_decides_and_stores_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
