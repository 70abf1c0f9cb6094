/* SPDX-License-Identifier: MIT */
/* Keys, messages and the connection of BIND's control channel; the latter against a fake named. */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "rndc/rndc-message.h"
#include "rndc/rndc.h"
#include "test.h"

#define SECRET "dGhpcyBpcyBub3QgYSBzZWNyZXQgYXQgYWxsISEhIQ=="

#define LONG_USEC  (5 * USEC_PER_SEC)
#define SHORT_USEC (400 * USEC_PER_MSEC)

static DdnsHmacKey make_key(const char *algorithm, const char *secret) {
        ddns_cleanup(ddns_freep) char *text = NULL;
        DdnsHmacKey key;

        assert_true(asprintf(&text, "key \"k\" { algorithm %s; secret \"%s\"; };", algorithm, secret) >
                    0);
        assert_int_equal(ddns_hmac_key_parse(text, &key, NULL), 0);
        return key;
}

/* ---- keys ---- */

static void key_files_are_read_as_rndc_confgen_writes_them(void **state) {
        static const char *const texts[] = {
                "key \"rndc-key\" {\n\talgorithm hmac-sha256;\n\tsecret \"" SECRET "\";\n};\n",
                "# Start of rndc.conf\nkey \"rndc-key\" {\n\talgorithm hmac-sha256;\n\tsecret \"" SECRET
                "\";\n};\n\noptions {\n\tdefault-key \"rndc-key\";\n};\n# End\n",
                "/* one\n * two */ KEY k{Algorithm HMAC-SHA256;// three\nsecret " SECRET ";};",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                DdnsMessage message = DDNS_MESSAGE_NULL;
                DdnsHmacKey key;

                assert_int_equal(ddns_hmac_key_parse(texts[i], &key, &message), 0);
                assert_int_equal(key.algorithm, DDNS_HMAC_SHA256);
                assert_string_equal(key.name, i < 2 ? "rndc-key" : "k");
                assert_int_equal(key.size, 31);
                assert_memory_equal(key.secret, "this is not a secret at all!!!!", 31);
        }
}

static void bad_key_files_are_refused_by_line_and_without_the_secret(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "", "line 1: 'key' is missing" },
                { "options { };", "line 1: 'key' is missing" },
                { "\n\nkey", "line 3: the name of the key is missing" },
                { "key \"\" {", "line 1: the name of the key is empty or too long" },
                { "key k [", "line 1: '{' is missing" },
                { "key k {\nalgorithm", "line 2: the algorithm is missing" },
                { "key k {\nalgorithm hmac-sha3;", "line 2: unknown algorithm" },
                { "key k { algorithm hmac-md5; };", "line 1: the key lacks" },
                { "key k { secret \"" SECRET "\"; };", "line 1: the key lacks" },
                { "key k { secret \"dGhpc*\"; };", "line 1: the secret is not base64" },
                { "key k { secret \"\"; };", "line 1: the secret is not base64" },
                { "key k { secret \"dGhpc\n\"; };", "line 1: the secret is missing" },
                { "key k { color blue; };", "line 1: a key has" },
                { "key k { algorithm hmac-md5 }", "line 1: ';' is missing" },
                { "/* no end", "line 1: 'key' is missing" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                DdnsMessage message = DDNS_MESSAGE_NULL;
                DdnsHmacKey key;

                assert_int_equal(ddns_hmac_key_parse(cases[i].text, &key, &message), -EBADMSG);
                if (!strstr(message.text, cases[i].message))
                        fail_msg("%s: %s", cases[i].text, message.text);
                assert_null(strstr(message.text, "dGhp"));
        }
}

static void key_file_that_is_not_there_is_named(void **state) {
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsHmacKey key;

        assert_int_equal(ddns_hmac_key_read("/nowhere/rndc.key", &key, &message), -ENOENT);
        assert_non_null(strstr(message.text, "/nowhere/rndc.key"));
}

/* ---- messages ---- */

/* Taken from what rndc 9.18 sends. The digest covers all of the rest. */
static void requests_are_those_of_rndc_byte_for_byte(void **state) {
        static const struct {
                const char *algorithm;
                uint32_t serial;
                size_t size;
                const char *digest;
        } cases[] = {
                { "hmac-md5", 1054156287, 147, "ue1VJW7SRJu5Aq/GegeXaw" },
                { "hmac-sha256", 4003215484, 214, "R9pB5u/pt9IVW2V6H/Ab668GpvKbTm6frfHbW2kzRV0=" },
                { "hmac-sha512", 1818536358, 214,
                  "LVZ2xp1LFWJ7DjkU6ocqM0ldCWerdZaDi9k0c3Cl9Qj04bIjM53A0/"
                  "MDVg2c+fX8txv+ozwDFMVE101qYS0VIg==" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
                DdnsHmacKey key = make_key(cases[i].algorithm, SECRET);
                DdnsRndcRequest request = { .serial = cases[i].serial,
                                            .now_sec = 1795413030,
                                            .command = "null" };

                assert_int_equal(ddns_rndc_message_encode(&key, &request, &b), 0);
                assert_int_equal(b.size, cases[i].size);
                assert_memory_equal(b.data, "\0\0\0", 3);
                assert_int_equal((uint8_t) b.data[3], b.size - 4);
                assert_memory_equal(b.data + 4, "\0\0\0\1\5_auth\2\0\0\0", 14);
                assert_non_null(memmem(b.data, b.size, cases[i].digest, strlen(cases[i].digest)));
        }
}

static void command_that_named_would_not_take_is_refused(void **state) {
        static char command[40000];
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        DdnsHmacKey key = make_key("hmac-sha256", SECRET);

        memset(command, 'x', sizeof command - 1);
        assert_int_equal(ddns_rndc_message_encode(&key, &(DdnsRndcRequest){ .command = command }, &b),
                         -E2BIG);
        command[32700] = '\0';
        assert_int_equal(ddns_rndc_message_encode(&key, &(DdnsRndcRequest){ .command = command }, &b),
                         -E2BIG);
        command[32000] = '\0';
        assert_int_equal(ddns_rndc_message_encode(&key, &(DdnsRndcRequest){ .command = command }, &b),
                         0);
}

static void put_entry(DdnsBuffer *b, const char *name, int type, const void *value, size_t size) {
        uint32_t n = htonl((uint32_t) size);

        ddns_buffer_append_byte(b, (char) strlen(name));
        ddns_buffer_append_text(b, name);
        ddns_buffer_append_byte(b, (char) type);
        ddns_buffer_append(b, &n, sizeof n);
        ddns_buffer_append(b, value, size);
}

static void put_text(DdnsBuffer *b, const char *name, const char *value) {
        put_entry(b, name, 1, value, strlen(value));
}

/* `body` signed, without the length in front. */
static void sign(const DdnsHmacKey *key, const DdnsBuffer *body, DdnsBuffer *ret) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer auth = DDNS_BUFFER_NULL;
        uint8_t digest[DDNS_HMAC_DIGEST_MAX], value[89] = { (uint8_t) key->algorithm };
        gnutls_datum_t text;

        int n = ddns_hmac_key_sign(key, body->data, body->size, digest);
        assert_true(n > 0);
        assert_int_equal(gnutls_base64_encode2(&(gnutls_datum_t){ digest, (unsigned) n }, &text), 0);
        if (key->algorithm == DDNS_HMAC_MD5)
                put_entry(&auth, "hmd5", 1, text.data, 22);
        else {
                memcpy(value + 1, text.data, text.size);
                put_entry(&auth, "hsha", 1, value, sizeof value);
        }
        gnutls_free(text.data);
        ddns_buffer_append(ret, "\0\0\0\1", 4);
        put_entry(ret, "_auth", 2, auth.data, auth.size);
        ddns_buffer_append(ret, body->data, body->size);
        assert_int_equal(ddns_buffer_status(ret), 0);
}

static void make_reply(const DdnsHmacKey *key, const char *serial, const char *result, const char *text,
                       DdnsBuffer *ret) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer control = DDNS_BUFFER_NULL, data = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_buffer_done) DdnsBuffer body = DDNS_BUFFER_NULL;

        put_text(&control, "_ser", serial);
        put_text(&control, "_rpl", "1");
        put_text(&control, "_nonce", "77");
        put_text(&data, "type", "reply");
        put_text(&data, "result", result);
        put_text(&data, "text", text);
        put_text(&data, "err", "word");
        put_entry(&body, "_ctrl", 2, control.data, control.size);
        put_entry(&body, "_data", 2, data.data, data.size);
        sign(key, &body, ret);
}

static void replies_are_read_with_every_algorithm(void **state) {
        static const char *const algorithms[] = { "hmac-md5",    "hmac-sha1",   "hmac-sha224",
                                                  "hmac-sha256", "hmac-sha384", "hmac-sha512" };

        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
                DdnsHmacKey key = make_key(algorithms[i], SECRET),
                            other = make_key(algorithms[i], "b3RoZXI=");
                DdnsRndcAnswer answer;

                make_reply(&key, "4294967295", "23", "some text", &b);
                assert_int_equal(ddns_rndc_message_decode(&key, (uint8_t *) b.data, b.size, &answer), 0);
                assert_int_equal(answer.serial, UINT32_MAX);
                assert_int_equal(answer.result, 23);
                assert_string_equal(answer.nonce, "77");
                assert_int_equal(answer.text.size, 9);
                assert_memory_equal(answer.text.data, "some text", 9);
                assert_memory_equal(answer.error.data, "word", 4);
                assert_int_equal(ddns_rndc_message_decode(&other, (uint8_t *) b.data, b.size, &answer),
                                 -EKEYREJECTED);
        }
}

static void every_changed_or_missing_octet_is_noticed(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        DdnsHmacKey key = make_key("hmac-sha256", SECRET);
        DdnsRndcAnswer answer;

        make_reply(&key, "1", "0", "some text", &b);
        for (size_t i = 0; i < b.size; i++) {
                /* On the heap and of its exact size, so that the sanitizer sees one octet too many. */
                ddns_cleanup(ddns_freep) uint8_t *copy = malloc(i ? i : 1);

                memcpy(copy, b.data, i);
                assert_true(ddns_rndc_message_decode(&key, copy, i, &answer) < 0);
                for (unsigned bit = 0; bit < 8; bit++) {
                        b.data[i] ^= (char) (1 << bit);
                        assert_true(ddns_rndc_message_decode(&key, (uint8_t *) b.data, b.size, &answer) <
                                    0);
                        b.data[i] ^= (char) (1 << bit);
                }
        }
}

/* The signature is right, the content is not: named is not to be trusted with our memory either. */
static void signed_nonsense_is_refused(void **state) {
        static const struct {
                const char *bytes;
                size_t size;
        } cases[] = {
#define CASE(s) { s, sizeof(s) - 1 }
                CASE(""),
                CASE("\0"),
                CASE("\5_ctrl\2\0\0\0\0"),
                CASE("\5_ctrl\2\0\0\0\0\5_data\2\0\0\0\0"),
                CASE("\5_ctrl\1\0\0\0\0\5_data\1\0\0\0\0"),
                CASE("\5_ctrl\2\xff\xff\xff\xff\5_data\2\0\0\0\0"),
                CASE("\5_ctrl\2\0\0\0\6\4_rpl\1\5_data\2\0\0\0\0"),
                CASE("\5_ctrl\2\0\0\0\x16\4_rpl\1\0\0\0\1"
                     "1\4_ser\1\0\0\0\1x\5_data\2\0\0\0\0"),
                CASE("\5_ctrl\2\0\0\0\x16\4_rpl\1\0\0\0\1"
                     "1\4_ser\1\0\0\0\1"
                     "1\5_data\2\0\0\0\0"),
                CASE("\5_ctrl\2\0\0\0\x16\4_rpl\1\0\0\0\1"
                     "1\4_ser\1\0\0\0\1"
                     "1\5_data\2\0\0\0\x0c\6result\1\0\0\0\0"),
#undef CASE
        };
        DdnsHmacKey key = make_key("hmac-sha256", SECRET);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer body = DDNS_BUFFER_NULL, b = DDNS_BUFFER_NULL;
                DdnsRndcAnswer answer;

                ddns_buffer_append(&body, cases[i].bytes, cases[i].size);
                sign(&key, &body, &b);
                assert_int_equal(ddns_rndc_message_decode(&key, (uint8_t *) b.data, b.size, &answer),
                                 -EBADMSG);
        }
}

static void our_own_request_is_no_reply(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        DdnsHmacKey key = make_key("hmac-sha256", SECRET);
        DdnsRndcAnswer answer;

        assert_int_equal(ddns_rndc_message_encode(
                                         &key, &(DdnsRndcRequest){ .serial = 1, .command = "null" }, &b),
                         0);
        assert_int_equal(ddns_rndc_message_decode(&key, (uint8_t *) b.data + 4, b.size - 4, &answer),
                         -EBADMSG);
}

/* ---- the connection ---- */

typedef enum Mood {
        MOOD_ANSWER,
        MOOD_HANG,
        MOOD_CLOSE,
        MOOD_GARBAGE,
        MOOD_HUGE,
        MOOD_EMPTY,
        MOOD_CUT,
        MOOD_OTHER_KEY,
        MOOD_OTHER_SERIAL,
} Mood;

typedef struct Server {
        DdnsSockaddr address;
        int fd, stop;
        Mood mood;
        unsigned well_until; /* so many requests are answered before the mood shows */
        pthread_t thread;
} Server;

static void answer_request(const Server *s, int fd, const char *request, size_t n) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL, packet = DDNS_BUFFER_NULL;
        DdnsHmacKey key = make_key("hmac-sha256", s->mood == MOOD_OTHER_KEY ? "b3RoZXI=" : SECRET);
        const char *at = memmem(request, n, "_ser\1\0\0\0", 8);
        char serial[16] = "0";

        assert_non_null(at);
        memcpy(serial, at + 9, (size_t) at[8]);
        serial[(size_t) at[8]] = '\0';
        if (s->mood == MOOD_OTHER_SERIAL)
                serial[0] ^= 1;
        make_reply(&key, serial, "0", "done\n", &b);
        uint32_t size = htonl((uint32_t) b.size);
        ddns_buffer_append(&packet, &size, sizeof size);
        ddns_buffer_append(&packet, b.data, s->mood == MOOD_CUT ? b.size - 1 : b.size);
        (void) send(fd, packet.data, packet.size, MSG_NOSIGNAL);
}

/* False: close the connection. */
static bool behave(const Server *s, int fd, const char *request, size_t n) {
        static const char *const bytes[] = { [MOOD_GARBAGE] = "\0\0\0\4HTTP",
                                             [MOOD_HUGE] = "\xff\xff\xff\xff",
                                             [MOOD_EMPTY] = "\0\0\0\0" };

        switch (s->mood) {
        case MOOD_HANG:
                return true;
        case MOOD_CLOSE:
                return false;
        case MOOD_GARBAGE:
        case MOOD_HUGE:
        case MOOD_EMPTY:
                (void) send(fd, bytes[s->mood], s->mood == MOOD_GARBAGE ? 8 : 4, MSG_NOSIGNAL);
                return true;
        default:
                answer_request(s, fd, request, n);
                return s->mood != MOOD_CUT;
        }
}

static bool wait_for(const Server *s, int fd) {
        struct pollfd pfd[] = { { .fd = fd, .events = POLLIN }, { .fd = s->stop, .events = POLLIN } };

        return poll(pfd, 2, -1) > 0 && !pfd[1].revents;
}

static void *serve(void *userdata) {
        Server *s = userdata;
        unsigned seen = 0;

        while (wait_for(s, s->fd)) {
                ddns_cleanup(ddns_closep) int fd = accept(s->fd, NULL, NULL);
                char request[4096];
                Mood mood = s->mood;

                while (wait_for(s, fd)) {
                        ssize_t n = recv(fd, request, sizeof request, 0);
                        if (n <= 0)
                                break;
                        Server now = *s;
                        now.mood = seen++ < s->well_until ? MOOD_ANSWER : mood;
                        if (!behave(&now, fd, request, (size_t) n))
                                break;
                }
        }
        return NULL;
}

static void server_start(Server *s, Mood mood, unsigned well_until) {
        socklen_t size = sizeof s->address;

        *s = (Server){ .mood = mood,
                       .well_until = well_until,
                       .fd = socket(AF_INET, SOCK_STREAM, 0),
                       .stop = eventfd(0, EFD_CLOEXEC) };
        s->address.in = (struct sockaddr_in){ .sin_family = AF_INET,
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        assert_int_equal(bind(s->fd, &s->address.sa, sizeof s->address.in), 0);
        assert_int_equal(getsockname(s->fd, &s->address.sa, &size), 0);
        assert_int_equal(listen(s->fd, 4), 0);
        assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(Server *s) {
        assert_int_equal(eventfd_write(s->stop, 1), 0);
        assert_int_equal(pthread_join(s->thread, NULL), 0);
        (void) close(s->fd);
        (void) close(s->stop);
}

static void one_connection_serves_many_commands(void **state) {
        ddns_cleanup(ddns_rndc_freep) DdnsRndc *c = NULL;
        DdnsHmacKey key = make_key("hmac-sha256", SECRET);
        DdnsRndcReply reply;
        Server s;

        server_start(&s, MOOD_ANSWER, 0);
        assert_int_equal(ddns_rndc_connect(&s.address, &key, LONG_USEC, &c, NULL), 0);
        for (unsigned i = 0; i < 100; i++) {
                assert_true(ddns_rndc_is_alive(c));
                assert_int_equal(ddns_rndc_command(c, "status", &reply, NULL), 0);
                assert_int_equal(reply.result, 0);
                assert_string_equal(reply.text, "done");
                assert_string_equal(reply.error, "word");
        }
        server_stop(&s);
}

static const struct {
        Mood mood;
        uint64_t timeout_usec;
        int error;
        const char *text;
} failures[] = {
        { MOOD_HANG, SHORT_USEC, -ETIMEDOUT, "it did not answer within 0.4 s" },
        { MOOD_CLOSE, LONG_USEC, -ECONNRESET, "named closed the connection" },
        { MOOD_CUT, LONG_USEC, -ECONNRESET, "named closed the connection" },
        { MOOD_GARBAGE, LONG_USEC, -EBADMSG, "no control message" },
        { MOOD_HUGE, LONG_USEC, -EBADMSG, "no control message" },
        { MOOD_EMPTY, LONG_USEC, -EBADMSG, "no control message" },
        { MOOD_OTHER_SERIAL, LONG_USEC, -EBADMSG, "no control message" },
        { MOOD_OTHER_KEY, LONG_USEC, -EKEYREJECTED, "signed with another key" },
};

static void failures_while_connecting_are_told(void **state) {
        DdnsHmacKey key = make_key("hmac-sha256", SECRET);

        for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
                DdnsMessage message = DDNS_MESSAGE_NULL;
                DdnsRndc *c = NULL;
                Server s;

                server_start(&s, failures[i].mood, 0);
                assert_int_equal(ddns_rndc_connect(&s.address, &key, failures[i].timeout_usec, &c,
                                                   &message),
                                 failures[i].error);
                server_stop(&s);
                assert_null(c);
                assert_int_equal(strncmp(message.text, "control channel 127.0.0.1@", 26), 0);
                assert_non_null(strstr(message.text, failures[i].text));
                if (failures[i].error == -ECONNRESET)
                        assert_non_null(strstr(message.text, "is the key the right one?"));
        }
}

static void failures_of_a_command_are_told_and_end_the_connection(void **state) {
        DdnsHmacKey key = make_key("hmac-sha256", SECRET);

        for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
                ddns_cleanup(ddns_rndc_freep) DdnsRndc *c = NULL;
                DdnsMessage message = DDNS_MESSAGE_NULL;
                DdnsRndcReply reply;
                Server s;

                server_start(&s, failures[i].mood, 2);
                assert_int_equal(ddns_rndc_connect(&s.address, &key, failures[i].timeout_usec, &c,
                                                   &message),
                                 0);
                assert_int_equal(ddns_rndc_command(c, "status", &reply, &message), 0);
                assert_int_equal(ddns_rndc_command(c, "status", &reply, &message), failures[i].error);
                assert_non_null(strstr(message.text, failures[i].text));
                assert_null(strstr(message.text, "is the key"));
                assert_false(ddns_rndc_is_alive(c));
                assert_int_equal(ddns_rndc_command(c, "status", &reply, &message), -ENOTCONN);
                server_stop(&s);
        }
}

static void closed_port_is_refused(void **state) {
        DdnsHmacKey key = make_key("hmac-sha256", SECRET);
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsRndc *c = NULL;
        Server s;

        server_start(&s, MOOD_ANSWER, 0);
        server_stop(&s);
        assert_int_equal(ddns_rndc_connect(&s.address, &key, LONG_USEC, &c, &message), -ECONNREFUSED);
        assert_non_null(strstr(message.text, ": connection refused"));
}

static void connection_that_named_closed_is_not_alive(void **state) {
        ddns_cleanup(ddns_rndc_freep) DdnsRndc *c = NULL;
        DdnsHmacKey key = make_key("hmac-sha256", SECRET);
        Server s;

        server_start(&s, MOOD_ANSWER, 0);
        assert_int_equal(ddns_rndc_connect(&s.address, &key, LONG_USEC, &c, NULL), 0);
        assert_true(ddns_rndc_is_alive(c));
        server_stop(&s); /* its thread closed the connection */
        assert_false(ddns_rndc_is_alive(c));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(key_files_are_read_as_rndc_confgen_writes_them),
                cmocka_unit_test(bad_key_files_are_refused_by_line_and_without_the_secret),
                cmocka_unit_test(key_file_that_is_not_there_is_named),
                cmocka_unit_test(requests_are_those_of_rndc_byte_for_byte),
                cmocka_unit_test(command_that_named_would_not_take_is_refused),
                cmocka_unit_test(replies_are_read_with_every_algorithm),
                cmocka_unit_test(every_changed_or_missing_octet_is_noticed),
                cmocka_unit_test(signed_nonsense_is_refused),
                cmocka_unit_test(our_own_request_is_no_reply),
                cmocka_unit_test(one_connection_serves_many_commands),
                cmocka_unit_test(failures_while_connecting_are_told),
                cmocka_unit_test(failures_of_a_command_are_told_and_end_the_connection),
                cmocka_unit_test(closed_port_is_refused),
                cmocka_unit_test(connection_that_named_closed_is_not_alive),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
