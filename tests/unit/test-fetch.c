/* SPDX-License-Identifier: MIT */
/* A pass that fetches what it lacks, or what is behind, from a real named that plays the master's name server. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/clock.h"
#include "daemon.h"
#include "named.h"
#include "pass-fixture.h"
#include "test.h"

static Named named; /* one for all; each test starts it with zones of its own */
static bool is_there;

#define REQUIRE_NAMED()         \
        do {                    \
                if (!is_there)  \
                        skip(); \
        } while (0)

static int open_named(void **state) {
        (void) state;
        is_there = named_open(&named);
        return 0;
}

static int close_named(void **state) {
        (void) state;
        if (is_there)
                named_close(&named);
        return 0;
}

typedef struct Served {
        const char *zone;
        uint32_t serial;
        const char *records; /* beside SOA and NS */
} Served;

/* Starts named anew with these zones, the end is one without a name. `options` of each zone may be "". */
static void serve(const Served *zones, const char *options) {
        char config[1536] = "", name[80], text[512];

        for (; zones->zone; zones++) {
                size_t n = strlen(config);

                (void) snprintf(name, sizeof name, "zones/%s", zones->zone);
                (void) snprintf(text, sizeof text,
                                "$TTL 60\n@ SOA ns.host. h.host. %u 1 1 1 1\n@ NS ns.host.\n%s",
                                zones->serial, zones->records ?: "");
                daemon_write_file(named.root, name, text);
                (void) snprintf(config + n, sizeof config - n,
                                "zone \"%s\" { type master; file \"zones/%s\"; %s};\n", zones->zone,
                                zones->zone, options);
        }
        named_stop(&named, SIGTERM);
        named_start(&named, config);
}

#define SERVE(...) serve((const Served[]){ __VA_ARGS__, { NULL } }, "")

static void allow_axfr(Fixture *f, size_t i) {
        DdnsReconcileMaster *m = &f->config.reconcile.masters[i];

        m->axfr.address = malloc(sizeof *m->axfr.address);
        assert_non_null(m->axfr.address);
        *m->axfr.address = named.address;
        m->axfr.n_address = 1;
}

static int set_up_axfr(void **state) {
        int r = set_up(state);

        if (is_there)
                allow_axfr(*state, 0);
        return r;
}

static void a_zone_that_is_lacked_is_fetched_and_its_listing_master_owns_it(void **state) {
        Fixture *f = *state;

        REQUIRE_NAMED();
        SERVE({ "kept1.test", 1 }, { "new.test", 7, "www A 192.0.2.1\n" });
        MASTER_LIST(&f->masters[0], "kept1.test", "new.test");
        DdnsPass p = pass(f);
        assert_int_equal(p.fetched, 1);
        assert_int_equal(p.fetch_failed, 0);
        assert_true(is_held(f, "new.test"));
        assert_int_equal(row_of(f, "new.test").serial, 7);
        assert_string_equal(row_of(f, "new.test").hostname, "server1.test");
        assert_int_equal(pass(f).fetched, 0);
}

static void a_dry_run_fetches_nothing(void **state) {
        Fixture *f = *state;

        REQUIRE_NAMED();
        SERVE({ "kept1.test", 2 }, { "new.test", 7 });
        MASTER_LIST(&f->masters[0], "kept1.test", "new.test");
        f->options.dry_run = true;
        assert_int_equal(pass(f).fetched, 2);
        assert_false(is_held(f, "new.test"));
        assert_int_equal(row_of(f, "kept1.test").serial, 1);
}

static void a_serial_that_is_ahead_is_fetched_and_one_that_is_not_is_not(void **state) {
        Fixture *f = *state;

        REQUIRE_NAMED();
        (void) push(f, "ahead.test", 1, "server1.test");
        (void) push(f, "behind.test", 9, "server1.test");
        (void) push(f, "wrapped.test", 4294967295u, "server1.test");
        (void) push(f, "others.test", 1, "server2.test");
        MASTER_LIST(&f->masters[0], "kept1.test", "ahead.test", "behind.test", "wrapped.test",
                    "others.test");
        MASTER_LIST(&f->masters[1], "kept2.test", "others.test");
        SERVE({ "kept1.test", 1 }, { "ahead.test", 2 }, { "behind.test", 8 }, { "wrapped.test", 1 },
              { "others.test", 5 });
        DdnsPass p = pass(f);
        assert_int_equal(p.fetched, 2);
        assert_int_equal(row_of(f, "ahead.test").serial, 2);
        assert_int_equal(row_of(f, "behind.test").serial, 9);
        assert_int_equal(row_of(f, "wrapped.test").serial, 1);
        assert_int_equal(row_of(f, "others.test").serial, 1);
        assert_string_equal(row_of(f, "ahead.test").hostname, "server1.test");
}

static void push_when_decided(const DdnsDecisions *all, const DdnsDecision *d, void *userdata) {
        (void) all;
        if (d->kind == DDNS_DECISION_FETCH)
                (void) push(userdata, d->zone, 3, "server2.test");
}

static void a_push_that_comes_before_what_is_fetched_wins(void **state) {
        Fixture *f = *state;

        REQUIRE_NAMED();
        SERVE({ "kept1.test", 1 }, { "new.test", 7 });
        MASTER_LIST(&f->masters[0], "kept1.test", "new.test");
        f->options.decided = push_when_decided;
        f->options.userdata = f;
        DdnsPass p = pass(f);
        assert_int_equal(p.fetched, 0);
        assert_int_equal(row_of(f, "new.test").serial, 3);
        assert_string_equal(row_of(f, "new.test").hostname, "server2.test");
}

static void push_kept_again(const DdnsDecisions *all, const DdnsDecision *d, void *userdata) {
        (void) all;
        (void) d;
        (void) push(userdata, "kept1.test", 1, "server1.test");
}

static void a_push_that_changes_nothing_wins_over_a_serial_that_is_ahead(void **state) {
        Fixture *f = *state;

        REQUIRE_NAMED();
        SERVE({ "kept1.test", 2 }, { "new.test", 7 });
        MASTER_LIST(&f->masters[0], "kept1.test", "new.test");
        f->options.decided = push_kept_again;
        f->options.userdata = f;
        assert_int_equal(pass(f).fetched, 1);
        assert_int_equal(row_of(f, "kept1.test").serial, 1);
        f->options.decided = NULL;
        assert_int_equal(pass(f).fetched, 1);
        assert_int_equal(row_of(f, "kept1.test").serial, 2);
}

static void a_deleted_zone_that_is_listed_is_fetched_back(void **state) {
        Fixture *f = *state;

        REQUIRE_NAMED();
        SERVE({ "kept1.test", 1 });
        remove_zone(f, "kept1.test");
        assert_int_equal(pass(f).fetched, 1);
        assert_true(is_held(f, "kept1.test"));
}

static void what_its_name_server_does_not_have_fails_and_the_rest_is_fetched(void **state) {
        Fixture *f = *state;

        REQUIRE_NAMED();
        SERVE({ "kept1.test", 1 }, { "a.test", 1 }, { "c.test", 1 });
        MASTER_LIST(&f->masters[0], "kept1.test", "a.test", "b.test", "c.test");
        DdnsPass p = pass(f);
        assert_int_equal(p.fetched, 2);
        assert_int_equal(p.fetch_failed, 1);
        assert_false(is_held(f, "b.test"));
        assert_true(is_held(f, "c.test"));
}

static void a_zone_that_the_check_refuses_is_not_taken(void **state) {
        Fixture *f = *state;

        REQUIRE_NAMED();
        SERVE({ "kept1.test", 1 }, { "large.test", 1, "a A 192.0.2.1\nb A 192.0.2.1\nc A 192.0.2.1\n" });
        MASTER_LIST(&f->masters[0], "kept1.test", "large.test");
        f->config.receiver.max_records = 4;
        DdnsPass p = pass(f);
        assert_int_equal(p.fetch_failed, 1);
        assert_false(is_held(f, "large.test"));
}

static void a_transfer_is_signed_if_there_is_a_key(void **state) {
        Fixture *f = *state;
        const Served zones[] = { { "kept1.test", 1 }, { "new.test", 1 }, { NULL } };

        REQUIRE_NAMED();
        serve(zones, "allow-transfer { key \"test\"; }; ");
        MASTER_LIST(&f->masters[0], "kept1.test", "new.test");
        assert_int_equal(pass(f).fetch_failed, 1);
        f->config.reconcile.masters[0].axfr.key_file = strdup(named.key_file);
        assert_int_equal(pass(f).fetched, 1);
}

static void a_key_that_cannot_be_read_fails_its_zones(void **state) {
        Fixture *f = *state;

        REQUIRE_NAMED();
        SERVE({ "kept1.test", 1 }, { "new.test", 1 });
        MASTER_LIST(&f->masters[0], "kept1.test", "new.test");
        f->config.reconcile.masters[0].axfr.key_file = strdup("/nonexistent/key");
        DdnsPass p = pass(f);
        assert_false(p.failed);
        assert_int_equal(p.fetch_failed, 1);
}

/* The other DirectAdmin server plays it: it takes connections and says nothing that is DNS. */
static void a_name_server_that_fails_is_asked_only_some_times(void **state) {
        static const char *const zones[] = { "kept1.test", "a.test", "b.test", "c.test", "d.test",
                                             "e.test",     "f.test", "g.test", "h.test", "i.test",
                                             "j.test",     "k.test", "l.test", "m.test", "n.test",
                                             "o.test",     "p.test", "q.test", "r.test", NULL };
        Fixture *f = *state;
        DdnsReconcileMaster *m = &f->config.reconcile.masters[0];

        REQUIRE_NAMED();
        m->axfr.address->in.sin_port = htons((uint16_t) f->masters[1].port);
        m->timeout_usec = USEC_PER_SEC;
        master_list(&f->masters[0], zones);
        DdnsPass p = pass(f);
        assert_false(p.failed);
        assert_int_equal(p.fetched, 0);
        assert_int_equal(p.fetch_failed, 18);
        /* five, those that were under way, and its own listing */
        assert_in_range(master_requests(&f->masters[1]), 1, 5 + 3 + 1);
}

static void ddns_retry_is_woken_for_what_was_fetched(void **state) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Fixture *f = *state;
        char datagram[8];

        REQUIRE_NAMED();
        SERVE({ "kept1.test", 1 }, { "new.test", 7 });
        MASTER_LIST(&f->masters[0], "kept1.test", "new.test");
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s/wake", f->directory);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
        (void) pass(f);
        assert_int_equal(recv(fd, datagram, sizeof datagram, MSG_DONTWAIT), 1);
        (void) close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_axfr, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_zone_that_is_lacked_is_fetched_and_its_listing_master_owns_it),
                TEST(a_dry_run_fetches_nothing),
                TEST(a_serial_that_is_ahead_is_fetched_and_one_that_is_not_is_not),
                TEST(a_push_that_comes_before_what_is_fetched_wins),
                TEST(a_push_that_changes_nothing_wins_over_a_serial_that_is_ahead),
                TEST(a_deleted_zone_that_is_listed_is_fetched_back),
                TEST(what_its_name_server_does_not_have_fails_and_the_rest_is_fetched),
                TEST(a_zone_that_the_check_refuses_is_not_taken),
                TEST(a_transfer_is_signed_if_there_is_a_key),
                TEST(a_key_that_cannot_be_read_fails_its_zones),
                TEST(a_name_server_that_fails_is_asked_only_some_times),
                TEST(ddns_retry_is_woken_for_what_was_fetched),
        };

        return cmocka_run_group_tests(tests, open_named, close_named);
}
