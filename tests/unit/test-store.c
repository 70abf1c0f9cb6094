/* SPDX-License-Identifier: MIT */
/* The log, its cursors, retries, history and what is never allowed to happen to them. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-fixture.h"
#include "store/store-internal.h"

static void generations_grow_and_cursors_follow(void **state) {
        Fixture *f = *state;

        assert_int_equal(push(f, "a.test", 1), 1);
        assert_int_equal(push(f, "b.test", 1), 2);
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_PENDING);
        assert_int_equal(deliver(f, "one", NULL), 2);
        assert_int_equal(backend(f, "one").cursor, 2);
        assert_int_equal(backend(f, "two").cursor, 0);
        assert_int_equal(backend(f, "two").pending, 2);
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DELIVERED);
        assert_int_equal(deliver(f, "one", NULL), 0);
}

static void ten_pushes_of_a_zone_are_one_delivery(void **state) {
        Fixture *f = *state;

        for (uint32_t i = 1; i <= 10; i++)
                (void) push(f, "a.test", i);
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, "one", 32);
        assert_int_equal(b.n, 1);
        assert_int_equal(b.deliveries[0].serial, 10);
        assert_int_equal(b.deliveries[0].generation, 10);
        assert_string_equal(b.deliveries[0].content, "a.test 10\n");
        assert_string_equal(b.deliveries[0].master, "da1");
}

static void unchanged_content_gets_no_generation(void **state) {
        Fixture *f = *state;

        assert_int_equal(push_as(f, "a.test", 1, "server1", false).outcome, DDNS_OUTCOME_SAVED);
        DdnsChange again = push_as(f, "a.test", 1, "server2", false);
        DdnsZoneRow row;

        assert_int_equal(again.outcome, DDNS_OUTCOME_UNCHANGED);
        assert_int_equal(again.generation, 1);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_string_equal(row.hostname, "server2"); /* but the owner has moved */
        assert_int_equal(row.urgent, false);

        (void) push_as(f, "a.test", 1, NULL, true); /* and the wish for speed counts */
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_int_equal(row.urgent, true);
        (void) push_as(f, "a.test", 1, NULL, false); /* and is not taken back by a plain repetition */
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_int_equal(row.urgent, true);
        assert_string_equal(row.hostname, "server2");
}

static void equal_or_lower_serial_still_replaces(void **state) {
        Fixture *f = *state;
        char *content = NULL;
        DdnsZoneRow row;

        (void) push(f, "a.test", 7);
        (void) push(f, "a.test", 3);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, &content), 0);
        assert_int_equal(row.serial, 3);
        assert_int_equal(row.generation, 2);
        assert_string_equal(content, "a.test 3\n");
        free(content);
}

static void older_push_never_overwrites_newer(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 2);
        ddns_cleanup(ddns_batch_done) DdnsBatch old = take(f, "one", 32);
        (void) push(f, "a.test", 3);            /* while serial 2 is on its way */
        record(f, "one", &old, "a.test", "no"); /* and fails */

        assert_int_equal(backend(f, "one").deferred, 0); /* the newer one starts afresh */
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, "one", 32);
        assert_int_equal(b.n, 1);
        assert_int_equal(b.deliveries[0].serial, 3);
        record(f, "one", &b, NULL, NULL);

        f->now += 31 * USEC_PER_SEC; /* a retry of serial 2 would be due now */
        assert_int_equal(deliver(f, "one", NULL), 0);
}

static void delivery_of_an_old_generation_leaves_the_newer_pending(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 2);
        ddns_cleanup(ddns_batch_done) DdnsBatch old = take(f, "one", 32);
        (void) push(f, "a.test", 3);
        record(f, "one", &old, NULL, NULL);
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_PENDING);
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, "one", 32);
        assert_int_equal(b.n, 1);
        assert_int_equal(b.deliveries[0].serial, 3);
}

static void failures_follow_the_schedule_and_end_dead(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) push(f, "b.test", 1);
        assert_int_equal(deliver(f, "one", "a.test"), 2);
        assert_int_equal(backend(f, "one").cursor, 2); /* one bad zone holds nobody up */
        for (size_t i = 0; i < ARRAY_SIZE(backoff); i++) {
                assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DEFERRED);
                f->now += backoff[i] - 1;
                assert_int_equal(deliver(f, "one", "a.test"), 0);
                f->now += 1;
                assert_int_equal(deliver(f, "one", "a.test"), 1);
        }
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DEAD);
        assert_int_equal(backend(f, "one").dead, 1);
        f->now += 100 * backoff[4];
        assert_int_equal(deliver(f, "one", NULL), 0);

        (void) push(f, "a.test", 2); /* a newer generation starts afresh */
        assert_int_equal(backend(f, "one").dead, 0);
        assert_int_equal(deliver(f, "one", NULL), 1);
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DELIVERED);
}

static void retry_delivers_the_newest_content(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) deliver(f, "one", "a.test");
        (void) push(f, "a.test", 2);
        (void) deliver(f, "one", "a.test");
        f->now += backoff[0];
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, "one", 32);
        assert_int_equal(b.n, 1);
        assert_int_equal(b.deliveries[0].serial, 2);
        assert_int_equal(b.deliveries[0].tries, 1);
}

static void urgent_zones_overtake_and_nothing_is_lost(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) push(f, "b.test", 1);
        (void) push_as(f, "c.test", 1, "server1", true);

        ddns_cleanup(ddns_batch_done) DdnsBatch first = take(f, "one", 1);
        assert_string_equal(first.deliveries[0].zone, "c.test");
        record(f, "one", &first, NULL, NULL);
        assert_int_equal(backend(f, "one").cursor, 0);
        assert_int_equal(state_of(f, "c.test", "one"), DDNS_DELIVERY_DELIVERED);
        assert_int_equal(backend(f, "one").pending, 2);

        ddns_cleanup(ddns_batch_done) DdnsBatch rest = take(f, "one", 32);
        assert_int_equal(rest.n, 2);
        record(f, "one", &rest, NULL, NULL);
        assert_int_equal(backend(f, "one").cursor, 3);
        assert_int_equal(deliver(f, "one", NULL), 0);
}

static void the_smallest_batch_has_room_for_retries(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        assert_int_equal(deliver(f, "one", "a.test"), 1);
        f->now += backoff[0];
        ddns_cleanup(ddns_batch_done) DdnsBatch batch = take(f, "one", 1);
        assert_int_equal(batch.n, 1);
        assert_string_equal(batch.deliveries[0].zone, "a.test");
}

static void failed_urgent_zone_waits_for_its_retry_only(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) push_as(f, "c.test", 1, "server1", true);
        ddns_cleanup(ddns_batch_done) DdnsBatch first = take(f, "one", 1);
        record(f, "one", &first, "c.test", "no");
        assert_int_equal(deliver(f, "one", NULL), 1); /* a.test alone */
        assert_int_equal(backend(f, "one").cursor, 2);
        assert_int_equal(backend(f, "one").deferred, 1);
        f->now += backoff[0];
        assert_int_equal(deliver(f, "one", NULL), 1);
}

static void same_push_revives_what_failed(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) deliver(f, "one", "a.test");
        (void) push(f, "a.test", 1);
        assert_int_equal(deliver(f, "one", NULL), 0); /* deferred: its schedule stands */
        (void) push_as(f, "a.test", 1, NULL, true);
        assert_int_equal(deliver(f, "one", "a.test"), 1); /* somebody waits for it */
        for (size_t i = 0; i < ARRAY_SIZE(backoff); i++) {
                f->now += backoff[i];
                (void) deliver(f, "one", "a.test");
        }
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DEAD);
        (void) push(f, "a.test", 1);
        assert_int_equal(deliver(f, "one", NULL), 1);
}

static void delete_is_a_change_and_leaves_a_tombstone(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        (void) push(f, "a.test", 1);
        (void) deliver(f, "one", NULL);
        assert_int_equal(delete_as(f, "a.test", "server1").outcome, DDNS_OUTCOME_DELETED);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_true(row.deleted);
        assert_int_equal(delete_as(f, "a.test", "server1").outcome, DDNS_OUTCOME_ABSENT);
        assert_int_equal(delete_as(f, "b.test", "server1").outcome, DDNS_OUTCOME_ABSENT);

        assert_int_equal(ddns_store_purge(f->store, f->now + 1), 0);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL),
                         0); /* "one" and "two" lack it */
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, "one", 32);
        assert_int_equal(b.n, 1);
        assert_true(b.deliveries[0].delete);
        record(f, "one", &b, NULL, NULL);
        assert_int_equal(ddns_store_purge(f->store, f->now + 1), 0);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL),
                         0); /* "two" still lacks it */
        (void) deliver(f, "two", "a.test");
        assert_int_equal(ddns_store_purge(f->store, f->now + 1), 0);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0); /* "two" failed */
        f->now += backoff[0];
        (void) deliver(f, "two", NULL);
        assert_int_equal(ddns_store_purge(f->store, f->now - backoff[0]), 0);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL),
                         0); /* it is not old enough */
        assert_int_equal(ddns_store_purge(f->store, f->now), 0);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), -ENOENT);
}

static void a_backend_that_was_away_is_told_of_deletes(void **state) {
        static const DdnsStoreBackend both[] = { { "one", "a" }, { "two", "b" } };
        Fixture *f = *state;
        uint64_t n;

        (void) push(f, "a.test", 1);
        (void) deliver(f, "one", NULL);
        (void) deliver(f, "two", NULL);
        assert_int_equal(ddns_store_set_backends(f->store, both, 1),
                         0); /* an operator takes "two" out */
        (void) delete_as(f, "a.test", "server1");
        (void) deliver(f, "one", NULL);
        assert_int_equal(ddns_store_purge(f->store, f->now), 0);
        assert_int_equal(ddns_store_set_backends(f->store, both, 2), 0);
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, "two", 32);
        assert_int_equal(b.n, 1);
        assert_true(b.deliveries[0].delete);

        /* and one whose database was restored from a dump */
        assert_int_equal(ddns_store_resync(f->store, "one", &n), 0);
        assert_int_equal(deliver(f, "one", NULL), 1);
}

static void generations_are_never_used_twice(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) delete_as(f, "a.test", "server1");
        (void) deliver(f, "one", NULL);
        (void) deliver(f, "two", NULL);
        assert_int_equal(ddns_store_purge(f->store, f->now + 1), 0); /* the history too */
        assert_int_equal(push(f, "a.test", 1), 3);
        assert_int_equal(deliver(f, "one", NULL), 1);
}

static void delete_and_recreate_is_delivered_as_the_new_zone(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) deliver(f, "one", NULL);
        (void) delete_as(f, "a.test", "server1");
        DdnsChange c = push_as(f, "a.test", 1, NULL,
                               false); /* the same serial and even the same content */
        assert_int_equal(c.outcome, DDNS_OUTCOME_SAVED);
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, "one", 32);
        assert_int_equal(b.n, 1);
        assert_false(b.deliveries[0].delete);

        DdnsZoneRow row;
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_string_equal(row.hostname, ""); /* it begins with what its master says */
}

static void delete_by_another_master_is_a_conflict(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        (void) push_as(f, "a.test", 1, "server1", false);
        (void) push_as(f, "a.test", 2, "server2", false);
        DdnsChange c = delete_as(f, "a.test", "server1");
        assert_int_equal(c.outcome, DDNS_OUTCOME_CONFLICT);
        assert_string_equal(c.owner, "server2");
        assert_int_equal(delete_as(f, "a.test", NULL).outcome, DDNS_OUTCOME_CONFLICT);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_false(row.deleted);

        DdnsChange obeyed = { .kind = DDNS_CHANGE_DELETE,
                              .zone = "a.test",
                              .delete_without_hostname = true };
        assert_int_equal(ddns_store_accept(f->store, &obeyed, 1, f->now), 0);
        assert_int_equal(obeyed.outcome, DDNS_OUTCOME_DELETED);
}

static void save_without_owner_keeps_what_is_known(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;
        DdnsChange c = push_as(f, "a.test", 1, "Server1", false);

        c = (DdnsChange){ .kind = DDNS_CHANGE_SAVE,
                          .zone = "a.test",
                          .content = "x",
                          .size = 1,
                          .digest = (const uint8_t[DDNS_DIGEST_SIZE]){ 1 },
                          .username = "fred" };
        assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
        (void) push_as(f, "a.test", 3, NULL, false);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_string_equal(row.hostname, "Server1");
        assert_string_equal(row.username, "fred");

        (void) push_as(f, "a.test", 4, "server2",
                       false); /* the account of another master is not ours to guess */
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_string_equal(row.username, "");
        assert_int_equal(delete_as(f, "a.test", "SERVER2").outcome, DDNS_OUTCOME_DELETED);
}

/* A change whose request began as the `turn`-th. */
static DdnsOutcome change_in_turn(Fixture *f, DdnsChangeKind kind, const char *content, uint64_t turn) {
        uint8_t digest[DDNS_DIGEST_SIZE];
        DdnsChange c = { .kind = kind,
                         .zone = "a.test",
                         .content = content,
                         .size = strlen(content),
                         .digest = digest,
                         .turn = turn };

        assert_int_equal(ddns_digest(content, strlen(content), digest), 0);
        assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
        return c.outcome;
}

static void a_request_that_began_earlier_never_overwrites_a_later_one(void **state) {
        ddns_cleanup(ddns_freep) char *content = NULL;
        Fixture *f = *state;
        DdnsZoneRow row;

        assert_int_equal(ddns_store_forget_turns(f->store, 1), 0); /* 1 to 4 are under way */
        assert_int_equal(change_in_turn(f, DDNS_CHANGE_SAVE, "two", 2), DDNS_OUTCOME_SAVED);
        assert_int_equal(change_in_turn(f, DDNS_CHANGE_SAVE, "one", 1), DDNS_OUTCOME_OVERTAKEN);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, &content), 0);
        assert_string_equal(content, "two");
        assert_int_equal(change_in_turn(f, DDNS_CHANGE_DELETE, "", 4), DDNS_OUTCOME_DELETED);
        assert_int_equal(change_in_turn(f, DDNS_CHANGE_SAVE, "three", 3), DDNS_OUTCOME_OVERTAKEN);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), 0);
        assert_true(row.deleted);

        assert_int_equal(ddns_store_forget_turns(f->store, 5), 0); /* they have ended */
        assert_int_equal(change_in_turn(f, DDNS_CHANGE_SAVE, "five", 5), DDNS_OUTCOME_SAVED);
        assert_int_equal(change_in_turn(f, DDNS_CHANGE_SAVE, "six", 6), DDNS_OUTCOME_SAVED);
}

static void a_delete_of_nothing_still_stands_before_an_earlier_save(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        assert_int_equal(ddns_store_forget_turns(f->store, 1), 0);
        assert_int_equal(change_in_turn(f, DDNS_CHANGE_DELETE, "", 2), DDNS_OUTCOME_ABSENT);
        assert_int_equal(change_in_turn(f, DDNS_CHANGE_SAVE, "one", 1), DDNS_OUTCOME_OVERTAKEN);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), -ENOENT);
}

static void a_group_is_all_or_nothing(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;
        DdnsChange group[] = {
                { .kind = DDNS_CHANGE_SAVE,
                  .zone = "a.test",
                  .content = "x",
                  .size = 1,
                  .digest = (const uint8_t[DDNS_DIGEST_SIZE]){ 1 } },
                { .kind = DDNS_CHANGE_REJECT,
                  .zone = "b.test" }, /* a refusal without a reason is a bug: NOT NULL */
        };

        assert_true(ddns_store_accept(f->store, group, 2, f->now) < 0);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL), -ENOENT);
        assert_int_equal(ddns_store_accept(f->store, group, 1, f->now), 0);
}

static int count_versions(void *userdata, int n, char **values, char **names) {
        (void) n;
        (void) names;
        *(int *) userdata = atoi(values[0]);
        return 0;
}

static int versions(Fixture *f) {
        sqlite3 *db;
        int n = -1;

        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "SELECT count(*) FROM version", count_versions, &n, NULL),
                         SQLITE_OK);
        (void) sqlite3_close(db);
        return n;
}

static int count_rows(const DdnsZoneRow *row, void *userdata) {
        (void) row;
        ++*(int *) userdata;
        return 0;
}

static int history_of(Fixture *f, const char *zone) {
        int n = 0;

        assert_int_equal(ddns_store_each_version(f->store, zone, count_rows, &n), 0);
        return n;
}

static void history_keeps_the_last_versions(void **state) {
        Fixture *f = *state;

        for (uint32_t i = 1; i < STORE_TRIM_EVERY; i++) {
                (void) push(f, "a.test", i);
                assert_int_equal(history_of(f, "a.test"), i < 3 ? i : 3);
        }
        (void) push(f, "b.test", 1);
        assert_int_equal(versions(f), 3 + 1); /* what was too much went together */

        (void) delete_as(f, "b.test", "server1");
        assert_int_equal(history_of(f, "b.test"), 2);
        (void) deliver(f, "one", NULL);
        (void) deliver(f, "two", NULL);
        assert_int_equal(ddns_store_purge(f->store, f->now), 0);
        assert_int_equal(versions(f), 3 + 2); /* a deleted zone can still be looked at … */
        assert_int_equal(ddns_store_purge(f->store, f->now + 1), 0);
        assert_int_equal(versions(f), 3); /* … for so long */
}

/* Of every zone that was pushed since it was done last, whichever were pushed in the same commit. */
static void history_is_trimmed_of_all_zones_that_changed(void **state) {
        Fixture *f = *state;

        for (uint32_t i = 1; i <= STORE_TRIM_EVERY; i++)
                (void) push(f, (const char *[]){ "a.test", "b.test", "c.test", "d.test" }[i % 4], i);
        assert_int_equal(versions(f), 4 * 3);
        (void) push(f, "a.test", STORE_TRIM_EVERY + 1);
        assert_int_equal(versions(f), 4 * 3 + 1);
}

static void old_versions_of_a_large_zone_go_at_once(void **state) {
        static char large[100 * 1024];
        uint8_t digest[DDNS_DIGEST_SIZE] = { 0 };
        Fixture *f = *state;
        DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                         .zone = "a.test",
                         .content = large,
                         .size = sizeof large,
                         .digest = digest };

        for (; digest[0] < 5; digest[0]++)
                assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
        assert_int_equal(versions(f), 3);
}

static int count_rejected(const DdnsRejectedRow *row, void *userdata) {
        ++*(int *) userdata;
        assert_string_equal(row->reason, "line 1: no");
        return 0;
}

static int see_master(const DdnsMasterRow *row, void *userdata) {
        assert_string_equal(row->name, "da1");
        assert_string_equal(row->hostname, "server1");
        assert_int_equal(row->accepted, 1);
        assert_int_equal(row->refused, 9);
        assert_int_equal(row->contact_usec, T0 + 5);
        return 0;
}

static void refusals_are_kept_and_bounded(void **state) {
        Fixture *f = *state;
        int n = 0;

        (void) push(f, "a.test", 1);
        for (int i = 0; i < 9; i++) {
                DdnsChange c = { .kind = DDNS_CHANGE_REJECT,
                                 .zone = "bad",
                                 .reason = "line 1: no",
                                 .master = "da1",
                                 .client = "192.0.2.1" };
                assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
        }
        assert_int_equal(ddns_store_each_rejected(f->store, count_rejected, &n), 0);
        assert_int_equal(n, store_options.rejected);

        DdnsChange c = { .kind = DDNS_CHANGE_CONTACT, .master = "da1", .client = "192.0.2.1" };
        assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now + 5), 0);
        assert_int_equal(ddns_store_each_master(f->store, see_master, NULL), 0);
}

static void a_failed_backend_backs_off_and_no_zone_is_charged(void **state) {
        Fixture *f = *state;
        uint64_t due, since, off;

        (void) push(f, "a.test", 1);
        for (size_t i = 0; i < ARRAY_SIZE(backoff) + 2; i++) {
                size_t step = i < ARRAY_SIZE(backoff) ? i : ARRAY_SIZE(backoff) - 1;

                assert_int_equal(ddns_store_backend_failed(f->store, "one", "refused", f->now, &schedule,
                                                           &due),
                                 0);
                assert_int_equal(due, f->now + backoff[step]);
                assert_int_equal(ddns_store_next_due(f->store, "one", f->now, &since, &off), 0);
                assert_int_equal(since, due);
                assert_int_equal(off, due);
                f->now = due;
        }
        assert_int_equal(backend(f, "one").deferred, 0);
        assert_int_equal(backend(f, "one").since_usec, T0);
        assert_int_equal(backend(f, "one").cursor, 0);
        assert_int_equal(ddns_store_next_due(f->store, "one", f->now, &due, &off), 0);
        assert_int_equal(due, 0);
        assert_int_equal(ddns_store_backend_answered(f->store, "one", f->now, &since), 0);
        assert_int_equal(since, T0);
        assert_int_equal(ddns_store_backend_answered(f->store, "one", f->now, &since), 0);
        assert_int_equal(since, 0);
        assert_int_equal(deliver(f, "one", NULL), 1);
        assert_int_equal(ddns_store_next_due(f->store, "one", f->now, &due, &off), 0);
        assert_true(due == UINT64_MAX);
}

static void operator_retries_reach_what_they_name(void **state) {
        Fixture *f = *state;
        uint64_t n;

        (void) push(f, "a.test", 1);
        (void) push(f, "b.test", 1);
        (void) deliver(f, "one", "a.test");
        (void) deliver(f, "two", NULL);
        assert_int_equal(ddns_store_retry(f->store, "one", NULL, true, f->now, &n), 0);
        assert_int_equal(n, 0); /* deferred is not dead */
        assert_int_equal(ddns_store_retry(f->store, NULL, NULL, false, f->now, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(deliver(f, "one", NULL), 1);
        assert_int_equal(ddns_store_retry(f->store, NULL, "b.test", false, f->now, &n), 0);
        assert_int_equal(n, 2); /* delivered again everywhere */
        assert_int_equal(deliver(f, "one", NULL), 1);
        assert_int_equal(deliver(f, "two", NULL), 1);
        assert_int_equal(ddns_store_retry(f->store, "two", "a.test", false, f->now, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(deliver(f, "one", NULL), 0);
        assert_int_equal(deliver(f, "two", NULL), 1);
        assert_int_equal(ddns_store_retry(f->store, NULL, "never.test", false, f->now, &n), 0);
        assert_int_equal(n, 0);
}

static void a_new_backend_gets_everything_and_a_changed_target_too(void **state) {
        static const DdnsStoreBackend three[] = { { "one", "a" },
                                                  { "two", "elsewhere" },
                                                  { "three", "c" } };
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) deliver(f, "one", NULL);
        (void) deliver(f, "two", "a.test");
        assert_int_equal(ddns_store_set_backends(f->store, three, 3), 0);
        assert_int_equal(backend(f, "one").cursor, 1);
        assert_int_equal(backend(f, "two").cursor, 0);
        assert_int_equal(backend(f, "two").deferred, 0);
        assert_int_equal(deliver(f, "three", NULL), 1);
        assert_int_equal(ddns_store_set_backends(f->store, three, 1), 0);
        assert_int_equal(ddns_store_take_batch(f->store, "three", f->now, 1, &(DdnsBatch){ 0 }),
                         -ENOENT);
}

static void incarnations_are_remembered(void **state) {
        Fixture *f = *state;
        char seen[DDNS_INCARNATION_MAX + 1];

        assert_int_equal(ddns_store_get_incarnation(f->store, "one", seen), 0);
        assert_string_equal(seen, "");
        assert_int_equal(ddns_store_set_incarnation(f->store, "one", "boot 1"), 0);
        assert_int_equal(ddns_store_get_incarnation(f->store, "one", seen), 0);
        assert_string_equal(seen, "boot 1");
        assert_int_equal(ddns_store_get_incarnation(f->store, "two", seen), 0);
        assert_string_equal(seen, "");
}

static void delivered_zones_are_listed_in_pages(void **state) {
        Fixture *f = *state;
        DdnsExpected page[2];
        size_t n;

        (void) push(f, "c.test", 3);
        (void) push(f, "a.test", 1);
        (void) push(f, "b.test", 2);
        (void) push(f, "d.test", 4);
        (void) delete_as(f, "d.test", "server1");
        (void) deliver(f, "one", "b.test");
        (void) push(f, "e.test", 5);
        assert_int_equal(ddns_store_list_delivered(f->store, "one", "", page, 2, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(page[0].zone, "a.test");
        assert_string_equal(page[1].zone, "c.test");
        assert_int_equal(page[1].serial, 3);
        assert_int_equal(ddns_store_list_delivered(f->store, "one", "c.test", page, 2, &n), 0);
        assert_int_equal(n, 1);
        assert_string_equal(page[0].zone, "d.test");
        assert_true(page[0].delete);
}

static int count_queue(const DdnsQueueRow *row, void *userdata) {
        ((int *) userdata)[row->state]++;
        return 0;
}

static void the_queue_shows_all_that_is_not_delivered(void **state) {
        Fixture *f = *state;
        int counts[5] = { 0 };

        (void) push(f, "a.test", 1);
        (void) push(f, "b.test", 1);
        (void) deliver(f, "one", "a.test");
        assert_int_equal(ddns_store_each_queued(f->store, count_queue, counts), 0);
        assert_int_equal(counts[DDNS_DELIVERY_PENDING], 2);
        assert_int_equal(counts[DDNS_DELIVERY_DEFERRED], 1);
        assert_int_equal(counts[DDNS_DELIVERY_DELIVERED], 0);
}

/* Takes all there is and records it as written, not served. */
static void write_only(Fixture *f, const char *name, const char *why) {
        ddns_cleanup(ddns_batch_done) DdnsBatch b = take(f, name, 32);

        for (size_t i = 0; i < b.n; i++) {
                DdnsResult result = { .zone = b.deliveries[i].zone,
                                      .generation = b.deliveries[i].generation,
                                      .written = true,
                                      .error = why };
                assert_int_equal(ddns_store_record(f->store, name, &result, 1, f->now, &schedule), 0);
        }
}

static void what_is_written_waits_in_no_batch_and_is_not_served(void **state) {
        Fixture *f = *state;
        int counts[5] = { 0 };
        uint64_t due, off, n;

        (void) push(f, "a.test", 1);
        write_only(f, "one", "the name server is silent");
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_WRITTEN);
        assert_int_equal(backend(f, "one").cursor, 1);
        assert_int_equal(backend(f, "one").written, 1);
        assert_int_equal(backend(f, "one").deferred, 0);
        assert_int_equal(ddns_store_each_queued(f->store, count_queue, counts), 0);
        assert_int_equal(counts[DDNS_DELIVERY_WRITTEN], 1);

        /* neither time, nor the same push again, nor a retry of what failed brings it back */
        f->now += 1000 * backoff[4];
        (void) push_as(f, "a.test", 1, "server1", true);
        assert_int_equal(ddns_store_retry(f->store, NULL, NULL, false, f->now, &n), 0);
        assert_int_equal(ddns_store_limit_due(f->store, "one", f->now, f->now), 0);
        assert_int_equal(deliver(f, "one", NULL), 0);
        assert_int_equal(ddns_store_next_due(f->store, "one", f->now, &due, &off), 0);
        assert_true(due == UINT64_MAX);

        /* its name does, and so does a start of ddns-retry */
        assert_int_equal(ddns_store_retry(f->store, "one", "a.test", false, f->now, &n), 0);
        write_only(f, "one", NULL);
        assert_int_equal(ddns_store_reset_written(f->store, "two", f->now), 0);
        assert_int_equal(deliver(f, "one", NULL), 0);
        assert_int_equal(ddns_store_reset_written(f->store, "one", f->now), 0);
        assert_int_equal(deliver(f, "one", NULL), 1);
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DELIVERED);
}

static void what_is_written_counts_as_the_oldest(void **state) {
        Fixture *f = *state;
        uint64_t first = f->now;

        (void) push(f, "a.test", 1);
        write_only(f, "one", NULL);
        assert_int_equal(backend(f, "one").oldest_usec, first);
        f->now += USEC_PER_SEC;
        (void) push(f, "b.test", 1);
        assert_int_equal(backend(f, "one").oldest_usec, first);

        DdnsResult served = { .zone = "a.test", .generation = 1 };
        assert_int_equal(ddns_store_record(f->store, "one", &served, 1, f->now, &schedule), 0);
        assert_int_equal(backend(f, "one").oldest_usec, f->now);
        assert_int_equal(deliver(f, "one", NULL), 1);
        assert_int_equal(backend(f, "one").oldest_usec, 0);
}

static void writing_without_being_served_uses_up_the_tries(void **state) {
        Fixture *f = *state;
        DdnsResult unserved = { .zone = "a.test", .error = "not shown" };

        unserved.generation = push(f, "a.test", 1);
        for (size_t i = 0; i <= ARRAY_SIZE(backoff); i++) {
                assert_int_not_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DEAD);
                write_only(f, "one", NULL);
                assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_WRITTEN);
                assert_int_equal(ddns_store_record(f->store, "one", &unserved, 1, f->now, &schedule), 0);
                f->now += backoff[4];
        }
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DEAD);
}

static void a_newer_push_does_not_wait_for_what_is_written(void **state) {
        Fixture *f = *state;
        uint64_t old = push(f, "a.test", 1);

        write_only(f, "one", NULL);
        (void) push(f, "a.test", 2);
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_PENDING);
        assert_int_equal(backend(f, "one").written, 0);
        DdnsResult late = { .zone = "a.test", .generation = old, .written = true };
        assert_int_equal(ddns_store_record(f->store, "one", &late, 1, f->now, &schedule), 0);
        assert_int_equal(deliver(f, "one", NULL), 1);
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DELIVERED);
}

static int copy_warning(const DdnsZoneState *row, void *userdata) {
        (void) snprintf(userdata, 64, "%s", row->warning ? row->warning : "");
        return 1;
}

static bool warn(Fixture *f, uint64_t generation, const char *text, char ret[64]) {
        DdnsResult result = { .zone = "a.test", .generation = generation, .warning = text };

        assert_int_equal(ddns_store_record(f->store, "one", &result, 1, f->now, &schedule), 0);
        assert_int_equal(ddns_store_each_state(f->store, "a.test", copy_warning, ret), 1);
        return result.warning_is_new;
}

static void warnings_stay_until_the_backend_says_otherwise(void **state) {
        Fixture *f = *state;
        uint64_t generation = push(f, "a.test", 1);
        char text[64];

        assert_true(warn(f, generation, "no DNSSEC", text));
        assert_string_equal(text, "no DNSSEC");
        assert_false(warn(f, generation, "no DNSSEC", text));
        assert_false(warn(f, generation, NULL, text));
        assert_string_equal(text, "no DNSSEC");
        assert_true(warn(f, generation, "too long", text));
        assert_string_equal(text, "too long");
        assert_false(warn(f, generation, "", text));
        assert_string_equal(text, "");
}

static void a_resync_delivers_everything_again(void **state) {
        Fixture *f = *state;
        uint64_t n;

        (void) push(f, "a.test", 1);
        (void) push(f, "b.test", 1);
        (void) push(f, "c.test", 1);
        (void) deliver(f, "one", "a.test");
        (void) deliver(f, "two", NULL);
        (void) delete_as(f, "c.test", "server1");
        write_only(f, "one", NULL);
        assert_int_equal(ddns_store_resync(f->store, "one", &n), 0);
        assert_int_equal(n, 2);
        assert_int_equal(backend(f, "one").pending, 3); /* the delete too */
        assert_int_equal(deliver(f, "one", NULL), 3);
        assert_int_equal(deliver(f, "two", NULL), 1);
        assert_int_equal(ddns_store_resync(f->store, "three", &n), -ENOENT);
}

static void the_delay_is_that_of_the_last_push(void **state) {
        static const DdnsStoreBackend three[] = { { "one", "a" }, { "two", "b" }, { "three", "c" } };
        Fixture *f = *state;
        DdnsResult result = { .zone = "a.test", .delay_usec = 5 };

        result.generation = push(f, "a.test", 1);
        assert_int_equal(ddns_store_record(f->store, "one", &result, 1, f->now, &schedule), 0);
        assert_int_equal(backend(f, "one").delay_usec, 5);
        assert_int_equal(ddns_store_set_backends(f->store, three, 3), 0);
        assert_int_equal(ddns_store_record(f->store, "three", &result, 1, f->now, &schedule), 0);
        assert_int_equal(backend(f, "three").delay_usec,
                         0); /* it was pushed before this backend was there */
        result.generation = push(f, "a.test", 2);
        result.delay_usec = 7;
        assert_int_equal(ddns_store_record(f->store, "three", &result, 1, f->now, &schedule), 0);
        assert_int_equal(backend(f, "three").delay_usec, 7);
}

static void the_closest_parent_is_found(void **state) {
        Fixture *f = *state;
        DdnsZoneRow row;

        (void) push(f, "example.test", 1);
        (void) push(f, "sub.example.test", 1);
        assert_int_equal(ddns_store_find_parent(f->store, "x.y.sub.example.test", &row), 0);
        assert_string_equal(row.zone, "sub.example.test");
        (void) delete_as(f, "sub.example.test", "server1");
        assert_int_equal(ddns_store_find_parent(f->store, "x.y.sub.example.test", &row), 0);
        assert_string_equal(row.zone, "example.test");
        assert_int_equal(ddns_store_find_parent(f->store, "myexample.test", &row), -ENOENT);
        assert_int_equal(ddns_store_find_parent(f->store, "example.test", &row), -ENOENT);
}

static void a_locked_database_is_eagain_and_nothing_happened(void **state) {
        Fixture *f = *state;
        sqlite3 *other;
        DdnsZoneRow row;
        DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                         .zone = "a.test",
                         .content = "x",
                         .size = 1,
                         .digest = (const uint8_t[DDNS_DIGEST_SIZE]){ 1 } };

        assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
        assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        uint64_t start = ddns_monotonic_usec();
        assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), -EAGAIN);
        assert_true(ddns_monotonic_usec() - start >= 90 * USEC_PER_MSEC);
        assert_int_equal(ddns_store_get_zone(f->store, "a.test", &row, NULL),
                         -ENOENT); /* reading goes on */
        assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(ddns_store_accept(f->store, &c, 1, f->now), 0);
        (void) sqlite3_close(other);
}

#define OTHER_SIZE 4096

/* The first so many bytes; the caller's. */
static char *read_file(const char *path) {
        FILE *file = fopen(path, "r");
        char *data = calloc(1, OTHER_SIZE);

        assert_non_null(file);
        assert_non_null(data);
        assert_int_equal(fread(data, 1, OTHER_SIZE, file), OTHER_SIZE);
        (void) fclose(file);
        return data;
}

static void foreign_and_newer_databases_are_refused_untouched(void **state) {
        static const struct {
                const char *sql;
                int error;
        } cases[] = {
                { "CREATE TABLE zones (x)", -EBADMSG },
                { "PRAGMA application_id = 1684303475; PRAGMA user_version = 999; CREATE TABLE zone (x)",
                  -EPROTO },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                DdnsStore *store = NULL;
                DdnsMessage message;
                char path[128];
                sqlite3 *db;

                (void) snprintf(path, sizeof path, "%s/other", f->directory);
                assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
                assert_int_equal(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
                (void) sqlite3_close(db);
                ddns_cleanup(ddns_freep) char *before = read_file(path);
                assert_int_equal(ddns_store_open(path, &store_options, &store, &message),
                                 cases[i].error);
                assert_null(store);
                assert_non_null(strstr(message.text, path));
                ddns_cleanup(ddns_freep) char *after = read_file(path);
                assert_memory_equal(after, before, OTHER_SIZE);
                (void) unlink(path);
        }

        DdnsStore *store = NULL;
        DdnsMessage message;
        assert_int_equal(ddns_store_open("/nonexistent/ddns.db", &store_options, &store, &message),
                         -ENOENT);
}

static void garbage_is_no_database(void **state) {
        Fixture *f = *state;
        DdnsStore *store = NULL;
        DdnsMessage message;
        char path[128];

        (void) snprintf(path, sizeof path, "%s/garbage", f->directory);
        FILE *file = fopen(path, "w");
        for (int i = 0; i < 4096; i++)
                (void) fputc('x', file);
        (void) fclose(file);
        assert_int_equal(ddns_store_open(path, &store_options, &store, &message), -EBADMSG);
        (void) unlink(path);
}

/* It would be written to, and gone with the process. */
static void a_file_that_was_removed_or_replaced_takes_nothing_more(void **state) {
        static const char digest[DDNS_DIGEST_SIZE];
        Fixture *f = *state;
        DdnsChange change = { .kind = DDNS_CHANGE_SAVE,
                              .zone = "b.test",
                              .content = "b.test 1\n",
                              .size = 9,
                              .digest = (const uint8_t *) digest,
                              .serial = 1,
                              .master = "da1" };
        DdnsStoreCounts counts;
        char copy[128];

        (void) snprintf(copy, sizeof copy, "%s/copy", f->directory);
        for (unsigned replaced = 0; replaced < 2; replaced++) {
                (void) push(f, "a.test", 1 + replaced);
                assert_int_equal(ddns_store_backup(f->store, copy, NULL, NULL, NULL), 0);
                if (replaced)
                        assert_int_equal(rename(copy, f->path), 0);
                else
                        assert_int_equal(unlink(f->path), 0);
                assert_int_equal(ddns_store_accept(f->store, &change, 1, f->now), -ESTALE);
                assert_non_null(strstr(ddns_store_error(f->store), "removed or replaced"));
                assert_true(ddns_store_is_spent(f->store));
                assert_int_equal(ddns_store_accept(f->store, &change, 1, f->now), -ESTALE);
                (void) ddns_store_free(f->store);

                assert_int_equal(ddns_store_open(f->path, &store_options, &f->store, NULL), 0);
                assert_int_equal(ddns_store_count(f->store, &counts), 0);
                assert_int_equal(counts.zones, replaced);
                (void) unlink(copy);
        }
}

/* A page that was fine for a moment might be of before a write that was lost: nothing is believed any more. */
static void after_damage_a_handle_is_spent_and_a_new_one_is_not(void **state) {
        static const char zeros[64 * 1024];
        Fixture *f = *state;
        DdnsStore *store = NULL;
        DdnsStoreCounts counts;
        char good[sizeof zeros];

        (void) push(f, "a.test", 1);
        (void) ddns_store_free(f->store); /* into the file itself */
        f->store = NULL;
        assert_int_equal(ddns_store_open(f->path, &store_options, &store, NULL), 0);
        FILE *file = fopen(f->path, "r+");
        assert_non_null(file);
        size_t size = fread(good, 1, sizeof good, file);
        assert_true(size > 8192);
        assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
        assert_int_equal(fwrite(zeros, 1, size - 4096, file), size - 4096);
        assert_int_equal(fflush(file), 0);
        assert_int_equal(ddns_store_count(store, &counts), -EBADMSG);
        assert_true(ddns_store_is_spent(store));

        assert_int_equal(fseek(file, 0, SEEK_SET), 0);
        assert_int_equal(fwrite(good, 1, size, file), size);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(ddns_store_count(store, &counts), -EBADMSG);
        assert_non_null(strstr(ddns_store_error(store), "malformed"));
        (void) ddns_store_free(store);
        assert_int_equal(ddns_store_open(f->path, &store_options, &f->store, NULL), 0);
        assert_int_equal(ddns_store_count(f->store, &counts), 0);
        assert_int_equal(counts.zones, 1);
}

static void everything_survives_reopening(void **state) {
        Fixture *f = *state;

        (void) push(f, "a.test", 1);
        (void) push(f, "b.test", 1);
        (void) deliver(f, "one", "b.test");
        (void) ddns_store_free(f->store);
        f->store = NULL;
        assert_int_equal(ddns_store_open(f->path, &store_options, &f->store, NULL), 0);
        assert_int_equal(state_of(f, "a.test", "one"), DDNS_DELIVERY_DELIVERED);
        assert_int_equal(state_of(f, "b.test", "one"), DDNS_DELIVERY_DEFERRED);
        assert_int_equal(state_of(f, "a.test", "two"), DDNS_DELIVERY_PENDING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void all_of_the_group_may_write_a_database_that_is_made(void **state) {
        static const char *const suffixes[] = { "", "-wal", "-shm" };
        ddns_cleanup(ddns_store_freep) DdnsStore *made = NULL;
        DdnsMessage message;
        Fixture *f = *state;
        struct stat st;
        char path[128];

        (void) snprintf(path, sizeof path, "%s.new", f->path);
        mode_t before = umask(0007); /* as in the units */
        assert_int_equal(ddns_store_open(path, &store_options, &made, &message), 0);
        (void) umask(before);
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                (void) snprintf(path, sizeof path, "%s.new%s", f->path, suffixes[i]);
                assert_int_equal(stat(path, &st), 0);
                assert_int_equal(st.st_mode & 0777, 0660);
        }
        made = ddns_store_free(made);
        (void) snprintf(path, sizeof path, "%s.new", f->path);
        assert_int_equal(unlink(path), 0);
}

/* Another program, which writes to the database for a moment. Its pid, once it does. */
static pid_t write_for(const Fixture *f, unsigned msec) {
        int begun[2];
        char c;

        assert_int_equal(pipe(begun), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                sqlite3 *db;
                bool good = sqlite3_open(f->path, &db) == SQLITE_OK &&
                            sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
                good = good && write(begun[1], "w", 1) == 1;
                (void) usleep(msec * 1000);
                (void) sqlite3_close(db);
                _exit(good ? 0 : 1);
        }
        assert_int_equal(read(begun[0], &c, 1), 1);
        (void) close(begun[0]);
        (void) close(begun[1]);
        return pid;
}

static void a_database_that_was_put_back_waits_for_who_opens_it_too(void **state) {
        Fixture *f = *state;
        int status;

        f->store = ddns_store_free(f->store);
        run_sql(f, "PRAGMA journal_mode = DELETE"); /* as a backup is */
        pid_t writer = write_for(f, 30);
        assert_int_equal(ddns_store_open(f->path, &store_options, &f->store, NULL), 0);
        assert_int_equal(waitpid(writer, &status, 0), writer);
        assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(all_of_the_group_may_write_a_database_that_is_made),
                TEST(generations_grow_and_cursors_follow),
                TEST(ten_pushes_of_a_zone_are_one_delivery),
                TEST(unchanged_content_gets_no_generation),
                TEST(equal_or_lower_serial_still_replaces),
                TEST(older_push_never_overwrites_newer),
                TEST(delivery_of_an_old_generation_leaves_the_newer_pending),
                TEST(failures_follow_the_schedule_and_end_dead),
                TEST(retry_delivers_the_newest_content),
                TEST(urgent_zones_overtake_and_nothing_is_lost),
                TEST(the_smallest_batch_has_room_for_retries),
                TEST(failed_urgent_zone_waits_for_its_retry_only),
                TEST(same_push_revives_what_failed),
                TEST(delete_is_a_change_and_leaves_a_tombstone),
                TEST(a_backend_that_was_away_is_told_of_deletes),
                TEST(generations_are_never_used_twice),
                TEST(delete_and_recreate_is_delivered_as_the_new_zone),
                TEST(delete_by_another_master_is_a_conflict),
                TEST(save_without_owner_keeps_what_is_known),
                TEST(a_request_that_began_earlier_never_overwrites_a_later_one),
                TEST(a_delete_of_nothing_still_stands_before_an_earlier_save),
                TEST(a_group_is_all_or_nothing),
                TEST(history_keeps_the_last_versions),
                TEST(history_is_trimmed_of_all_zones_that_changed),
                TEST(old_versions_of_a_large_zone_go_at_once),
                TEST(refusals_are_kept_and_bounded),
                TEST(a_failed_backend_backs_off_and_no_zone_is_charged),
                TEST(operator_retries_reach_what_they_name),
                TEST(a_new_backend_gets_everything_and_a_changed_target_too),
                TEST(incarnations_are_remembered),
                TEST(delivered_zones_are_listed_in_pages),
                TEST(the_queue_shows_all_that_is_not_delivered),
                TEST(what_is_written_waits_in_no_batch_and_is_not_served),
                TEST(what_is_written_counts_as_the_oldest),
                TEST(writing_without_being_served_uses_up_the_tries),
                TEST(a_newer_push_does_not_wait_for_what_is_written),
                TEST(warnings_stay_until_the_backend_says_otherwise),
                TEST(a_resync_delivers_everything_again),
                TEST(the_delay_is_that_of_the_last_push),
                TEST(the_closest_parent_is_found),
                TEST(a_locked_database_is_eagain_and_nothing_happened),
                TEST(a_database_that_was_put_back_waits_for_who_opens_it_too),
                TEST(foreign_and_newer_databases_are_refused_untouched),
                TEST(garbage_is_no_database),
                TEST(a_file_that_was_removed_or_replaced_takes_nothing_more),
                TEST(after_damage_a_handle_is_spent_and_a_new_one_is_not),
                TEST(everything_survives_reopening),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
