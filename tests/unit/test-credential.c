/* SPDX-License-Identifier: MIT */
/* Logins: what a header must hold, from where it may come, and what each answer costs. */
#include <crypt.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "basic/address.h"
#include "receiver/credential.h"
#include "test.h"

/* The slow hash is what a guess costs: it is counted, not timed. */
struct crypt_data;
char *__real_crypt_r(const char *phrase, const char *setting, struct crypt_data *data);
char *__wrap_crypt_r(const char *phrase, const char *setting, struct crypt_data *data);

static struct {
        unsigned calls;
        char setting[128];
        bool no_memory;
} hashed;

char *__wrap_crypt_r(const char *phrase, const char *setting, struct crypt_data *data) {
        hashed.calls++;
        (void) snprintf(hashed.setting, sizeof hashed.setting, "%s", setting);
        if (hashed.no_memory) { /* as libxcrypt says it */
                errno = ENOMEM;
                return (char *) "*0";
        }
        return __real_crypt_r(phrase, setting, data);
}

#define PASSWORD "correct:h\xc3\xb6rse %+&"

typedef struct Fixture {
        char directory[64];
        char path[4][96];
        DdnsPrefix allow[2];
        DdnsMaster masters[4];
        DdnsCredentials *credentials;
} Fixture;

static unsigned n_missing;
static char missing_text[1024];

static void missing(const DdnsMaster *master, const char *why) {
        size_t n = strlen(missing_text);

        n_missing++;
        (void) snprintf(missing_text + n, sizeof missing_text - n, "%s: %s\n", master->name, why);
}

static void write_file(const char *path, const char *text) {
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static void write_hash(const char *path, const char *password) {
        char line[CRYPT_OUTPUT_SIZE + 1];

        (void) snprintf(line, sizeof line, "%s\n", crypt(password, "$6$rounds=1000$saltsalt$"));
        write_file(path, line);
}

/* Masters one, two (by address only), three (no hash), four (a hash that is none). */
static int set_up(void **state) {
        static char names[4][8] = { "one", "two", "three", "four" };
        Fixture *f = calloc(1, sizeof *f);

        assert_non_null(f);
        n_missing = 0;
        missing_text[0] = '\0';
        strcpy(f->directory, "/tmp/ddns-test-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        for (size_t i = 0; i < 4; i++) {
                (void) snprintf(f->path[i], sizeof f->path[i], "%s/%zu", f->directory, i);
                f->masters[i] = (DdnsMaster){ .name = names[i],
                                              .username = names[i],
                                              .password_file = f->path[i] };
        }
        write_hash(f->path[0], PASSWORD);
        write_hash(f->path[1], "other");
        write_file(f->path[3], "secret\n");
        assert_int_equal(ddns_prefix_parse("192.0.2.0/24", &f->allow[0]), 0);
        assert_int_equal(ddns_prefix_parse("2001:db8::/64", &f->allow[1]), 0);
        f->masters[1].allow = f->allow;
        f->masters[1].n_allow = 2;
        assert_int_equal(ddns_credentials_new(f->masters, 4, missing, &f->credentials), 0);
        hashed.calls = 0;
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        (void) ddns_credentials_free(f->credentials);
        for (size_t i = 0; i < 4; i++)
                (void) unlink(f->path[i]);
        (void) rmdir(f->directory);
        free(f);
        return 0;
}

/* "Basic …" of these bytes, in a buffer that the next call takes again. */
static const char *basic_bytes(const char *bytes, size_t size) {
        static char header[8192];
        gnutls_datum_t in = { (void *) (uintptr_t) bytes, (unsigned) size }, out;

        assert_int_equal(gnutls_base64_encode2(&in, &out), 0);
        (void) snprintf(header, sizeof header, "Basic %.*s", (int) out.size, out.data);
        gnutls_free(out.data);
        return header;
}

static const char *basic(const char *login) {
        return basic_bytes(login, strlen(login));
}

static DdnsSockaddr address(const char *text) {
        DdnsSockaddr a;

        assert_int_equal(ddns_sockaddr_parse(text, 1, &a), 0);
        return a;
}

static const DdnsMaster *verify(Fixture *f, const char *header, const char *from) {
        DdnsSockaddr a = address(from);

        const DdnsMaster *master = NULL;

        assert_in_range(ddns_credentials_verify(f->credentials, header, &a.sa, &master), 0, 1);
        return master;
}

static const DdnsMaster *known(Fixture *f, const char *header, const char *from) {
        DdnsSockaddr a = address(from);

        return ddns_credentials_known(f->credentials, header, &a.sa);
}

static void the_right_password_logs_in(void **state) {
        Fixture *f = *state;

        assert_ptr_equal(verify(f, basic("one:" PASSWORD), "203.0.113.1"), &f->masters[0]);
        assert_ptr_equal(verify(f, basic("two:other"), "192.0.2.9"), &f->masters[1]);
}

static void anything_else_does_not(void **state) {
        static const char *const logins[] = {
                "one:",
                "one:correct",
                "one:" PASSWORD "x",
                "one:" PASSWORD "\n",
                "ONE:" PASSWORD,
                "nobody:x",
                "two:" PASSWORD,
                ":" PASSWORD,
                " one:" PASSWORD,
                "three:",
                "three:x",
                "four:secret",
                "four:x",
                "one",
                "",
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(logins); i++)
                if (verify(f, basic(logins[i]), "192.0.2.1"))
                        fail_msg("\"%s\" logs in", logins[i]);
}

static void other_headers_are_refused_without_a_hash(void **state) {
        static const char *const headers[] = {
                NULL,
                "",
                "Basic",
                "Basic ",
                "Basic !!!!",
                "Bearer b25lOng=",
                "Digest x",
                "Basicb25l",
                "Basic b25l=OA",
                "Basic \xff\xfe",
                "Basic  ",
                "b25lOng=",
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
                assert_null(verify(f, headers[i], "192.0.2.1"));
                assert_null(known(f, headers[i], "192.0.2.1"));
        }
        assert_null(verify(f, basic_bytes("one\0:x", 6), "192.0.2.1"));
        assert_null(verify(f, basic_bytes("one:correct\0", 12), "192.0.2.1"));
        assert_null(verify(f, basic_bytes("one:" PASSWORD "\0", 5 + strlen(PASSWORD)), "192.0.2.1"));
        assert_int_equal(hashed.calls, 0);
}

static void the_scheme_has_no_case_and_may_stand_apart(void **state) {
        char header[256];
        Fixture *f = *state;

        (void) snprintf(header, sizeof header, "bAsIc   %s ", basic("one:" PASSWORD) + 6);
        assert_ptr_equal(verify(f, header, "192.0.2.1"), &f->masters[0]);
}

static void long_headers_are_refused_without_a_hash(void **state) {
        char login[4096];
        Fixture *f = *state;

        memset(login, 'x', sizeof login);
        memcpy(login, "one:", 4);
        assert_null(verify(f, basic_bytes(login, sizeof login), "192.0.2.1"));
        assert_null(known(f, basic_bytes(login, sizeof login), "192.0.2.1"));
        assert_int_equal(hashed.calls, 0);
        assert_null(verify(f, basic_bytes(login, 1200), "192.0.2.1")); /* longer than crypt(3) takes */
}

static void a_guess_costs_the_same_whoever_is_guessed(void **state) {
        static const char *const logins[] = { "one:wrong", "nobody:wrong", ":wrong", "three:wrong",
                                              "four:wrong" };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(logins); i++) {
                hashed.calls = 0;
                assert_null(verify(f, basic(logins[i]), "192.0.2.1"));
                assert_int_equal(hashed.calls, 1);
                assert_int_equal(strncmp(hashed.setting, "$6$rounds=1000$", 15), 0);
        }
}

static void a_password_counts_from_allowed_addresses_only(void **state) {
        static const struct {
                const char *from;
                bool allowed;
        } cases[] = {
                { "192.0.2.0", true },        { "192.0.2.255", true },       { "192.0.3.0", false },
                { "::ffff:192.0.2.1", true }, { "::ffff:192.0.3.1", false }, { "::192.0.2.1", false },
                { "2001:db8::1", true },      { "2001:db8:0:1::1", false },  { "127.0.0.1", false },
        };
        Fixture *f = *state;
        const char *header = basic("two:other");

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const DdnsMaster *expected = cases[i].allowed ? &f->masters[1] : NULL;

                assert_ptr_equal(verify(f, header, cases[i].from), expected);
                assert_ptr_equal(known(f, header, cases[i].from), expected);
        }

        /* Only a right password is told apart. */
        DdnsSockaddr elsewhere;
        const DdnsMaster *nobody;
        assert_int_equal(ddns_sockaddr_parse("127.0.0.1", 1, &elsewhere), 0);
        assert_int_equal(ddns_credentials_verify(f->credentials, basic("two:wrong"), &elsewhere.sa,
                                                 &nobody),
                         0);
        assert_int_equal(ddns_credentials_verify(f->credentials, basic("two:other"), &elsewhere.sa,
                                                 &nobody),
                         1);
        assert_null(nobody);
        header = basic("two:other");

        const DdnsMaster *master = &f->masters[1];
        assert_int_equal(ddns_credentials_verify(f->credentials, header,
                                                 &(struct sockaddr){ .sa_family = AF_UNIX }, &master),
                         1);
        assert_null(master);
}

static void a_header_is_known_after_it_was_right(void **state) {
        Fixture *f = *state;
        char right[256];

        (void) snprintf(right, sizeof right, "%s", basic("one:" PASSWORD));
        assert_null(known(f, right, "192.0.2.1"));
        assert_null(verify(f, basic("one:wrong"), "192.0.2.1"));
        assert_null(known(f, basic("one:wrong"), "192.0.2.1"));
        assert_null(known(f, right, "192.0.2.1"));

        assert_non_null(verify(f, right, "192.0.2.1"));
        hashed.calls = 0;
        assert_ptr_equal(known(f, right, "203.0.113.7"), &f->masters[0]);
        assert_null(known(f, basic("one:wrong"), "192.0.2.1"));
        assert_null(known(f, NULL, "192.0.2.1"));
        assert_null(verify(f, basic("one:wrong"), "192.0.2.1"));
        assert_ptr_equal(known(f, right, "192.0.2.1"), &f->masters[0]); /* a guess makes nobody forget */
        assert_int_equal(hashed.calls, 1);
        assert_ptr_equal(verify(f, right, "192.0.2.1"),
                         &f->masters[0]); /* waited while it became known */
        assert_int_equal(hashed.calls, 1);
}

static void a_right_password_from_elsewhere_is_not_remembered(void **state) {
        Fixture *f = *state;
        const char *header = basic("two:other");

        assert_null(verify(f, header, "203.0.113.1"));
        assert_null(known(f, header, "192.0.2.1"));
        assert_non_null(verify(f, header, "192.0.2.1"));
        assert_null(known(f, header, "203.0.113.1"));
}

static void masters_without_a_usable_hash_are_reported(void **state) {
        assert_int_equal(n_missing, 2);
        assert_non_null(strstr(missing_text, "three: "));
        assert_non_null(strstr(missing_text, "No such file"));
        assert_non_null(strstr(missing_text, "four: the file holds no"));
        assert_null(strstr(missing_text, "secret"));
}

static void hashes_that_are_none_are_not_usable(void **state) {
        static const char *const lines[] = {
                "", "\n", "*\n", "!\n", "secret\n", "correct horse\n", "$9$unknown$x\n", "ab\n"
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                DdnsCredentials *none = NULL;

                n_missing = 0;
                write_file(f->path[3], lines[i]);
                int r = ddns_credentials_new(&f->masters[3], 1, missing, &none);
                if (r != -ENOENT || n_missing != 1)
                        fail_msg("\"%s\": %d, %u reported", lines[i], r, n_missing);
                assert_null(none);
        }
        DdnsCredentials *none = NULL;
        assert_int_equal(ddns_credentials_new(NULL, 0, missing, &none), -ENOENT);
        assert_null(ddns_credentials_free(NULL));
}

static void without_memory_a_password_is_neither_right_nor_wrong(void **state) {
        const DdnsMaster *master = NULL;
        DdnsSockaddr a = { .in.sin_family = AF_INET };
        Fixture *f = *state;

        hashed.no_memory = true;
        int r = ddns_credentials_verify(f->credentials, basic("one:" PASSWORD), &a.sa, &master);
        hashed.no_memory = false;
        assert_int_equal(r, -ENOMEM);
        assert_null(master);
        assert_ptr_equal(verify(f, basic("one:" PASSWORD), "192.0.2.1"), &f->masters[0]);
}

static void no_master_is_left_out_for_a_moment_without_descriptors(void **state) {
        struct rlimit before, none;
        DdnsCredentials *credentials = NULL;
        Fixture *f = *state;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){ 0, before.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        int r = ddns_credentials_new(f->masters, 2, missing, &credentials);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(r, -EMFILE);
        assert_null(credentials);
}

static void user_names_are_shown_printable_and_cut(void **state) {
        static const struct {
                const char *login, *shown;
        } cases[] = {
                { "one:x", "one" }, { "o\nn\x1b\"e\xc3:x", "o?n??e?" },
                { ":x", "-" },      { "no-colon", "-" },
                { "a b:x", "a?b" },
        };
        char shown[DDNS_USERNAME_SHOWN], login[256];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_credentials_username(basic(cases[i].login), shown);
                assert_string_equal(shown, cases[i].shown);
        }
        ddns_credentials_username(NULL, shown);
        assert_string_equal(shown, "-");

        memset(login, 'x', sizeof login);
        login[200] = ':';
        ddns_credentials_username(basic_bytes(login, sizeof login), shown);
        assert_int_equal(strlen(shown), DDNS_USERNAME_SHOWN - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_right_password_logs_in),
                TEST(anything_else_does_not),
                TEST(other_headers_are_refused_without_a_hash),
                TEST(the_scheme_has_no_case_and_may_stand_apart),
                TEST(long_headers_are_refused_without_a_hash),
                TEST(a_guess_costs_the_same_whoever_is_guessed),
                TEST(a_password_counts_from_allowed_addresses_only),
                TEST(a_header_is_known_after_it_was_right),
                TEST(a_right_password_from_elsewhere_is_not_remembered),
                TEST(masters_without_a_usable_hash_are_reported),
                TEST(hashes_that_are_none_are_not_usable),
                TEST(without_memory_a_password_is_neither_right_nor_wrong),
                TEST(no_master_is_left_out_for_a_moment_without_descriptors),
                TEST(user_names_are_shown_printable_and_cut),
        };

        return cmocka_run_group_tests_name("credential", tests, NULL, NULL);
}
