/* SPDX-License-Identifier: MIT */
/* Tests of src/mysql/ with a server that means harm: a script for its side of one connection. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "basic/clock.h"
#include "mysql/mysql.h"
#include "test.h"

#define PASSWORD "not for strangers"
#define SECRET   "what stands in a file"

typedef struct Server {
        int listening;
        unsigned port;
        pthread_t thread;
        void (*serve)(struct Server *s, int fd);
        const char *text; /* for `serve` */
        size_t heard;     /* all that came from us */
        char said[65536];
} Server;

static char root[64], password_file[96];
static DdnsMessage message;

static void hear(Server *s, int fd, int timeout_ms) {
        struct pollfd pfd = { .fd = fd, .events = POLLIN };

        if (poll(&pfd, 1, timeout_ms) <= 0)
                return;
        ssize_t n = recv(fd, s->said + s->heard, sizeof s->said - s->heard, 0);
        if (n > 0)
                s->heard += (size_t) n;
}

static void send_packet(int fd, unsigned number, const void *data, size_t size) {
        unsigned char header[4] = { (unsigned char) size, (unsigned char) (size >> 8),
                                    (unsigned char) (size >> 16), (unsigned char) number };

        (void) send(fd, header, sizeof header, MSG_NOSIGNAL | MSG_MORE);
        (void) send(fd, data, size, MSG_NOSIGNAL);
}

static void greet(Server *s, int fd) {
        static const char greeting[] = "\x0a"
                                       "5.5.5-10.11.0-MariaDB\0"
                                       "\1\0\0\0abcdefgh\0"
                                       "\xff\xf7\x2d\2\0\x0f\x80\x15\0\0\0\0\0\0\0\0\0\0"
                                       "ijklmnopqrst\0"
                                       "mysql_native_password";

        send_packet(fd, 0, greeting, sizeof greeting);
        hear(s, fd, 2000);
}

static void accept_login(Server *s, int fd) {
        greet(s, fd);
        send_packet(fd, 2, "\0\0\0\2\0\0\0", 7);
        hear(s, fd, 2000);
}

static void *serve_one(void *userdata) {
        Server *s = userdata;
        ddns_cleanup(ddns_closep) int fd = accept(s->listening, NULL, NULL);

        if (fd >= 0)
                s->serve(s, fd);
        return NULL;
}

static int listen_on_loopback(int backlog, unsigned *ret_port) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof in;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(fd, (struct sockaddr *) &in, size), 0);
        assert_int_equal(listen(fd, backlog), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *) &in, &size), 0);
        *ret_port = ntohs(in.sin_port);
        return fd;
}

/* What ddns_mysql_connect() says to who listens there. */
static int connect_to(unsigned port, DdnsTlsVerify verify) {
        DdnsMysqlConfig config = {
                .host = (char *) "127.0.0.1",
                .port = port,
                .username = (char *) "ddns",
                .password_file = password_file,
                .connect_timeout_usec = USEC_PER_SEC,
                .read_timeout_usec = USEC_PER_SEC,
                .write_timeout_usec = USEC_PER_SEC,
                .tls.verify = verify,
        };
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = NULL;

        message.text[0] = '\0';
        assert_int_equal(ddns_mysql_new(&config, &m, &message), 0);
        int r = ddns_mysql_connect(m, &message);
        assert_null(strstr(message.text, PASSWORD));
        assert_null(strchr(message.text, '\n'));
        return r;
}

/* The same with the script of a server. */
static int meet(Server *s, DdnsTlsVerify verify) {
        s->listening = listen_on_loopback(8, &s->port);
        assert_int_equal(pthread_create(&s->thread, NULL, serve_one, s), 0);
        int r = connect_to(s->port, verify);
        (void) shutdown(s->listening, SHUT_RDWR);
        assert_int_equal(pthread_join(s->thread, NULL), 0);
        ddns_closep(&s->listening);
        return r;
}

static bool has_heard(const Server *s, const char *text) {
        return memmem(s->said, s->heard, text, strlen(text));
}

static void ask_for_password(Server *s, int fd) {
        char request[64] = "\xfe";
        size_t size = 1 + strlen(s->text) + 1;

        greet(s, fd);
        strcpy(request + 1, s->text);
        memcpy(request + size, "abcdefghijklmnopqrst", 21);
        send_packet(fd, 2, request, size + 21);
        hear(s, fd, 500);
        hear(s, fd, 100);
}

static void no_server_talks_us_out_of_the_password(void **state) {
        static const char *const ways[] = { "mysql_clear_password",
                                            "dialog",
                                            "sha256_password",
                                            "caching_sha2_password",
                                            "mysql_old_password",
                                            "",
                                            "mysql" };

        for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
                Server s = { .serve = ask_for_password, .text = ways[i] };

                assert_true(meet(&s, DDNS_TLS_VERIFY_UNSET) < 0);
                assert_true(has_heard(&s, "ddns")); /* it came that far */
                assert_false(has_heard(&s, PASSWORD));
        }
}

static void a_refused_way_of_logging_in_is_explained(void **state) {
        Server s = { .serve = ask_for_password, .text = "mysql_clear_password" };

        assert_int_equal(meet(&s, DDNS_TLS_VERIFY_UNSET), -EACCES);
        assert_non_null(strstr(message.text, "TLS"));
}

static void who_wants_tls_says_nothing_without(void **state) {
        Server s = { .serve = accept_login };

        assert_int_equal(meet(&s, DDNS_TLS_VERIFY_YES), -EACCES);
        assert_false(has_heard(&s, "ddns"));
}

static void ask_for_file(Server *s, int fd) {
        char request[128];

        accept_login(s, fd);
        (void) snprintf(request, sizeof request, "\xfb%s", s->text);
        send_packet(fd, 1, request, strlen(request));
        hear(s, fd, 500);
        hear(s, fd, 100);
}

static void no_server_gets_a_file_of_ours(void **state) {
        char path[96];
        Server s = { .serve = ask_for_file, .text = path };

        (void) snprintf(path, sizeof path, "%s/secret", root);
        assert_true(meet(&s, DDNS_TLS_VERIFY_UNSET) < 0);
        assert_true(has_heard(&s, "SET NAMES"));
        assert_false(has_heard(&s, SECRET));
}

static void trickle(Server *s, int fd) {
        accept_login(s, fd);
        (void) send(fd, "\xff\xff\0\1", 4, MSG_NOSIGNAL);
        for (unsigned i = 0; i < 100; i++) {
                struct pollfd pfd = { .fd = fd, .events = POLLRDHUP };

                if (poll(&pfd, 1, 200) != 0 || send(fd, "x", 1, MSG_NOSIGNAL) != 1)
                        return;
        }
}

static void an_octet_now_and_then_does_not_hold_us(void **state) {
        Server s = { .serve = trickle };

        uint64_t begin = ddns_monotonic_usec();
        assert_int_equal(meet(&s, DDNS_TLS_VERIFY_UNSET), -ENOTCONN);
        assert_in_range(ddns_monotonic_usec() - begin, 3 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        assert_non_null(strstr(message.text, "time-out"));
}

static void complain(Server *s, int fd) {
        static const char error[] = "\xff\x5b\x04#42000first\nsecond\r\33[31m line";

        greet(s, fd);
        send_packet(fd, 2, error, sizeof error - 1);
        hear(s, fd, 100);
}

static void its_words_become_one_line(void **state) {
        Server s = { .serve = complain };

        assert_true(meet(&s, DDNS_TLS_VERIFY_UNSET) < 0);
        assert_non_null(strstr(message.text, "first second  [31m line (error 1115)"));
}

static void talk_nonsense(Server *s, int fd) {
        (void) send(fd, s->text, strlen(s->text), MSG_NOSIGNAL);
        hear(s, fd, 100);
}

static void who_speaks_something_else_is_no_database(void **state) {
        static const char *const texts[] = { "SSH-2.0-OpenSSH_9.2\r\n", "220 mail.example ESMTP\r\n",
                                             "\1", "" };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                Server s = { .serve = talk_nonsense, .text = texts[i] };

                assert_int_equal(meet(&s, DDNS_TLS_VERIFY_UNSET), -ENOTCONN);
        }
}

static void assert_one_timeout(uint64_t begin) {
        assert_in_range(ddns_monotonic_usec() - begin, USEC_PER_SEC, 2 * USEC_PER_SEC);
        assert_non_null(strstr(message.text, "no answer within the connect time-out"));
}

static void silence_costs_the_connect_timeout(void **state) {
        unsigned port;
        ddns_cleanup(ddns_closep) __attribute__((unused)) int mute = listen_on_loopback(8, &port);

        uint64_t begin = ddns_monotonic_usec();
        assert_int_equal(connect_to(port, DDNS_TLS_VERIFY_UNSET), -ENOTCONN);
        assert_one_timeout(begin);

        /* With a full backlog the kernel drops what comes. */
        ddns_cleanup(ddns_closep) __attribute__((unused)) int dropping = listen_on_loopback(0, &port);
        ddns_cleanup(ddns_closep) int first = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        ddns_cleanup(ddns_closep) int second = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        struct sockaddr_in in = { .sin_family = AF_INET,
                                  .sin_port = htons((uint16_t) port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        (void) connect(first, (struct sockaddr *) &in, sizeof in);
        (void) connect(second, (struct sockaddr *) &in, sizeof in);
        begin = ddns_monotonic_usec();
        assert_int_equal(connect_to(port, DDNS_TLS_VERIFY_UNSET), -ENOTCONN);
        assert_one_timeout(begin);
}

static void write_file(const char *name, const char *text) {
        char path[96];

        (void) snprintf(path, sizeof path, "%s/%s", root, name);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static int make_files(void **state) {
        strcpy(root, "/tmp/ddns-test-mysql-XXXXXX");
        assert_non_null(mkdtemp(root));
        write_file("password", PASSWORD "\n");
        write_file("secret", SECRET "\n");
        (void) snprintf(password_file, sizeof password_file, "%s/password", root);
        return 0;
}

static int remove_files(void **state) {
        char path[96];

        (void) unlink(password_file);
        (void) snprintf(path, sizeof path, "%s/secret", root);
        (void) unlink(path);
        return rmdir(root);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_server_talks_us_out_of_the_password),
                cmocka_unit_test(a_refused_way_of_logging_in_is_explained),
                cmocka_unit_test(who_wants_tls_says_nothing_without),
                cmocka_unit_test(no_server_gets_a_file_of_ours),
                cmocka_unit_test(silence_costs_the_connect_timeout),
                cmocka_unit_test(an_octet_now_and_then_does_not_hold_us),
                cmocka_unit_test(its_words_become_one_line),
                cmocka_unit_test(who_speaks_something_else_is_no_database),
        };
        return cmocka_run_group_tests(tests, make_files, remove_files);
}
