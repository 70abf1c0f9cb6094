/* SPDX-License-Identifier: MIT */
/* The backend for CoreDNS' database when its connection breaks, its server dies, or another writes the same. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "coredns.h"
#include "test.h"

static Coredns fixture;
static bool installed;

static int set_up(void **state) {
        if (!installed)
                skip();
        fixture.config.mysql = mariadb_config(&fixture.server, "coredns");
        coredns_reset(&fixture, true);
        *state = &fixture;
        return 0;
}

/* ---- two at the same time ---- */

#define ROUNDS 30
#define ZONES  40

static void *deliver_all(void *argument) {
        DdnsBackend *b = argument;
        DdnsMessage message;
        char names[ZONES][32], more[64];

        for (unsigned round = 1; round <= ROUNDS; round++) {
                DdnsTask tasks[ZONES];

                (void) snprintf(more, sizeof more, "h%u 60 IN A 192.0.2.1\n", round);
                for (unsigned i = 0; i < ZONES; i++) {
                        (void) snprintf(names[i], sizeof names[i], "z%u.example", i);
                        tasks[i] = round % 5 == 0 ? coredns_delete(names[i])
                                                  : coredns_save(names[i], round, more);
                }
                int r = ddns_backend_coredns_mysql.apply(b, tasks, ZONES, &message);
                for (unsigned i = 0; i < ZONES; i++) {
                        free((char *) tasks[i].content);
                        if (r == 0 && tasks[i].state != WRITTEN) {
                                r = -EIO;
                                message = tasks[i].message;
                        }
                }
                if (r < 0)
                        return strdup(message.text);
                ddns_cleanup(ddns_freep) char *mixed = mariadb_query(
                                &fixture.server, "coredns",
                                "SELECT COUNT(*) FROM (SELECT zone_id FROM records GROUP BY zone_id HAVING COUNT(*)<>3) x");
                if (strcmp(mixed, "0") != 0)
                        return TAKE_PTR(mixed);
        }
        return NULL;
}

static void two_writers_of_the_same_zones_double_nothing(void **state) {
        Coredns *c = *state;
        DdnsBackend *second;
        pthread_t thread;
        void *failure;

        assert_int_equal(ddns_backend_coredns_mysql.new(&c->config, &second, &c->message), 0);
        assert_int_equal(pthread_create(&thread, NULL, deliver_all, second), 0);
        ddns_cleanup(ddns_freep) char *mine = deliver_all(c->backend);
        assert_int_equal(pthread_join(thread, &failure), 0);
        ddns_backend_coredns_mysql.free(second);
        if (mine || failure)
                fail_msg("%s", mine ? mine : (char *) failure);
        coredns_assert(c, "SELECT COUNT(*) FROM records", "0"); /* the last round is one of deletes */
        DdnsTask tasks[3];
        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        coredns_assert_whole(c, "3");
}

/* ---- a connection that breaks at COMMIT ---- */

typedef struct Proxy {
        int listener;
        unsigned port, server_port;
        bool forward; /* the COMMIT, whose answer is then swallowed */
        pthread_t thread;
} Proxy;

static void serve(const Proxy *p, int client) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        ddns_cleanup(ddns_closep) int server = socket(AF_INET, SOCK_STREAM, 0);
        struct pollfd pfd[2] = { { .fd = client, .events = POLLIN },
                                 { .fd = server, .events = POLLIN } };

        in.sin_port = htons((uint16_t) p->server_port);
        if (connect(server, (struct sockaddr *) &in, sizeof in) < 0)
                return;
        while (poll(pfd, 2, 10000) > 0) {
                char data[65536];
                int from = pfd[0].revents ? client : server;
                ssize_t n = recv(from, data, sizeof data, 0);

                if (n <= 0)
                        return;
                bool commit = from == client && memmem(data, (size_t) n, "\3COMMIT", 7); /* COM_QUERY */
                if (commit && !p->forward)
                        return;
                if (send(from == client ? server : client, data, (size_t) n, MSG_NOSIGNAL) != n)
                        return;
                if (commit) {
                        (void) recv(server, data, 1, 0); /* so it is done, and nobody will know */
                        return;
                }
        }
}

static void *run_proxy(void *argument) {
        const Proxy *p = argument;
        ddns_cleanup(ddns_closep) int client = accept(p->listener, NULL, NULL);

        if (client >= 0)
                serve(p, client);
        return NULL;
}

static void start_proxy(Proxy *p, unsigned server_port, bool forward) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof in;

        *p = (Proxy){ .listener = socket(AF_INET, SOCK_STREAM, 0),
                      .server_port = server_port,
                      .forward = forward };
        assert_int_equal(bind(p->listener, (struct sockaddr *) &in, size), 0);
        assert_int_equal(getsockname(p->listener, (struct sockaddr *) &in, &size), 0);
        assert_int_equal(listen(p->listener, 1), 0);
        p->port = ntohs(in.sin_port);
        assert_int_equal(pthread_create(&p->thread, NULL, run_proxy, p), 0);
}

static void stop_proxy(Proxy *p) {
        assert_int_equal(pthread_join(p->thread, NULL), 0);
        (void) close(p->listener);
}

static void break_at_commit(Coredns *c, bool forward, const char *zones) {
        DdnsTask tasks[3];
        Proxy p;

        start_proxy(&p, c->server.port, forward);
        c->config.mysql.port = p.port;
        coredns_reconnect(c);
        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), -ENOTCONN);
        coredns_assert_states(tasks, PENDING, PENDING, PENDING);
        stop_proxy(&p);
        coredns_assert_whole(c, zones);

        c->config.mysql.port = c->server.port;
        unsigned long written = coredns_rows_written(c);
        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        coredns_assert_states(tasks, WRITTEN, WRITTEN, WRITTEN);
        coredns_assert_whole(c, "3");
        assert_int_equal(coredns_rows_written(c) == written, forward);
}

static void a_connection_cut_before_commit_leaves_nothing(void **state) {
        break_at_commit(*state, false, "0");
}

static void a_connection_cut_after_commit_doubles_nothing(void **state) {
        break_at_commit(*state, true, "3");
}

static void a_server_killed_and_started_again_is_found(void **state) {
        Coredns *c = *state;
        DdnsTask tasks[3];

        coredns_save_three(tasks, 1);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        mariadb_stop(&c->server, SIGKILL);
        coredns_save_three(tasks, 2);
        assert_int_equal(coredns_apply(c, tasks, 3), -ENOTCONN);
        coredns_assert_states(tasks, PENDING, PENDING, PENDING);
        mariadb_start(&c->server, "");
        coredns_assert_whole(c, "3"); /* WRITTEN is written */
        coredns_save_three(tasks, 2);
        assert_int_equal(coredns_apply(c, tasks, 3), 0);
        coredns_assert_whole(c, "3");
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(two_writers_of_the_same_zones_double_nothing),
                TEST(a_connection_cut_before_commit_leaves_nothing),
                TEST(a_connection_cut_after_commit_doubles_nothing),
                TEST(a_server_killed_and_started_again_is_found),
        };

        installed = coredns_open(&fixture);
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        if (installed)
                coredns_close(&fixture);
        return r;
}
