/* SPDX-License-Identifier: MIT */
/* What passes leave in the store for the next, for lanes and for people; and how a database from before them is brought up. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store-fixture.h"
#include "store/store-internal.h"

static void delivered_zones_are_taken_in_pages(void **state) {
        static const char *const zones[] = { "a.test", "b.test", "c.test", "d.test", "e.test" };
        Fixture *f = *state;
        const char *after = "";
        char seen[64] = "";

        for (size_t i = 0; i < ARRAY_SIZE(zones); i++)
                (void) push(f, zones[i], 1);
        (void) deliver(f, "one", "b.test"); /* in retry */
        (void) push(f, "c.test", 2);        /* pending again */
        (void) delete_as(f, "e.test", "server1");
        for (;;) {
                DdnsBatch b = DDNS_BATCH_NULL;

                assert_int_equal(ddns_store_take_delivered(f->store, "one", after, 1, &b), 0);
                if (b.n == 0) {
                        ddns_batch_done(&b);
                        break;
                }
                assert_int_equal(b.n, 1);
                assert_int_equal(b.deliveries[0].serial, 1);
                assert_false(b.deliveries[0].delete);
                (void) strcat(seen, b.deliveries[0].content);
                for (size_t i = 0; i < ARRAY_SIZE(zones); i++)
                        if (strcmp(zones[i], b.deliveries[0].zone) == 0)
                                after = zones[i];
                ddns_batch_done(&b);
        }
        assert_string_equal(seen, "a.test 1\nd.test 1\n");

        DdnsBatch b = DDNS_BATCH_NULL;
        assert_int_equal(ddns_store_take_delivered(f->store, "two", "", 32, &b), 0);
        assert_int_equal(b.n, 0);
        ddns_batch_done(&b);
}

static void a_page_of_delivered_zones_is_bounded(void **state) {
        enum { size = 12 << 20 };
        Fixture *f = *state;
        char *content = malloc(size), zone[16];
        ddns_cleanup(ddns_batch_done) DdnsBatch b = DDNS_BATCH_NULL;

        assert_non_null(content);
        memset(content, 'x', size);
        for (uint8_t i = 0; i < 4; i++) {
                uint8_t digest[DDNS_DIGEST_SIZE] = { i };
                DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                                 .zone = zone,
                                 .content = content,
                                 .size = size,
                                 .digest = digest };

                (void) snprintf(zone, sizeof zone, "%u.test", i);
                assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
        }
        free(content);
        (void) deliver(f, "one", NULL);
        (void) deliver(f, "one", NULL);
        assert_int_equal(ddns_store_take_delivered(f->store, "one", "", 32, &b), 0);
        assert_int_equal(b.n, 2);
}

static void passes_are_kept_and_bounded(void **state) {
        Fixture *f = *state;
        DdnsPass pass = { .started_usec = T0,
                          .ended_usec = T0 + 1,
                          .dry_run = true,
                          .masters = 1,
                          .unreachable = 2,
                          .listed = 3,
                          .held = 4,
                          .orphans = 5,
                          .deleted = 6,
                          .braked = 7,
                          .backfilled = 8,
                          .moved = 9,
                          .unclear = 10,
                          .fetched = 11,
                          .fetch_failed = 12,
                          .lacked = 13,
                          .healed = 14 };
        DdnsPass got;

        assert_int_equal(ddns_store_get_pass(f->store, &got), -ENOENT);
        assert_int_equal(ddns_store_add_pass(f->store, &pass), 0);
        memset(&got, 0xff, sizeof got);
        assert_int_equal(ddns_store_get_pass(f->store, &got), 0);
        assert_memory_equal(&got.masters, &pass.masters, 14 * sizeof(uint64_t));
        assert_int_equal(got.started_usec, T0);
        assert_int_equal(got.ended_usec, T0 + 1);
        assert_true(got.dry_run);
        assert_false(got.failed);
        assert_string_equal(got.error, "");

        pass.dry_run = false;
        pass.failed = true;
        for (unsigned i = 1; i <= 150; i++) {
                (void) snprintf(pass.error, sizeof pass.error, "the %u-th", i);
                assert_int_equal(ddns_store_add_pass(f->store, &pass), 0);
        }
        assert_int_equal(ddns_store_get_pass(f->store, &got), 0);
        assert_string_equal(got.error, "the 150-th");
        assert_true(got.failed);
        assert_false(got.dry_run);
        run_sql(f, "CREATE TABLE hundred (n INTEGER CHECK (n = 100));"
                   "INSERT INTO hundred SELECT count(*) FROM pass");
}

static void it_is_known_how_it_went_with_a_master(void **state) {
        Fixture *f = *state;
        DdnsMasterHealth got, health = {
                .failures = 3, .refused = true, .since_usec = T0, .due_usec = T0 + 9, .error = "401"
        };

        memset(&got, 0xff, sizeof got);
        assert_int_equal(ddns_store_get_master_health(f->store, "da1", &got), 0);
        assert_int_equal(got.failures, 0);
        assert_int_equal(got.due_usec, 0);
        assert_string_equal(got.error, "");

        assert_int_equal(ddns_store_set_master_health(f->store, "da1", &health), 0);
        assert_int_equal(ddns_store_get_master_health(f->store, "da1", &got), 0);
        assert_int_equal(got.failures, 3);
        assert_true(got.refused);
        assert_int_equal(got.since_usec, T0);
        assert_int_equal(got.due_usec, T0 + 9);
        assert_string_equal(got.error, "401");
        assert_int_equal(ddns_store_get_master_health(f->store, "da2", &got), 0);
        assert_int_equal(got.failures, 0);

        assert_int_equal(ddns_store_set_master_health(f->store, "da1", &(DdnsMasterHealth){ 0 }), 0);
        assert_int_equal(ddns_store_get_master_health(f->store, "da1", &got), 0);
        assert_int_equal(got.failures, 0);
        assert_false(got.refused);
        assert_string_equal(got.error, "");
}

static DdnsComparison comparison(Fixture *f, const char *name) {
        DdnsComparison c;

        assert_int_equal(ddns_store_get_comparison(f->store, name, &c), 0);
        return c;
}

static void a_comparison_is_asked_for_and_answered(void **state) {
        Fixture *f = *state;

        assert_int_equal(comparison(f, "one").asked_usec, 0);
        assert_int_equal(ddns_store_ask_comparison(f->store, NULL, 5), 0);
        assert_int_equal(comparison(f, "one").asked_usec, 5);
        assert_int_equal(comparison(f, "two").asked_usec, 5);
        assert_int_equal(ddns_store_ask_comparison(f->store, "two", 7), 0);
        assert_int_equal(comparison(f, "one").asked_usec, 5);
        assert_int_equal(comparison(f, "two").asked_usec, 7);

        DdnsComparison result = { .asked_usec = 5,
                                  .ended_usec = 9,
                                  .compared = 3,
                                  .differed = 2,
                                  .foreign = 1,
                                  .error = "half of it" };
        assert_int_equal(ddns_store_set_comparison(f->store, "one", &result), 0);
        DdnsComparison got = comparison(f, "one");
        assert_int_equal(got.asked_usec, 0);
        assert_int_equal(got.ended_usec, 9);
        assert_int_equal(got.compared, 3);
        assert_int_equal(got.differed, 2);
        assert_int_equal(got.foreign, 1);
        assert_string_equal(got.error, "half of it");

        assert_int_equal(ddns_store_set_comparison(f->store, "two", &result), 0);
        assert_int_equal(comparison(f, "two").asked_usec, 7); /* asked again meanwhile */
        assert_int_equal(comparison(f, "two").ended_usec, 9);
}

static void comparisons_of_unknown_backends_are_told(void **state) {
        Fixture *f = *state;
        DdnsComparison c = { 0 };

        assert_int_equal(ddns_store_ask_comparison(f->store, "three", 5), -ENOENT);
        assert_int_equal(ddns_store_get_comparison(f->store, "three", &c), -ENOENT);
        assert_int_equal(ddns_store_set_comparison(f->store, "three", &c), -ENOENT);
}

static void a_backend_that_moved_was_never_compared(void **state) {
        static const DdnsStoreBackend moved[] = { { "one", "elsewhere" }, { "two", "b" } };
        Fixture *f = *state;

        assert_int_equal(ddns_store_ask_comparison(f->store, NULL, 5), 0);
        assert_int_equal(ddns_store_set_backends(f->store, moved, 2), 0);
        assert_int_equal(comparison(f, "one").asked_usec, 0);
        assert_int_equal(comparison(f, "two").asked_usec, 5);
}

/* The database of a ddns before passes, with a row in every table, two zones and a tombstone. */
static void make_step_2(const char *path) {
        DdnsStore *old = calloc(1, sizeof *old);
        DdnsMessage message = DDNS_MESSAGE_NULL;

        assert_non_null(old);
        assert_int_equal(sqlite3_open(path, &old->db), SQLITE_OK);
        assert_int_equal(store_migrate_to(old, 2, &message), 0);
        assert_int_equal(
                        store_exec(old,
                                   "INSERT INTO version (zone, deleted, serial, digest, content, at_usec) VALUES"
                                   " ('a.test', 0, 1, x'00', x'31', 100), ('b.test', 0, 2, x'00', x'32', 200),"
                                   " ('c.test', 0, 3, x'00', x'33', 250), ('c.test', 1, 3, NULL, NULL, 300);"
                                   "INSERT INTO zone VALUES ('a.test', 1, 0, 0, 'server1', 'joe'),"
                                   " ('b.test', 2, 0, 1, NULL, NULL), ('c.test', 4, 1, 0, 'server1', NULL);"
                                   "INSERT INTO backend (name, target, cursor, met) VALUES ('one', 'a', 1, 1),"
                                   " ('two', 'b', 4, 0);"
                                   "INSERT INTO retry VALUES (2, 'b.test', 2, 1, 999, 'no', 0);"
                                   "INSERT INTO ahead VALUES (1, 2);"
                                   "INSERT INTO warning VALUES (1, 'a.test', 'without LOC');"
                                   "INSERT INTO master (name, contact_usec) VALUES ('da1', 1);"
                                   "INSERT INTO rejected (at_usec, reason) VALUES (1, 'no SOA')"),
                        0);
        (void) ddns_store_free(old);
}

static void a_database_from_before_passes_is_brought_up(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        (void) ddns_store_free(f->store);
        f->store = NULL;
        (void) unlink(f->path);
        make_step_2(f->path);
        assert_int_equal(ddns_store_open(f->path, &store_options, &f->store, NULL), 0);

        assert_int_equal(held(f, "a.test").accepted_usec, 100);
        assert_int_equal(held(f, "b.test").accepted_usec, 200);
        assert_int_equal(held(f, "c.test").accepted_usec, 300);
        assert_true(held(f, "c.test").deleted);
        assert_int_equal(held(f, "a.test").missing_generation, 0);
        assert_string_equal(held(f, "a.test").owner, "server1");
        assert_int_equal(comparison(f, "one").asked_usec, 0);
        assert_int_equal(ddns_store_get_deleted(f->store, "c.test", &row, NULL), 0);
        assert_int_equal(row.generation, 3);

        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DELIVERED);
        assert_int_equal(state_of(f, "b.test", "one"), DDNS_DELIVERY_DELIVERED);
        assert_int_equal(state_of(f, "c.test", "one"), DDNS_DELIVERY_PENDING);
        assert_int_equal(state_of(f, "b.test", "two"), DDNS_DELIVERY_DEFERRED);
        (void) delete_as(f, "a.test", "server1");
        assert_int_equal(held(f, "a.test").generation, 5);
}

#define MANY 100000

static int count_held(const DdnsHeldRow *row, void *userdata) {
        (void) row;
        ++*(size_t *) userdata;
        return 0;
}

static void many_zones_are_listed_at_once(void **state) {
        Fixture *f = *state;
        uint8_t digest[DDNS_DIGEST_SIZE] = { 0 };
        char name[64];
        DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                         .zone = name,
                         .content = "x",
                         .size = 1,
                         .digest = digest,
                         .hostname = "server1" };
        size_t n = 0;

        assert_int_equal(store_begin(f->store), 0);
        for (unsigned i = 0; i < MANY; i++) {
                (void) snprintf(name, sizeof name, "customer-%u.example.test", i);
                assert_int_equal(store_apply(f->store, &c, f->now), 0);
        }
        assert_int_equal(store_commit(f->store), 0);

        uint64_t began = ddns_monotonic_usec();
        assert_int_equal(ddns_store_each_held(f->store, f->now, count_held, &n), 0);
        uint64_t took = ddns_monotonic_usec() - began;
        assert_int_equal(n, MANY);
        print_message("# %u held zones in %llu ms\n", MANY, (unsigned long long) (took / 1000));
        assert_true(took < 10 * USEC_PER_SEC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(delivered_zones_are_taken_in_pages),
                TEST(a_page_of_delivered_zones_is_bounded),
                TEST(passes_are_kept_and_bounded),
                TEST(it_is_known_how_it_went_with_a_master),
                TEST(a_comparison_is_asked_for_and_answered),
                TEST(comparisons_of_unknown_backends_are_told),
                TEST(a_backend_that_moved_was_never_compared),
                TEST(a_database_from_before_passes_is_brought_up),
                TEST(many_zones_are_listed_at_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
