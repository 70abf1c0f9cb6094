/* SPDX-License-Identifier: MIT */
/* A pass over masters that list over HTTP, and what it leaves in the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/file.h"
#include "pass-fixture.h"
#include "test.h"

static void an_orphan_goes_with_the_second_pass(void **state) {
        Fixture *f = *state;

        (void) push(f, "orphan.test", 1, "server1.test");
        DdnsPass p = pass(f);
        assert_int_equal(p.orphans, 0);
        assert_true(is_held(f, "orphan.test"));
        p = pass(f);
        assert_int_equal(p.orphans, 1);
        assert_int_equal(p.deleted, 1);
        assert_false(is_held(f, "orphan.test"));
        assert_true(is_held(f, "kept1.test"));
        assert_true(is_held(f, "kept2.test"));
        assert_string_equal(row_of(f, "orphan.test").master, "ddns-reconcile");
}

static void passes_that_follow_at_once_count_as_one(void **state) {
        Fixture *f = *state;

        f->config.reconcile.patience_usec = 3600 * USEC_PER_SEC;
        (void) push(f, "orphan.test", 1, "server1.test");
        for (int i = 0; i < 3; i++) {
                DdnsPass p = pass(f);
                assert_int_equal(p.deleted, 0);
                assert_int_equal(p.orphans, 0);
        }
        assert_true(is_held(f, "orphan.test"));
        f->config.reconcile.patience_usec = 1; /* that has passed since the first of them */
        assert_int_equal(pass(f).deleted, 1);
        assert_false(is_held(f, "orphan.test"));
}

static void an_operator_need_not_be_patient(void **state) {
        Fixture *f = *state;

        f->config.reconcile.patience_usec = 3600 * USEC_PER_SEC;
        (void) push(f, "orphan.test", 1, "server1.test");
        assert_int_equal(pass(f).deleted, 0);
        f->options.confirmed = true;
        assert_int_equal(pass(f).deleted, 1);
}

static void a_failed_listing_deletes_nothing_and_does_not_forget(void **state) {
        Fixture *f = *state;

        f->config.reconcile.wait_for_all = false;
        (void) push(f, "orphan.test", 1, "server1.test");
        (void) pass(f);
        master_set_status(&f->masters[0], 500);
        for (int i = 0; i < 3; i++) {
                DdnsPass p = pass(f);
                assert_int_equal(p.unreachable, 1);
                assert_int_equal(p.orphans, 0);
                assert_true(is_held(f, "orphan.test"));
        }
        master_set_status(&f->masters[0], 200);
        assert_int_equal(pass(f).deleted, 1);
}

static void all_masters_that_fail_delete_nothing(void **state) {
        Fixture *f = *state;

        (void) push(f, "orphan.test", 1, "server1.test");
        (void) pass(f);
        for (int i = 0; i < 2; i++)
                master_set_status(&f->masters[i], 500);
        DdnsPass p = pass(f);
        assert_int_equal(p.unreachable, 2);
        assert_false(p.failed);
        assert_int_equal(p.deleted, 0);
        assert_true(is_held(f, "orphan.test"));
}

static void the_brake_holds_all_until_it_is_confirmed(void **state) {
        Fixture *f = *state;
        char name[32];

        for (int i = 0; i < 11; i++) {
                (void) snprintf(name, sizeof name, "orphan%d.test", i);
                (void) push(f, name, 1, "server1.test");
        }
        (void) pass(f);
        for (int i = 0; i < 2; i++) {
                DdnsPass p = pass(f);
                assert_int_equal(p.orphans, 11);
                assert_int_equal(p.braked, 11);
                assert_int_equal(p.deleted, 0);
        }
        f->options.confirmed = true;
        DdnsPass p = pass(f);
        assert_int_equal(p.deleted, 11);
        assert_int_equal(p.braked, 0);
        assert_false(is_held(f, "orphan7.test"));
        assert_true(is_held(f, "kept1.test"));
}

typedef struct File {
        char *data;
        size_t size;
} File;

static File read_database(const Fixture *f) {
        File file;

        assert_int_equal(
                        ddns_file_read(f->config.state.database, 64 << 20, &file.data, &file.size, NULL),
                        0);
        return file;
}

static void an_operators_look_stores_nothing(void **state) {
        Fixture *f = *state;

        (void) push(f, "orphan.test", 1, "server1.test");
        (void) push(f, "unowned.test", 1, NULL);
        MASTER_LIST(&f->masters[1], "kept2.test", "unowned.test", "lacked.test");
        (void) push(f, "new.test", 1, "server1.test");
        (void) pass(f);
        (void) push(f, "unowned2.test", 1, NULL);
        MASTER_LIST(&f->masters[1], "kept2.test", "unowned.test", "unowned2.test", "lacked.test");
        remove_zone(f, "kept2.test");
        master_set_status(&f->masters[0], 401);
        (void) pass(f);
        master_set_status(&f->masters[0], 200);

        (void) push(f, "fresh.test", 1, "server1.test");

        File before = read_database(f);
        f->options.dry_run = f->options.by_hand = f->options.heal = true;
        DdnsPass p = pass(f);
        assert_true(p.dry_run);
        assert_int_equal(p.deleted, 2);
        assert_int_equal(p.unreachable, 0);
        File after = read_database(f);
        assert_int_equal(before.size, after.size);
        assert_memory_equal(before.data, after.data, before.size);
        free(before.data);
        free(after.data);
}

static void a_dry_run_by_setting_remembers_and_does_nothing(void **state) {
        Fixture *f = *state;

        f->config.reconcile.dry_run = true;
        (void) push(f, "orphan.test", 1, "server1.test");
        (void) push(f, "unowned.test", 1, NULL);
        MASTER_LIST(&f->masters[1], "kept2.test", "unowned.test");
        (void) pass(f);
        DdnsPass p = pass(f);
        assert_true(p.dry_run);
        assert_int_equal(p.deleted, 1);
        assert_int_equal(p.backfilled, 1);
        assert_true(is_held(f, "orphan.test"));
        assert_string_equal(row_of(f, "unowned.test").hostname, "");

        f->config.reconcile.dry_run = false;
        p = pass(f);
        assert_int_equal(p.deleted, 1);
        assert_false(is_held(f, "orphan.test"));
        assert_string_equal(row_of(f, "unowned.test").hostname, "server2.test");
}

static void push_orphan(void *userdata) {
        (void) push(userdata, "orphan.test", 1, "server1.test");
}

static void a_zone_pushed_while_a_master_lists_stays(void **state) {
        Fixture *f = *state;

        (void) push(f, "orphan.test", 1, "server1.test");
        (void) pass(f);
        master_set_asked(&f->masters[0], push_orphan, f);
        DdnsPass p = pass(f);
        assert_int_equal(p.deleted, 0);
        assert_true(is_held(f, "orphan.test"));
        master_set_asked(&f->masters[0], NULL, NULL);
        assert_int_equal(pass(f).deleted, 0); /* it counts from the beginning again */
        assert_int_equal(pass(f).deleted, 1);
}

static void push_in_the_past(void *userdata) {
        (void) push_at(userdata, "orphan.test", 2, "server1.test", USEC_PER_SEC);
}

static void a_clock_that_is_set_back_makes_no_pushed_zone_an_orphan(void **state) {
        Fixture *f = *state;

        master_set_asked(&f->masters[0], push_in_the_past, f);
        (void) pass(f);
        master_set_asked(&f->masters[0], NULL, NULL);
        assert_int_equal(pass(f).deleted, 0);
        assert_true(is_held(f, "orphan.test"));
}

static void push_decided(const DdnsDecisions *all, const DdnsDecision *d, void *userdata) {
        (void) all;
        if (d->kind == DDNS_DECISION_DELETE)
                push_orphan(userdata);
}

static void a_zone_pushed_after_the_decision_stays(void **state) {
        Fixture *f = *state;

        (void) push(f, "orphan.test", 1, "server1.test");
        (void) pass(f);
        f->options.decided = push_decided;
        f->options.userdata = f;
        DdnsPass p = pass(f);
        assert_int_equal(p.orphans, 1);
        assert_int_equal(p.deleted, 0);
        assert_true(is_held(f, "orphan.test"));
}

static void owners_are_found_and_zones_move(void **state) {
        Fixture *f = *state;

        (void) push(f, "unowned.test", 1, NULL);
        (void) push(f, "moving.test", 1, "server1.test");
        MASTER_LIST(&f->masters[1], "kept2.test", "unowned.test", "moving.test");
        DdnsPass p = pass(f);
        assert_int_equal(p.backfilled, 1);
        assert_int_equal(p.moved, 0);
        assert_string_equal(row_of(f, "unowned.test").hostname, "server2.test");
        p = pass(f);
        assert_int_equal(p.moved, 1);
        assert_string_equal(row_of(f, "moving.test").hostname, "server2.test");
}

static DdnsMasterHealth health(const Fixture *f) {
        ddns_cleanup(ddns_store_freep) DdnsStore *s = open_store(f);
        DdnsMasterHealth ret;

        assert_int_equal(ddns_store_get_master_health(s, "one", &ret), 0);
        return ret;
}

static void set_due_now(const Fixture *f) {
        ddns_cleanup(ddns_store_freep) DdnsStore *s = open_store(f);
        DdnsMasterHealth h = health(f);

        h.due_usec = ddns_now_usec();
        assert_int_equal(ddns_store_set_master_health(s, "one", &h), 0);
}

static void a_refused_login_is_left_alone_for_a_while(void **state) {
        const uint64_t hour = 3600 * USEC_PER_SEC;
        Fixture *f = *state;

        master_set_status(&f->masters[0], 401);
        uint64_t now = ddns_now_usec();
        (void) pass(f);
        assert_int_equal(master_requests(&f->masters[0]), 1);
        assert_true(health(f).refused);
        assert_in_range(health(f).due_usec, now + hour, now + hour + 60 * USEC_PER_SEC);
        assert_int_equal(pass(f).unreachable, 1);
        assert_int_equal(master_requests(&f->masters[0]), 1);

        set_due_now(f);
        now = ddns_now_usec();
        (void) pass(f);
        assert_int_equal(master_requests(&f->masters[0]), 2);
        assert_in_range(health(f).due_usec, now + 2 * hour, now + 2 * hour + 60 * USEC_PER_SEC);

        master_set_status(&f->masters[0], 200);
        f->options.by_hand = true;
        assert_int_equal(pass(f).unreachable, 0);
        assert_int_equal(health(f).failures, 0);
        assert_int_equal(health(f).due_usec, 0);
}

static void a_second_pass_at_the_same_time_is_refused(void **state) {
        Fixture *f = *state;
        DdnsMessage message;
        DdnsPass ignored;
        char path[128];

        (void) snprintf(path, sizeof path, "%s.reconcile-lock", f->config.state.database);
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(flock(fd, LOCK_EX), 0);
        assert_int_equal(ddns_pass_run(&f->config, &f->options, &ignored, &message), -EBUSY);
        assert_int_equal(master_requests(&f->masters[0]), 0);
        (void) close(fd);
        (void) pass(f);
}

static void two_masters_with_one_servername_are_refused_unasked(void **state) {
        Fixture *f = *state;
        DdnsMessage message;
        DdnsPass ignored;

        strcpy(f->config.reconcile.masters[1].servername, "SERVER1.test");
        assert_int_equal(ddns_pass_run(&f->config, &f->options, &ignored, &message), -EINVAL);
        assert_int_equal(master_requests(&f->masters[0]), 0);
}

static void what_came_of_it_is_stored(void **state) {
        Fixture *f = *state;
        DdnsPass stored;

        (void) push(f, "orphan.test", 1, "server1.test");
        (void) pass(f);
        DdnsPass p = pass(f);
        ddns_cleanup(ddns_store_freep) DdnsStore *s = open_store(f);
        assert_int_equal(ddns_store_get_pass(s, &stored), 0);
        assert_int_equal(stored.started_usec, p.started_usec);
        assert_int_equal(stored.masters, 2);
        assert_int_equal(stored.listed, 2);
        assert_int_equal(stored.held, 3);
        assert_int_equal(stored.deleted, 1);
        assert_false(stored.failed);
}

static void told_to_stop_it_ends_before_it_deletes(void **state) {
        static const int stop = 1;
        Fixture *f = *state;

        (void) push(f, "orphan.test", 1, "server1.test");
        (void) pass(f);
        f->options.stop = &stop;
        DdnsPass p = pass(f);
        assert_true(p.failed);
        assert_true(is_held(f, "orphan.test"));
        f->options.stop = NULL;
        assert_int_equal(pass(f).deleted, 1);
}

typedef struct Hang {
        int stop, release[2];
} Hang;

static void stop_and_hang(void *userdata) {
        Hang *h = userdata;
        char ignored;

        __atomic_store_n(&h->stop, 1, __ATOMIC_RELAXED);
        assert_int_equal(read(h->release[0], &ignored, 1), 0);
}

static void told_to_stop_it_waits_for_no_master(void **state) {
        Fixture *f = *state;
        Hang h = { 0 };

        assert_int_equal(pipe2(h.release, O_CLOEXEC), 0);
        f->config.reconcile.masters[0].timeout_usec = 600 * USEC_PER_SEC;
        f->config.reconcile.masters[0].total_timeout_usec = 600 * USEC_PER_SEC;
        master_set_asked(&f->masters[0], stop_and_hang, &h);
        f->options.stop = &h.stop;
        assert_true(pass(f).failed);
        assert_int_equal(health(f).failures, 0);
        (void) close(h.release[1]);
        master_stop(&f->masters[0]);
        master_start(&f->masters[0]);
        (void) close(h.release[0]);
}

static bool is_comparison_asked(const Fixture *f) {
        ddns_cleanup(ddns_store_freep) DdnsStore *s = open_store(f);
        DdnsComparison c;

        assert_int_equal(ddns_store_get_comparison(s, "local", &c), 0);
        return c.asked_usec > 0;
}

static void backends_are_asked_to_compare_even_without_masters(void **state) {
        Fixture *f = *state;
        const DdnsStoreBackend local = { .name = "local", .target = "here" };
        DdnsStore *s = open_store(f);

        assert_int_equal(ddns_store_set_backends(s, &local, 1), 0);
        (void) ddns_store_free(s);
        (void) pass(f);
        assert_false(is_comparison_asked(f));
        f->options.heal = true;
        f->config.reconcile.dry_run = true;
        (void) pass(f);
        assert_false(is_comparison_asked(f));
        f->config.reconcile.dry_run = false;
        f->config.reconcile.n_masters = 0;
        DdnsPass p = pass(f);
        f->config.reconcile.n_masters = 2;
        assert_int_equal(p.masters, 0);
        assert_int_equal(p.held, 2);
        assert_true(is_comparison_asked(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(an_orphan_goes_with_the_second_pass),
                TEST(passes_that_follow_at_once_count_as_one),
                TEST(an_operator_need_not_be_patient),
                TEST(a_failed_listing_deletes_nothing_and_does_not_forget),
                TEST(all_masters_that_fail_delete_nothing),
                TEST(the_brake_holds_all_until_it_is_confirmed),
                TEST(an_operators_look_stores_nothing),
                TEST(a_dry_run_by_setting_remembers_and_does_nothing),
                TEST(a_zone_pushed_while_a_master_lists_stays),
                TEST(a_clock_that_is_set_back_makes_no_pushed_zone_an_orphan),
                TEST(a_zone_pushed_after_the_decision_stays),
                TEST(owners_are_found_and_zones_move),
                TEST(a_refused_login_is_left_alone_for_a_while),
                TEST(a_second_pass_at_the_same_time_is_refused),
                TEST(two_masters_with_one_servername_are_refused_unasked),
                TEST(what_came_of_it_is_stored),
                TEST(told_to_stop_it_ends_before_it_deletes),
                TEST(told_to_stop_it_waits_for_no_master),
                TEST(backends_are_asked_to_compare_even_without_masters),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
