/* SPDX-License-Identifier: MIT */
/* What one client may take from others, against the built ddns-receiver: one case for each bound that no other case would miss. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "receiver.h"
#include "test.h"

#define KIB        1024
#define PATIENCE   (60 * USEC_PER_SEC)
#define LOGIN_TEST "GET /CMD_API_LOGIN_TEST HTTP/1.1\r\nHost: h\r\n" AUTHORIZATION "\r\n"

/* The head of a save with a body of `size` octets, and `sent` of them, which are no zone. */
static void say_save(int fd, size_t size, size_t sent) {
        ddns_cleanup(ddns_freep) char *body = malloc(sent);
        char head[256];

        assert_non_null(body);
        memset(body, 'x', sent);
        (void) snprintf(head, sizeof head,
                        "POST /CMD_API_DNS_ADMIN?action=rawsave&domain=a.test HTTP/1.1\r\nHost: h\r\n" AUTHORIZATION
                        "Content-Length: %zu\r\n\r\n",
                        size);
        client_say(fd, head);
        client_write(fd, body, sent);
}

/* Else whoever announces much and sends less keeps others out. */
static void a_body_that_is_announced_as_too_long_takes_no_room(void **state) {
        Receiver *r = receiver_new("  max-body-kib: 512\n  max-memory-mib: 1\n  request-timeout: 1h\n",
                                   "");
        int greedy[2];
        (void) state;

        assert_true(client_push(r, "before.test", 1)); /* the login is known from here on */
        for (size_t i = 0; i < ARRAY_SIZE(greedy); i++) {
                greedy[i] = client_connect(r);
                say_save(greedy[i], 4096 * KIB, 500 * KIB);
        }
        for (unsigned i = 0; i < 20; i++) { /* until all that they sent is read for certain */
                ddns_cleanup(ddns_closep) int fd = client_connect(r);

                say_save(fd, 400 * KIB, 400 * KIB);
                assert_int_equal(client_read(fd).status, 400); /* it was looked at */
        }
        for (size_t i = 0; i < ARRAY_SIZE(greedy); i++)
                (void) close(greedy[i]);
        receiver_free(r);
}

static unsigned open_connections(const Receiver *r) {
        static const char series[] = "\nddns_receiver_connections{socket=\"ddns\"} ";
        ddns_cleanup(ddns_closep) int fd = client_connect_metrics(r);

        client_say(fd, "GET /metrics HTTP/1.0\r\n\r\n");
        Answer a = client_read(fd);
        const char *found = strstr(a.body, series);
        assert_non_null(found);
        return (unsigned) strtoul(found + strlen(series), NULL, 10);
}

/* A connection with room for a few answers on its way: what is accepted has the buffer of what listens. */
static int connect_narrow(const Receiver *r) {
        struct sockaddr_in a;
        socklen_t size = sizeof a;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), least = 1;

        assert_true(fd >= 0);
        assert_int_equal(setsockopt(r->listener, SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
        assert_int_equal(getsockname(r->listener, (struct sockaddr *) &a, &size), 0);
        assert_int_equal(connect(fd, (struct sockaddr *) &a, size), 0);
        return fd;
}

/* It has logged in, so it goes for nobody else; and it does not see its end, which is behind all that it does not read. */
static void who_takes_no_answers_is_cut(void **state) {
        Receiver *r = receiver_new_with_metrics("  request-timeout: 1s\n", "");
        ddns_cleanup(ddns_closep) int fd = connect_narrow(r);
        uint64_t end = ddns_monotonic_usec() + PATIENCE;
        (void) state;

        client_say(fd, LOGIN_TEST);
        assert_int_equal(client_read(fd).status, 200);
        while (open_connections(r) > 0) {
                if (ddns_monotonic_usec() > end)
                        fail_msg("a client that reads nothing is still connected");
                for (unsigned i = 0; i < 1000; i++)
                        (void) send(fd, LOGIN_TEST, strlen(LOGIN_TEST), MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        assert_true(client_push(r, "a.test", 1));
        receiver_free(r);
}

/* All of them have logged in, so nobody goes: the others have to wait. */
static void there_are_not_more_connections_than_that(void **state) {
        Receiver *r = receiver_new_with_metrics("  max-connections: 3\n  request-timeout: 1h\n", "");
        int fds[6];
        (void) state;

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = client_connect(r);
                client_say(fds[i], LOGIN_TEST);
                if (i < 3)
                        assert_int_equal(client_read(fds[i]).status, 200);
        }
        for (unsigned i = 0; i < 20; i++) /* each of them a round of the loop */
                assert_int_equal(open_connections(r), 3);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                (void) close(fds[i]);
        receiver_free(r);
}

/* Of the same password, so that each guess takes a twentieth of a second or more. */
static const char slow_hash[] = "$6$rounds=200000$saltsalt$T2g6vJO3.bZ8NtDiRs1jsfyRiu7u1Yc0mr"
                                "ZH8m7qCvy/MOjYWZccMlGwKpD.jn43jrjRexNu56BgnfN1dbLdh0";

/* A guess from 127.0.1.`i`. */
static int guess_from(const Receiver *r, unsigned i) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000100 + i) }, to;
        socklen_t size = sizeof to;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &a, sizeof a), 0);
        assert_int_equal(getsockname(r->listener, (struct sockaddr *) &to, &size), 0);
        assert_int_equal(connect(fd, (struct sockaddr *) &to, size), 0);
        client_say(fd,
                   "GET /CMD_API_LOGIN_TEST HTTP/1.0\r\nAuthorization: Basic ZGRuczp3cm9uZw==\r\n\r\n");
        return fd;
}

/* How many of so many guesses at once, each from an address of its own or all from one, are not looked at. */
static unsigned count_refused(const Receiver *r, unsigned n, bool from_one) {
        unsigned refused = 0;
        int fds[20];

        assert_true(n <= ARRAY_SIZE(fds));
        for (unsigned i = 0; i < n; i++)
                fds[i] = guess_from(r, from_one ? 1 : i + 1);
        for (unsigned i = 0; i < n; i++) {
                Answer a = client_read(fds[i]);

                assert_true(a.status == 401 || a.status == 429);
                refused += a.status == 429;
                (void) close(fds[i]);
        }
        return refused;
}

/* Four from an address that guessed already; sixteen in all, which is the least, whatever the limit of connections. */
static void passwords_are_looked_at_so_many_at_a_time(void **state) {
        Receiver *r = receiver_new("  max-connections: 40\n  max-connections-per-address: 40\n"
                                   "  login-delay: 0\n  request-timeout: 1h\n",
                                   "");
        (void) state;

        receiver_set_hash(r, slow_hash);
        assert_int_equal(count_refused(r, 1, true), 0);
        assert_in_range(count_refused(r, 15, true), 1, 11);
        assert_in_range(count_refused(r, 20, false), 1, 4);
        receiver_free(r);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_body_that_is_announced_as_too_long_takes_no_room),
                cmocka_unit_test(who_takes_no_answers_is_cut),
                cmocka_unit_test(there_are_not_more_connections_than_that),
                cmocka_unit_test(passwords_are_looked_at_so_many_at_a_time),
        };

        return cmocka_run_group_tests_name("bounds", tests, NULL, NULL);
}
