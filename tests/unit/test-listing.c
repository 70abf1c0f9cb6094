/* SPDX-License-Identifier: MIT */
/* How ddnsctl lays out what it has to say: tables, records, JSON, times, and nothing that steers a terminal. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/listing.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "test.h"

static char *print_table(const DdnsTable *t, bool color) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_int_equal(ddns_table_print(t, f, color), 0);
        (void) fclose(f);
        return text;
}

static void columns_are_as_wide_as_their_widest_cell(void **state) {
        ddns_cleanup(ddns_table_done) DdnsTable t = DDNS_TABLE_NULL;

        ddns_table_add_column(&t, false);
        ddns_table_add_column(&t, true);
        ddns_table_add_column(&t, false);
        for (size_t i = 0; i < 6; i++)
                ddns_table_add(&t, ((const char *[]){ "a", "1", "", "long", "1000", "end" })[i],
                               DDNS_TONE_PLAIN);
        ddns_cleanup(ddns_freep) char *text = print_table(&t, true);
        assert_string_equal(text, "a        1  -\n"
                                  "long  1000  end\n");
}

static void colours_leave_the_layout_alone(void **state) {
        ddns_cleanup(ddns_table_done) DdnsTable t = DDNS_TABLE_NULL;

        ddns_table_add_column(&t, false);
        ddns_table_add_column(&t, false);
        ddns_table_add(&t, "dead", DDNS_TONE_BAD);
        ddns_table_add(&t, "x", DDNS_TONE_PLAIN);
        ddns_table_add(&t, "served", DDNS_TONE_GOOD);
        ddns_table_add(&t, "y", DDNS_TONE_PLAIN);
        ddns_cleanup(ddns_freep) char *colored = print_table(&t, true), *plain = print_table(&t, false);
        assert_string_equal(colored, "\033[31mdead\033[0m    x\n\033[32mserved\033[0m  y\n");
        assert_string_equal(plain, "dead    x\nserved  y\n");
}

static void durations_say_as_much_as_matters(void **state) {
        static const struct {
                uint64_t usec;
                const char *text;
        } cases[] = {
                { 0, "0us" },
                { 999, "999us" },
                { 1000, "1ms" },
                { 1500, "1.5ms" },
                { 12500, "12ms" },
                { 9 * USEC_PER_SEC + 990 * USEC_PER_MSEC, "9.9s" },
                { 59 * USEC_PER_SEC, "59s" },
                { 90 * USEC_PER_SEC, "1.5min" },
                { 7200 * USEC_PER_SEC, "2h" },
                { 30 * 86400 * USEC_PER_SEC, "30d" },
        };
        char text[DDNS_TIME_TEXT_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_duration(cases[i].usec, text);
                assert_string_equal(text, cases[i].text);
        }
}

static void no_byte_of_a_master_steers_the_terminal(void **state) {
        ddns_cleanup(ddns_table_done) DdnsTable t = DDNS_TABLE_NULL;

        ddns_table_add_column(&t, false);
        ddns_table_add(&t, "a\033[2J\r\nb\t\xc2\x9b", DDNS_TONE_PLAIN);
        ddns_cleanup(ddns_freep) char *text = print_table(&t, true);
        assert_string_equal(text, "a\\x1b[2J\\x0d\\nb\\t\\xc2\\x9b\n");
}

static void times_are_relative_for_people_and_iso_for_programs(void **state) {
        static const struct {
                int64_t offset; /* seconds */
                const char *text;
                /* clang-format off */
        } cases[] = {
                { 0, "now" },       { -1, "1s ago" },     { -59, "59s ago" },      { -60, "1min ago" },
                { -7199, "1h ago" }, { -86400, "1d ago" }, { -400 * 86400, "400d ago" }, { 125, "in 2min" },
        };
        /* clang-format on */
        const uint64_t now = UINT64_C(1800000000000042);
        char text[DDNS_TIME_TEXT_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_time_relative(now + (uint64_t) (cases[i].offset * (int64_t) USEC_PER_SEC), now,
                                   text);
                assert_string_equal(text, cases[i].text);
        }
        ddns_time_iso(now, text);
        assert_string_equal(text, "2027-01-15T08:00:00.000042Z");
        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        tzset();
        ddns_time_local(now, text);
        assert_string_equal(text, "Fri 2027-01-15 08:00:00 UTC");
}

static void a_row_is_the_same_in_table_record_and_json(void **state) {
        /* clang-format off */
        static const DdnsColumn columns[] = {
                { "name", "Name", DDNS_COLUMN_PLAIN },
                { "count", "Count", DDNS_COLUMN_RIGHT },
                { "at", "At", DDNS_COLUMN_PLAIN },
                { "more", "More", DDNS_COLUMN_RECORD },
                { "secret", NULL, DDNS_COLUMN_JSON },
        };
        static const char *const expected[] = {
                [DDNS_SHAPE_TABLE] = "NAME     COUNT  AT\nb\\xff\\n      7  2min ago\n",
                [DDNS_SHAPE_BARE_TABLE] = "b\\xff\\n  7  2min ago\n",
                [DDNS_SHAPE_RECORD] = (" Name:  b\\xff\\n\nCount:  7\n   At:  Fri 2027-01-15 08:00:00 UTC (2min ago)\n"
                                       " More:  yes\n"),
        };
        /* clang-format on */

        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        tzset();
        for (DdnsShape shape = DDNS_SHAPE_TABLE; shape <= DDNS_SHAPE_JSON; shape++) {
                ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
                ddns_cleanup(ddns_freep) char *text = NULL;
                size_t size;

                ddns_listing_init(&l, shape, columns, ARRAY_SIZE(columns), UINT64_C(1800000120000000));
                ddns_listing_text(&l, "b\xff\n", DDNS_TONE_PLAIN);
                ddns_listing_number(&l, 7, DDNS_TONE_PLAIN);
                ddns_listing_time(&l, UINT64_C(1800000000000000));
                ddns_listing_bool(&l, true);
                ddns_listing_text(&l, NULL, DDNS_TONE_PLAIN);

                if (shape == DDNS_SHAPE_JSON) {
                        ddns_cleanup(ddns_json_decrefp) json_t *object = ddns_listing_take_object(&l);
                        text = json_dumps(object, JSON_COMPACT);
                        assert_string_equal(text, "{\"name\":\"b\\\\xff\\\\n\",\"count\":7,"
                                                  "\"at\":\"2027-01-15T08:00:00.000000Z\",\"at_usec\":"
                                                  "1800000000000000,"
                                                  "\"more\":true,\"secret\":null}");
                        continue;
                }
                FILE *f = open_memstream(&text, &size);
                assert_int_equal(ddns_listing_print(&l, f, false), 0);
                (void) fclose(f);
                assert_string_equal(text, expected[shape]);
        }
}

static void remarks_stand_below_a_table_and_nowhere_else(void **state) {
        static const DdnsColumn columns[] = { { "name", "Name", DDNS_COLUMN_PLAIN },
                                              { NULL, "For people", DDNS_COLUMN_PLAIN },
                                              { "at", "Age", DDNS_COLUMN_RIGHT | DDNS_COLUMN_AGE } };
        static const char *const expected[DDNS_SHAPE_JSON] = {
                [DDNS_SHAPE_TABLE] =
                                "NAME  FOR PEOPLE   AGE\na     x           2min\n\na: went \\x1b[2J wrong\n",
                [DDNS_SHAPE_BARE_TABLE] = "a  x  2min\n",
        };

        for (DdnsShape shape = DDNS_SHAPE_TABLE; shape <= DDNS_SHAPE_JSON; shape++) {
                ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
                ddns_cleanup(ddns_freep) char *text = NULL;
                size_t size;

                ddns_listing_init(&l, shape, columns, ARRAY_SIZE(columns), UINT64_C(1800000120000000));
                ddns_listing_text(&l, "a", DDNS_TONE_PLAIN);
                ddns_listing_text(&l, "x", DDNS_TONE_PLAIN);
                ddns_listing_time(&l, UINT64_C(1800000000000000));
                ddns_listing_remark(&l, "a", "went \033[2J wrong", DDNS_TONE_PLAIN);
                ddns_listing_remark(&l, "a", "", DDNS_TONE_PLAIN);
                ddns_listing_remark(&l, "a", NULL, DDNS_TONE_PLAIN);

                if (shape == DDNS_SHAPE_JSON) {
                        ddns_cleanup(ddns_json_decrefp) json_t *object = ddns_listing_take_object(&l);
                        assert_int_equal(json_object_size(object), 3); /* name, at, at_usec */
                        continue;
                }
                FILE *f = open_memstream(&text, &size);
                assert_int_equal(ddns_listing_print(&l, f, false), 0);
                (void) fclose(f);
                if (expected[shape])
                        assert_string_equal(text, expected[shape]);
                else
                        assert_null(strstr(text, "wrong"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
                cmocka_unit_test(colours_leave_the_layout_alone),
                cmocka_unit_test(durations_say_as_much_as_matters),
                cmocka_unit_test(no_byte_of_a_master_steers_the_terminal),
                cmocka_unit_test(times_are_relative_for_people_and_iso_for_programs),
                cmocka_unit_test(a_row_is_the_same_in_table_record_and_json),
                cmocka_unit_test(remarks_stand_below_a_table_and_nowhere_else),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
