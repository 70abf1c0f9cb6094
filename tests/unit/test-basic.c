/* SPDX-License-Identifier: MIT */
/* Names, addresses, prefixes, buffers, files and secrets. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "basic/address.h"
#include "basic/buffer.h"
#include "basic/digest.h"
#include "basic/domain.h"
#include "basic/file.h"
#include "test.h"

static void good_zone_names_are_lower_cased_without_dot(void **state) {
        static const struct {
                const char *in, *out;
        } cases[] = {
                { "example.org", "example.org" },
                { "EXAMPLE.Org.", "example.org" },
                { "a", "a" },
                { "_dmarc.x-1.test", "_dmarc.x-1.test" },
                { "2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa" },
                { "xn--bcher-kva.example", "xn--bcher-kva.example" },
        };
        char name[DDNS_ZONE_NAME_MAX + 1];

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                assert_int_equal(ddns_zone_name_check(cases[i].in, strlen(cases[i].in), name, NULL), 0);
                assert_string_equal(name, cases[i].out);
        }
}

static void bad_zone_names_are_refused_with_a_reason(void **state) {
        char label[65], longest[255], name[DDNS_ZONE_NAME_MAX + 1] = "kept";
        DdnsMessage message;

        memset(label, 'x', 64);
        label[64] = '\0';
        memset(longest, 'y', 254);
        for (size_t i = 50; i < 254; i += 51)
                longest[i] = '.';
        longest[254] = '\0';

        const struct {
                const char *in;
                size_t size;
        } cases[] = {
                { "", 0 },          { ".", 1 },    { "..", 2 },      { ".a", 2 },   { "a..b", 4 },
                { "a..", 3 },       { "../x", 4 }, { "a/b", 3 },     { "a\"b", 3 }, { "a;b", 3 },
                { "a b", 3 },       { "a\nb", 3 }, { "a\0b", 3 },    { "*.b", 3 },  { "a\\b", 3 },
                { "b\xc3\xbc", 3 }, { label, 64 }, { longest, 254 },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                message.text[0] = '\0';
                assert_int_equal(ddns_zone_name_check(cases[i].in, cases[i].size, name, &message),
                                 -EINVAL);
                assert_string_equal(name, "kept");
                assert_true(message.text[0] != '\0');
        }

        longest[253] = '\0';
        longest[252] = 'y';
        assert_int_equal(ddns_zone_name_check("b\xc3\xbc", 3, name, &message), -EINVAL);
        assert_non_null(strstr(message.text, "written in the form xn--"));
        assert_int_equal(ddns_zone_name_check(longest, 253, name, NULL), 0);
}

static void parents_are_found_label_by_label(void **state) {
        assert_string_equal(ddns_zone_name_parent("a.b.c"), "b.c");
        assert_null(ddns_zone_name_parent("c"));
}

static void prefixes_match_what_they_say(void **state) {
        static const struct {
                const char *prefix, *address;
                bool match;
        } cases[] = {
                { "192.0.2.1", "192.0.2.1", true },
                { "192.0.2.1", "192.0.2.2", false },
                { "192.0.2.0/24", "192.0.2.255", true },
                { "192.0.2.0/25", "192.0.2.128", false },
                { "0.0.0.0/0", "203.0.113.9", true },
                { "0.0.0.0/0", "2001:db8::1", false },
                { "2001:db8::/64", "2001:db8::5", true },
                { "2001:db8::/64", "2001:db8:0:1::5", false },
                { "192.0.2.0/24", "::ffff:192.0.2.7", true },
                { "::/0", "2001:db8::1", true },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                DdnsPrefix p;
                DdnsSockaddr a;

                assert_int_equal(ddns_prefix_parse(cases[i].prefix, &p), 0);
                assert_int_equal(ddns_sockaddr_parse(cases[i].address, 53, &a), 0);
                assert_int_equal(ddns_prefix_contains(&p, &a.sa), cases[i].match);
        }

        static const char *const bad[] = { "",
                                           "x",
                                           "192.0.2.1/24",
                                           "192.0.2.0/33",
                                           "192.0.2.0/",
                                           "192.0.2.0/-1",
                                           "192.0.2.0/024",
                                           "2001:db8::/129",
                                           "192.0.2",
                                           "192.0.2.0/24/1" };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                DdnsPrefix p;
                assert_int_equal(ddns_prefix_parse(bad[i], &p), -EINVAL);
        }
}

static void endpoints_have_a_port(void **state) {
        static const char *const bad[] = { "",
                                           "localhost",
                                           "127.0.0.1@",
                                           "127.0.0.1@0",
                                           "127.0.0.1@65536",
                                           "127.0.0.1:53",
                                           "127.0.0.1@5x" };
        DdnsSockaddr a;
        char text[DDNS_ADDRESS_MAX];

        assert_int_equal(ddns_sockaddr_parse("127.0.0.1", 53, &a), 0);
        assert_int_equal(ntohs(a.in.sin_port), 53);
        assert_int_equal(ddns_sockaddr_parse("::1@5300", 53, &a), 0);
        assert_int_equal(ntohs(a.in6.sin6_port), 5300);
        assert_int_equal(ddns_sockaddr_parse("::ffff:192.0.2.1", 53, &a), 0);
        ddns_address_format(&a.sa, text);
        assert_string_equal(text, "192.0.2.1");
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_int_equal(ddns_sockaddr_parse(bad[i], 53, &a), -EINVAL);
}

static void buffers_grow_and_hand_over(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        for (unsigned i = 0; i < 1000; i++)
                ddns_buffer_append_format(&b, "%03u,", i);
        assert_int_equal(ddns_buffer_status(&b), 0);
        assert_int_equal(b.size, 4000);

        size_t size;
        ddns_cleanup(ddns_freep) char *text = ddns_buffer_take(&b, &size);
        assert_int_equal(size, 4000);
        assert_memory_equal(text + 3996, "999,", 5);

        ddns_cleanup(ddns_freep) char *empty = ddns_buffer_take(&b, &size);
        assert_string_equal(empty, "");
}

static void files_are_read_whole_or_not(void **state) {
        char path[] = "/tmp/ddns-test-XXXXXX";
        ddns_cleanup(ddns_closep) int fd = mkstemp(path);
        ddns_cleanup(ddns_freep) char *data = NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        size_t size;

        assert_int_equal(write(fd, "secret\r\nmore\n", 13), 13);
        assert_int_equal(ddns_file_read(path, 12, &data, &size, &message), -EFBIG);
        assert_int_equal(ddns_file_read(path, 13, &data, &size, &message), 0);
        assert_int_equal(size, 13);
        assert_int_equal(ddns_file_read("/tmp", 13, &data, &size, &message), -EISDIR);
        assert_int_equal(ddns_file_read("/nonexistent", 13, &data, &size, &message), -ENOENT);
        assert_non_null(strstr(message.text, "/nonexistent"));

        ddns_cleanup(ddns_freep) char *secret = NULL;
        assert_int_equal(ddns_secret_read(path, &secret, &message), 0);
        assert_string_equal(secret, "secret");
        (void) unlink(path);
}

static void relative_secrets_are_credentials(void **state) {
        ddns_cleanup(ddns_freep) char *path = NULL;
        DdnsMessage message;

        (void) unsetenv("CREDENTIALS_DIRECTORY");
        assert_int_equal(ddns_secret_path("da1.hash", &path, &message), -ENOENT);
        (void) setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1);
        assert_int_equal(ddns_secret_path("da1.hash", &path, &message), 0);
        assert_string_equal(path, "/run/credentials/x/da1.hash");
}

static void credentials_of_a_directory_have_a_prefix(void **state) {
        char directory[] = "/tmp/ddns-credentials-XXXXXX", file[64];
        ddns_cleanup(ddns_freep) char *path = NULL;
        DdnsMessage message;

        assert_non_null(mkdtemp(directory));
        (void) snprintf(file, sizeof file, "%s/ddns_da1.hash", directory);
        int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        (void) close(fd);

        (void) setenv("CREDENTIALS_DIRECTORY", directory, 1);
        assert_int_equal(ddns_secret_path("da1.hash", &path, &message), 0);
        assert_string_equal(path, file);
        assert_int_equal(unlink(file), 0);
        assert_int_equal(rmdir(directory), 0);
}

static void digest_is_sha256(void **state) {
        uint8_t d[DDNS_DIGEST_SIZE];
        char text[2 * DDNS_DIGEST_SIZE + 1];

        assert_int_equal(ddns_digest("abc", 3, d), 0);
        ddns_digest_format(d, text);
        /* FIPS 180-2, B.1 */
        assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_zone_names_are_lower_cased_without_dot),
                cmocka_unit_test(bad_zone_names_are_refused_with_a_reason),
                cmocka_unit_test(parents_are_found_label_by_label),
                cmocka_unit_test(prefixes_match_what_they_say),
                cmocka_unit_test(endpoints_have_a_port),
                cmocka_unit_test(buffers_grow_and_hand_over),
                cmocka_unit_test(files_are_read_whole_or_not),
                cmocka_unit_test(relative_secrets_are_credentials),
                cmocka_unit_test(credentials_of_a_directory_have_a_prefix),
                cmocka_unit_test(digest_is_sha256),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
