/* SPDX-License-Identifier: MIT */
/* Deadlines of connections, without the HTTP library and at times of the test's own. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "receiver/connection.h"
#include "test.h"

#define TIMEOUT  (5 * USEC_PER_SEC)
#define DELAY    (3 * USEC_PER_SEC)
#define ACCEPTED DDNS_METRICS_ACCEPTED_METRICS
#define OPEN     DDNS_METRICS_OPEN_METRICS

/* What stands for the library's connection: it looks into nothing of it. */
typedef struct Peer {
        int fd, client;
        void *context;
        struct sockaddr_in address; /* of no family: it is not known */
        union MHD_ConnectionInfo info;
} Peer;

const union MHD_ConnectionInfo *__wrap_MHD_get_connection_info(struct MHD_Connection *mhd,
                                                               enum MHD_ConnectionInfoType type, ...);
const union MHD_ConnectionInfo *__wrap_MHD_get_connection_info(struct MHD_Connection *mhd,
                                                               enum MHD_ConnectionInfoType type, ...) {
        Peer *p = (Peer *) mhd;

        if (type == MHD_CONNECTION_INFO_CLIENT_ADDRESS)
                p->info.client_addr = (struct sockaddr *) &p->address;
        else if (type == MHD_CONNECTION_INFO_CONNECTION_FD)
                p->info.connect_fd = p->fd;
        else
                p->info.socket_context = p->context;
        return &p->info;
}

typedef struct Fixture {
        DdnsMetricsProcess metrics;
        DdnsConnections all;
        Peer peers[3];
} Fixture;

static struct MHD_Connection *mhd_of(Peer *p) {
        return (struct MHD_Connection *) p;
}

static void note(Fixture *f, size_t i, enum MHD_ConnectionNotificationCode code) {
        ddns_connections_note(&f->all, mhd_of(&f->peers[i]), &f->peers[i].context, code);
}

static int set_up(void **state) {
        Fixture *f = calloc(1, sizeof *f);

        assert_non_null(f);
        f->all = (DdnsConnections){ .metrics = &f->metrics, .accepted = ACCEPTED, .open = OPEN };
        for (size_t i = 0; i < ARRAY_SIZE(f->peers); i++) {
                int pair[2];

                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
                f->peers[i] = (Peer){ .fd = pair[0], .client = pair[1] };
                note(f, i, MHD_CONNECTION_NOTIFY_STARTED);
        }
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(f->peers); i++) {
                if (f->peers[i].context)
                        note(f, i, MHD_CONNECTION_NOTIFY_CLOSED);
                (void) close(f->peers[i].fd);
                (void) close(f->peers[i].client);
        }
        assert_int_equal(f->all.n, 0);
        assert_null(f->all.newest);
        assert_null(f->all.oldest);
        assert_int_equal(f->metrics.counters[OPEN], 0);
        assert_int_equal(f->metrics.counters[ACCEPTED], ARRAY_SIZE(f->peers));
        free(f);
        return 0;
}

static bool is_cut(const Fixture *f, size_t i) {
        char c;

        return recv(f->peers[i].client, &c, 1, MSG_DONTWAIT) == 0;
}

/* `later` than now; the states were set just before. */
static void sweep(Fixture *f, uint64_t later, bool leaving) {
        ddns_connections_sweep(&f->all, ddns_monotonic_usec() + later, TIMEOUT, DELAY, leaving);
}

static void set_states(Fixture *f) {
        ddns_connection_set_state(mhd_of(&f->peers[0]), DDNS_CONNECTION_RECEIVING);
        ddns_connection_set_state(mhd_of(&f->peers[1]), DDNS_CONNECTION_ANSWERING);
        ddns_connection_set_state(mhd_of(&f->peers[2]), DDNS_CONNECTION_KEPT);
}

static void expect_cut(const Fixture *f, bool receiving, bool answering, bool kept) {
        assert_int_equal(is_cut(f, 0), receiving);
        assert_int_equal(is_cut(f, 1), answering);
        assert_int_equal(is_cut(f, 2), kept);
}

static void a_push_has_its_deadline_until_it_is_complete(void **state) {
        Fixture *f = *state;

        set_states(f);
        sweep(f, 0, false);
        expect_cut(f, false, false, false);
        sweep(f, TIMEOUT + 1, false);
        expect_cut(f, true, false, true); /* who waits for the database is not cut */
}

static void a_scrape_has_it_until_its_answer_is_taken(void **state) {
        Fixture *f = *state;

        f->all.answers_too = true;
        set_states(f);
        sweep(f, 0, false);
        expect_cut(f, false, false, false);
        sweep(f, TIMEOUT + 1, false);
        expect_cut(f, true, true, true);
}

static void who_leaves_waits_for_requests_and_not_for_the_idle(void **state) {
        Fixture *f = *state;

        set_states(f);
        sweep(f, 0, true);
        expect_cut(f, false, false, true);
}

static void a_stranger_has_one_deadline_for_all_that_it_asks(void **state) {
        Fixture *f = *state;
        const uint64_t began = ddns_monotonic_usec();

        f->all.max = 100;
        ddns_connection_set_standing(&f->all, mhd_of(&f->peers[1]), DDNS_STANDING_LOOKED_AT);
        ddns_connection_set_standing(&f->all, mhd_of(&f->peers[2]), DDNS_STANDING_MASTER);
        for (size_t i = 0; i < ARRAY_SIZE(f->peers); i++)
                ddns_connection_set_state(mhd_of(&f->peers[i]), DDNS_CONNECTION_ANSWERING);
        ddns_connections_sweep(&f->all, began + TIMEOUT + DELAY - USEC_PER_SEC, TIMEOUT, DELAY, false);
        expect_cut(f, false, false, false);
        sweep(f, TIMEOUT + DELAY + 1, false);
        expect_cut(f, true, false, false);
}

static void nobody_is_a_stranger_where_nobody_logs_in(void **state) {
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(f->peers); i++)
                ddns_connection_set_state(mhd_of(&f->peers[i]), DDNS_CONNECTION_ANSWERING);
        sweep(f, TIMEOUT + DELAY + 1, false);
        expect_cut(f, false, false, false);
}

static void they_come_and_go_in_any_order(void **state) {
        Fixture *f = *state;

        note(f, 1, MHD_CONNECTION_NOTIFY_CLOSED);
        assert_int_equal(f->all.n, 2);
        assert_int_equal(f->metrics.counters[OPEN], 2);
        ddns_connection_set_state(mhd_of(&f->peers[1]), DDNS_CONNECTION_KEPT); /* not known any more */
        note(f, 0, MHD_CONNECTION_NOTIFY_CLOSED);
        set_states(f);
        sweep(f, TIMEOUT + 1, false);
        expect_cut(f, false, false, true);
}

/* All come anew, where there are at most `max`, and `max_of_site` of one address; the first `n` come from the same one. */
static void come_from(Fixture *f, unsigned max, unsigned max_of_site, size_t n) {
        for (size_t i = 0; i < ARRAY_SIZE(f->peers); i++)
                note(f, i, MHD_CONNECTION_NOTIFY_CLOSED);
        f->metrics.counters[ACCEPTED] = 0;
        f->all.max = max;
        f->all.max_of_site = max_of_site;
        f->all.grace_usec = USEC_PER_SEC;
        for (size_t i = 0; i < ARRAY_SIZE(f->peers); i++) {
                f->peers[i].address = (struct sockaddr_in){ .sin_family = AF_INET };
                f->peers[i].address.sin_addr.s_addr = htonl(0xC0000201 + (i < n ? 0 : (uint32_t) i));
                note(f, i, MHD_CONNECTION_NOTIFY_STARTED);
        }
}

static void when_there_is_no_room_the_oldest_stranger_goes_after_its_moment(void **state) {
        Fixture *f = *state;

        come_from(f, 3, 0, 0);
        const uint64_t came = f->all.last_activity_usec;
        assert_in_range(ddns_connections_make_room(&f->all, came), 1, 2 * USEC_PER_SEC);
        expect_cut(f, false, false, false);
        (void) ddns_connections_make_room(&f->all, came + 60 * USEC_PER_SEC);
        expect_cut(f, true, false, false); /* one is enough, for the others have time then */
}

static void a_master_does_not_go(void **state) {
        Fixture *f = *state;

        come_from(f, 3, 0, 0);
        ddns_connection_set_standing(&f->all, mhd_of(&f->peers[0]), DDNS_STANDING_MASTER);
        (void) ddns_connections_make_room(&f->all, ddns_monotonic_usec() + 60 * USEC_PER_SEC);
        expect_cut(f, false, true, false);
}

static void with_room_nobody_goes(void **state) {
        Fixture *f = *state;

        come_from(f, 4, 0, 0);
        assert_true(ddns_connections_make_room(&f->all, ddns_monotonic_usec() + 60 * USEC_PER_SEC) ==
                    UINT64_MAX);
        expect_cut(f, false, false, false);
}

static void beyond_its_share_an_address_loses_the_oldest_after_its_moment(void **state) {
        Fixture *f = *state;

        come_from(f, 100, 1, 2);
        const uint64_t came = f->all.last_activity_usec;
        (void) ddns_connections_make_room(&f->all, came);
        expect_cut(f, false, false, false);
        (void) ddns_connections_make_room(&f->all, came + 60 * USEC_PER_SEC);
        expect_cut(f, true, false, false);
}

/* In a moment that is long enough it would have all of them. */
static void with_half_of_all_connections_an_address_loses_one_at_once(void **state) {
        Fixture *f = *state;

        come_from(f, 4, 1, 3);
        expect_cut(f, true, false, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_push_has_its_deadline_until_it_is_complete),
                TEST(a_scrape_has_it_until_its_answer_is_taken),
                TEST(who_leaves_waits_for_requests_and_not_for_the_idle),
                TEST(a_stranger_has_one_deadline_for_all_that_it_asks),
                TEST(nobody_is_a_stranger_where_nobody_logs_in),
                TEST(they_come_and_go_in_any_order),
                TEST(when_there_is_no_room_the_oldest_stranger_goes_after_its_moment),
                TEST(a_master_does_not_go),
                TEST(with_room_nobody_goes),
                TEST(beyond_its_share_an_address_loses_the_oldest_after_its_moment),
                TEST(with_half_of_all_connections_an_address_loses_one_at_once),
        };

        return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
