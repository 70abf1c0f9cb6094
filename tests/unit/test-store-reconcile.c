/* SPDX-License-Identifier: MIT */
/* What a pass does to the store: only what still holds, and nothing that a push has overtaken. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "store-fixture.h"

static DdnsReconcileChange change_of(DdnsReconcileKind kind, const DdnsHeldRow *row) {
        return (DdnsReconcileChange){ .kind = kind,
                                      .zone = row->zone,
                                      .generation = row->generation,
                                      .owner = row->owner,
                                      .accepted_usec = row->accepted_usec,
                                      .new_owner = "server2",
                                      .missing_generation = row->generation,
                                      .missing_elsewhere = true };
}

/* Carries out what was decided when the zone was as `row`. */
static bool reconcile(Fixture *f, DdnsReconcileKind kind, const DdnsHeldRow *row) {
        DdnsReconcileChange c = change_of(kind, row);

        assert_int_equal(ddns_store_reconcile(f->store, &c, 1, f->now), 0);
        return c.done;
}

static void held_zones_come_in_order_with_tombstones(void **state) {
        Fixture *f = *state;
        DdnsHeldRow rows[HELD_MAX];

        (void) push(f, "b.test", 1);
        (void) push_as(f, "a-b.test", 1, NULL, false);
        f->now += 5;
        (void) push(f, "a.test", 1);
        (void) delete_as(f, "b.test", "server1");
        assert_int_equal(all_held(f, rows), 3);
        for (size_t i = 1; i < 3; i++)
                assert_true(strcmp(rows[i - 1].zone, rows[i].zone) < 0);
        assert_string_equal(held(f, "a-b.test").owner, "");
        assert_int_equal(held(f, "a-b.test").accepted_usec, T0);
        assert_string_equal(held(f, "a.test").owner, "server1");
        assert_int_equal(held(f, "a.test").accepted_usec, T0 + 5);
        assert_false(held(f, "a.test").deleted);
        assert_true(held(f, "b.test").deleted);
        assert_int_equal(held(f, "b.test").generation, 4);
        assert_int_equal(held(f, "b.test").accepted_usec, T0 + 5); /* of the delete */
}

static void a_zone_is_missing_since_the_first_pass_and_for_a_week_at_most(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        f->now += 10;
        DdnsHeldRow row = held(f, "a.test");
        assert_true(reconcile(f, DDNS_RECONCILE_MISSING, &row));
        uint64_t first = f->now;
        f->now += 3600 * USEC_PER_SEC;
        assert_true(reconcile(f, DDNS_RECONCILE_MISSING, &row));
        assert_int_equal(held(f, "a.test").missing_usec, first);

        f->now = first + DDNS_MISSING_USEC + 1; /* nobody looked for so long */
        assert_int_equal(held(f, "a.test").missing_generation, 0);
        assert_false(held(f, "a.test").missing_elsewhere);
        assert_true(reconcile(f, DDNS_RECONCILE_MISSING, &row));
        assert_int_equal(held(f, "a.test").missing_usec, f->now);

        f->now = first; /* the clock was wrong then */
        assert_int_equal(held(f, "a.test").missing_generation, 0);
}

static void what_a_pass_missed_is_kept_for_the_next(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        DdnsHeldRow row = held(f, "a.test");

        assert_int_equal(row.missing_generation, 0);
        assert_true(reconcile(f, DDNS_RECONCILE_MISSING, &row));
        DdnsHeldRow after = held(f, "a.test");
        assert_int_equal(after.missing_generation, 1);
        assert_true(after.missing_elsewhere);
        assert_int_equal(after.generation, row.generation);
        assert_int_equal(after.accepted_usec, row.accepted_usec);

        DdnsReconcileChange back = change_of(DDNS_RECONCILE_MISSING, &after);
        back.missing_generation = 0;
        back.missing_elsewhere = false;
        assert_int_equal(ddns_store_reconcile(f->store, &back, 1, f->now), 0);
        assert_int_equal(held(f, "a.test").missing_generation, 0);
        assert_false(held(f, "a.test").missing_elsewhere);
}

static void change_nothing(Fixture *f) {
        (void) f;
}

static void push_new_content(Fixture *f) {
        (void) push(f, "a.test", 2);
}

static void push_the_same(Fixture *f) {
        (void) push(f, "a.test", 1);
}

static void push_the_same_later(Fixture *f) {
        f->now += 1;
        push_the_same(f);
}

static void push_the_same_after_the_clock_went_back(Fixture *f) {
        f->now -= 1000;
        push_the_same(f);
}

static void push_as_another(Fixture *f) {
        (void) push_as(f, "a.test", 1, "server3", false);
}

static void delete_it(Fixture *f) {
        (void) delete_as(f, "a.test", "server1");
}

static void delete_and_push_it(Fixture *f) {
        delete_it(f);
        push_the_same(f);
}

/* As if the push did not count as one: each of the three conditions holds alone. */
static void change_the_owner_only(Fixture *f) {
        run_sql(f, "UPDATE zone SET hostname = 'server3' WHERE name = 'a.test'");
}

static void forget_the_owner_only(Fixture *f) {
        run_sql(f, "UPDATE zone SET hostname = NULL WHERE name = 'a.test'");
}

static void change_the_time_only(Fixture *f) {
        run_sql(f, "UPDATE zone SET accepted_usec = accepted_usec + 1 WHERE name = 'a.test'");
}

static void change_the_generation_only(Fixture *f) {
        run_sql(f, "INSERT INTO version (zone, deleted, serial, digest, content, at_usec)"
                   " SELECT zone, deleted, serial, digest, content, at_usec FROM version;"
                   "UPDATE zone SET generation = 2 WHERE name = 'a.test'");
}

/* What happens between the look and the deed, and whether it may be done then. */
static const struct {
        void (*happens)(Fixture *f);
        bool done;
} events[] = {
        { change_nothing, true },
        { push_new_content, false },
        { push_the_same, false },
        { push_the_same_later, false },
        { push_the_same_after_the_clock_went_back, false },
        { push_as_another, false },
        { delete_it, false },
        { delete_and_push_it, false },
        { change_the_owner_only, false },
        { forget_the_owner_only, false },
        { change_the_time_only, false },
        { change_the_generation_only, false },
};

static void decisions_hold_only_while_the_zone_is_the_same(void **state) {
        static const DdnsReconcileKind kinds[] = { DDNS_RECONCILE_DELETE, DDNS_RECONCILE_OWNER,
                                                   DDNS_RECONCILE_MISSING };

        for (size_t i = 0; i < ARRAY_SIZE(events) * ARRAY_SIZE(kinds); i++) {
                Fixture *f = NULL;

                assert_int_equal(set_up((void **) &f), 0);
                (void) push(f, "a.test", 1);
                DdnsHeldRow seen = held(f, "a.test");
                events[i / ARRAY_SIZE(kinds)].happens(f);
                DdnsHeldRow before = held(f, "a.test");
                bool done = reconcile(f, kinds[i % ARRAY_SIZE(kinds)], &seen);
                DdnsHeldRow after = held(f, "a.test");

                if (done != events[i / ARRAY_SIZE(kinds)].done)
                        fail_msg("case %zu, kind %zu", i / ARRAY_SIZE(kinds), i % ARRAY_SIZE(kinds));
                if (!done) {
                        assert_int_equal(after.deleted, before.deleted);
                        assert_int_equal(after.generation, before.generation);
                        assert_string_equal(after.owner, before.owner);
                        assert_int_equal(after.missing_generation, before.missing_generation);
                }
                assert_int_equal(tear_down((void **) &f), 0);
        }
        (void) state;
}

static void a_zone_that_was_never_held_is_not_done(void **state) {
        DdnsHeldRow row = { .zone = "a.test", .generation = 1 };

        assert_false(reconcile(*state, DDNS_RECONCILE_DELETE, &row));
        assert_false(reconcile(*state, DDNS_RECONCILE_OWNER, &row));
}

static void a_tombstone_is_never_touched(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) delete_as(f, "a.test", "server1");
        DdnsHeldRow seen = held(f, "a.test");
        assert_false(reconcile(f, DDNS_RECONCILE_DELETE, &seen));
        assert_false(reconcile(f, DDNS_RECONCILE_OWNER, &seen));
        assert_false(reconcile(f, DDNS_RECONCILE_MISSING, &seen));
        assert_int_equal(held(f, "a.test").generation, 2);
        assert_string_equal(held(f, "a.test").owner, "server1");
        assert_int_equal(held(f, "a.test").missing_generation, 0);
}

static void every_push_erases_what_was_missed(void **state) {
        static void (*const pushes[])(Fixture * f) = { push_new_content, push_the_same, push_as_another,
                                                       delete_it };

        for (size_t i = 0; i < ARRAY_SIZE(pushes); i++) {
                Fixture *f = NULL;

                assert_int_equal(set_up((void **) &f), 0);
                (void) push(f, "a.test", 1);
                DdnsHeldRow row = held(f, "a.test");
                assert_true(reconcile(f, DDNS_RECONCILE_MISSING, &row));
                f->now += USEC_PER_SEC;
                pushes[i](f);
                row = held(f, "a.test");
                assert_int_equal(row.missing_generation, 0);
                assert_false(row.missing_elsewhere);
                assert_int_equal(row.accepted_usec, T0 + USEC_PER_SEC);
                assert_int_equal(tear_down((void **) &f), 0);
        }
        (void) state;
}

static void a_refused_delete_erases_nothing(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        DdnsHeldRow row = held(f, "a.test");
        assert_true(reconcile(f, DDNS_RECONCILE_MISSING, &row));
        f->now += USEC_PER_SEC;
        assert_int_equal(delete_as(f, "a.test", "server2").outcome, DDNS_OUTCOME_CONFLICT);
        assert_int_equal(held(f, "a.test").missing_generation, 1);
        assert_int_equal(held(f, "a.test").accepted_usec, T0);
}

static void an_orphan_leaves_a_tombstone_everywhere_and_can_be_got_back(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;
        char *content = NULL;

        (void) push(f, "a.test", 7);
        (void) deliver(f, "one", NULL);
        DdnsHeldRow seen = held(f, "a.test");
        assert_true(reconcile(f, DDNS_RECONCILE_MISSING, &seen));
        f->now += USEC_PER_SEC;
        assert_true(reconcile(f, DDNS_RECONCILE_DELETE, &seen));

        DdnsHeldRow dead = held(f, "a.test");
        assert_true(dead.deleted);
        assert_int_equal(dead.generation, 2);
        assert_int_equal(dead.accepted_usec, f->now);
        assert_int_equal(dead.missing_generation, 0);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_true(row.deleted);
        assert_string_equal(row.master, "ddns-reconcile");
        assert_string_equal(row.client, "");
        assert_string_equal(row.hostname, "server1");
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, "one", 32);
        assert_int_equal(b.n, 1);
        assert_true(b.deliveries[0].delete);

        assert_int_equal(ddns_store_get_deleted(f->store, "a.test", &row, &content), 0);
        assert_string_equal(content, "a.test 7\n");
        assert_int_equal(row.serial, 7);
        assert_int_equal(row.generation, 1);
        assert_false(row.deleted);
        assert_string_equal(row.hostname, "server1");
        assert_int_equal(row.size, strlen(content));
        free(content);
}

static void only_what_history_has_can_be_got_back(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        assert_int_equal(ddns_store_get_deleted(f->store, "a.test", &row, NULL), -ENOENT);
        (void) push(f, "a.test", 1);
        (void) push(f, "a.test", 2);
        assert_int_equal(ddns_store_get_deleted(f->store, "a.test", &row, NULL), 0);
        assert_int_equal(row.serial, 2);
        (void) delete_as(f, "a.test", "server1");
        assert_int_equal(ddns_store_get_deleted(f->store, "a.test", &row, NULL), 0);
        assert_int_equal(row.serial, 2);

        (void) deliver(f, "one", NULL);
        (void) deliver(f, "two", NULL);
        assert_int_equal(ddns_store_purge(f->store, f->now + 1), 0);
        assert_int_equal(ddns_store_get_deleted(f->store, "a.test", &row, NULL), -ENOENT);
}

static void the_shortest_history_still_undoes_a_delete(void **state) {
        const DdnsStoreOptions short_history = { .busy_usec = 100 * USEC_PER_MSEC, .history = 1 };
        Fixture *f = *state;
        DdnsZoneRow row;

        (void) ddns_store_free(f->store);
        f->store = NULL;
        assert_int_equal(ddns_store_open(f->path, &short_history, &f->store, NULL), 0);
        (void) push(f, "a.test", 1);
        (void) push(f, "a.test", 2);
        DdnsHeldRow seen = held(f, "a.test");
        assert_true(reconcile(f, DDNS_RECONCILE_DELETE, &seen));
        assert_int_equal(ddns_store_get_deleted(f->store, "a.test", &row, NULL), 0);
        assert_int_equal(row.serial, 2);
}

static void a_new_owner_is_no_change_of_the_zone(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        (void) push(f, "a.test", 1);
        run_sql(f, "UPDATE zone SET username = 'joe'");
        (void) deliver(f, "one", NULL);
        DdnsHeldRow seen = held(f, "a.test");
        assert_true(reconcile(f, DDNS_RECONCILE_MISSING, &seen));
        assert_true(reconcile(f, DDNS_RECONCILE_OWNER, &seen));

        DdnsHeldRow after = held(f, "a.test");
        assert_string_equal(after.owner, "server2");
        assert_int_equal(after.generation, 1);
        assert_int_equal(after.accepted_usec, T0);
        assert_int_equal(after.missing_generation, 0);
        assert_false(after.missing_elsewhere);
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DELIVERED);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_string_equal(row.username, ""); /* it was the other server's account */
        assert_int_equal(delete_as(f, "a.test", "server1").outcome, DDNS_OUTCOME_CONFLICT);
        assert_int_equal(delete_as(f, "a.test", "server2").outcome, DDNS_OUTCOME_DELETED);
}

static void an_owner_that_was_not_known_is_filled_in(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        (void) push_as(f, "a.test", 1, NULL, false);
        run_sql(f, "UPDATE zone SET username = 'joe'");
        DdnsHeldRow seen = held(f, "a.test");
        assert_true(reconcile(f, DDNS_RECONCILE_OWNER, &seen));
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_string_equal(row.hostname, "server2");
        assert_string_equal(row.username, "joe");
}

static void a_batch_is_all_or_nothing(void **state) {
        Fixture *f = *state;
        DdnsHeldRow rows[3];
        DdnsReconcileChange changes[3];

        (void) push(f, "a.test", 1);
        (void) push(f, "b.test", 1);
        (void) push(f, "c.test", 1);
        rows[0] = held(f, "a.test");
        rows[1] = held(f, "b.test");
        rows[2] = held(f, "c.test");
        changes[0] = change_of(DDNS_RECONCILE_DELETE, &rows[0]);
        changes[1] = change_of(DDNS_RECONCILE_OWNER, &rows[1]);
        changes[2] = change_of(DDNS_RECONCILE_MISSING, &rows[2]);

        run_sql(f, "CREATE TRIGGER disk BEFORE UPDATE ON zone WHEN new.name = 'c.test'"
                   " BEGIN SELECT raise(ABORT, 'full'); END");
        assert_true(ddns_store_reconcile(f->store, changes, 3, f->now) < 0);
        for (size_t i = 0; i < 3; i++)
                assert_false(changes[i].done);
        assert_false(held(f, "a.test").deleted);
        assert_string_equal(held(f, "b.test").owner, "server1");

        run_sql(f, "DROP TRIGGER disk");
        rows[1].accepted_usec--; /* what was overtaken holds nothing else up */
        changes[1] = change_of(DDNS_RECONCILE_OWNER, &rows[1]);
        assert_int_equal(ddns_store_reconcile(f->store, changes, 3, f->now), 0);
        assert_true(changes[0].done);
        assert_false(changes[1].done);
        assert_true(changes[2].done);
        assert_true(held(f, "a.test").deleted);
        assert_string_equal(held(f, "b.test").owner, "server1");
        assert_int_equal(held(f, "c.test").missing_generation, 3);
}

static void a_locked_database_does_none(void **state) {
        Fixture *f = *state;
        sqlite3 *db;

        (void) push(f, "a.test", 1);
        DdnsHeldRow seen = held(f, "a.test");
        DdnsReconcileChange c = change_of(DDNS_RECONCILE_DELETE, &seen);
        c.done = true;
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(ddns_store_reconcile(f->store, &c, 1, f->now), -EAGAIN);
        assert_false(c.done);
        (void) sqlite3_close(db);
        assert_int_equal(ddns_store_reconcile(f->store, &c, 1, f->now), 0);
        assert_true(c.done);
}

/* What a pass fetched from server2, which it saw as `tombstone` (0: not at all). */
static DdnsOutcome fetch(Fixture *f, uint64_t tombstone) {
        uint8_t digest[DDNS_DIGEST_SIZE] = { 1 };
        DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                         .zone = "a.test",
                         .content = "fetched\n",
                         .size = 8,
                         .digest = digest,
                         .serial = 9,
                         .hostname = "server2",
                         .master = "da2",
                         .only_absent = true,
                         .tombstone = tombstone };

        assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
        return c.outcome;
}

static void what_is_fetched_fills_a_gap(void **state) {
        Fixture *f = *state;
        DdnsStoreCounts counts;
        DdnsZoneRow row;

        assert_int_equal(fetch(f, 0), DDNS_OUTCOME_SAVED);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_string_equal(row.hostname, "server2");
        assert_string_equal(row.master, "da2");
        assert_string_equal(row.client, "");
        assert_int_equal(held(f, "a.test").accepted_usec, T0);
        assert_int_equal(fetch(f, 0), DDNS_OUTCOME_OVERTAKEN); /* held now, even if it is the same */
        assert_int_equal(ddns_store_count(f->store, &counts), 0);
        assert_int_equal(counts.generation, 1);
}

static void what_is_fetched_never_overtakes_a_push(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        (void) push(f, "a.test", 1);
        assert_int_equal(fetch(f, 0), DDNS_OUTCOME_OVERTAKEN);
        assert_int_equal(fetch(f, 1), DDNS_OUTCOME_OVERTAKEN); /* of that generation, but no tombstone */
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_int_equal(row.generation, 1);
        assert_string_equal(row.hostname, "server1");
        assert_int_equal(held(f, "a.test").accepted_usec, T0);
}

static void what_is_fetched_never_overtakes_a_delete(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) delete_as(f, "a.test", "server1"); /* generation 2 */
        assert_int_equal(fetch(f, 0), DDNS_OUTCOME_OVERTAKEN);
        (void) push(f, "a.test", 1);
        (void) delete_as(f, "a.test", "server1"); /* generation 4 */
        assert_int_equal(fetch(f, 2), DDNS_OUTCOME_OVERTAKEN);
        assert_true(held(f, "a.test").deleted);
        assert_int_equal(fetch(f, 4), DDNS_OUTCOME_SAVED);
        assert_false(held(f, "a.test").deleted);
        assert_string_equal(held(f, "a.test").owner, "server2");
}

static void what_is_fetched_anew_replaces_only_what_was_seen(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
                uint8_t digest[DDNS_DIGEST_SIZE] = { 1 };
                Fixture *f = NULL;

                assert_int_equal(set_up((void **) &f), 0);
                (void) push(f, "a.test", 1);
                DdnsHeldRow seen = held(f, "a.test");
                events[i].happens(f);
                DdnsHeldRow before = held(f, "a.test");
                DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                                 .zone = "a.test",
                                 .content = "fetched\n",
                                 .size = 8,
                                 .digest = digest,
                                 .only_held = true,
                                 .held_generation = seen.generation,
                                 .held_accepted_usec = seen.accepted_usec,
                                 .held_owner = seen.owner };
                assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
                if (c.outcome != (events[i].done ? DDNS_OUTCOME_SAVED : DDNS_OUTCOME_OVERTAKEN))
                        fail_msg("case %zu", i);
                if (!events[i].done)
                        assert_int_equal(held(f, "a.test").generation, before.generation);
                assert_int_equal(tear_down((void **) &f), 0);
        }
        (void) state;
}

static void without_the_wish_nothing_is_asked_of_a_save(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        assert_int_equal(push_as(f, "a.test", 2, "server1", false).outcome, DDNS_OUTCOME_SAVED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(held_zones_come_in_order_with_tombstones),
                TEST(what_a_pass_missed_is_kept_for_the_next),
                cmocka_unit_test(decisions_hold_only_while_the_zone_is_the_same),
                TEST(a_zone_that_was_never_held_is_not_done),
                TEST(a_tombstone_is_never_touched),
                cmocka_unit_test(every_push_erases_what_was_missed),
                TEST(a_refused_delete_erases_nothing),
                TEST(a_zone_is_missing_since_the_first_pass_and_for_a_week_at_most),
                TEST(an_orphan_leaves_a_tombstone_everywhere_and_can_be_got_back),
                TEST(only_what_history_has_can_be_got_back),
                TEST(the_shortest_history_still_undoes_a_delete),
                TEST(a_new_owner_is_no_change_of_the_zone),
                TEST(an_owner_that_was_not_known_is_filled_in),
                TEST(a_batch_is_all_or_nothing),
                TEST(a_locked_database_does_none),
                TEST(what_is_fetched_fills_a_gap),
                TEST(what_is_fetched_never_overtakes_a_push),
                TEST(what_is_fetched_never_overtakes_a_delete),
                cmocka_unit_test(what_is_fetched_anew_replaces_only_what_was_seen),
                TEST(without_the_wish_nothing_is_asked_of_a_save),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
