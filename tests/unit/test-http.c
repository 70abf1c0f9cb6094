/* SPDX-License-Identifier: MIT */
/* HTTP as masters, scripts, scanners and broken clients speak it, against the built ddns-receiver. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "receiver.h"
#include "test.h"

#define KIB        1024
#define LOGIN_TEST "GET /CMD_API_LOGIN_TEST HTTP/1.1\r\nHost: h\r\n" AUTHORIZATION "\r\n"

static int set_up(void **state) {
        *state = receiver_new("  max-body-kib: 512\n  max-memory-mib: 1\n  request-timeout: 5s\n"
                              "  max-connections-per-address: 256\n",
                              "");
        return 0;
}

static int tear_down(void **state) {
        receiver_free(*state);
        return 0;
}

/* All of a form's or zone's `size` bytes alike: no valid zone, but that is found last. */
static char *filler(size_t size) {
        char *data = malloc(size);

        assert_non_null(data);
        memset(data, 'x', size);
        return data;
}

static void say_save(int fd, const char *zone, const char *headers) {
        char request[512];

        (void) snprintf(request, sizeof request,
                        "POST /CMD_API_DNS_ADMIN?action=rawsave&domain=%s HTTP/1.1\r\nHost: h\r\n%s\r\n",
                        zone, headers);
        client_say(fd, request);
}

static void is_ok(Answer a) {
        if (a.status != 200 || strncmp(a.body, "error=0", 7) != 0)
                fail_msg("%s%s", a.headers, a.body);
}

static void is_error(Answer a, int status) {
        if (a.status != status || strncmp(a.body, "error=1&text=", 13) != 0)
                fail_msg("%d is expected: %s%s", status, a.headers, a.body);
}

static void http_1_0_ends_the_connection_and_1_1_keeps_it(void **state) {
        ddns_cleanup(ddns_freep) char *old = push_request("a.test", 1, "HTTP/1.0");
        ddns_cleanup(ddns_freep) char *new = push_request("b.test", 1, "HTTP/1.1");
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);
        ddns_cleanup(ddns_closep) int kept = client_connect(*state);

        client_say(fd, old);
        is_ok(client_read(fd));
        client_expect_end(fd);
        for (unsigned i = 0; i < 5; i++) {
                client_say(kept, i % 2 ? new : LOGIN_TEST);
                is_ok(client_read(kept));
        }
        assert_true(client_has_zone(*state, "a.test"));
        assert_true(client_has_zone(*state, "b.test"));
}

static void answers_are_text_and_say_how_to_log_in(void **state) {
        Answer a = client_ask(*state, LOGIN_TEST);
        is_ok(a);
        assert_non_null(strcasestr(a.headers, "\r\nContent-Type: text/plain\r\n"));

        a = client_ask(*state, "GET /CMD_API_LOGIN_TEST HTTP/1.0\r\n\r\n");
        is_error(a, 401);
        assert_non_null(strcasestr(a.headers, "\r\nWWW-Authenticate: Basic realm="));

        a = client_ask(*state, "PUT /CMD_API_DNS_ADMIN HTTP/1.0\r\n" AUTHORIZATION "\r\n");
        is_error(a, 405);
        assert_non_null(strcasestr(a.headers, "\r\nAllow: GET, POST\r\n"));

        ddns_cleanup(ddns_closep) int fd = client_connect(*state);
        client_say(fd, "HEAD /CMD_API_LOGIN_TEST HTTP/1.0\r\n" AUTHORIZATION "\r\n");
        assert_int_equal(client_read_head(fd).status, 200);
        client_expect_end(fd);
}

static void the_first_request_of_a_process_may_come_in_any_pieces(void **state) {
        ddns_cleanup(ddns_freep) char *request = push_request("a.test", 1, "HTTP/1.1");
        size_t size = strlen(request), header = (size_t) (strstr(request, "\r\n\r\n") + 4 - request);
        const size_t cuts[] = { 1, 20, header - 2, header, header + 1, size - 1 };

        for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
                Receiver *r = receiver_new("", "");
                ddns_cleanup(ddns_closep) int fd = client_connect(r);

                client_write(fd, request, cuts[i]);
                (void) client_has_answer(fd, 20);
                client_write(fd, request + cuts[i], size - cuts[i]);
                is_ok(client_read(fd));
                assert_true(client_has_zone(r, "a.test"));
                receiver_free(r);
        }
}

static void a_request_may_drip_in_byte_by_byte(void **state) {
        ddns_cleanup(ddns_freep) char *request = push_request("a.test", 1, "HTTP/1.0");
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);
        int on = 1;

        assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
        for (const char *p = request; *p; p++)
                client_write(fd, p, 1);
        is_ok(client_read(fd));
}

static void pipelined_requests_are_answered_in_order(void **state) {
        ddns_cleanup(ddns_freep) char *a = push_request("a.test", 1, "HTTP/1.1");
        ddns_cleanup(ddns_freep) char *b = push_request("b.test", 1, "HTTP/1.1");
        ddns_cleanup(ddns_freep) char *all = NULL;
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);

        assert_true(asprintf(&all,
                             "%sGET /nothing HTTP/1.1\r\nHost: h\r\n" AUTHORIZATION "\r\n%s" LOGIN_TEST,
                             a, b) > 0);
        client_say(fd, all);
        is_ok(client_read(fd));
        is_error(client_read(fd), 404);
        is_ok(client_read(fd));
        assert_string_equal(client_read(fd).body, "error=0&text=Login%20OK");
}

static void a_zone_may_come_in_chunks(void **state) {
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);

        say_save(fd, "a.test", AUTHORIZATION "Transfer-Encoding: chunked\r\n");
        client_say(fd, "8\r\n$TTL 60\n\r\n3b;name=value\r\n");
        client_say(fd, "@ IN SOA ns.b.test. h.a.test. 1 1 1 1 1\n@ IN NS ns.b.test.\n\r\n");
        client_say(fd, "0\r\nTrailer: x\r\n\r\n");
        is_ok(client_read(fd));
        client_say(fd, LOGIN_TEST);
        is_ok(client_read(fd));
        assert_true(client_has_zone(*state, "a.test"));
}

static void whoever_expects_100_continue_gets_it(void **state) {
        static const char zone[] = "@ 60 IN SOA ns.b.test. h.a.test. 1 1 1 1 1\n@ 60 IN NS ns.b.test.\n";
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);
        char headers[256];

        (void) snprintf(headers, sizeof headers,
                        AUTHORIZATION "Expect: 100-continue\r\nContent-Length: %zu\r\n", strlen(zone));
        say_save(fd, "a.test", headers);
        assert_int_equal(client_read_head(fd).status, 100);
        client_say(fd, zone);
        is_ok(client_read(fd));
}

static void long_headers_are_431(void **state) {
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);
        ddns_cleanup(ddns_freep) char *data = filler(15 * KIB);

        client_say(fd, "GET /CMD_API_LOGIN_TEST HTTP/1.1\r\nHost: h\r\n" AUTHORIZATION "X: ");
        client_write(fd, data, 15 * KIB);
        client_say(fd, "\r\n\r\n");
        is_ok(client_read(fd)); /* still within the bound */

        client_say(fd, "GET /CMD_API_LOGIN_TEST HTTP/1.1\r\nHost: h\r\n" AUTHORIZATION "X: ");
        client_write(fd, data, 15 * KIB);
        client_say(fd, "\r\nY: ");
        client_write(fd, data, 2 * KIB);
        client_say(fd, "\r\n\r\n");
        assert_int_equal(client_read(fd).status, 431);

        ddns_cleanup(ddns_closep) int endless = client_connect(*state);
        client_say(endless, "GET /CMD_API_LOGIN_TEST HTTP/1.1\r\nX: ");
        for (unsigned i = 0; i < 8 && !client_has_answer(endless, 0); i++)
                (void) send(endless, data, 15 * KIB, MSG_NOSIGNAL);
        assert_int_equal(client_read_head(endless).status, 431);
}

static void a_long_body_is_413_and_the_client_lives_to_read_it(void **state) {
        size_t size = 4096 * KIB;
        ddns_cleanup(ddns_freep) char *data = filler(size);
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);
        char headers[256];

        (void) snprintf(headers, sizeof headers, AUTHORIZATION "Content-Length: %zu\r\n", size);
        for (unsigned i = 0; i < 2; i++) { /* the connection stays of use */
                say_save(fd, "a.test", headers);
                client_write(fd, data, size);
                is_error(client_read(fd), 413);
        }

        say_save(fd, "a.test", AUTHORIZATION "Transfer-Encoding: chunked\r\n");
        for (unsigned i = 0; i < 4; i++) {
                client_say(fd, "100000\r\n");
                client_write(fd, data, 1024 * KIB);
                client_say(fd, "\r\n");
        }
        client_say(fd, "0\r\n\r\n");
        is_error(client_read(fd), 413);
        assert_false(client_has_zone(*state, "a.test"));
}

static void the_longest_body_is_taken(void **state) {
        ddns_cleanup(ddns_freep) char *data = filler(512 * KIB);
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);

        say_save(fd, "a.test", AUTHORIZATION "Content-Length: 524288\r\n");
        client_write(fd, data, 512 * KIB);
        is_error(client_read(fd), 400); /* looked at: it is no zone */
}

static void strangers_get_their_401_after_a_long_body(void **state) {
        static const char *const logins[] = { "", "Authorization: Basic ZGRuczp3cm9uZw==\r\n" };
        size_t size = 4096 * KIB;
        ddns_cleanup(ddns_freep) char *data = filler(size);

        for (size_t i = 0; i < ARRAY_SIZE(logins); i++) {
                ddns_cleanup(ddns_closep) int fd = client_connect(*state);
                char headers[256];

                (void) snprintf(headers, sizeof headers, "%sContent-Length: %d\r\n", logins[i],
                                500 * KIB);
                say_save(fd, "a.test", headers);
                client_write(fd, data, 500 * KIB);
                is_error(client_read(fd), 401);

                say_save(fd, "a.test", headers); /* and again on the same connection */
                client_write(fd, data, 500 * KIB);
                is_error(client_read(fd), 401);
        }
        assert_non_null(strstr(receiver_log(*state), "login failed for user \"ddns\" from 127.0.0.1"));
}

static void bodies_together_are_bounded_in_memory(void **state) {
        size_t size = 400 * KIB;
        ddns_cleanup(ddns_freep) char *data = filler(size);
        int fds[3];

        is_ok(client_ask(*state, LOGIN_TEST)); /* the login is known from here on */
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = client_connect(*state);
                say_save(fds[i], "a.test", AUTHORIZATION "Content-Length: 409600\r\n");
                client_write(fds[i], data, size - 1);
        }

        /* three of 400 KiB are more than 1 MiB: whose bytes came last is refused, and its room is free again at once */
        unsigned refused = 0;
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                client_write(fds[i], data, 1);
                Answer a = client_read(fds[i]);
                refused += a.status == 503;
                is_error(a, a.status == 503 ? 503 : 400);
        }
        assert_int_equal(refused, 1);

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                say_save(fds[i], "a.test", AUTHORIZATION "Content-Length: 409600\r\n");
                client_write(fds[i], data, size);
                is_error(client_read(fds[i]), 400);
                (void) close(fds[i]);
        }
}

static void clients_may_go_away_after_any_byte(void **state) {
        ddns_cleanup(ddns_freep) char *request = push_request("half.test", 1, "HTTP/1.1");
        size_t size = strlen(request);

        for (size_t i = 0; i < size; i++) {
                int fd = client_connect(*state);

                client_write(fd, request, i);
                if (i % 2) /* with a reset */
                        (void) setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
                                          sizeof(struct linger));
                (void) close(fd);
        }
        assert_false(client_has_zone(*state, "half.test"));
}

static void clients_may_go_away_while_their_push_is_committed(void **state) {
        for (unsigned i = 0; i < 50; i++) {
                ddns_cleanup(ddns_freep) char *request = push_request("gone.test", i, "HTTP/1.1");
                int fd = client_connect(*state);

                client_say(fd, request);
                (void) setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
                                  sizeof(struct linger));
                (void) close(fd);
        }
        assert_true(client_push(*state, "last.test", 1));
}

static void scanners_do_no_harm(void **state) {
        static const struct {
                const char *data;
                size_t size;
        } noise[] = {
                { "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00", 16 },
                { "\x00\x00\x00\x00\x00\x00\x00\x00", 8 },
                { "\r\n\r\n\r\n\r\n", 8 },
                { "GET\r\n\r\n", 7 },
                { "GET / HTTP/9.9\r\n\r\n", 18 },
                { "SSH-2.0-scan\r\n", 14 },
                { "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 38 },
                { "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n", 70 },
                { "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 52 },
                { "GET /%00%0a<script> HTTP/1.0\r\nAuthorization: Basic \xff\x00\r\n\r\n", 56 },
        };

        int fds[ARRAY_SIZE(noise)];

        for (size_t i = 0; i < ARRAY_SIZE(noise); i++) {
                fds[i] = client_connect(*state);
                client_write(fds[i], noise[i].data, noise[i].size);
                if (i % 2)
                        (void) shutdown(fds[i], SHUT_WR);
        }
        for (size_t i = 0; i < ARRAY_SIZE(noise); i++) { /* the deadline ends what nothing else ends */
                for (char c[512]; recv(fds[i], c, sizeof c, 0) > 0;)
                        ;
                (void) close(fds[i]);
        }
        is_ok(client_ask(*state, LOGIN_TEST));
}

static void nothing_a_client_says_makes_a_line_in_the_log(void **state) {
        is_error(client_ask(*state, "GET /%0a<3>forged\x01\x7f HTTP/1.0\r\n" AUTHORIZATION "\r\n"), 404);
        (void) client_ask(*state, "GET /CMD_API_DNS_ADMIN?action=exists&domain=a%0a%3c3%3eforged "
                                  "HTTP/1.0\r\n" AUTHORIZATION "\r\n");
        (void) client_ask(*state, "GET / HTTP/1.0\r\nAuthorization: Basic b25lCjwzPmZvcmdlZDp4\r\n\r\n");
        is_error(client_ask(*state, "GET /\x9b"
                                    "2J\xc2\x9b"
                                    "2J\xff HTTP/1.0\r\n" AUTHORIZATION "\r\n"),
                 404);
        is_error(client_ask(*state, "P\x9b"
                                    "T / HTTP/1.0\r\n" AUTHORIZATION "\r\n"),
                 405);
        assert_null(strstr(receiver_log(*state), "\n<3>forged"));
        assert_null(strpbrk(receiver_log(*state), "\x01\x7f\x9b\xc2\xff"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* What the master sent first and gave up on must not come in behind what it sent then, however slow it is. */
static void a_push_that_began_earlier_never_overwrites_a_later_one(void **state) {
        ddns_cleanup(ddns_freep) char *slow = push_request("order.test", 10, "HTTP/1.1");
        Receiver *r = receiver_new("", "");
        size_t half = strlen(slow) - 20;

        assert_true(client_push(r, "before.test", 1)); /* the login is known from now on */
        int fd = client_connect(r);
        client_write(fd, slow, half);
        while (!client_has_zone(r, "order.test"))
                assert_true(client_push(r, "order.test", 11));
        client_write(fd, slow + half, strlen(slow) - half);
        Answer a = client_read(fd);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.body, "error=0");
        (void) close(fd);
        assert_non_null(strstr(receiver_log(r),
                               "order.test: nothing stored, a request that began later"));

        assert_true(client_push(r, "order.test", 9)); /* what begins now counts, whatever its serial */
        assert_non_null(strstr(receiver_log(r), "order.test: serial 9 from"));
        receiver_free(r);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(http_1_0_ends_the_connection_and_1_1_keeps_it),
                TEST(answers_are_text_and_say_how_to_log_in),
                cmocka_unit_test(the_first_request_of_a_process_may_come_in_any_pieces),
                TEST(a_request_may_drip_in_byte_by_byte),
                TEST(pipelined_requests_are_answered_in_order),
                TEST(a_zone_may_come_in_chunks),
                TEST(whoever_expects_100_continue_gets_it),
                TEST(long_headers_are_431),
                TEST(a_long_body_is_413_and_the_client_lives_to_read_it),
                TEST(the_longest_body_is_taken),
                TEST(strangers_get_their_401_after_a_long_body),
                TEST(bodies_together_are_bounded_in_memory),
                TEST(clients_may_go_away_after_any_byte),
                TEST(clients_may_go_away_while_their_push_is_committed),
                TEST(scanners_do_no_harm),
                TEST(nothing_a_client_says_makes_a_line_in_the_log),
                cmocka_unit_test(a_push_that_began_earlier_never_overwrites_a_later_one),
        };

        return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
