/* SPDX-License-Identifier: MIT */
/* Requests that a proxy in front could read with another end, against the built ddns-receiver: not one of them is let in. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/cleanup.h"
#include "receiver.h"
#include "test.h"

#define SAVE       "POST /CMD_API_DNS_ADMIN?action=rawsave&domain=a.test HTTP/1.1\r\n" AUTHORIZATION
#define ZONE       "@ 60 IN SOA ns.b.test. h.a.test. 1 1 1 1 1\n@ 60 IN NS ns.b.test.\n"
#define LENGTH     "65"
#define CHUNKS     "41\r\n" ZONE "\r\n0\r\n\r\n"
#define NEXT       "GET /CMD_API_LOGIN_TEST HTTP/1.1\r\nHost: h\r\n" AUTHORIZATION "\r\n"
#define TEXT(text) text, sizeof(text) - 1

_Static_assert(sizeof ZONE - 1 == 65, "LENGTH and CHUNKS say so");

static int set_up(void **state) {
        *state = receiver_new("  max-connections-per-address: 256\n  request-timeout: 1h\n", "");
        return 0;
}

static int tear_down(void **state) {
        receiver_free(*state);
        return 0;
}

/* All that comes until the other side closes, or lets something in, as text. */
static char *read_all(int fd) {
        static char all[65536];
        size_t n = 0;

        all[0] = '\0';
        for (ssize_t k = 1; k > 0 && !strstr(all, "HTTP/1.1 200");) {
                if (!client_has_answer(fd, 60000))
                        fail_msg("the connection does not end; it said: %s", all);
                k = recv(fd, all + n, sizeof all - 1 - n, 0);
                n += k > 0 ? (size_t) k : 0;
                all[n] = '\0';
        }
        return all;
}

static unsigned refusals_logged(const Receiver *r, const char *why) {
        ddns_cleanup(ddns_freep) char *line = NULL;
        unsigned n = 0;

        assert_true(asprintf(&line, "<4>ddns-receiver: a request from 127.0.0.1: refused, %s", why) > 0);
        for (const char *p = receiver_log(r); (p = strstr(p, line)); p++)
                n++;
        return n;
}

/* What the library refuses by itself is logged when the connection has ended. */
static bool is_logged(const Receiver *r, const char *why, unsigned n) {
        for (unsigned i = 0; i < 6000 && refusals_logged(r, why) < n; i++)
                (void) poll(NULL, 0, 10);
        return refusals_logged(r, why) == n;
}

/* What follows SAVE. Some are refused by the library, with words that depend on its version: "". */
static const struct {
        const char *data;
        size_t size;
        const char *why;
} unclear[] = {
#define HOST "Host: h\r\n"
        { TEXT(HOST "Content-Length: " LENGTH "\r\nContent-Length: " LENGTH "\r\n\r\n" ZONE),
          "two Content-Length headers" },
        { TEXT(HOST "Content-Length: " LENGTH "\r\ncontent-length: 5\r\n\r\n" ZONE),
          "two Content-Length headers" },
        { TEXT(HOST "Content-Length: " LENGTH "\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKS),
          "a Content-Length beside a Transfer-Encoding" },
        { TEXT(HOST "Transfer-Encoding: chunked\r\nContent-Length: " LENGTH "\r\n\r\n" CHUNKS),
          "a Content-Length beside a Transfer-Encoding" },
        { TEXT(HOST "Content-Length: " LENGTH ", " LENGTH "\r\n\r\n" ZONE),
          "a Content-Length that is no number" },
        { TEXT(HOST "Content-Length: +" LENGTH "\r\n\r\n" ZONE), "a Content-Length that is no number" },
        { TEXT(HOST "Content-Length: -" LENGTH "\r\n\r\n" ZONE), "a Content-Length that is no number" },
        { TEXT(HOST "Content-Length: 0x41\r\n\r\n" ZONE), "a Content-Length that is no number" },
        { TEXT(HOST "Content-Length: " LENGTH "a\r\n\r\n" ZONE), "a Content-Length that is no number" },
        { TEXT(HOST "Content-Length:\r\n\r\n" ZONE), "a Content-Length that is no number" },
        { TEXT(HOST "Content-Length: 000000000000000000" LENGTH "\r\n\r\n" ZONE),
          "a Content-Length that is no number" },
        { TEXT(HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKS),
          "two Transfer-Encoding headers" },
        { TEXT(HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" CHUNKS),
          "two Transfer-Encoding headers" },
        { TEXT(HOST "Transfer-Encoding: gzip, chunked\r\n\r\n" CHUNKS),
          "a Transfer-Encoding that is not \"chunked\"" },
        { TEXT(HOST "Transfer-Encoding: identity\r\n\r\n" ZONE),
          "a Transfer-Encoding that is not \"chunked\"" },
        { TEXT(HOST "Transfer-Encoding: \vchunked\r\n\r\n" CHUNKS),
          "a Transfer-Encoding that is not \"chunked\"" },
        { TEXT(HOST HOST "Content-Length: " LENGTH "\r\n\r\n" ZONE), "two Host headers" },
        { TEXT(HOST "Host: i\r\nContent-Length: " LENGTH "\r\n\r\n" ZONE), "two Host headers" },
        { TEXT(HOST AUTHORIZATION "Content-Length: " LENGTH "\r\n\r\n" ZONE),
          "two Authorization headers" },
        { TEXT("Content-Length: " LENGTH "\r\n\r\n" ZONE), "" }, /* no Host */
        /* these have no length here, or one that others do not see */
        { TEXT(HOST "Content-Length : " LENGTH "\r\n\r\n" ZONE), "" },
        { TEXT(HOST "Transfer-Encoding\t: chunked\r\n\r\n" CHUNKS), "" },
        { TEXT(" Content-Length: " LENGTH "\r\n" HOST "\r\n" ZONE), "" },
        { TEXT(HOST ": x\r\nContent-Length: " LENGTH "\r\n\r\n" ZONE), "" },
        { TEXT(HOST "X(y): x\r\nContent-Length: " LENGTH "\r\n\r\n" ZONE), "" },
        { TEXT(HOST "Content-Length: " LENGTH "\r\n 0\r\n\r\n" ZONE), "" },
        { TEXT(HOST "Content-Len: " LENGTH "\r\n gth\r\n\r\n" ZONE), "" },
        { TEXT(HOST "Transfer-Enco: chunked\r\n\tding\r\n\r\n" CHUNKS), "" },
        { TEXT(HOST "X: a\r\n b\r\nContent-Length: " LENGTH "\r\n\r\n" ZONE), "" },
        { TEXT(HOST "X: a\rContent-Length: " LENGTH "\r\n\r\n" ZONE), "" },
        { TEXT(HOST "X: a\nContent-Length: " LENGTH "\r\n\r\n" ZONE), "" },
        { TEXT(HOST "Content-Length: " LENGTH "\n\r\n" ZONE), "" },
        { TEXT(HOST "Content-Length: " LENGTH "\r\n\n" ZONE), "" },
        { TEXT(HOST "Content-Length: " LENGTH "\0"
                    "0\r\n\r\n" ZONE),
          "" },
        { TEXT(HOST "X: a\0\0b\r\nContent-Length: " LENGTH "\r\n\r\n" ZONE), "" },
        { TEXT(HOST "Transfer-Encoding: chunked\0x\r\n\r\n" CHUNKS), "" },
        { TEXT(HOST "Transfer-Encoding: chunked\r\n\r\n+" CHUNKS), "" },
        { TEXT(HOST "Transfer-Encoding: chunked\r\n\r\n0x" CHUNKS), "" },
};

static void a_request_of_more_than_one_meaning_is_400_and_the_end(void **state) {
        assert_int_equal(client_ask(*state, NEXT).status, 200);
        for (size_t i = 0; i < ARRAY_SIZE(unclear); i++) {
                ddns_cleanup(ddns_closep) int fd = client_connect(*state);
                ddns_cleanup(ddns_freep) char *all =
                                malloc(strlen(SAVE) + unclear[i].size + sizeof NEXT);
                unsigned before = refusals_logged(*state, unclear[i].why);

                assert_non_null(all);
                size_t size = (size_t) (stpcpy(all, SAVE) - all);
                memcpy(all + size, unclear[i].data, unclear[i].size);
                size += unclear[i].size;
                memcpy(all + size, NEXT, sizeof NEXT - 1);
                client_write(fd, all, size + sizeof NEXT - 1);

                const char *answer = read_all(fd);
                if (strncmp(answer, "HTTP/1.1 400 ", 13) != 0 || strstr(answer, "HTTP/1.1 200"))
                        fail_msg("%s is answered: %s", unclear[i].data, answer);
                if (!is_logged(*state, unclear[i].why, before + 1))
                        fail_msg("%s is not logged: %s", unclear[i].data, receiver_log(*state));
        }
        assert_false(client_has_zone(*state, "a.test"));
}

/* Nobody waits for the end of a body when it can't be known where that is. */
static void an_overlong_length_ends_at_once(void **state) {
        static const char *const lengths[] = { "18446744073709551615", "18446744073709551681",
                                               "1000000000000000000000000000065" };

        for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
                ddns_cleanup(ddns_closep) int fd = client_connect(*state);
                int status;

                client_say(fd, SAVE HOST "Content-Length: ");
                client_say(fd, lengths[i]);
                client_say(fd, "\r\n\r\n");
                assert_int_equal(sscanf(read_all(fd), "HTTP/1.1 %d", &status), 1);
                if (status != 413) /* what the library has for them, as far as it can count */
                        assert_int_equal(status, 400);
        }
        assert_false(client_has_zone(*state, "a.test"));
}

static void chunks_are_not_of_http_1_0(void **state) {
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);

        client_say(fd, "POST /CMD_API_DNS_ADMIN?action=rawsave&domain=a.test HTTP/1.0\r\n" AUTHORIZATION
                       "Transfer-Encoding: chunked\r\n\r\n" CHUNKS);
        assert_non_null(strstr(read_all(fd), " 400 "));
        assert_int_equal(refusals_logged(*state, "a Transfer-Encoding in HTTP/1.0"), 1);
        assert_false(client_has_zone(*state, "a.test"));
}

static void what_everybody_reads_alike_is_taken(void **state) {
        static const char *const clear[] = {
                SAVE HOST "Content-Length: " LENGTH "\r\n\r\n" ZONE,
                SAVE "host:h\r\ncontent-length:" LENGTH "\r\n\r\n" ZONE,
                SAVE "HOST: \t h\r\nCONTENT-LENGTH: \t " LENGTH "\r\n\r\n" ZONE,
                SAVE "Host:\r\nX:\r\nY: \r\nX-Z_a.b~|: a\tb \t\r\nContent-Length: 0000" LENGTH
                     "\r\n\r\n" ZONE,
                SAVE HOST "Content-Length: " LENGTH "\r\nCookie: a=b; c=d\r\nCookie: a=b\r\n\r\n" ZONE,
                SAVE HOST "Content-Lengths: 5\r\nX-Transfer-Encoding: x\r\nContent-Length: " LENGTH
                          "\r\n\r\n" ZONE,
                SAVE HOST "Transfer-Encoding: Chunked\r\nX: \xc3\xa4\x01\r\n\r\n" CHUNKS,
                "\r\n" SAVE HOST "Content-Length: " LENGTH "\r\n\r\n" ZONE,
        };
        ddns_cleanup(ddns_closep) int fd = client_connect(*state);

        for (size_t i = 0; i < ARRAY_SIZE(clear); i++) {
                client_say(fd, clear[i]);
                Answer a = client_read(fd);
                if (a.status != 200 || strcmp(a.body, "error=0") != 0)
                        fail_msg("%s is answered: %s%s", clear[i], a.headers, a.body);
        }
        assert_int_equal(client_ask(*state, "GET /CMD_API_LOGIN_TEST HTTP/1.0\r\n" AUTHORIZATION "\r\n")
                                         .status,
                         200);
        assert_int_equal(client_ask(*state, "GET /CMD_API_LOGIN_TEST HTTP/1.0\r\n\r\n").status, 401);
        assert_int_equal(refusals_logged(*state, ""), 0);
}

/* The journal takes so much of one service, and then loses the lines of pushes. */
static void strangers_make_so_many_lines_and_no_more(void **state) {
        for (unsigned i = 0; i < 150; i++) {
                ddns_cleanup(ddns_closep) int fd = client_connect(*state);

                client_say(fd, i % 2 ? "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"
                                     : "GET / HTTP/1.0\r\nContent-Length: x\r\n\r\n");
                assert_non_null(strstr(read_all(fd), " 400 "));
        }
        assert_in_range(refusals_logged(*state, ""), 1, 149);
        assert_true(client_push(*state, "a.test", 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_request_of_more_than_one_meaning_is_400_and_the_end),
                TEST(an_overlong_length_ends_at_once),
                TEST(chunks_are_not_of_http_1_0),
                TEST(what_everybody_reads_alike_is_taken),
                TEST(strangers_make_so_many_lines_and_no_more),
        };

        return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
