/* SPDX-License-Identifier: MIT */
/* The life of the built ddns-receiver: deadlines, bounds on connections, leaving, a database that does not take it. */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/buffer.h"
#include "basic/cleanup.h"
#include "basic/clock.h"
#include "receiver.h"
#include "test.h"

#define LOGIN_TEST "GET /CMD_API_LOGIN_TEST HTTP/1.1\r\nHost: h\r\n" AUTHORIZATION "\r\n"
#define SAVE_HEAD                                                                                    \
        "POST /CMD_API_DNS_ADMIN?action=rawsave&domain=a.test HTTP/1.1\r\nHost: h\r\n" AUTHORIZATION \
        "Content-Length: 100000\r\n\r\n"

static bool is_ok(const Answer *a) {
        return a->status == 200 && strncmp(a->body, "error=0", 7) == 0;
}

static void assert_503(Answer a, const char *why) {
        if (a.status != 503 || strncmp(a.body, "error=1&text=", 13) != 0 || !strstr(a.body, why))
                fail_msg("%s%s", a.headers, a.body);
}

/* Says `piece` again and again; until the other side has enough. */
static void drip(int fd, const char *piece) {
        uint64_t end = ddns_monotonic_usec() + 60 * USEC_PER_SEC;

        while (!client_has_answer(fd, 50)) {
                (void) send(fd, piece, strlen(piece), MSG_NOSIGNAL);
                assert_true(ddns_monotonic_usec() < end);
        }
}

static void a_request_that_drips_is_cut_although_bytes_keep_coming(void **state) {
        static const char *const beginnings[] = { "GET /CMD_API_LOGIN_TEST HTTP/1.1\r\nX: ", SAVE_HEAD,
                                                  "P" };
        Receiver *r = receiver_new("  request-timeout: 1s\n", "");

        assert_true(client_push(r, "before.test", 1));
        for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
                ddns_cleanup(ddns_closep) int fd = client_connect(r);

                client_say(fd, beginnings[i]);
                drip(fd, "x");
                client_expect_end(fd);
        }
        assert_false(client_has_zone(r, "a.test"));
        receiver_free(r);
}

static void a_kept_connection_is_cut_after_the_timeout(void **state) {
        Receiver *r = receiver_new("  request-timeout: 1s\n", "");
        ddns_cleanup(ddns_closep) int fd = client_connect(r);

        client_say(fd, LOGIN_TEST);
        Answer a = client_read(fd);
        assert_true(is_ok(&a));
        client_expect_end(fd);
        receiver_free(r);
}

static void a_stranger_who_asks_again_and_again_is_cut(void **state) {
        Receiver *r = receiver_new("  request-timeout: 1s\n  login-delay: 100ms\n", "");
        ddns_cleanup(ddns_closep) int fd = client_connect(r);
        uint64_t end = ddns_monotonic_usec() + 60 * USEC_PER_SEC;
        static const char ask[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        char answer[512];

        while (send(fd, ask, strlen(ask), MSG_NOSIGNAL) > 0 && recv(fd, answer, sizeof answer, 0) > 0)
                assert_true(ddns_monotonic_usec() < end);
        assert_true(client_push(r, "a.test", 1));
        receiver_free(r);
}

static void one_address_has_its_share_of_connections(void **state) {
        Receiver *r = receiver_new("  max-connections-per-address: 3\n  request-timeout: 1h\n", "");
        int fds[3];

        for (size_t i = 0; i < 3; i++) {
                fds[i] = client_connect(r);
                client_say(fds[i], LOGIN_TEST);
                Answer a = client_read(fds[i]);
                assert_true(is_ok(&a));
        }
        int fourth = client_connect(r);
        client_expect_end(fourth);
        (void) close(fourth);

        for (size_t i = 0; i < 3; i++) { /* the others are as they were */
                client_say(fds[i], LOGIN_TEST);
                Answer a = client_read(fds[i]);
                assert_true(is_ok(&a));
                (void) close(fds[i]);
        }
        uint64_t end = ddns_monotonic_usec() + 60 * USEC_PER_SEC;
        for (bool ok = false; !ok;) { /* and then there is room again */
                ddns_cleanup(ddns_closep) int fd = client_connect(r);
                assert_true(ddns_monotonic_usec() < end);
                (void) send(fd, LOGIN_TEST, strlen(LOGIN_TEST), MSG_NOSIGNAL);
                char c;
                ok = client_has_answer(fd, 1000) && recv(fd, &c, 1, 0) == 1;
        }
        receiver_free(r);
}

static void beyond_all_connections_clients_wait(void **state) {
        Receiver *r = receiver_new("  max-connections: 3\n  request-timeout: 1h\n", "");
        int fds[6];

        for (size_t i = 0; i < 6; i++) {
                fds[i] = client_connect(r);
                client_say(fds[i], LOGIN_TEST);
        }
        for (size_t i = 0; i < 6; i++) { /* each one that goes makes room for the next */
                Answer a = client_read(fds[i]);
                assert_true(is_ok(&a));
                (void) close(fds[i]);
        }
        receiver_free(r);
}

static void is_answered(int fd, const char *request) {
        client_say(fd, request);
        Answer a = client_read(fd);
        assert_true(is_ok(&a));
}

/* They would stay for an hour. */
static void strangers_go_when_there_is_no_room_and_masters_stay(void **state) {
        Receiver *r = receiver_new("  max-connections: 4\n  request-timeout: 1h\n  login-delay: 1h\n",
                                   "");
        static const char *const nothing_much[] = {
                "", "G", "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n"
        };
        int kept = client_connect(r), fds[12];

        is_answered(kept, LOGIN_TEST);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = client_connect(r);
                client_say(fds[i], nothing_much[i % ARRAY_SIZE(nothing_much)]);
        }
        assert_true(client_push(r, "a.test", 1));
        is_answered(kept, LOGIN_TEST);
        (void) close(kept);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                (void) close(fds[i]);
        receiver_free(r);
}

static void who_takes_more_than_its_share_loses_the_oldest_and_a_master_there_is_answered(void **state) {
        Receiver *r = receiver_new("  max-connections-per-address: 3\n  request-timeout: 1h\n", "");
        int fds[4];

        for (size_t i = 0; i < 4; i++) {
                fds[i] = client_connect(r);
                client_say(fds[i], "GET /CMD_API_LOGIN_TEST HTTP/1.0\r\n");
        }
        client_expect_end(fds[0]);
        assert_true(client_push(r, "a.test", 1));
        client_expect_end(fds[1]);
        is_answered(fds[3], AUTHORIZATION "\r\n"); /* not more of them than there had to be */
        for (size_t i = 0; i < 4; i++)
                (void) close(fds[i]);
        receiver_free(r);
}

static void a_request_that_has_begun_is_answered_before_leaving(void **state) {
        ddns_cleanup(ddns_freep) char *request = push_request("begun.test", 1, "HTTP/1.1");
        Receiver *r = receiver_new("  request-timeout: 1h\n", "");
        size_t half = strlen(request) - 20;
        int begun = client_connect(r), kept = client_connect(r);

        client_say(kept,
                   LOGIN_TEST); /* after this answer the receiver is there, and has an idle client */
        Answer a = client_read(kept);
        assert_true(is_ok(&a));
        client_write(begun, request, half);
        assert_true(client_push(r, "other.test", 1)); /* so `begun` was accepted */

        assert_int_equal(kill(r->pid, SIGTERM), 0);
        client_expect_end(kept);
        int late = client_connect(r); /* waits in the socket for the next process */
        client_say(late, LOGIN_TEST);

        client_write(begun, request + half, strlen(request) - half);
        a = client_read(begun);
        assert_true(is_ok(&a));
        assert_non_null(strcasestr(a.headers, "\r\nConnection: close\r\n"));
        client_expect_end(begun);
        assert_int_equal(receiver_wait(r), 0);
        assert_false(client_has_answer(late, 0));

        receiver_start(r);
        a = client_read(late);
        assert_true(is_ok(&a));
        assert_true(client_has_zone(r, "begun.test"));
        (void) close(begun);
        (void) close(kept);
        (void) close(late);
        receiver_free(r);
}

static void a_request_that_never_ends_does_not_keep_it_from_leaving(void **state) {
        Receiver *r = receiver_new("  request-timeout: 1s\n", "  busy-timeout: 100ms\n");
        int fd = client_connect(r);

        client_say(fd, SAVE_HEAD);
        assert_true(client_push(r, "a.test", 1));
        assert_int_equal(kill(r->pid, SIGTERM), 0);
        assert_int_equal(receiver_wait(r), 0);
        (void) close(fd);
        receiver_free(r);
}

static void it_leaves_when_idle_and_the_socket_stays(void **state) {
        Receiver *r = receiver_new("  idle-timeout: 1s\n", "");

        assert_true(client_push(r, "a.test", 1));
        assert_int_equal(receiver_wait(r), 0);

        int fd = client_connect(r);
        client_say(fd, LOGIN_TEST);
        receiver_start(r);
        Answer a = client_read(fd);
        assert_true(is_ok(&a));
        (void) close(fd);
        receiver_free(r);
}

/* A rawsave that takes long to check. */
static char *long_request(const char *zone, unsigned serial) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer body = DDNS_BUFFER_NULL, request = DDNS_BUFFER_NULL;

        ddns_buffer_append_format(&body, "$TTL 60\n@ IN SOA ns.x. h.x. %u 1 1 1 1\n@ IN NS ns.x.\n",
                                  serial);
        for (unsigned i = 0; i < 5000; i++)
                ddns_buffer_append_format(&body, "host%u IN A 192.0.2.1\n", i);
        ddns_buffer_append_format(
                        &request,
                        "POST /CMD_API_DNS_ADMIN?action=rawsave&domain=%s HTTP/1.0\r\n" AUTHORIZATION
                        "Content-Length: %zu\r\n\r\n",
                        zone, body.size);
        ddns_buffer_append(&request, body.data, body.size);
        return ddns_buffer_take(&request, NULL);
}

static unsigned held_serial(const Receiver *r, const char *zone) {
        sqlite3_stmt *stmt;
        sqlite3 *db;

        assert_int_equal(sqlite3_open(r->database, &db), SQLITE_OK);
        assert_int_equal(
                        sqlite3_prepare_v2(
                                        db,
                                        "SELECT serial FROM zone JOIN version USING (generation) WHERE name = ?1",
                                        -1, &stmt, NULL),
                        SQLITE_OK);
        assert_int_equal(sqlite3_bind_text(stmt, 1, zone, -1, SQLITE_STATIC), SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        unsigned serial = (unsigned) sqlite3_column_int64(stmt, 0);
        (void) sqlite3_finalize(stmt);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        return serial;
}

/* While the receiver could not start, a master gave up on a push and sent the next one. Both wait in the backlog. */
static void pushes_that_waited_in_the_backlog_keep_their_order(void **state) {
        Receiver *r = receiver_new("  idle-timeout: 1s\n  max-connections-per-address: 100\n", "");
        int fds[2][10];
        char zone[32];

        assert_int_equal(receiver_wait(r), 0);
        for (unsigned i = 0; i < ARRAY_SIZE(fds[0]); i++) {
                (void) snprintf(zone, sizeof zone, "zone%u.test", i);
                ddns_cleanup(ddns_freep) char *first = long_request(zone, 10),
                                              *second = push_request(zone, 11, "HTTP/1.0");

                fds[0][i] = client_connect(r);
                client_say(fds[0][i], first);
                fds[1][i] = client_connect(r);
                client_say(fds[1][i], second);
        }
        receiver_start(r);
        for (unsigned i = 0; i < ARRAY_SIZE(fds[0]); i++) {
                Answer answers[] = { client_read(fds[0][i]), client_read(fds[1][i]) };

                assert_true(is_ok(&answers[0]) && is_ok(&answers[1]));
                (void) close(fds[0][i]);
                (void) close(fds[1][i]);
        }
        for (unsigned i = 0; i < ARRAY_SIZE(fds[0]); i++) {
                (void) snprintf(zone, sizeof zone, "zone%u.test", i);
                assert_int_equal(held_serial(r, zone), 11);
        }
        receiver_free(r);
}

static sqlite3 *lock_database(const Receiver *r) {
        sqlite3 *db;

        assert_int_equal(sqlite3_open(r->database, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        return db;
}

static void a_locked_database_is_503_until_it_is_free(void **state) {
        ddns_cleanup(ddns_freep) char *request = push_request("a.test", 1, "HTTP/1.0");
        Receiver *r = receiver_new("", "  busy-timeout: 100ms\n");

        assert_true(client_push(r, "before.test", 1));
        sqlite3 *db = lock_database(r);
        assert_503(client_ask(r, request), "locked");
        assert_true(client_has_zone(r, "before.test")); /* reading goes on */
        assert_int_equal(sqlite3_close(db), SQLITE_OK);

        assert_true(client_push(r, "a.test", 1));
        receiver_free(r);
}

static void clients_may_go_away_while_their_push_waits_for_the_database(void **state) {
        ddns_cleanup(ddns_freep) char *request = push_request("gone.test", 1, "HTTP/1.1");
        Receiver *r = receiver_new("", "  busy-timeout: 1min\n");

        assert_true(client_push(r, "before.test", 1));
        assert_true(client_has_zone(
                        r,
                        "before.test")); /* writes down the sign of life, which the next ones need not */
        sqlite3 *db = lock_database(r);
        for (unsigned i = 0; i < 10; i++) {
                int fd = client_connect(r);

                client_say(fd, request);
                assert_true(client_has_zone(r,
                                            "before.test")); /* the push has arrived by now, or soon */
                if (i % 2)
                        (void) setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
                                          sizeof(struct linger));
                (void) close(fd);
        }
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_true(client_push(r, "after.test", 1));
        receiver_free(r);
}

static void limit_files(const Receiver *r, rlim_t size) {
        assert_int_equal(prlimit(r->pid, RLIMIT_FSIZE, &(struct rlimit){ size, RLIM_INFINITY }, NULL),
                         0);
}

/* A limit on files, since only root can make a small disk: SQLite takes it for a failing one, so the process is renewed. */
static void a_disk_that_fails_is_503_and_a_new_process_goes_on(void **state) {
        ddns_cleanup(ddns_freep) char *request = push_request("a.test", 1, "HTTP/1.0");
        Receiver *r = receiver_new("", "");

        assert_true(client_push(r, "before.test", 1));
        limit_files(r, 4096);
        assert_503(client_ask(r, request), "can%20not%20be%20written");
        assert_int_equal(receiver_wait(r), 1);

        receiver_start(r);
        assert_true(client_has_zone(r, "before.test"));
        assert_false(client_has_zone(r, "a.test"));
        assert_true(client_push(r, "a.test", 1));
        receiver_free(r);
}

static void a_database_that_is_removed_is_503_and_a_new_process_goes_on(void **state) {
        ddns_cleanup(ddns_freep) char *request = push_request("a.test", 1, "HTTP/1.0");
        Receiver *r = receiver_new("", "");

        assert_true(client_push(r, "before.test", 1));
        assert_int_equal(unlink(r->database), 0);
        assert_503(client_ask(r, request), "can%20not%20be%20written");
        assert_int_equal(receiver_wait(r), 1);
        assert_non_null(strstr(receiver_log(r), "removed or replaced while it was open"));

        receiver_start(r);
        assert_true(client_push(r, "a.test", 1));
        assert_int_equal(access(r->database, F_OK), 0);
        receiver_free(r);
}

/* Of the same password, with three million rounds. */
static const char slow_hash[] = "$6$rounds=3000000$saltsalt$BbNMLxDInUD8OylF94iDMRqxU9Ts6.JoD"
                                "1qC4/Dv6PnbdDudWBI/dvfBc1MPFvI0MAVoMRYpJ.ZBvlVKN7t1K0";

/* Four guesses, each of which takes a second or so: a queue of them must not stand before those who have logged in. */
static void guessers_do_not_hold_up_a_master(void **state) {
        Receiver *r = receiver_new("  request-timeout: 1h\n", "");
        int fds[4];

        receiver_set_hash(r, slow_hash);

        assert_true(client_push(r, "a.test", 1)); /* this one has paid */
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = client_connect(r);
                client_say(fds[i],
                           "GET /CMD_API_LOGIN_TEST HTTP/1.0\r\nAuthorization: Basic ZGRuczp3cm9uZw==\r\n\r\n");
        }
        assert_true(client_push(r, "a.test", 2));
        assert_false(client_has_answer(fds[1], 0)); /* while the first ones are still being looked at */
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                assert_int_equal(client_read(fds[i]).status, 401);
                (void) close(fds[i]);
        }
        receiver_free(r);
}

static const char guess[] =
                "GET /CMD_API_LOGIN_TEST HTTP/1.0\r\nAuthorization: Basic ZGRuczp3cm9uZw==\r\n\r\n";

static unsigned failures_logged(const Receiver *r) {
        unsigned n = 0;

        for (const char *p = receiver_log(r); (p = strstr(p, "login failed for user")); p++)
                n++;
        return n;
}

/* A guess that waits for its answer: its connection. -1: it got 429 at once. */
static int guess_and_wait(const Receiver *r) {
        unsigned before = failures_logged(r);
        int fd = client_connect(r);

        client_say(fd, guess);
        for (unsigned i = 0; i < 3000; i++) {
                if (failures_logged(r) > before)
                        return fd;
                if (client_has_answer(fd, 10)) {
                        assert_int_equal(client_read(fd).status, 429);
                        (void) close(fd);
                        return -1;
                }
        }
        fail_msg("a guess was neither looked at nor refused");
        return -1;
}

/* The delays grow past any pace of the machine, so at some time four answers wait. */
static void guesses_are_held_back_and_a_master_of_the_same_address_is_not(void **state) {
        Receiver *r = receiver_new("  login-delay: 1h\n  request-timeout: 1h\n", "");
        uint64_t last_usec = 0;
        int fds[12], n = 0;

        assert_true(client_push(r, "a.test", 1));
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(client_ask(r, guess).status, 401);
        while (n < 12 && (fds[n] = guess_and_wait(r)) >= 0) {
                n++;
                last_usec = ddns_monotonic_usec();
        }
        assert_in_range(n, 4, 11);
        assert_true(client_push(r, "a.test", 2));
        assert_false(client_has_answer(fds[n - 1], 0));
        assert_int_equal(client_read(fds[0]).status, 401); /* after its second */
        (void) close(fds[1]);                              /* who goes away does not disturb */

        /* Who leaves does not wait for them: the last one has eight seconds at least. */
        assert_int_equal(kill(r->pid, SIGTERM), 0);
        assert_int_equal(receiver_wait(r), 0);
        assert_true(ddns_monotonic_usec() - last_usec < 7 * USEC_PER_SEC);
        assert_int_equal(client_read(fds[n - 1]).status, 401);
        for (int i = 0; i < n; i++)
                if (i != 1)
                        (void) close(fds[i]);
        receiver_start(r);
        assert_true(client_push(r, "a.test", 3));
        receiver_free(r);
}

/* Each one costs the oldest its place; the last ones would wait for minutes. */
static void guesses_that_wait_go_when_there_is_no_room(void **state) {
        Receiver *r = receiver_new("  max-connections: 4\n  login-delay: 1h\n  request-timeout: 1h\n",
                                   "");
        int fds[12];

        assert_true(client_push(r, "a.test", 1));
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(client_ask(r, guess).status, 401);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                assert_true((fds[i] = guess_and_wait(r)) >= 0);
        assert_true(client_push(r, "a.test", 2));
        client_expect_end(fds[ARRAY_SIZE(fds) - 4]);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                (void) close(fds[i]);
        receiver_free(r);
}

static void sockets_share_the_descriptors_that_there_are(void **state) {
        Receiver *r = receiver_new("  max-connections: 100000\n", "");

        assert_true(client_push(r, "a.test", 1));
        assert_non_null(strstr(receiver_log(r), "raise LimitNOFILE="));
        receiver_free(r);
}

static void without_a_usable_login_it_is_a_bad_configuration(void **state) {
        Receiver *r = receiver_new("", "");
        char path[128];

        assert_true(client_push(r, "a.test", 1));
        assert_int_equal(kill(r->pid, SIGTERM), 0);
        assert_int_equal(receiver_wait(r), 0);
        (void) snprintf(path, sizeof path, "%s/hash", r->directory);
        assert_int_equal(unlink(path), 0);
        receiver_start(r);
        assert_int_equal(receiver_wait(r), 78);
        assert_non_null(strstr(receiver_log(r), "master da1 can not log in"));
        receiver_free(r);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_request_that_drips_is_cut_although_bytes_keep_coming),
                cmocka_unit_test(a_kept_connection_is_cut_after_the_timeout),
                cmocka_unit_test(a_stranger_who_asks_again_and_again_is_cut),
                cmocka_unit_test(one_address_has_its_share_of_connections),
                cmocka_unit_test(beyond_all_connections_clients_wait),
                cmocka_unit_test(strangers_go_when_there_is_no_room_and_masters_stay),
                cmocka_unit_test(guesses_that_wait_go_when_there_is_no_room),
                cmocka_unit_test(
                                who_takes_more_than_its_share_loses_the_oldest_and_a_master_there_is_answered),
                cmocka_unit_test(a_request_that_has_begun_is_answered_before_leaving),
                cmocka_unit_test(a_request_that_never_ends_does_not_keep_it_from_leaving),
                cmocka_unit_test(it_leaves_when_idle_and_the_socket_stays),
                cmocka_unit_test(pushes_that_waited_in_the_backlog_keep_their_order),
                cmocka_unit_test(a_locked_database_is_503_until_it_is_free),
                cmocka_unit_test(clients_may_go_away_while_their_push_waits_for_the_database),
                cmocka_unit_test(a_disk_that_fails_is_503_and_a_new_process_goes_on),
                cmocka_unit_test(a_database_that_is_removed_is_503_and_a_new_process_goes_on),
                cmocka_unit_test(guessers_do_not_hold_up_a_master),
                cmocka_unit_test(guesses_are_held_back_and_a_master_of_the_same_address_is_not),
                cmocka_unit_test(sockets_share_the_descriptors_that_there_are),
                cmocka_unit_test(without_a_usable_login_it_is_a_bad_configuration),
        };

        return cmocka_run_group_tests_name("receiver", tests, NULL, NULL);
}
