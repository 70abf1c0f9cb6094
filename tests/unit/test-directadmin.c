/* SPDX-License-Identifier: MIT */
/* DirectAdmin's answers as text: what is a listing, and what is none. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "directadmin/listing.h"
#include "test.h"

#define MAX 5

typedef int (*Parser)(const char *data, size_t size, DdnsDaNames *names, DdnsMessage *message);

static DdnsDaPage page;

static int parse_page(const char *data, size_t size, DdnsDaNames *names, DdnsMessage *message) {
        return ddns_da_parse_page(data, size, names, &page, message);
}

/* Parses an exact copy on the heap, so that a sanitizer sees each step beyond the end. */
static int parse(Parser parser, const char *data, size_t size, DdnsDaNames *names,
                 DdnsMessage *message) {
        char *copy = malloc(size > 0 ? size : 1);

        assert_non_null(copy);
        memcpy(copy, data, size);
        int r = parser(copy, size, names, message);
        free(copy);
        return r;
}

static void assert_lists(Parser parser, const char *data, const char *expected) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames names = { .max = MAX };
        ddns_cleanup(ddns_da_listing_done) DdnsDaListing listing = DDNS_DA_LISTING_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        char text[512] = "";

        int r = parse(parser, data, strlen(data), &names, &message);
        if (r < 0)
                fail_msg("%s: %s", data, message.text);
        assert_int_equal(ddns_da_names_sort(&names, &listing, &message), 0);
        for (size_t i = 0; i < listing.n; i++)
                (void) snprintf(text + strlen(text), sizeof text - strlen(text), "%s ",
                                listing.zones[i].name);
        assert_string_equal(text, expected);
}

static void assert_fails(Parser parser, const char *data, size_t size, int error, const char *said) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames names = { .max = MAX };
        DdnsMessage message = DDNS_MESSAGE_NULL;

        int r = parse(parser, data, size, &names, &message);
        if (r != error || !strstr(message.text, said))
                fail_msg("%.80s: %d \"%s\", expected %d \"%s\"", data, r, message.text, error, said);
}

static void pages_are_read(void **state) {
        static const struct {
                const char *data, *names;
                uint32_t n_rows, n_pages;
        } cases[] = {
                { "{\"0\":{\"domain\":\"a.test\"},\"1\":{\"domain\":\"B.Test\"},\"info\":{\"total_pages\":\"2\"}}",
                  "a.test b.test ", 2, 2 },
                { "{\"0\":{\"domain\":\"a.test.\"},\"info\":{\"total_pages\":1}}", "a.test ", 1, 1 },
                { " \r\n\t{\"info\":{\"total_pages\":\"007\"},\"50\":{\"domain\":\"z\"},\"7\":{\"domain\":\"a\"}}\n",
                  "a z ", 2, 7 },
                { "{\"0\":{\"domain\":\"\\u0061.test\"},\"info\":{\"total_pages\":1}}", "a.test ", 1,
                  1 },
                { "{\"0\":{\"domain\":\"a\",\"user\":{\"x\":[1,null]}},\"-1\":5,\"1x\":{},\"\":[],\"info\":"
                  "{\"total_pages\":4294967295}}",
                  "a ", 1, UINT32_MAX },
                { "{}", "", 0, 0 },
                { "{\"info\":{\"total_pages\":\"3\"}}", "", 0, 3 },
                { "{\"info\":{\"total_pages\":\"0\"}}", "", 0, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_lists(parse_page, cases[i].data, cases[i].names);
                assert_int_equal(page.n_rows, cases[i].n_rows);
                assert_int_equal(page.n_pages, cases[i].n_pages);
        }
}

#define ROW(value)   "{\"0\":" value ",\"info\":{\"total_pages\":1}}"
#define TOTAL(value) "{\"0\":{\"domain\":\"a\"},\"info\":{\"total_pages\":" value "}}"

static void what_is_no_page_fails(void **state) {
        static const struct {
                const char *data;
                int error;
                const char *said;
        } cases[] = {
                { "", -EBADMSG, "empty" },
                { " \n", -EBADMSG, "empty" },
                { "{", -EBADMSG, "not JSON: line 1" },
                { "[]", -EBADMSG, "no listing" },
                { "[1", -EBADMSG, "not JSON" },
                { "5", -EBADMSG, "not JSON" },
                { "\xef\xbb\xbf{}", -EBADMSG, "not JSON" },
                { "{}{}", -EBADMSG, "not JSON" },
                { "{\"a\":1,\"a\":2}", -EBADMSG, "not JSON" },
                { "{\"a\":\"\\u0000\"}", -EBADMSG, "not JSON" },
                { "{\"a\":\"\xff\"}", -EBADMSG, "not JSON" },
                { "{\"\xc0\x80\":1}", -EBADMSG, "not JSON" },
                { "{\"error\":\"no\"}", -EBADMSG, "an error: no" },
                { "{\"error\":\"0\"}", -EBADMSG, "an error: 0" },
                { "{\"error\":false,\"result\":\"a\\tb\"}", -EBADMSG,
                  "an error: (not a text): a\\x09b" },
                { ROW("null"), -EBADMSG, "row 0 of its listing has no domain" },
                { ROW("\"a\""), -EBADMSG, "has no domain" },
                { ROW("{}"), -EBADMSG, "has no domain" },
                { ROW("{\"Domain\":\"a\"}"), -EBADMSG, "has no domain" },
                { ROW("{\"domain\":null}"), -EBADMSG, "has no domain" },
                { ROW("{\"domain\":\"\"}"), -EBADMSG, "it lists \"\"" },
                { ROW("{\"domain\":\"a\\nb\"}"), -EBADMSG, "it lists \"a\\x0ab\"" },
                { ROW("{\"domain\":\"\xc3\xbc\"}"), -EBADMSG, "it lists \"\\xc3\\xbc\"" },
                { "{\"0\":{\"domain\":\"a\"}}", -EBADMSG, "how many pages" },
                { "{\"0\":{\"domain\":\"a\"},\"info\":[1]}", -EBADMSG, "how many pages" },
                { TOTAL("0"), -EBADMSG, "how many pages" },
                { TOTAL("-1"), -EBADMSG, "how many pages" },
                { TOTAL("\"\""), -EBADMSG, "how many pages" },
                { TOTAL("\" 1\""), -EBADMSG, "how many pages" },
                { TOTAL("\"1.0\""), -EBADMSG, "how many pages" },
                { TOTAL("\"0x1\""), -EBADMSG, "how many pages" },
                { TOTAL("4294967296"), -EBADMSG, "how many pages" },
                { TOTAL("\"4294967296\""), -EBADMSG, "how many pages" },
                { TOTAL("\"00000000001\""), -EBADMSG, "how many pages" },
                { TOTAL("99999999999999999999"), -EBADMSG, "not JSON" },
                { TOTAL("1.0"), -EBADMSG, "how many pages" },
                { TOTAL("true"), -EBADMSG, "how many pages" },
                { "<", -EBADMSG, "HTML" },
                { "\n<!DOCTYPE html>", -EBADMSG, "HTML" },
                { "<html>Use HTTPS</html>", -EBADMSG, "begin with https://" },
                { "<a href=\"/CMD_LOGIN\">", -EACCES, "leads to its login" },
                { "<form action=\"https://x/CMD_LOGIN\"><INPUT TYPE=\"PASSWORD\">", -EACCES,
                  "its login page" },
                { "error=1", -EBADMSG, "an error: (without a text)" },
                { "text=a+b%21&error=1&details=%zz", -EBADMSG, "an error: a b!: " },
                { "error=0&text=fine", -EBADMSG, "not JSON" },
                { "error", -EBADMSG, "an error" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_fails(parse_page, cases[i].data, strlen(cases[i].data), cases[i].error,
                             cases[i].said);
        assert_fails(parse_page, "{}\0", 3, -EBADMSG, "NUL");
        assert_fails(parse_page, "\0{}", 3, -EBADMSG, "NUL");
}

static void legacy_lists_are_read(void **state) {
        static const struct {
                const char *data, *names;
        } cases[] = {
                { "list[]=a.test&list[]=b.test", "a.test b.test " },
                { "list[]=b.test\nlist[]=a.test\n", "a.test b.test " },
                { "list[]=a\r\nlist[]=b", "a b " },
                { "list%5B%5D=a&list%5b%5d=b", "a b " },
                { "list&#91&#93=a&list&#91&#93=b", "a b " },
                { "&&list[]=A.", "a " },
                { "list[]=%61", "a " },
                { "list[]=a&#46test", "a.test " },
                { "error=0&list[]=a", NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (cases[i].names)
                        assert_lists(ddns_da_parse_legacy, cases[i].data, cases[i].names);
                else
                        assert_fails(ddns_da_parse_legacy, cases[i].data, strlen(cases[i].data),
                                     -EBADMSG, "a field \"error\"");
}

static void what_is_no_legacy_list_fails(void **state) {
        static const struct {
                const char *data;
                int error;
                const char *said;
        } cases[] = {
                { "", -EBADMSG, "empty" },
                { "&", -EBADMSG, "lists no zones" },
                { "error=1&list[]=a", -EBADMSG, "an error" },
                { "list[]=a&error=2&text=no", -EBADMSG, "an error: no" },
                { "list=a", -EBADMSG, "a field \"list\"" },
                { "list[0]=a", -EBADMSG, "a field \"list[0]\"" },
                { "list%5=a", -EBADMSG, "a field \"list%5\"" },
                { "list%5", -EBADMSG, "a field" },
                { "list[]", -EBADMSG, "the zone name is empty" },
                { "list[]=", -EBADMSG, "the zone name is empty" },
                { "list[]=%", -EBADMSG, "not url-encoded" },
                { "list[]=a%0", -EBADMSG, "not url-encoded" },
                { "list[]=a%0g", -EBADMSG, "not url-encoded" },
                { "list[]=a+b", -EBADMSG, "it lists \"a b\"" },
                { "list[]=a%00", -EBADMSG, "it lists \"a\\x00\"" },
                { "list&#91&#93=a&#", -EBADMSG, "a field \"#\"" },
                { "list&#9", -EBADMSG, "a field \"list\"" },
                { "<html>", -EBADMSG, "HTML" },
                { "{}", -EBADMSG, "a field \"{}\"" },
                { "list[]=a&list[]=b&list[]=c&list[]=d&list[]=e&list[]=f", -EFBIG, "more than 5 zones" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_fails(ddns_da_parse_legacy, cases[i].data, strlen(cases[i].data), cases[i].error,
                             cases[i].said);
}

static void a_page_that_would_take_much_memory_is_refused(void **state) {
        DdnsBuffer b = DDNS_BUFFER_NULL;

        ddns_buffer_append_text(&b, "{\"0\":[0");
        for (size_t i = 0; i < 3000000; i++)
                ddns_buffer_append_text(&b, ",0");
        ddns_buffer_append_text(&b, "]}");
        assert_fails(parse_page, b.data, b.size, -EFBIG, "more JSON values");
        ddns_buffer_done(&b);
}

static DdnsDaListing listing_of(const char *text) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames names = { .max = MAX };
        DdnsDaListing listing = DDNS_DA_LISTING_NULL;

        if (*text)
                assert_int_equal(ddns_da_parse_legacy(text, strlen(text), &names, NULL), 0);
        assert_int_equal(ddns_da_names_sort(&names, &listing, NULL), 0);
        return listing;
}

static void a_name_that_is_there_twice_is_found(void **state) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames names = { .max = MAX };
        DdnsDaListing listing = DDNS_DA_LISTING_NULL;
        DdnsMessage message;

        assert_int_equal(ddns_da_parse_legacy("list[]=b&list[]=a&list[]=B.", 27, &names, NULL), 0);
        assert_int_equal(ddns_da_names_sort(&names, &listing, &message), -ESTALE);
        assert_string_equal(message.text, "it lists b twice");
        assert_null(listing.zones);
}

static void merging_keeps_what_either_has(void **state) {
        static const struct {
                const char *a, *b, *expected;
        } cases[] = {
                { "", "", "" },
                { "list[]=a", "", "a " },
                { "", "list[]=a", "a " },
                { "list[]=a&list[]=c", "list[]=b&list[]=c&list[]=d", "a b c d " },
                { "list[]=x", "list[]=x", "x " },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_cleanup(ddns_da_listing_done) DdnsDaListing a = listing_of(cases[i].a);
                ddns_cleanup(ddns_da_listing_done) DdnsDaListing b = listing_of(cases[i].b);
                char text[64] = "";

                assert_int_equal(ddns_da_listing_merge(&a, &b), 0);
                assert_int_equal(b.n, 0);
                for (size_t k = 0; k < a.n; k++) {
                        strcat(strcat(text, a.zones[k].name), " ");
                        assert_true(ddns_da_listing_has(&a, a.zones[k].name));
                }
                assert_string_equal(text, cases[i].expected);
                assert_false(ddns_da_listing_has(&a, "e"));
        }
}

static void quotes_are_printable_and_bounded(void **state) {
        char quoted[DDNS_DA_QUOTE_MAX], binary[300];

        assert_string_equal(ddns_da_quote("a\x1b\xff\0b", 5, quoted), "a\\x1b\\xff\\x00b");
        assert_string_equal(ddns_da_quote("", 0, quoted), "");
        for (size_t size = 0; size < sizeof binary; size++) {
                memset(binary, size % 2 ? 'x' : '\n', size);
                assert_in_range(strlen(ddns_da_quote(binary, size, quoted)), size > 100 ? 100 : size,
                                DDNS_DA_QUOTE_MAX - 1);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(pages_are_read),
                cmocka_unit_test(what_is_no_page_fails),
                cmocka_unit_test(legacy_lists_are_read),
                cmocka_unit_test(what_is_no_legacy_list_fails),
                cmocka_unit_test(a_page_that_would_take_much_memory_is_refused),
                cmocka_unit_test(a_name_that_is_there_twice_is_found),
                cmocka_unit_test(merging_keeps_what_either_has),
                cmocka_unit_test(quotes_are_printable_and_bounded),
        };

        return cmocka_run_group_tests_name("directadmin", tests, NULL, NULL);
}
