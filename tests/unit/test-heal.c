/* SPDX-License-Identifier: MIT */
/* Comparisons of a lane, against a name server that has and serves what the test tells it. */
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "fake.h"
#include "lane-fixture.h"
#include "store/reconcile.h"
#include "test.h"

static DdnsComparison comparison(Fixture *f) {
        DdnsComparison c;

        assert_int_equal(ddns_store_get_comparison(f->store, "one", &c), 0);
        return c;
}

static void ask(Fixture *f) {
        assert_int_equal(ddns_store_ask_comparison(f->store, "one", ddns_now_usec()), 0);
        wake(f);
}

static bool has_ended(Fixture *f) {
        DdnsComparison c = comparison(f);

        return c.asked_usec == 0 && c.ended_usec > 0;
}

static DdnsComparison compare(Fixture *f) {
        ask(f);
        WAIT_FOR(has_ended(f));
        WAIT_FOR(is_idle(f));
        return comparison(f);
}

/* Zones z0.test to z9.test, delivered. */
static void deliver_ten(Fixture *f) {
        char zone[32];

        for (unsigned i = 0; i < 10; i++) {
                (void) snprintf(zone, sizeof zone, "z%u.test", i);
                push(f, zone, 1);
        }
        start(f, 0);
        WAIT_FOR(is_idle(f));
        for (unsigned i = 0; i < 10; i++) {
                (void) snprintf(zone, sizeof zone, "z%u.test", i);
                assert_true(is_delivered(f, zone));
        }
}

static void assert_result(const DdnsComparison *c, unsigned compared, unsigned differed,
                          unsigned foreign, const char *error) {
        assert_string_equal(c->error, error);
        assert_int_equal(c->compared, compared);
        assert_int_equal(c->differed, differed);
        assert_int_equal(c->foreign, foreign);
}

static void what_is_right_is_compared_and_not_touched(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        unsigned applies = fake_get(&f->fakes[0], applies);
        DdnsComparison c = compare(f);
        assert_result(&c, 10, 0, 0, "");
        assert_int_equal(fake_get(&f->fakes[0], applies), applies);
}

static void nothing_is_compared_that_nobody_asked_for(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        wake(f);
        WAIT_FOR(is_idle(f));
        assert_int_equal(fake_get(&f->fakes[0], inspections), 0);
}

static void altered_content_is_delivered_again_and_nothing_else(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_set(&f->fakes[0], altered, "z3.test");
        DdnsComparison c = compare(f);
        assert_result(&c, 10, 1, 0, "");
        WAIT_FOR(fake_count(&f->fakes[0], "z3.test@1 ") == 2);
        WAIT_FOR(is_delivered(f, "z3.test"));
        assert_int_equal(fake_count(&f->fakes[0], "@"), 11);
        c = compare(f);
        assert_result(&c, 10, 0, 0, "");
}

static void zone_that_is_not_served_is_delivered_again(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_lose(&f->fakes[0], "z4.test");
        DdnsComparison c = compare(f);
        assert_result(&c, 10, 1, 0, "");
        WAIT_FOR(fake_serial(&f->fakes[0], "z4.test") == 1);
        assert_int_equal(fake_count(&f->fakes[0], "@"), 11);
}

static void serial_behind_or_ahead_of_ours_is_a_difference(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_show(&f->fakes[0], "z5.test", 0);
        fake_show(&f->fakes[0], "z6.test", 2);
        DdnsComparison c = compare(f);
        assert_result(&c, 10, 2, 0, "");
        WAIT_FOR(fake_serial(&f->fakes[0], "z5.test") == 1 && fake_serial(&f->fakes[0], "z6.test") == 1);
}

static void zone_that_shows_itself_a_moment_later_is_left_alone(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_lose(&f->fakes[0], "z4.test");
        ask(f);
        WAIT_FOR(fake_get(&f->fakes[0], inspections) == 1);
        fake_show(&f->fakes[0], "z4.test", 1);
        WAIT_FOR(has_ended(f));
        DdnsComparison c = comparison(f);
        assert_result(&c, 10, 0, 0, "");
        assert_int_equal(fake_count(&f->fakes[0], "@"), 10);
}

static void zone_that_changes_while_it_is_compared_does_not_differ(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_set(&f->fakes[0], altered, "z3.test");
        fake_set(&f->fakes[0], inspect_hangs, true);
        ask(f);
        WAIT_FOR(fake_get(&f->fakes[0], inspecting));
        push(f, "z3.test", 2);
        accept_change(f, "z4.test", 0, true, false);
        fake_set(&f->fakes[0], inspect_hangs, false);
        wake(f);
        WAIT_FOR(has_ended(f));
        WAIT_FOR(fake_serial(&f->fakes[0], "z3.test") == 2);
        DdnsComparison c = comparison(f);
        assert_int_equal(c.differed, 0);
        assert_int_equal(fake_count(&f->fakes[0], "z3.test@"), 2);
        assert_int_equal(fake_count(&f->fakes[0], " z4.test@"), 1);
}

static void pushes_meanwhile_go_first(void **state) {
        Fixture *f = *state;

        f->config.reconcile.query_rate = 10; /* a second and more for all of them */
        deliver_ten(f);
        ask(f);
        WAIT_FOR(fake_get(&f->fakes[0], inspections) > 0);
        push(f, "new.test", 7);
        wake(f);
        WAIT_FOR(fake_serial(&f->fakes[0], "new.test") == 7);
        assert_false(has_ended(f));
        assert_false(is_idle(f)); /* so that the process stays */
        WAIT_FOR(has_ended(f));
}

static void queries_keep_to_their_rate(void **state) {
        Fixture *f = *state;

        f->config.reconcile.query_rate = 10;
        deliver_ten(f);
        uint64_t start_usec = ddns_monotonic_usec();
        (void) compare(f);
        assert_true(ddns_monotonic_usec() - start_usec >= 900 * USEC_PER_MSEC);
}

static void comparison_ends_although_work_keeps_coming(void **state) {
        Fixture *f = *state;
        uint32_t serial = 1;

        deliver_ten(f);
        ask(f);
        WAIT_FOR((push(f, "busy.test", ++serial), wake(f), has_ended(f)));
}

static void what_is_not_ours_is_counted_and_left_alone(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        accept_change(f, "z9.test", 0, true, false);
        wake(f);
        WAIT_FOR(fake_serial(&f->fakes[0], "z9.test") == -1);
        WAIT_FOR(is_idle(f));
        fake_show(&f->fakes[0], "their.test", 5);
        fake_show(&f->fakes[0], "z9.test", 1); /* deleted once, there again */
        unsigned applies = fake_get(&f->fakes[0], applies);
        DdnsComparison c = compare(f);
        assert_result(&c, 9, 0, 2, "");
        assert_int_equal(fake_get(&f->fakes[0], applies), applies);
        assert_int_equal(fake_serial(&f->fakes[0], "their.test"), 5);
}

static void zone_whose_delete_is_still_to_come_is_not_foreign(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        set_backoff(f, 3600 * 1000, 3600 * 1000);
        fake_set(&f->fakes[0], poison, "z9.test");
        accept_change(f, "z9.test", 0, true, false);
        wake(f);
        WAIT_FOR(row_of(f, "z9.test").tries == 1);
        DdnsComparison c = compare(f);
        assert_result(&c, 9, 0, 0, "");
}

static void silent_name_server_makes_no_differences(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_set(&f->fakes[0], silent, true);
        DdnsComparison c = compare(f);
        assert_int_equal(c.compared, 10);
        assert_int_equal(c.differed, 0);
        assert_non_null(strstr(c.error, "was silent"));
        assert_int_equal(fake_count(&f->fakes[0], "@"), 10);
        assert_int_equal(failures(f), 0);
}

static void backend_that_is_down_is_compared_when_it_is_back(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        stop(f, 0);
        fake_set(&f->fakes[0], down, true);
        assert_int_equal(ddns_store_ask_comparison(f->store, "one", ddns_now_usec()), 0);
        set_backoff(f, 500, 500);
        start(f, 0);
        WAIT_FOR(failures(f) > 0);
        WAIT_FOR(is_idle(f)); /* it keeps no process alive */
        assert_true(lane_state(f, 0).due_usec == UINT64_MAX);
        assert_int_equal(fake_get(&f->fakes[0], inspections), 0);
        fake_set(&f->fakes[0], down, false);
        WAIT_FOR(has_ended(f)); /* nobody wakes it */
        assert_int_equal(comparison(f).compared, 10);
        assert_int_equal(failures(f), 0);
}

static void backend_that_fails_in_the_middle_is_compared_anew(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_set(&f->fakes[0], inspect_hangs, true);
        ask(f);
        WAIT_FOR(fake_get(&f->fakes[0], inspecting));
        fake_set(&f->fakes[0], down, true);
        fake_set(&f->fakes[0], inspect_hangs, false);
        WAIT_FOR(failures(f) > 0);
        assert_true(comparison(f).asked_usec > 0);
        assert_string_equal(comparison(f).error, "connection refused");
        fake_set(&f->fakes[0], down, false);
        WAIT_FOR(has_ended(f));
        DdnsComparison c = comparison(f);
        assert_result(&c, 10, 0, 0, "");
}

static void what_can_never_be_looked_at_is_given_up(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_set(&f->fakes[0], inspect_fails, "no right to read");
        ask(f);
        WAIT_FOR(has_ended(f));
        assert_string_equal(comparison(f).error, "no right to read");
        assert_int_equal(fake_get(&f->fakes[0], inspections), 3);
        fake_set(&f->fakes[0], inspect_fails, NULL);
        DdnsComparison c = compare(f);
        assert_result(&c, 10, 0, 0, "");
}

static void deliveries_that_were_given_up_come_back(void **state) {
        Fixture *f = *state;

        fake_set(&f->fakes[0], poison, "z3.test");
        set_backoff(f, 5, 5);
        push(f, "z3.test", 1);
        start(f, 0);
        WAIT_FOR(row_of(f, "z3.test").state == DDNS_DELIVERY_DEAD);
        fake_set(&f->fakes[0], poison, NULL);
        ask(f);
        WAIT_FOR(is_delivered(f, "z3.test"));
}

static void stop_in_the_middle_starts_anew(void **state) {
        Fixture *f = *state;

        f->config.reconcile.query_rate = 10;
        deliver_ten(f);
        ask(f);
        WAIT_FOR(fake_get(&f->fakes[0], inspections) > 1);
        stop(f, 0);
        assert_true(comparison(f).asked_usec > 0);
        f->config.reconcile.query_rate = 0;
        start(f, 0);
        WAIT_FOR(has_ended(f));
        assert_int_equal(comparison(f).compared, 10);
}

static void comparison_that_is_asked_for_again_is_made_again(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_set(&f->fakes[0], inspect_hangs, true);
        ask(f);
        WAIT_FOR(fake_get(&f->fakes[0], inspecting));
        ask(f);
        fake_set(&f->fakes[0], inspect_hangs, false);
        WAIT_FOR(has_ended(f));
        assert_int_equal(fake_get(&f->fakes[0], inspections), 2);
}

static void an_idle_lane_looks_after_its_name_server(void **state) {
        Fixture *f = *state;

        deliver_ten(f);
        fake_lose(&f->fakes[0], "z1.test");
        fake_set(&f->fakes[0], incarnation, "second");
        WAIT_FOR(fake_serial(&f->fakes[0], "z1.test") == 1);
}

int main(void) {
#define HEAL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                HEAL(what_is_right_is_compared_and_not_touched),
                HEAL(nothing_is_compared_that_nobody_asked_for),
                HEAL(altered_content_is_delivered_again_and_nothing_else),
                HEAL(zone_that_is_not_served_is_delivered_again),
                HEAL(serial_behind_or_ahead_of_ours_is_a_difference),
                HEAL(zone_that_shows_itself_a_moment_later_is_left_alone),
                HEAL(zone_that_changes_while_it_is_compared_does_not_differ),
                HEAL(pushes_meanwhile_go_first),
                HEAL(queries_keep_to_their_rate),
                HEAL(comparison_ends_although_work_keeps_coming),
                HEAL(what_is_not_ours_is_counted_and_left_alone),
                HEAL(zone_whose_delete_is_still_to_come_is_not_foreign),
                HEAL(silent_name_server_makes_no_differences),
                HEAL(backend_that_is_down_is_compared_when_it_is_back),
                HEAL(backend_that_fails_in_the_middle_is_compared_anew),
                HEAL(what_can_never_be_looked_at_is_given_up),
                HEAL(deliveries_that_were_given_up_come_back),
                HEAL(stop_in_the_middle_starts_anew),
                HEAL(comparison_that_is_asked_for_again_is_made_again),
                HEAL(an_idle_lane_looks_after_its_name_server),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
