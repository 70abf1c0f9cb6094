/* SPDX-License-Identifier: MIT */
/* One backend's way through the log, against a name server that fails in every way that real ones do. */
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "basic/clock.h"
#include "deliver/lane.h"
#include "deliver/served.h"
#include "fake.h"
#include "lane-fixture.h"
#include "store/store.h"
#include "test.h"

/* ---- the ordinary way ---- */

static void pushes_are_delivered_and_the_lane_is_idle_then(void **state) {
        Fixture *f = *state;

        start(f, 0);
        WAIT_FOR(is_idle(f));
        push(f, "a.test", 1);
        push(f, "b.test", 2);
        wake(f);
        assert_false(is_idle(f) && !is_delivered(f, "b.test"));
        WAIT_FOR(is_idle(f));
        assert_int_equal(fake_serial(&f->fakes[0], "a.test"), 1);
        assert_int_equal(fake_serial(&f->fakes[0], "b.test"), 2);
        assert_int_equal(lane_state(f, 0).delivered, 2);
        assert_true(lane_state(f, 0).due_usec == UINT64_MAX);
}

static void only_the_newest_content_is_delivered(void **state) {
        Fixture *f = *state;

        for (uint32_t serial = 1; serial <= 10; serial++)
                push(f, "a.test", serial);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "a.test"));
        assert_string_equal(f->fakes[0].order, "a.test@10 ");
}

static void urgent_zones_go_first(void **state) {
        Fixture *f = *state;

        f->config.queue.batch = 2;
        push(f, "a.test", 1);
        push(f, "b.test", 1);
        accept_change(f, "u.test", 1, false, true);
        start(f, 0);
        WAIT_FOR(is_idle(f));
        assert_string_equal(f->fakes[0].order, "u.test@1 a.test@1 b.test@1 ");
}

static void deletes_are_delivered(void **state) {
        Fixture *f = *state;

        push(f, "a.test", 1);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "a.test"));
        accept_change(f, "a.test", 0, true, false);
        accept_change(f, "never.test", 0, true, false);
        wake(f);
        WAIT_FOR(is_delivered(f, "a.test"));
        assert_int_equal(fake_serial(&f->fakes[0], "a.test"), -1);
}

static void lane_without_a_name_server_to_ask_delivers_what_is_written(void **state) {
        Fixture *f = *state;

        f->backends[0].n_nameservers = 0;
        fake_set(&f->fakes[0], silent, true);
        push(f, "a.test", 1);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "a.test"));
}

static void idle_is_never_said_while_a_push_is_not_delivered(void **state) {
        Fixture *f = *state;

        start(f, 0);
        WAIT_FOR(is_idle(f));
        for (uint32_t i = 1; i <= 300; i++) {
                push(f, "a.test", i);
                wake(f);
                /* From the wake-up on, idle means that it was delivered. */
                WAIT_FOR(is_idle(f));
                assert_int_equal(fake_serial(&f->fakes[0], "a.test"), i);
        }
}

/* ---- zones that fail ---- */

static void one_failing_zone_delays_no_other(void **state) {
        Fixture *f = *state;

        fake_set(&f->fakes[0], poison, "bad.test");
        push(f, "a.test", 1);
        push(f, "bad.test", 1);
        push(f, "b.test", 1);
        start(f, 0);
        WAIT_FOR(row_of(f, "bad.test").state == DDNS_DELIVERY_DEAD);
        assert_true(is_delivered(f, "a.test"));
        assert_true(is_delivered(f, "b.test"));
        assert_int_equal(row_of(f, "bad.test").tries, 3);
        assert_string_equal(row_of(f, "bad.test").error, "poison");
        assert_int_equal(fake_count(&f->fakes[0], "bad.test"), 3);
        assert_int_equal(fake_count(&f->fakes[0], "a.test"), 1);
        assert_int_equal(failures(f), 0);

        fake_set(&f->fakes[0], poison, NULL);
        push(f, "bad.test", 2);
        wake(f);
        WAIT_FOR(is_delivered(f, "bad.test"));
}

static bool is_due(Fixture *f) {
        uint64_t due, backoff;

        assert_int_equal(ddns_store_next_due(f->store, "one", ddns_now_usec(), &due, &backoff), 0);
        return due == 0;
}

static void what_failed_before_stands_behind_what_is_new(void **state) {
        Fixture *f = *state;

        fake_set(&f->fakes[0], poison, "bad.test");
        push(f, "bad.test", 1);
        start(f, 0);
        WAIT_FOR(row_of(f, "bad.test").tries == 1);
        stop(f, 0);
        f->fakes[0].order[0] = '\0';
        fake_set(&f->fakes[0], poison, NULL);
        WAIT_FOR(is_due(f));
        push(f, "new.test", 1);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "bad.test"));
        assert_string_equal(f->fakes[0].order, "new.test@1 bad.test@1 ");
}

static void retry_that_falls_due_is_done_on_time_without_a_wake_up(void **state) {
        Fixture *f = *state;

        set_backoff(f, 300, 300);
        fake_set(&f->fakes[0], poison, "bad.test");
        push(f, "bad.test", 1);
        start(f, 0);
        WAIT_FOR(row_of(f, "bad.test").tries == 1);
        fake_set(&f->fakes[0], poison, NULL);
        uint64_t since = ddns_monotonic_usec();
        WAIT_FOR(is_delivered(f, "bad.test"));
        assert_true(ddns_monotonic_usec() - since < 5 * USEC_PER_SEC);
        assert_int_equal(fake_count(&f->fakes[0], "bad.test"), 2);
}

static void zone_that_is_taken_but_not_shown_fails_with_what_the_server_says(void **state) {
        Fixture *f = *state;

        set_backoff(f, 60000, 60000);
        push(f, "z.test", 6);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "z.test"));
        fake_set(&f->fakes[0], stale, "z.test");
        push(f, "z.test", 7);
        wake(f);
        WAIT_FOR(row_of(f, "z.test").state == DDNS_DELIVERY_DEFERRED);
        assert_string_equal(row_of(f, "z.test").error, "the name server took the change, but does not "
                                                       "show it: serial 6 instead of 7");
        assert_int_equal(row_of(f, "z.test").tries, 1);
        assert_int_equal(failures(f), 0);

        accept_change(f, "z.test", 0, true, false);
        wake(f);
        WAIT_FOR(row_of(f, "z.test").state == DDNS_DELIVERY_DEFERRED);
        assert_string_equal(row_of(f, "z.test").error, "the name server took the change, but does not "
                                                       "show it: still served with serial 6");
}

static void others_go_on_while_one_waits_to_be_shown(void **state) {
        Fixture *f = *state;

        f->backends[0].served_timeout_usec = 2 * SERVED_USEC;
        fake_set(&f->fakes[0], stale, "slow.test");
        push(f, "slow.test", 1);
        push(f, "a.test", 1);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "a.test"));
        assert_int_equal(row_of(f, "slow.test").state, DDNS_DELIVERY_WRITTEN);
        assert_false(is_idle(f));
        push(f, "b.test", 1);
        wake(f);
        WAIT_FOR(is_delivered(f, "b.test"));
        assert_int_equal(row_of(f, "slow.test").state, DDNS_DELIVERY_WRITTEN);
        assert_false(is_idle(f));
        WAIT_FOR(row_of(f, "slow.test").tries == 1);
        assert_int_equal(fake_count(&f->fakes[0], "b.test"), 1);
}

static void zone_that_is_shown_late_is_delivered_once(void **state) {
        Fixture *f = *state;

        f->backends[0].served_timeout_usec = 10 * USEC_PER_SEC;
        push(f, "late.test", 1);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "late.test"));
        fake_set(&f->fakes[0], stale_for, 20);
        fake_set(&f->fakes[0], stale, "late.test");
        push(f, "late.test", 2);
        wake(f);
        WAIT_FOR(is_delivered(f, "late.test"));
        assert_int_equal(fake_count(&f->fakes[0], "late.test@2"), 1);
        assert_int_equal(lane_state(f, 0).failed, 0);
}

static void newer_push_overtakes_one_that_waits(void **state) {
        Fixture *f = *state;

        f->backends[0].served_timeout_usec = 60 * USEC_PER_SEC;
        fake_set(&f->fakes[0], stale, "z.test");
        push(f, "z.test", 1);
        start(f, 0);
        WAIT_FOR(fake_count(&f->fakes[0], "z.test@1") == 1);
        fake_set(&f->fakes[0], stale, NULL);
        push(f, "z.test", 2);
        wake(f);
        WAIT_FOR(is_delivered(f, "z.test"));
        assert_int_equal(fake_serial(&f->fakes[0], "z.test"), 2);
        WAIT_FOR(is_idle(f));
        assert_int_equal(lane_state(f, 0).failed, 0);
}

static void each_save_is_ended_as_it_is_recorded(void **state) {
        Fixture *f = *state;

        set_backoff(f, 60000, 60000);
        fake_set(&f->fakes[0], poison, "bad.test");
        push(f, "bad.test", 1);
        push(f, "z.test", 1);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "z.test"));
        fake_set(&f->fakes[0], stale, "z.test");
        push(f, "z.test", 2);
        wake(f);
        WAIT_FOR(row_of(f, "z.test").state == DDNS_DELIVERY_DEFERRED);
        fake_set(&f->fakes[0], stale, NULL);
        accept_change(f, "z.test", 0, true, false);
        wake(f);
        WAIT_FOR(is_delivered(f, "z.test"));
        stop(f, 0);
        assert_string_equal(f->fakes[0].ends, "=z.test !z.test ");
}

/* Serial 2 of z.test is written, and waits to be shown. */
static void leave_waiting(Fixture *f) {
        push(f, "z.test", 1);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "z.test"));
        fake_set(&f->fakes[0], stale, "z.test");
        push(f, "z.test", 2);
        push(f, "a.test", 1);
        wake(f);
        WAIT_FOR(is_delivered(f, "a.test"));
}

static void zone_that_can_not_be_rolled_back_is_not_charged_but_done_again(void **state) {
        Fixture *f = *state;

        f->backends[0].served_timeout_usec = 2 * SERVED_USEC;
        leave_waiting(f);
        fake_set(&f->fakes[0], down, true);
        WAIT_FOR(failures(f) > 0);
        assert_int_equal(row_of(f, "z.test").tries, 0);
        fake_set(&f->fakes[0], stale, NULL);
        fake_set(&f->fakes[0], down, false);
        WAIT_FOR(is_delivered(f, "z.test"));
        assert_int_equal(lane_state(f, 0).failed, 0);
}

/* Retries that wait to be shown still stand in the log, and a quarter of each batch is all that retries get. */
static void retries_that_wait_to_be_shown_hold_up_no_other_retry(void **state) {
        Fixture *f = *state;
        uint64_t n;

        f->config.queue.batch = 4;
        set_backoff(f, 60000, 60000);
        fake_set(&f->fakes[0], poison, "b.test");
        push(f, "b.test", 1);
        start(f, 0);
        WAIT_FOR(row_of(f, "b.test").tries == 1);
        stop(f, 0);

        fake_set(&f->fakes[0], poison, NULL);
        fake_set(&f->fakes[0], stale, "a.test");
        push(f, "a.test", 1);
        assert_int_equal(ddns_store_retry(f->store, "one", "a.test", false, ddns_now_usec(), &n), 0);
        assert_int_equal(ddns_store_retry(f->store, "one", "b.test", false, ddns_now_usec(), &n), 0);
        f->backends[0].served_timeout_usec = 60 * USEC_PER_SEC;
        start(f, 0);
        WAIT_FOR(is_delivered(f, "b.test"));
        assert_int_equal(row_of(f, "a.test").tries, 0);
}

/* ---- a backend that fails as a whole ---- */

static void backend_that_is_down_charges_no_zone_and_comes_back_by_itself(void **state) {
        Fixture *f = *state;

        set_backoff(f, 100, 200);
        fake_set(&f->fakes[0], down, true);
        push(f, "a.test", 1);
        start(f, 0);
        WAIT_FOR(failures(f) == 3);
        assert_int_equal(row_of(f, "a.test").state, DDNS_DELIVERY_PENDING);
        assert_int_equal(row_of(f, "a.test").tries, 0);
        assert_true(lane_state(f, 0).failed == 0);
        fake_set(&f->fakes[0], down, false);
        WAIT_FOR(is_delivered(f, "a.test"));
        WAIT_FOR(failures(f) == 0);
}

static void silent_name_server_is_a_failure_of_the_backend(void **state) {
        Fixture *f = *state;

        fake_set(&f->fakes[0], silent, true);
        push(f, "a.test", 1);
        start(f, 0);
        /* It takes what it is given, so each try reaches the queries: still the back-off grows. */
        WAIT_FOR(failures(f) == 3);
        assert_int_equal(row_of(f, "a.test").state, DDNS_DELIVERY_PENDING);
        assert_int_equal(row_of(f, "a.test").tries, 0);
        fake_set(&f->fakes[0], silent, false);
        WAIT_FOR(is_delivered(f, "a.test"));
        WAIT_FOR(failures(f) == 0);
}

static void name_server_that_falls_silent_charges_no_zone_that_waits(void **state) {
        Fixture *f = *state;

        leave_waiting(f);
        fake_set(&f->fakes[0], silent, true);
        WAIT_FOR(failures(f) > 0);
        assert_int_equal(row_of(f, "z.test").tries, 0);
        fake_set(&f->fakes[0], stale, NULL);
        fake_set(&f->fakes[0], silent, false);
        WAIT_FOR(is_delivered(f, "z.test"));
        assert_int_equal(lane_state(f, 0).failed, 0);
}

static void name_server_that_can_not_be_asked_does_not_keep_the_lane_for_ever(void **state) {
        struct rlimit before, none;
        Fixture *f = *state;

        f->backends[0].served_timeout_usec = 2 * SERVED_USEC;
        leave_waiting(f);
        /* socket() fails. */
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){ .rlim_cur = 3, .rlim_max = before.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        WAIT_FOR(failures(f) > 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(row_of(f, "z.test").tries, 0);
}

static void hanging_backend_delays_no_other_lane(void **state) {
        Fixture *f = *state;

        fake_set(&f->fakes[0], hang, true);
        start(f, 0);
        start(f, 1);
        for (uint32_t i = 1; i <= 50; i++) {
                push(f, "a.test", i);
                wake(f);
                WAIT_FOR(fake_serial(&f->fakes[1], "a.test") == i);
        }
        WAIT_FOR(lane_state(f, 1).idle);
        assert_false(is_idle(f));
        assert_true(fake_get(&f->fakes[0], hanging));
        fake_set(&f->fakes[0], hang, false);
        WAIT_FOR(is_delivered(f, "a.test"));
        assert_int_equal(fake_serial(&f->fakes[0], "a.test"), 50);
}

static void stop_in_the_middle_of_a_batch_loses_nothing(void **state) {
        Fixture *f = *state;
        char zone[32];

        f->backends[0].served_timeout_usec = 60 * USEC_PER_SEC;
        fake_set(&f->fakes[0], stale, "z0.test");
        for (uint32_t i = 0; i < 100; i++) {
                (void) snprintf(zone, sizeof zone, "z%u.test", i);
                push(f, zone, i + 1);
        }
        for (unsigned round = 0; round < 5; round++) {
                unsigned applies = fake_get(&f->fakes[0], applies);

                start(f, 0);
                WAIT_FOR(fake_get(&f->fakes[0], applies) > applies);
                stop(f, 0);
        }
        assert_int_not_equal(row_of(f, "z0.test").state, DDNS_DELIVERY_DELIVERED);
        fake_set(&f->fakes[0], stale, NULL);
        start(f, 0);
        for (uint32_t i = 0; i < 100; i++) {
                (void) snprintf(zone, sizeof zone, "z%u.test", i);
                WAIT_FOR(is_delivered(f, zone));
                assert_int_equal(fake_serial(&f->fakes[0], zone), i + 1);
        }
}

/* ---- a name server that was started anew ---- */

static void zones_lost_in_a_restart_are_delivered_again(void **state) {
        Fixture *f = *state;

        push(f, "kept.test", 1);
        push(f, "lost.test", 1);
        start(f, 0);
        WAIT_FOR(is_idle(f));
        stop(f, 0);
        fake_lose(&f->fakes[0], "lost.test");
        fake_set(&f->fakes[0], incarnation, "second");
        start(f, 0);
        WAIT_FOR(fake_serial(&f->fakes[0], "lost.test") == 1);
        WAIT_FOR(is_delivered(f, "lost.test"));
        assert_int_equal(fake_count(&f->fakes[0], "kept.test"), 1);
}

/* BIND notes added zones so that the power may take its last change back; the file is gone by then. */
static void a_zone_that_a_restart_brought_back_is_deleted_again(void **state) {
        Fixture *f = *state;

        push(f, "gone.test", 1);
        push(f, "others.test", 1);
        start(f, 0);
        WAIT_FOR(is_idle(f));
        accept_change(f, "gone.test", 0, true, false);
        accept_change(f, "others.test", 0, true, false);
        wake(f);
        WAIT_FOR(is_delivered(f, "gone.test") && is_delivered(f, "others.test"));
        stop(f, 0);
        fake_set(&f->fakes[0], unloaded, "gone.test");
        fake_show(&f->fakes[0], "others.test", 7); /* somebody else's by now */
        fake_set(&f->fakes[0], incarnation, "second");
        start(f, 0);
        WAIT_FOR(fake_count(&f->fakes[0], "-gone.test") == 2);
        WAIT_FOR(is_idle(f));
        assert_int_equal(fake_count(&f->fakes[0], "-others.test"), 1);
}

static void a_short_absence_is_no_outage(void **state) {
        Fixture *f = *state;

        set_backoff(f, 60000, 60000);
        fake_set(&f->fakes[0], down, true);
        push(f, "a.test", 1);
        start(f, 0);
        WAIT_FOR(fake_get(&f->fakes[0], probes) + fake_get(&f->fakes[0], applies) >= 2);
        assert_int_equal(failures(f), 0);
        fake_set(&f->fakes[0], down, false);
        WAIT_FOR(is_delivered(f, "a.test")); /* far before the first back-off is over */
        assert_int_equal(failures(f), 0);

        fake_set(&f->fakes[0], down, true); /* but a long one is */
        push(f, "b.test", 1);
        ddns_lane_wake(f->lanes[0]);
        WAIT_FOR(failures(f) == 1);
}

static void what_failed_before_a_restart_is_tried_again_after_it(void **state) {
        Fixture *f = *state;

        fake_set(&f->fakes[0], poison, "refused.test");
        push(f, "good.test", 1);
        push(f, "refused.test", 1);
        start(f, 0);
        WAIT_FOR(row_of(f, "refused.test").state == DDNS_DELIVERY_DEAD);
        stop(f, 0);
        fake_set(&f->fakes[0], poison, NULL);
        fake_set(&f->fakes[0], incarnation, "second");
        start(f, 0);
        WAIT_FOR(is_delivered(f, "refused.test"));
        assert_int_equal(fake_count(&f->fakes[0], "good.test"), 1);
}

static void without_a_name_server_to_ask_all_zones_are_delivered_again_after_a_restart(void **state) {
        Fixture *f = *state;

        f->backends[0].n_nameservers = 0;
        push(f, "a.test", 1);
        push(f, "b.test", 1);
        start(f, 0);
        WAIT_FOR(is_idle(f));
        stop(f, 0);
        fake_set(&f->fakes[0], incarnation, "second");
        start(f, 0);
        WAIT_FOR(fake_count(&f->fakes[0], "a.test") == 2 && fake_count(&f->fakes[0], "b.test") == 2);
        WAIT_FOR(is_delivered(f, "b.test"));
}

static void restart_during_an_outage_is_noticed_when_the_name_server_is_back(void **state) {
        Fixture *f = *state;

        push(f, "lost.test", 1);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "lost.test"));
        fake_set(&f->fakes[0], down, true);
        push(f, "a.test", 1);
        wake(f);
        WAIT_FOR(failures(f) > 0);
        fake_lose(&f->fakes[0], "lost.test");
        fake_set(&f->fakes[0], incarnation, "second");
        fake_set(&f->fakes[0], down, false);
        WAIT_FOR(is_delivered(f, "a.test"));
        WAIT_FOR(fake_serial(&f->fakes[0], "lost.test") == 1);
}

static void what_waits_is_delivered_before_the_name_server_is_asked_which_one_it_is(void **state) {
        Fixture *f = *state;

        push(f, "lost.test", 1);
        start(f, 0);
        WAIT_FOR(is_idle(f));
        stop(f, 0);
        fake_lose(&f->fakes[0], "lost.test");
        fake_set(&f->fakes[0], incarnation, "second");
        fake_set(&f->fakes[0], hang, true);
        unsigned probes = fake_get(&f->fakes[0], probes);
        push(f, "a.test", 1);
        start(f, 0);
        WAIT_FOR(fake_get(&f->fakes[0], hanging));
        assert_int_equal(fake_get(&f->fakes[0], probes), probes);
        fake_set(&f->fakes[0], hang, false);
        WAIT_FOR(is_idle(f));
        assert_int_equal(fake_get(&f->fakes[0], probes), probes + 1);
        WAIT_FOR(fake_serial(&f->fakes[0], "lost.test") == 1);
}

/* A comparison that can't be finished is not forgotten. */
static void restart_is_compared_although_the_database_is_locked_at_first(void **state) {
        Fixture *f = *state;
        sqlite3 *db;

        push(f, "lost.test", 1);
        start(f, 0);
        WAIT_FOR(is_idle(f));
        stop(f, 0);
        fake_lose(&f->fakes[0], "lost.test");
        fake_set(&f->fakes[0], incarnation, "second");
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        f->backends[0].served_timeout_usec = 100 * USEC_PER_MSEC;
        unsigned probes = fake_get(&f->fakes[0], probes);
        start(f, 0);
        /* Again with each wake-up. */
        WAIT_FOR((wake(f), fake_get(&f->fakes[0], probes) >= probes + 2));
        assert_false(is_idle(f));
        assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        wake(f);
        WAIT_FOR(fake_serial(&f->fakes[0], "lost.test") == 1);
}

/* ---- a database, and name servers that read it ---- */

/* The first backend is a database with two name servers: its own fake and the other one. */
static void start_database(Fixture *f) {
        static DdnsSockaddr servers[2];

        servers[0] = f->fakes[0].address;
        servers[1] = f->fakes[1].address;
        f->backends[0].nameservers = servers;
        f->backends[0].n_nameservers = 2;
        fake_set(&f->fakes[0], without_aa, true);
        start_as(f, 0, &fake_database_ops);
}

static bool is_written(Fixture *f, const char *zone) {
        return row_of(f, zone).state == DDNS_DELIVERY_WRITTEN;
}

static void written_is_served_when_all_name_servers_show_it(void **state) {
        Fixture *f = *state;

        f->backends[0].served_timeout_usec = 60 * USEC_PER_SEC;
        push(f, "a.test", 1);
        start_database(f);
        WAIT_FOR(is_written(f, "a.test"));
        assert_false(is_idle(f));
        fake_show(&f->fakes[1], "a.test", 1);
        WAIT_FOR(is_delivered(f, "a.test"));
        WAIT_FOR(is_idle(f));
        assert_int_equal(fake_count(&f->fakes[0], "a.test"), 1);
        assert_int_equal(lane_state(f, 0).delivered, 1);
}

static void a_name_server_that_stays_behind_is_charged_and_named(void **state) {
        Fixture *f = *state;

        set_backoff(f, 60000, 60000);
        fake_show(&f->fakes[1], "a.test", 1);
        push(f, "a.test", 2);
        start_database(f);
        WAIT_FOR(row_of(f, "a.test").state == DDNS_DELIVERY_DEFERRED);
        assert_string_equal(row_of(f, "a.test").error,
                            "written, but name server 127.0.0.1 does not show it: "
                            "serial 1 instead of 2");
        assert_int_equal(row_of(f, "a.test").tries, 1);
}

static void a_silent_name_server_stops_no_writing_and_charges_nobody(void **state) {
        static const char why[] = "written, but name server 127.0.0.1 answers no queries";
        Fixture *f = *state;
        char zone[32];

        f->backends[0].served_timeout_usec = 100 * USEC_PER_MSEC;
        fake_set(&f->fakes[1], silent, true);
        start_database(f);
        for (unsigned i = 0; i < 30; i++) {
                (void) snprintf(zone, sizeof zone, "z%u.test", i);
                push(f, zone, 1);
                fake_show(&f->fakes[1], zone, 1);
        }
        wake(f);
        WAIT_FOR(strcmp(row_of(f, "z0.test").error, why) == 0); /* past its deadline */
        WAIT_FOR(fake_serial(&f->fakes[0], "z29.test") == 1 && is_written(f, "z29.test"));
        push(f, "late.test", 1);
        fake_show(&f->fakes[1], "late.test", 1);
        wake(f);
        WAIT_FOR(fake_serial(&f->fakes[0], "late.test") == 1);
        assert_int_equal(failures(f), 0);
        assert_int_equal(row_of(f, "z0.test").tries, 0);
        fake_set(&f->fakes[1], silent, false);
        WAIT_FOR(is_idle(f));
        assert_true(is_delivered(f, "z0.test") && is_delivered(f, "z29.test") &&
                    is_delivered(f, "late.test"));
        assert_int_equal(fake_count(&f->fakes[0], "z0.test"), 1);
        assert_int_equal(lane_state(f, 0).failed, 0);
}

static void what_was_written_is_delivered_again_after_a_start(void **state) {
        Fixture *f = *state;

        f->backends[0].served_timeout_usec = 60 * USEC_PER_SEC;
        push(f, "a.test", 1);
        start_database(f);
        WAIT_FOR(is_written(f, "a.test"));
        stop(f, 0);
        fake_show(&f->fakes[1], "a.test", 1);
        start_database(f);
        WAIT_FOR(is_delivered(f, "a.test"));
        assert_int_equal(fake_count(&f->fakes[0], "a.test"), 2);
}

static void operators_retry_reaches_what_is_written(void **state) {
        Fixture *f = *state;
        uint64_t n;

        f->backends[0].served_timeout_usec = 60 * USEC_PER_SEC;
        push(f, "a.test", 1);
        start_database(f);
        WAIT_FOR(is_written(f, "a.test"));
        assert_int_equal(ddns_store_retry(f->store, "one", "a.test", false, ddns_now_usec(), &n), 0);
        wake(f);
        WAIT_FOR(fake_count(&f->fakes[0], "a.test") == 2);
        WAIT_FOR(is_written(f, "a.test"));
        fake_show(&f->fakes[1], "a.test", 1);
        WAIT_FOR(is_delivered(f, "a.test"));
}

static void a_deleted_zone_that_lives_on_in_a_name_server_is_a_warning(void **state) {
        static const char why[] = "written, but name server 127.0.0.1 does not show it: "
                                  "still served with serial 1, until it is restarted";
        Fixture *f = *state;

        fake_show(&f->fakes[1], "a.test", 1);
        push(f, "a.test", 1);
        start_database(f);
        WAIT_FOR(is_delivered(f, "a.test"));
        accept_change(f, "a.test", 0, true, false);
        wake(f);
        WAIT_FOR(is_delivered(f, "a.test") && row_of(f, "a.test").warning[0]);
        assert_string_equal(row_of(f, "a.test").warning, why);
        assert_int_equal(lane_state(f, 0).failed, 0);
}

static void warnings_are_kept_and_go(void **state) {
        Fixture *f = *state;

        fake_set(&f->fakes[0], warned, "a.test");
        f->backends[0].n_nameservers = 0;
        push(f, "a.test", 1);
        start_as(f, 0, &fake_database_ops);
        WAIT_FOR(is_delivered(f, "a.test"));
        assert_string_equal(row_of(f, "a.test").warning, "not all of it");
        fake_set(&f->fakes[0], warned, NULL);
        push(f, "a.test", 2);
        wake(f);
        WAIT_FOR(fake_serial(&f->fakes[0], "a.test") == 2 && is_delivered(f, "a.test"));
        assert_string_equal(row_of(f, "a.test").warning, "");
}

static void another_database_gets_all_zones(void **state) {
        Fixture *f = *state;

        f->backends[0].n_nameservers = 0;
        push(f, "a.test", 1);
        push(f, "b.test", 1);
        start_as(f, 0, &fake_database_ops);
        WAIT_FOR(is_idle(f));
        stop(f, 0);
        fake_set(&f->fakes[0], incarnation, "second");
        start_as(f, 0, &fake_database_ops);
        WAIT_FOR(fake_count(&f->fakes[0], "a.test") == 2 && fake_count(&f->fakes[0], "b.test") == 2);
        WAIT_FOR(is_idle(f) && is_delivered(f, "b.test"));
        stop(f, 0);
        start_as(f, 0, &fake_database_ops);
        WAIT_FOR(is_idle(f));
        assert_int_equal(fake_count(&f->fakes[0], "a.test"), 2);
}

static void none_is_left_behind_among_many_that_wait(void **state) {
        Fixture *f = *state;
        DdnsWaitingList w;
        char zone[32];

        assert_int_equal(ddns_waiting_list_init(&w, &f->fakes[0].address, 1, false), 0);
        for (unsigned i = 0; i < 1200; i++) {
                (void) snprintf(zone, sizeof zone, "z%u.test", i);
                const DdnsDelivery d = { .zone = zone, .serial = 1 };
                assert_int_equal(ddns_waiting_list_add(&w, &d, ddns_monotonic_usec(), PATIENCE_USEC), 0);
        }
        for (unsigned round = 0; round < 3; round++) {
                uint64_t next = ddns_monotonic_usec() +
                                100 * USEC_PER_MSEC; /* all are due again by then */

                assert_int_equal(ddns_waiting_list_ask(&w, PATIENCE_USEC), 0);
                WAIT_FOR(ddns_monotonic_usec() > next);
        }
        for (size_t i = 0; i < w.n; i++)
                assert_true(w.items[i].asked_usec > 0);
        ddns_waiting_list_done(&w);
}

/* ---- our own database ---- */

/* Standard error goes to a temporary file from here on; `*ret_saved` is what it was. */
static FILE *catch_reports(int *ret_saved) {
        FILE *file = tmpfile();

        assert_non_null(file);
        *ret_saved = dup(STDERR_FILENO);
        assert_true(*ret_saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
        return file;
}

static unsigned count_reports(FILE *file, int saved, const char *text) {
        char line[1024];
        unsigned n = 0;

        assert_true(dup2(saved, STDERR_FILENO) >= 0);
        (void) close(saved);
        rewind(file);
        while (fgets(line, sizeof line, file))
                n += strstr(line, text) != NULL;
        (void) fclose(file);
        return n;
}

static void locked_database_is_waited_for_and_told_once(void **state) {
        Fixture *f = *state;
        sqlite3 *db;
        int saved;

        fake_set(&f->fakes[0], hang, true);
        push(f, "a.test", 1);
        start(f, 0);
        WAIT_FOR(fake_get(&f->fakes[0], hanging));
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        FILE *reports = catch_reports(&saved);
        fake_set(&f->fakes[0], hang, false);
        /* With each wake-up it is applied again, since it could not be recorded. */
        WAIT_FOR((wake(f), fake_count(&f->fakes[0], "a.test@1") >= 3));
        assert_int_equal(count_reports(reports, saved, "the database failed"), 1);
        assert_false(is_idle(f));
        assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        wake(f);
        WAIT_FOR(is_delivered(f, "a.test"));
        WAIT_FOR(is_idle(f));
}

/* As after the clock was set back by a year. */
static int take_delay(const DdnsBackendRow *row, void *userdata) {
        *(uint64_t *) userdata = row->delay_usec;
        return 1;
}

static void a_clock_that_was_set_back_makes_no_delay_of_ages(void **state) {
        Fixture *f = *state;
        uint64_t delay = UINT64_MAX;

        accept_change_at(f, "a.example", 1, false, false, ddns_now_usec() + 3600 * USEC_PER_SEC);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "a.example"));
        assert_int_equal(ddns_store_each_backend(f->store, take_delay, &delay), 1);
        assert_int_equal(delay, 0);
}

static void due_date_far_ahead_counts_as_due(void **state) {
        uint64_t later = ddns_now_usec() + 365 * 24 * 3600 * USEC_PER_SEC;
        DdnsResult result = { .zone = "a.test", .error = "some trouble" };
        DdnsBatch batch = DDNS_BATCH_NULL;
        uint64_t due;
        Fixture *f = *state;
        DdnsSchedule schedule = { f->config.queue.backoff_usec, f->config.queue.n_backoff };

        push(f, "a.test", 1);
        assert_int_equal(ddns_store_take_batch(f->store, "one", later, 1, &batch), 0);
        result.generation = batch.deliveries[0].generation;
        ddns_batch_done(&batch);
        assert_int_equal(ddns_store_record(f->store, "one", &result, 1, later, &schedule), 0);
        assert_int_equal(ddns_store_backend_failed(f->store, "one", "down", later, &schedule, &due), 0);
        start(f, 0);
        WAIT_FOR(is_delivered(f, "a.test"));
        WAIT_FOR(failures(f) == 0);
}

int main(void) {
#define LANE(test)     cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define DATABASE(test) cmocka_unit_test_setup_teardown(test, set_up_two, tear_down)
        const struct CMUnitTest tests[] = {
                LANE(pushes_are_delivered_and_the_lane_is_idle_then),
                LANE(only_the_newest_content_is_delivered),
                LANE(urgent_zones_go_first),
                LANE(deletes_are_delivered),
                LANE(lane_without_a_name_server_to_ask_delivers_what_is_written),
                LANE(idle_is_never_said_while_a_push_is_not_delivered),
                LANE(one_failing_zone_delays_no_other),
                LANE(what_failed_before_stands_behind_what_is_new),
                LANE(retry_that_falls_due_is_done_on_time_without_a_wake_up),
                LANE(zone_that_is_taken_but_not_shown_fails_with_what_the_server_says),
                LANE(others_go_on_while_one_waits_to_be_shown),
                LANE(zone_that_is_shown_late_is_delivered_once),
                LANE(newer_push_overtakes_one_that_waits),
                LANE(each_save_is_ended_as_it_is_recorded),
                LANE(zone_that_can_not_be_rolled_back_is_not_charged_but_done_again),
                LANE(retries_that_wait_to_be_shown_hold_up_no_other_retry),
                LANE(backend_that_is_down_charges_no_zone_and_comes_back_by_itself),
                LANE(silent_name_server_is_a_failure_of_the_backend),
                LANE(name_server_that_falls_silent_charges_no_zone_that_waits),
                LANE(name_server_that_can_not_be_asked_does_not_keep_the_lane_for_ever),
                cmocka_unit_test_setup_teardown(hanging_backend_delays_no_other_lane, set_up_two,
                                                tear_down),
                LANE(stop_in_the_middle_of_a_batch_loses_nothing),
                LANE(zones_lost_in_a_restart_are_delivered_again),
                LANE(a_zone_that_a_restart_brought_back_is_deleted_again),
                LANE(a_short_absence_is_no_outage),
                LANE(what_failed_before_a_restart_is_tried_again_after_it),
                LANE(without_a_name_server_to_ask_all_zones_are_delivered_again_after_a_restart),
                LANE(restart_during_an_outage_is_noticed_when_the_name_server_is_back),
                LANE(what_waits_is_delivered_before_the_name_server_is_asked_which_one_it_is),
                LANE(restart_is_compared_although_the_database_is_locked_at_first),
                LANE(locked_database_is_waited_for_and_told_once),
                LANE(due_date_far_ahead_counts_as_due),
                LANE(a_clock_that_was_set_back_makes_no_delay_of_ages),
                DATABASE(written_is_served_when_all_name_servers_show_it),
                DATABASE(a_name_server_that_stays_behind_is_charged_and_named),
                DATABASE(a_silent_name_server_stops_no_writing_and_charges_nobody),
                DATABASE(what_was_written_is_delivered_again_after_a_start),
                DATABASE(operators_retry_reaches_what_is_written),
                DATABASE(a_deleted_zone_that_lives_on_in_a_name_server_is_a_warning),
                DATABASE(warnings_are_kept_and_go),
                DATABASE(another_database_gets_all_zones),
                LANE(none_is_left_behind_among_many_that_wait),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
