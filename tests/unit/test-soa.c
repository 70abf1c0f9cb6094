/* SPDX-License-Identifier: MIT */
/* SOA questions against a fake name server that answers as each test tells it. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "basic/cleanup.h"
#include "basic/clock.h"
#include "dns/soa.h"
#include "test.h"

#define LONG_USEC  (5 * USEC_PER_SEC)
#define SHORT_USEC (50 * USEC_PER_MSEC)

#define FLAG_QR 0x80
#define FLAG_AA 0x04
#define FLAG_TC 0x02

typedef struct Server Server;

/* Makes an answer of the question in `packet` (its size is `n`, there is room for 1024 octets); 0: says nothing. */
typedef size_t (*Answer)(Server *s, uint8_t *packet, size_t n);

struct Server {
        DdnsSockaddr address;
        int fd, stop;
        Answer answer;
        unsigned seen; /* questions so far */
        pthread_t thread;
};

static void *serve(void *userdata) {
        Server *s = userdata;

        for (;;) {
                struct pollfd pfd[] = { { .fd = s->fd, .events = POLLIN },
                                        { .fd = s->stop, .events = POLLIN } };
                DdnsSockaddr from;
                socklen_t size = sizeof from;
                uint8_t packet[1024];

                if (poll(pfd, 2, -1) < 0 || pfd[1].revents)
                        return NULL;
                ssize_t n = recvfrom(s->fd, packet, sizeof packet, MSG_DONTWAIT, &from.sa, &size);
                if (n < 0)
                        continue;
                s->seen++;
                size_t k = s->answer(s, packet, (size_t) n);
                if (k > 0)
                        (void) sendto(s->fd, packet, k, 0, &from.sa, size);
        }
}

static void server_start(Server *s, Answer answer) {
        socklen_t size = sizeof s->address;

        *s = (Server){ .answer = answer,
                       .fd = socket(AF_INET, SOCK_DGRAM, 0),
                       .stop = eventfd(0, EFD_CLOEXEC) };
        s->address.in = (struct sockaddr_in){ .sin_family = AF_INET,
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        assert_int_equal(bind(s->fd, &s->address.sa, sizeof s->address.in), 0);
        assert_int_equal(getsockname(s->fd, &s->address.sa, &size), 0);
        assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(Server *s) {
        assert_int_equal(eventfd_write(s->stop, 1), 0);
        assert_int_equal(pthread_join(s->thread, NULL), 0);
        (void) close(s->fd);
        (void) close(s->stop);
}

/* Head of an answer with `answers` records in the answer and `authorities` in the authority section. */
static void set_head(uint8_t *packet, unsigned flags, unsigned rcode, unsigned answers,
                     unsigned authorities) {
        packet[2] = (uint8_t) (FLAG_QR | flags);
        packet[3] = (uint8_t) rcode;
        packet[7] = (uint8_t) answers;
        packet[9] = (uint8_t) authorities;
}

/* Appends an SOA whose owner stands at `owner` in the packet. */
static size_t put_soa(uint8_t *packet, size_t n, unsigned owner, uint32_t serial) {
        const uint8_t head[] = { 0xc0, (uint8_t) owner, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0 };
        uint32_t numbers[] = { htonl(serial), 0, 0, 0, 0 };

        memcpy(packet + n, head, sizeof head);
        memcpy(packet + n + sizeof head, numbers, sizeof numbers);
        return n + sizeof head + sizeof numbers;
}

/* The serial that the fake server has for a zone: its first label is "zNUMBER". */
static uint32_t serial_of(const uint8_t *packet) {
        return (uint32_t) strtoul((const char *) packet + 14, NULL, 10);
}

static size_t serve_zone(Server *s, uint8_t *packet, size_t n) {
        set_head(packet, FLAG_AA, 0, 1, 0);
        return put_soa(packet, n, 12, serial_of(packet));
}

static size_t serve_upper_case(Server *s, uint8_t *packet, size_t n) {
        packet[13] = 'Z';
        return serve_zone(s, packet, n);
}

static size_t serve_without_authority(Server *s, uint8_t *packet, size_t n) {
        set_head(packet, 0, 0, 1, 0);
        return put_soa(packet, n, 12, serial_of(packet));
}

static size_t serve_parent(Server *s, uint8_t *packet, size_t n) {
        set_head(packet, FLAG_AA, 3, 0, 1);
        return put_soa(packet, n, 13u + packet[12], 7);
}

static size_t serve_parent_as_answer(Server *s, uint8_t *packet, size_t n) {
        set_head(packet, FLAG_AA, 0, 1, 0);
        return put_soa(packet, n, 13u + packet[12], 7);
}

static size_t refuse(Server *s, uint8_t *packet, size_t n) {
        set_head(packet, 0, 5, 0, 0);
        return n;
}

static size_t fail_server(Server *s, uint8_t *packet, size_t n) {
        set_head(packet, 0, 2, 0, 0);
        return n;
}

static size_t say_nothing(Server *s, uint8_t *packet, size_t n) {
        return 0;
}

static size_t use_wrong_id(Server *s, uint8_t *packet, size_t n) {
        packet[0] ^= 1;
        return serve_zone(s, packet, n);
}

static size_t use_wrong_name(Server *s, uint8_t *packet, size_t n) {
        packet[13] ^= 1;
        return serve_zone(s, packet, n);
}

static size_t use_wrong_type(Server *s, uint8_t *packet, size_t n) {
        packet[n - 3] = 1;
        return serve_zone(s, packet, n);
}

static size_t echo(Server *s, uint8_t *packet, size_t n) {
        return n;
}

static size_t cut_short(Server *s, uint8_t *packet, size_t n) {
        return serve_zone(s, packet, n) - 3;
}

static size_t cut_with_flag(Server *s, uint8_t *packet, size_t n) {
        set_head(packet, FLAG_AA | FLAG_TC, 0, 0, 0);
        return n;
}

/* The SOA's owner is a compression pointer to itself. */
static size_t point_to_itself(Server *s, uint8_t *packet, size_t n) {
        set_head(packet, FLAG_AA, 0, 1, 0);
        return put_soa(packet, n, (unsigned) n, 7);
}

static size_t lie_about_rdata_length(Server *s, uint8_t *packet, size_t n) {
        size_t k = serve_zone(s, packet, n);

        packet[n + 10] = 0xff;
        return k;
}

static size_t send_garbage(Server *s, uint8_t *packet, size_t n) {
        memset(packet + 2, (int) s->seen, 500);
        return s->seen % 500 + 2;
}

static size_t send_tiny(Server *s, uint8_t *packet, size_t n) {
        return 1;
}

static size_t lose_the_first(Server *s, uint8_t *packet, size_t n) {
        return s->seen == 1 ? 0 : serve_zone(s, packet, n);
}

static size_t serve_after_refusing(Server *s, uint8_t *packet, size_t n) {
        return s->seen <= 5 ? refuse(s, packet, n) : serve_zone(s, packet, n);
}

static DdnsSoaQuestion ask(Answer answer, uint64_t timeout_usec) {
        DdnsSoaQuestion q = { .zone = "z42.example.org", .want_serial = 42 };
        Server s;

        server_start(&s, answer);
        assert_int_equal(ddns_soa_ask(&s.address, &q, 1, timeout_usec), 0);
        server_stop(&s);
        return q;
}

static void authoritative_answer_gives_the_serial(void **state) {
        DdnsSoaQuestion q = ask(serve_zone, LONG_USEC);

        assert_int_equal(q.state, DDNS_SOA_SERVED);
        assert_int_equal(q.serial, 42);
        assert_true(ddns_soa_is_served(&q));
        q.want_serial = 43;
        assert_false(ddns_soa_is_served(&q));
        q.want_absent = true;
        assert_false(ddns_soa_is_served(&q));
        q = ask(serve_upper_case, LONG_USEC);
        assert_int_equal(q.state, DDNS_SOA_SERVED);
}

static void answers_without_authority_for_the_zone_are_absent(void **state) {
        static const Answer answers[] = { serve_without_authority, serve_parent, serve_parent_as_answer,
                                          refuse };

        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                DdnsSoaQuestion q = ask(answers[i], LONG_USEC);

                assert_int_equal(q.state, DDNS_SOA_ABSENT);
                q.want_absent = true;
                assert_true(ddns_soa_is_served(&q));
        }
}

static void servfail_is_neither_served_nor_absent(void **state) {
        DdnsSoaQuestion q = ask(fail_server, LONG_USEC);

        assert_int_equal(q.state, DDNS_SOA_FAILED);
        assert_false(ddns_soa_is_served(&q));
        q.want_absent = true;
        assert_false(ddns_soa_is_served(&q));
}

static void answers_that_are_not_to_the_question_count_as_silence(void **state) {
        static const Answer answers[] = {
                say_nothing, use_wrong_id,  use_wrong_name,  use_wrong_type,         echo,
                cut_short,   cut_with_flag, point_to_itself, lie_about_rdata_length, send_garbage,
                send_tiny,
        };

        for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
                assert_int_equal(ask(answers[i], SHORT_USEC).state, DDNS_SOA_SILENT);
}

static void lost_question_is_repeated(void **state) {
        assert_int_equal(ask(lose_the_first, LONG_USEC).state, DDNS_SOA_SERVED);
}

static void thousand_questions_each_get_their_own_answer(void **state) {
        static DdnsSoaQuestion questions[1000];
        static char names[1000][32];
        Server s;

        for (uint32_t i = 0; i < 1000; i++) {
                (void) snprintf(names[i], sizeof names[i], "z%u.example.org", i);
                questions[i] = (DdnsSoaQuestion){ .zone = names[i], .want_serial = i };
        }
        server_start(&s, serve_zone);
        assert_int_equal(ddns_soa_ask(&s.address, questions, 1000, LONG_USEC), 0);
        server_stop(&s);
        for (uint32_t i = 0; i < 1000; i++)
                assert_true(ddns_soa_is_served(questions + i));
}

static void waiting_ends_when_the_wish_is_met(void **state) {
        DdnsSoaQuestion q = { .zone = "z42.example.org", .want_serial = 42 };
        Server s;

        server_start(&s, serve_after_refusing);
        assert_int_equal(ddns_soa_wait(&s.address, &q, 1, LONG_USEC), 0);
        server_stop(&s);
        assert_true(ddns_soa_is_served(&q));
        assert_true(s.seen >= 6);
}

static void waiting_in_vain_tells_the_newest_answer(void **state) {
        DdnsSoaQuestion q = { .zone = "z42.example.org", .want_serial = 43 };
        DdnsMessage why;
        Server s;

        server_start(&s, serve_zone);
        assert_int_equal(ddns_soa_wait(&s.address, &q, 1, SHORT_USEC), 0);
        server_stop(&s);
        assert_true(s.seen > 3);
        ddns_soa_explain(&q, &why);
        assert_string_equal(why.text, "serial 42 instead of 43");
}

static void waiting_for_a_silent_server_times_out(void **state) {
        DdnsSoaQuestion q = { .zone = "z42.example.org", .want_serial = 42 };
        DdnsMessage why;
        Server s;

        server_start(&s, say_nothing);
        assert_int_equal(ddns_soa_wait(&s.address, &q, 1, SHORT_USEC), -ETIMEDOUT);
        server_stop(&s);
        ddns_soa_explain(&q, &why);
        assert_string_equal(why.text, "no answer");
}

/* A port that was free a moment ago. */
static DdnsSockaddr closed_port(void) {
        Server s;

        server_start(&s, say_nothing);
        server_stop(&s);
        return s.address;
}

static void closed_port_is_silence_and_ends_a_single_question_at_once(void **state) {
        DdnsSoaQuestion q = { .zone = "z42.example.org", .want_serial = 42 };
        DdnsSockaddr address = closed_port();
        uint64_t start = ddns_monotonic_usec();

        assert_int_equal(ddns_soa_ask(&address, &q, 1, LONG_USEC), 0);
        assert_int_equal(q.state, DDNS_SOA_SILENT);
        assert_true(ddns_monotonic_usec() - start < LONG_USEC / 2);
        assert_int_equal(ddns_soa_wait(&address, &q, 1, SHORT_USEC), -ETIMEDOUT);
}

static void *start_late(void *userdata) {
        Server *s = userdata;

        (void) usleep(300000); /* long enough for the first question to be refused: what is tested is the time after it */
        assert_int_equal(bind(s->fd, &s->address.sa, sizeof s->address.in), 0);
        return serve(s);
}

static void waiting_bridges_a_restart_of_the_server(void **state) {
        DdnsSoaQuestion q = { .zone = "z42.example.org", .want_serial = 42 };
        Server s = { .answer = serve_zone,
                     .address = closed_port(),
                     .fd = socket(AF_INET, SOCK_DGRAM, 0),
                     .stop = eventfd(0, EFD_CLOEXEC) };

        assert_int_equal(pthread_create(&s.thread, NULL, start_late, &s), 0);
        assert_int_equal(ddns_soa_wait(&s.address, &q, 1, LONG_USEC), 0);
        server_stop(&s);
        assert_true(ddns_soa_is_served(&q));
}

static void reasons_are_told_in_words(void **state) {
        static const struct {
                DdnsSoaQuestion q;
                const char *text;
        } cases[] = {
                { { .state = DDNS_SOA_SERVED, .serial = 7, .want_serial = 8 }, "serial 7 instead of 8" },
                { { .state = DDNS_SOA_SERVED, .serial = 7, .want_absent = true },
                  "still served with serial 7" },
                { { .state = DDNS_SOA_ABSENT, .rcode = 5 }, "REFUSED" },
                { { .state = DDNS_SOA_FAILED, .rcode = 2 }, "SERVFAIL" },
                { { .state = DDNS_SOA_ABSENT, .rcode = 99 }, "rcode 99" },
                { { .state = DDNS_SOA_SILENT }, "no answer" },
        };
        DdnsMessage why;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_soa_explain(&cases[i].q, &why);
                assert_string_equal(why.text, cases[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(authoritative_answer_gives_the_serial),
                cmocka_unit_test(answers_without_authority_for_the_zone_are_absent),
                cmocka_unit_test(servfail_is_neither_served_nor_absent),
                cmocka_unit_test(answers_that_are_not_to_the_question_count_as_silence),
                cmocka_unit_test(lost_question_is_repeated),
                cmocka_unit_test(thousand_questions_each_get_their_own_answer),
                cmocka_unit_test(waiting_ends_when_the_wish_is_met),
                cmocka_unit_test(waiting_in_vain_tells_the_newest_answer),
                cmocka_unit_test(waiting_for_a_silent_server_times_out),
                cmocka_unit_test(closed_port_is_silence_and_ends_a_single_question_at_once),
                cmocka_unit_test(waiting_bridges_a_restart_of_the_server),
                cmocka_unit_test(reasons_are_told_in_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
