/* SPDX-License-Identifier: MIT */
/* Forms: decoding, encoding, and the guess whether a body is one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "receiver/form.h"
#include "test.h"

static DdnsForm parse(const char *data, size_t size) {
        DdnsForm form = DDNS_FORM_NULL;

        /* an exact copy on the heap, so that a sanitizer sees each step beyond the end */
        char *copy = malloc(size > 0 ? size : 1);
        assert_non_null(copy);
        memcpy(copy, data, size);
        assert_int_equal(ddns_form_parse(copy, size, &form), 0);
        free(copy);
        return form;
}

static void fields_are_decoded(void **state) {
        static const struct {
                const char *data;
                size_t n;
                const char *name, *value; /* of the first field */
                size_t size;
        } cases[] = {
                { "", 0, NULL, NULL, 0 },
                { "&", 0, NULL, NULL, 0 },
                { "&&&", 0, NULL, NULL, 0 },
                { "=value", 0, NULL, NULL, 0 },
                { "a=b", 1, "a", "b", 1 },
                { "a", 1, "a", "", 0 },
                { "a=", 1, "a", "", 0 },
                { "a&b", 2, "a", "", 0 },
                { "a=b&", 1, "a", "b", 1 },
                { "&a=b", 1, "a", "b", 1 },
                { "=x&a=b", 1, "a", "b", 1 },
                { "a=b=c", 1, "a", "b=c", 3 },
                { "a==", 1, "a", "=", 1 },
                { "a=b+c%2Bd", 1, "a", "b c+d", 5 },
                { "a%3Db=c", 1, "a=b", "c", 1 },
                { "%61+b=%C3%BC", 1, "a b", "\xc3\xbc", 2 },
                { "a=%26%3d&b=c", 2, "a", "&=", 2 },
                { "zone=%00x", 1, "zone", "", 2 },
                { "a=b;c=d", 1, "a", "b;c=d", 5 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                DdnsForm form = parse(cases[i].data, strlen(cases[i].data));

                assert_int_equal(form.n, cases[i].n);
                if (form.n > 0) {
                        assert_string_equal(form.fields[0].name, cases[i].name);
                        assert_int_equal(form.fields[0].name_size, strlen(cases[i].name));
                        assert_string_equal(form.fields[0].value, cases[i].value);
                        assert_int_equal(form.fields[0].size, cases[i].size);
                }
                ddns_form_done(&form);
        }
}

static void every_octet_survives_an_escape(void **state) {
        for (unsigned c = 0; c < 256; c++) {
                char data[16];
                int n = snprintf(data, sizeof data, c % 2 ? "a=%%%02x" : "a=%%%02X", c);
                DdnsForm form = parse(data, (size_t) n);

                assert_int_equal(form.fields[0].size, 1);
                assert_int_equal((unsigned char) form.fields[0].value[0], c);
                ddns_form_done(&form);
        }
}

static void a_name_with_a_nul_is_not_the_name_before_it(void **state) {
        DdnsForm form = parse("action%00=delete&action=exists", 30);

        assert_string_equal(ddns_form_find(&form, "action")->value, "exists");
        assert_null(ddns_form_find(&form, "acti"));
        assert_null(ddns_form_find(&form, ""));
        ddns_form_done(&form);
}

static void of_equal_names_the_first_is_found(void **state) {
        DdnsForm form = parse("a=1&b=2&a=3", 11);

        assert_int_equal(form.n, 3);
        assert_string_equal(ddns_form_find(&form, "a")->value, "1");
        ddns_form_done(&form);
}

static void bad_escapes_are_refused_wherever_they_stand(void **state) {
        static const char *const cases[] = { "%",      "a=%",   "a=%4", "a=%4&b=c",   "a=%g0", "a=%0g",
                                             "%zz=a",  "%=a",   "a=%%", "a=%-1",      "a=%+1", "a=% 1",
                                             "a=b&c%", "a%&b=", "a=%0", "a=%\xc3\xbc" };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                DdnsForm form = DDNS_FORM_NULL;

                assert_int_equal(ddns_form_parse(cases[i], strlen(cases[i]), &form), -EBADMSG);
                assert_null(form.storage); /* untouched */
        }
}

static void the_number_of_fields_is_bounded(void **state) {
        char *data = malloc(2 * DDNS_FORM_FIELDS_MAX + 2);
        DdnsForm form;

        assert_non_null(data);
        for (size_t i = 0; i <= DDNS_FORM_FIELDS_MAX; i++)
                memcpy(data + 2 * i, "a&", 2);

        assert_int_equal(ddns_form_parse(data, 2 * DDNS_FORM_FIELDS_MAX - 1, &form), 0);
        assert_int_equal(form.n, DDNS_FORM_FIELDS_MAX);
        ddns_form_done(&form);
        assert_int_equal(ddns_form_parse(data, 2 * DDNS_FORM_FIELDS_MAX + 1, &form), -EBADMSG);
        free(data);
}

static void a_form_is_told_from_a_zone(void **state) {
        static const struct {
                const char *data;
                bool is;
        } cases[] = {
                { "action=exists", true },
                { "select0=a.test&action=delete", true },
                { "list[]=a", true },
                { "list%5B%5D=a", true },
                { "a=", true },
                { "", false },
                { "=", false },
                { "action", false },
                { "action&a=b", false },
                { "\naction=exists", false },
                { "$TTL 3600\n@ IN SOA a. b. 1 2 3 4 5\n", false },
                { "example.test. IN TXT \"a=b\"\n", false },
                { "; key=value\n", false },
                { "<html a=b>", false },
                { "{\"a\": 1}", false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(ddns_form_looks_like(cases[i].data, strlen(cases[i].data)),
                                 cases[i].is);
        assert_false(ddns_form_looks_like("a\0b=c", 5));
        assert_false(ddns_form_looks_like("abc=", 3)); /* the '=' is beyond the end */
}

static void what_is_appended_is_parsed_as_it_was(void **state) {
        static const char *const values[] = { "",       "plain",          "a b+c", "100%",  "a&b=c",
                                              "\n\r\t", "g\xc3\xbcnther", "-._~",  "\"'<>", "\x7f\xff" };
        DdnsBuffer b = DDNS_BUFFER_NULL;

        for (size_t i = 0; i < ARRAY_SIZE(values); i++)
                ddns_form_append(&b, "key", values[i]);
        assert_int_equal(ddns_buffer_status(&b), 0);
        assert_null(strpbrk(b.data, "+ \n\r\t\"<"));

        DdnsForm form = parse(b.data, b.size);
        assert_int_equal(form.n, ARRAY_SIZE(values));
        for (size_t i = 0; i < form.n; i++)
                assert_string_equal(form.fields[i].value, values[i]);
        ddns_form_done(&form);
        ddns_buffer_done(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fields_are_decoded),
                cmocka_unit_test(every_octet_survives_an_escape),
                cmocka_unit_test(a_name_with_a_nul_is_not_the_name_before_it),
                cmocka_unit_test(of_equal_names_the_first_is_found),
                cmocka_unit_test(bad_escapes_are_refused_wherever_they_stand),
                cmocka_unit_test(the_number_of_fields_is_bounded),
                cmocka_unit_test(a_form_is_told_from_a_zone),
                cmocka_unit_test(what_is_appended_is_parsed_as_it_was),
        };

        return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
