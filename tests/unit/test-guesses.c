/* SPDX-License-Identifier: MIT */
/* How long failures are held back, for whom, and in how much memory. */
#include <stdio.h>
#include <stdlib.h>

#include "basic/address.h"
#include "basic/clock.h"
#include "receiver/guesses.h"
#include "test.h"

#define MAX (16 * USEC_PER_SEC)

static DdnsGuesses g;

static int set_up(void **state) {
        (void) state;
        g = (DdnsGuesses){ 0 };
        return 0;
}

/* A failure at second `at`; `held`: its answer goes on waiting. Gives the seconds. */
static unsigned fail_login(const char *from, uint64_t at, bool held) {
        DdnsGuesser *guesser;
        DdnsSockaddr a;

        assert_int_equal(ddns_sockaddr_parse(from, 1, &a), 0);
        uint64_t delay = ddns_guesses_failed(&g, &a.sa, at * USEC_PER_SEC, MAX, &guesser);
        if (guesser && !held)
                ddns_guesses_release(guesser);
        return (unsigned) (delay / USEC_PER_SEC);
}

static bool is_full(const char *from, unsigned looked_at) {
        DdnsSockaddr a;

        assert_int_equal(ddns_sockaddr_parse(from, 1, &a), 0);
        return ddns_guesses_is_full(&g, &a.sa, looked_at);
}

static void the_delay_grows_and_is_bounded(void **state) {
        static const unsigned seconds[] = { 0, 0, 0, 1, 2, 4, 8, 16, 16, 16 };
        (void) state;

        for (size_t i = 0; i < ARRAY_SIZE(seconds); i++)
                assert_int_equal(fail_login("192.0.2.1", 1, false), seconds[i]);
        for (unsigned i = 0; i < 100000; i++)
                assert_int_equal(fail_login("192.0.2.1", 1, false), 16);
        assert_int_equal(fail_login("192.0.2.2", 1, false), 0);
        assert_int_equal(fail_login("::ffff:192.0.2.1", 1, false), 16);
}

static void failures_are_forgotten_after_a_while(void **state) {
        (void) state;
        for (unsigned i = 0; i < 5; i++)
                (void) fail_login("192.0.2.1", 100, false);
        assert_int_equal(fail_login("192.0.2.1", 699, false), 4);
        assert_int_equal(fail_login("192.0.2.1", 1300, false), 0);
}

static void a_customer_of_ipv6_is_one(void **state) {
        (void) state;
        for (unsigned i = 0; i < 4; i++)
                (void) fail_login("2001:db8::1", 1, false);
        assert_int_equal(fail_login("2001:db8::ffff:ffff:0:2", 1, false), 2);
        assert_int_equal(fail_login("2001:db8:0:1::1", 1, false), 0);
}

static void only_so_many_answers_wait_for_one(void **state) {
        (void) state;
        for (unsigned i = 0; i < DDNS_GUESSES_FREE + DDNS_GUESSES_HELD_MAX; i++) {
                assert_false(is_full("192.0.2.1", 0));
                (void) fail_login("192.0.2.1", 1, true);
                assert_true(is_full("192.0.2.1", DDNS_GUESSES_HELD_MAX));
        }
        assert_true(is_full("192.0.2.1", 0));
        assert_false(is_full("192.0.2.2", DDNS_GUESSES_HELD_MAX)); /* nothing failed there */
        for (unsigned i = 0; i < DDNS_GUESSES_SOURCES; i++)
                if (g.sources[i].held > 0)
                        ddns_guesses_release(&g.sources[i]);
        assert_false(is_full("192.0.2.1", 0));
}

/* Whoever has a thousand addresses pushes out the oldest, but no one for whom an answer waits. */
static void the_table_is_bounded(void **state) {
        char address[32];
        (void) state;

        for (unsigned i = 0; i < 5; i++)
                (void) fail_login("192.0.2.1", 1, true);
        for (unsigned i = 0; i < 5; i++)
                (void) fail_login("192.0.2.2", 2, false);
        for (unsigned i = 0; i < 3 * DDNS_GUESSES_SOURCES; i++) {
                (void) snprintf(address, sizeof address, "198.18.%u.%u", i / 256, i % 256);
                assert_int_equal(fail_login(address, 3 + i, false), 0);
        }
        assert_int_equal(fail_login("192.0.2.1", 500, false), 4);
        assert_int_equal(fail_login("192.0.2.2", 500, false), 0);
}

static void when_all_wait_a_new_one_waits_too(void **state) {
        DdnsSockaddr a;
        DdnsGuesser *guesser;
        (void) state;

        for (unsigned i = 0; i < DDNS_GUESSES_SOURCES; i++)
                g.sources[i] = (DdnsGuesser){ .failures = 9, .held = 1 };
        assert_int_equal(ddns_sockaddr_parse("192.0.2.1", 1, &a), 0);
        assert_int_equal(ddns_guesses_failed(&g, &a.sa, 1, MAX, &guesser), MAX);
        assert_null(guesser);
}

static void without_a_longest_time_nothing_waits(void **state) {
        DdnsSockaddr a;
        DdnsGuesser *guesser;
        (void) state;

        assert_int_equal(ddns_sockaddr_parse("192.0.2.1", 1, &a), 0);
        for (unsigned i = 0; i < 10; i++) {
                assert_int_equal(ddns_guesses_failed(&g, &a.sa, 1, 0, &guesser), 0);
                assert_null(guesser);
        }
        assert_int_equal(ddns_guesses_failed(&g, &(struct sockaddr){ .sa_family = AF_UNIX }, 1, MAX,
                                             &guesser),
                         0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_delay_grows_and_is_bounded),
                TEST(failures_are_forgotten_after_a_while),
                TEST(a_customer_of_ipv6_is_one),
                TEST(only_so_many_answers_wait_for_one),
                TEST(the_table_is_bounded),
                TEST(when_all_wait_a_new_one_waits_too),
                TEST(without_a_longest_time_nothing_waits),
        };

        return cmocka_run_group_tests_name("guesses", tests, NULL, NULL);
}
