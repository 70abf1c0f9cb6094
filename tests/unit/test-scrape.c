/* SPDX-License-Identifier: MIT */
/* Scrapers of all kinds against the built ddns-receiver, and pushes beside them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "receiver.h"
#include "test.h"

#define SCRAPES_MAX  8 /* of http.c and ddns-receiver(8) */
#define GET          "GET /metrics HTTP/1.0\r\n\r\n"
#define GET_AND_STAY "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"

static int set_up(void **state) {
        *state = receiver_new_with_metrics("  request-timeout: 1h\n", "");
        return 0;
}

static int tear_down(void **state) {
        receiver_free(*state);
        return 0;
}

static Answer ask(const Receiver *r, const char *request) {
        ddns_cleanup(ddns_closep) int fd = client_connect_metrics(r);

        client_say(fd, request);
        return client_read(fd);
}

static bool is_scrape(const Answer *a) {
        return a->status == 200 && strstr(a->body, "\nddns_zones ") != NULL;
}

static unsigned number(const Receiver *r, const char *series) {
        Answer a = ask(r, GET);
        const char *found = strstr(a.body, series);

        assert_true(is_scrape(&a));
        assert_non_null(found);
        return (unsigned) strtoul(found + strlen(series), NULL, 10);
}

/* Others than the one that asks. */
static unsigned open_scrapes(const Receiver *r) {
        return number(r, "\nddns_receiver_connections{socket=\"metrics\"} ") - 1;
}

static void http_1_0_and_1_1_get_the_same(void **state) {
        ddns_cleanup(ddns_closep) int old = client_connect_metrics(*state), kept = -1;

        client_say(old, GET);
        Answer a = client_read(old);
        assert_true(is_scrape(&a));
        assert_non_null(strcasestr(a.headers, "\r\nContent-Type: text/plain; version=0.0.4; "
                                              "charset=utf-8\r\n"));
        client_expect_end(old);

        kept = client_connect_metrics(*state);
        for (unsigned i = 0; i < 3; i++) {
                client_say(kept, GET_AND_STAY);
                a = client_read(kept);
                assert_true(is_scrape(&a));
        }
}

static void head_has_the_length_and_no_body(void **state) {
        ddns_cleanup(ddns_closep) int fd = client_connect_metrics(*state);

        client_say(fd, "HEAD /metrics HTTP/1.0\r\n\r\n");
        Answer a = client_read_head(fd);
        const char *length = strcasestr(a.headers, "\r\nContent-Length: ");

        assert_int_equal(a.status, 200);
        assert_non_null(length);
        assert_true(strtoul(length + 18, NULL, 10) > 1000);
        client_expect_end(fd);
}

static void whatever_else_is_asked_for_is_refused(void **state) {
        static const struct {
                const char *request;
                int status;
        } cases[] = {
                { "GET / HTTP/1.0\r\n\r\n", 404 },
                { "GET /CMD_API_DNS_ADMIN?action=exists&domain=a.test HTTP/1.0\r\n" AUTHORIZATION "\r\n",
                  404 },
                { "GET /status HTTP/1.0\r\n" AUTHORIZATION "\r\n", 404 },
                { "POST /metrics HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", 405 },
                { "DELETE /metrics HTTP/1.0\r\n\r\n", 405 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Answer a = ask(*state, cases[i].request);

                if (a.status != cases[i].status)
                        fail_msg("%s: %s%s", cases[i].request, a.headers, a.body);
                assert_int_equal(strcasestr(a.headers, "\r\nAllow: GET, HEAD\r\n") != NULL,
                                 a.status == 405);
        }
        Answer a = ask(*state,
                       "GET /metrics?zone=a.test HTTP/1.0\r\nAuthorization: Basic bogus\r\n\r\n");
        assert_true(is_scrape(&a)); /* what follows '?' and logins are of no matter */

        ddns_cleanup(ddns_freep) char *push = push_request("a.test", 1, "HTTP/1.0");
        assert_int_equal(ask(*state, push).status, 404);
        assert_false(client_has_zone(*state, "a.test"));
}

static void garbage_harms_nobody(void **state) {
        static const char *const lines[] = {
                "\r\n\r\n\r\n\r\n",
                "GET\r\n\r\n",
                "GET /metrics\r\n\r\n",
                "\x16\x03\x01\x02",
                "GET /metrics HTTP/9.9\r\n\r\n",

                ": \r\n: \r\n\r\n",
                "GET http://h/metrics HTTP/1.0\r\nContent-Length: -1\r\n\r\n",
                "POST /metrics HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
                "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        };

        Receiver *r = receiver_new_with_metrics("  request-timeout: 100ms\n", "");
        int fds[ARRAY_SIZE(lines)];
        (void) state;

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                fds[i] = client_connect_metrics(r);
                client_say(fds[i], lines[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) { /* a refusal or the end, within the time-out */
                char answer[4096] = "";

                if (recv(fds[i], answer, sizeof answer - 1, 0) > 0 &&
                    !strchr("45", answer[strlen("HTTP/1.1 ")]))
                        fail_msg("%s: %s", lines[i], answer);
                (void) close(fds[i]);
        }
        assert_true(client_push(r, "a.test", 1));
        Answer a = ask(r, GET);
        assert_true(is_scrape(&a));
        receiver_free(r);
}

static void long_headers_are_refused_as_elsewhere(void **state) {
        char request[24 * 1024];

        memset(request, 'x', sizeof request);
        memcpy(request, "GET /metrics HTTP/1.0\r\nX: ", 26);
        memcpy(request + sizeof request - 5, "\r\n\r\n", 5);
        assert_int_equal(ask(*state, request).status, 431);
}

static void half_requests_hold_up_no_push_and_the_ninth_scraper_waits(void **state) {
        int fds[SCRAPES_MAX];

        for (unsigned i = 0; i < SCRAPES_MAX; i++) {
                if (i < SCRAPES_MAX - 1)
                        assert_int_equal(open_scrapes(*state), i);
                fds[i] = client_connect_metrics(*state);
                client_say(fds[i], "GET /metrics HTTP/1.0\r\nX: ");
                for (unsigned k = 0; i < SCRAPES_MAX - 1 && open_scrapes(*state) != i + 1; k++)
                        assert_true(k < 1000);
        }
        ddns_cleanup(ddns_closep) int ninth = client_connect_metrics(*state);
        client_say(ninth, GET);
        for (unsigned i = 1; i <= 20; i++)
                assert_true(client_push(*state, "a.test", i));
        assert_false(client_has_answer(ninth, 0));

        (void) close(fds[0]);
        Answer a = client_read(ninth);
        assert_true(is_scrape(&a));
        for (unsigned i = 1; i < SCRAPES_MAX; i++) { /* the others are as they were */
                client_say(fds[i], "\r\n\r\n");
                a = client_read(fds[i]);
                assert_true(is_scrape(&a));
                (void) close(fds[i]);
        }
}

static void a_request_that_drips_is_cut(void **state) {
        static const char *const beginnings[] = {
                "", "G",
                "GET /metrics HTTP/1.0\r\nX: ", "POST /metrics HTTP/1.0\r\nContent-Length: 99999\r\n\r\n"
        };
        Receiver *r = receiver_new_with_metrics("  request-timeout: 100ms\n", "");
        uint64_t end = ddns_monotonic_usec() + 60 * USEC_PER_SEC;
        int fds[ARRAY_SIZE(beginnings)];
        (void) state;

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = client_connect_metrics(r);
                client_say(fds[i], beginnings[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(fds);) {
                for (size_t k = i; k < ARRAY_SIZE(fds); k++)
                        if (*beginnings[k]) /* one of them says nothing at all */
                                (void) send(fds[k], "x", 1, MSG_NOSIGNAL);
                assert_true(ddns_monotonic_usec() < end);
                if (!client_has_answer(fds[i], 50))
                        continue;
                client_expect_end(fds[i]);
                (void) close(fds[i++]);
        }
        receiver_free(r);
}

/* Buffers so small that no answer goes into them as a whole. */
static int connect_with_small_buffers(const Receiver *r) {
        ddns_cleanup(ddns_closep) int fd = client_connect_metrics(r);
        int size = 2048;

        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
        return TAKE_FD(fd);
}

static void answers_that_nobody_takes_are_cut_and_hold_up_no_push(void **state) {
        Receiver *r = receiver_new_with_metrics("  request-timeout: 100ms\n", "");
        uint64_t end = ddns_monotonic_usec() + 60 * USEC_PER_SEC;
        int size = 2048;
        (void) state;

        /* what is accepted has the listener's */
        assert_int_equal(setsockopt(r->metrics, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
        ddns_cleanup(ddns_closep) int fd = connect_with_small_buffers(r);
        for (unsigned i = 0; i < 64; i++)
                client_say(fd, GET_AND_STAY);
        do {
                assert_true(client_push(r, "a.test", 1));
                assert_true(ddns_monotonic_usec() < end);
        } while (open_scrapes(r) > 0);
        receiver_free(r);
}

static void stop(Receiver *r) {
        assert_true(client_push(r, "a.test", 1)); /* it is there, and takes signals */
        assert_int_equal(kill(r->pid, SIGTERM), 0);
        assert_int_equal(receiver_wait(r), 0);
}

static void spoil(const Receiver *r, off_t offset) {
        static const char junk[64 * 1024] = { 'x' };
        int fd = open(r->database, O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, junk, sizeof junk, offset), sizeof junk);
        (void) close(fd);
}

/* The first page has been read by then, others are not there to be read. */
static void a_database_that_is_damaged_meanwhile_is_503_and_a_new_process_says_so(void **state) {
        Receiver *r = *state;

        stop(r);
        receiver_start(r);
        assert_int_equal(ask(r, "GET / HTTP/1.0\r\n\r\n").status, 404);
        spoil(r, 4096);
        Answer a = ask(r, GET);
        assert_int_equal(a.status, 503);
        assert_non_null(strcasestr(a.headers, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
        assert_string_equal(a.body, "The database can not be read; the journal has the details.\n");
        assert_int_equal(receiver_wait(r), 1);
        assert_non_null(strstr(receiver_log(r), "no metrics, answered 503: "));
}

static void a_database_that_is_gone_is_503_and_a_new_process_makes_one(void **state) {
        Receiver *r = *state;

        assert_true(client_push(r, "a.test", 1));
        assert_int_equal(unlink(r->database), 0);
        assert_int_equal(ask(r, GET).status, 503);
        assert_int_equal(receiver_wait(r), 1);
        receiver_start(r);
        assert_int_equal(number(r, "\nddns_zones "), 0);
}

static void make_newer(const Receiver *r) {
        sqlite3 *db;

        assert_int_equal(sqlite3_open(r->database, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 9999", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void make_junk(const Receiver *r) {
        spoil(r, 0);
}

static void make_directory(const Receiver *r) {
        assert_int_equal(unlink(r->database), 0);
        assert_int_equal(mkdir(r->database, 0700), 0);
}

/* Nobody is there to answer, as for pushes: they wait in the backlog until it is mended. */
static void without_a_database_a_scrape_waits_and_the_log_says_what_helps(void **state) {
        static const struct {
                void (*spoil)(const Receiver *r);
                const char *says;
        } cases[] = {
                { make_newer, "was made by a newer ddns" },
                { make_junk, "file is not a database" },
                { make_directory, "Is a directory; move it away" },
        };
        (void) state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Receiver *r = receiver_new_with_metrics("", "");

                stop(r);
                ddns_cleanup(ddns_closep) int fd = client_connect_metrics(r);
                client_say(fd, GET);
                cases[i].spoil(r);
                receiver_start(r);
                assert_int_equal(receiver_wait(r), 1);
                assert_false(client_has_answer(fd, 0));
                if (!strstr(receiver_log(r), cases[i].says) || !strstr(receiver_log(r), r->database))
                        fail_msg("%s", receiver_log(r));

                (void) (unlink(r->database) < 0 && rmdir(r->database));
                receiver_start(r);
                Answer a = client_read(fd);
                assert_true(is_scrape(&a));
                receiver_free(r);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(http_1_0_and_1_1_get_the_same),
                TEST(head_has_the_length_and_no_body),
                TEST(whatever_else_is_asked_for_is_refused),
                cmocka_unit_test(garbage_harms_nobody),
                TEST(long_headers_are_refused_as_elsewhere),
                TEST(half_requests_hold_up_no_push_and_the_ninth_scraper_waits),
                cmocka_unit_test(a_request_that_drips_is_cut),
                cmocka_unit_test(answers_that_nobody_takes_are_cut_and_hold_up_no_push),
                TEST(a_database_that_is_damaged_meanwhile_is_503_and_a_new_process_says_so),
                TEST(a_database_that_is_gone_is_503_and_a_new_process_makes_one),
                cmocka_unit_test(without_a_database_a_scrape_waits_and_the_log_says_what_helps),
        };

        return cmocka_run_group_tests_name("scrape", tests, NULL, NULL);
}
