/* SPDX-License-Identifier: MIT */
/* The difference between the rows that are there and those that should be. */
#include <stdio.h>
#include <string.h>

#include "deliver/sql-internal.h"
#include "test.h"

#define ROWS_MAX 12

static bool is_ours(const DdnsSqlRow *row) {
        return row->cells[0].text[0] != 'x';
}

static const DdnsSqlTable table = { .n_columns = 3, .n_key = 2 };
static const DdnsSqlTable shared = { .n_columns = 3, .n_key = 2, .is_ours = is_ours };

/* `text`: "name type data" for each row, rows by commas; ids from 1 on, or none. */
static void add_rows(DdnsSqlRows *rows, const char *text, bool with_ids) {
        ddns_cleanup(ddns_freep) char *copy = strdup(text);
        uint64_t id = 0;
        char *rest = copy;

        for (char *row; (row = strsep(&rest, ",")) && row[0];) {
                DdnsMysqlValue cells[3];

                for (size_t i = 0; i < 3; i++)
                        cells[i] = ddns_mysql_text(strsep(&row, " "));
                assert_int_equal(ddns_sql_rows_add(rows, with_ids ? ++id : 0, cells, 3), 0);
        }
}

static void print_row(char *ret, size_t *n, char sign, uint64_t id, const DdnsSqlRow *row) {
        *n += (size_t) sprintf(ret + *n, "%c%d", sign, (int) id);
        for (size_t i = 0; row && i < 3; i++)
                *n += (size_t) sprintf(ret + *n, " %.*s", (int) row->cells[i].size, row->cells[i].text);
        *n += (size_t) sprintf(ret + *n, ";");
}

static void assert_difference(const DdnsSqlTable *t, const char *stored, const char *wanted,
                              const char *want) {
        ddns_cleanup(ddns_sql_difference_done) DdnsSqlDifference d = { 0 };
        DdnsSqlZone zone = { .id_text = "7" };
        DdnsSqlRows rows = DDNS_SQL_ROWS_NULL;
        char got[2048] = "";
        size_t n = 0;

        add_rows(&zone.stored, stored, true);
        add_rows(&rows, wanted, false);
        ddns_sql_rows_sort(&rows, 3);
        assert_int_equal(ddns_sql_difference_add(&d, t, &zone, &rows), 0);
        for (size_t i = 0; i < d.n_deletes; i++)
                print_row(got, &n, '-', d.deletes[i], NULL);
        for (size_t i = 0; i < d.updates.n; i++)
                print_row(got, &n, '=', d.updates.items[i].id, d.updates.items[i].row);
        for (size_t i = 0; i < d.inserts.n; i++)
                print_row(got, &n, '+', d.inserts.items[i].id, d.inserts.items[i].row);
        assert_string_equal(got, want);
        ddns_sql_rows_done(&zone.stored);
        ddns_sql_rows_done(&rows);
}

static void only_what_differs_is_written(void **state) {
        assert_difference(&table, "a A 1,b A 2", "b A 2,a A 1", "");
        assert_difference(&table, "", "a A 1", "+0 a A 1;");
        assert_difference(&table, "a A 1", "", "-1;");
        assert_difference(&table, "a A 1,b A 2", "a A 1,c A 2", "-2;+0 c A 2;");
}

static void a_changed_row_keeps_its_id(void **state) {
        assert_difference(&table, "a A 1,a A 2,b A 2", "a A 1,a A 3,b A 2", "=2 a A 3;");
        assert_difference(&table, "a A 1", "a A 2,a A 3", "=1 a A 2;+0 a A 3;");
        assert_difference(&table, "a A 1,a A 2", "a A 3", "-2;=1 a A 3;");
        assert_difference(&table, "a A 1", "a B 1", "-1;+0 a B 1;"); /* another key */
}

static void a_row_keeps_its_data_if_only_what_follows_changes(void **state) {
        static const DdnsSqlTable with_ttl = { .n_columns = 3, .n_key = 1 };

        assert_difference(&with_ttl, "a 1 60,a 2 60", "a 2 90,a 3 90", "=2 a 2 90;=1 a 3 90;");
        assert_difference(&with_ttl, "a 1 60,a 2 60,a 3 60", "a 2 90,a 3 90", "-1;=2 a 2 90;=3 a 3 90;");
}

static void doubles_are_surplus(void **state) {
        assert_difference(&table, "a A 1,a A 1,a A 1", "a A 1", "-2;-3;");
        assert_difference(&table, "a A 1,a A 1", "a A 1,a A 2", "=2 a A 2;");
}

static void rows_of_others_are_not_seen(void **state) {
        assert_difference(&shared, "x A 1,a A 1", "a A 1", "");
        assert_difference(&shared, "x A 1,a A 1", "", "-2;");
}

/* Small sets of few values, so that all cases meet: done to the stored rows, the difference makes the wanted ones. */
static void any_difference_leads_to_what_is_wanted(void **state) {
        unsigned seed = 1;

        for (int round = 0; round < 20000; round++) {
                ddns_cleanup(ddns_sql_difference_done) DdnsSqlDifference d = { 0 };
                char stored[ROWS_MAX * 8] = "", wanted[ROWS_MAX * 8] = "";
                DdnsSqlZone zone = { .id_text = "7" };
                DdnsSqlRows rows = DDNS_SQL_ROWS_NULL, result = DDNS_SQL_ROWS_NULL,
                            before = DDNS_SQL_ROWS_NULL;

                for (int i = rand_r(&seed) % ROWS_MAX; i > 0; i--)
                        (void) sprintf(stored + strlen(stored), "%c %c %d,", 'a' + rand_r(&seed) % 3,
                                       'A' + rand_r(&seed) % 2, rand_r(&seed) % 3);
                for (int i = rand_r(&seed) % ROWS_MAX; i > 0; i--)
                        (void) sprintf(wanted + strlen(wanted), "%c %c %d,", 'a' + rand_r(&seed) % 3,
                                       'A' + rand_r(&seed) % 2, rand_r(&seed) % 3);
                add_rows(&zone.stored, stored, true);
                add_rows(&before, stored, true);
                add_rows(&rows, wanted, false);
                ddns_sql_rows_sort(&rows, 3);
                assert_int_equal(ddns_sql_difference_add(&d, &table, &zone, &rows), 0);

                for (size_t i = 0; i < before.n; i++) {
                        const DdnsSqlRow *row = &before.rows[i];
                        bool gone = false;

                        for (size_t k = 0; k < d.n_deletes; k++)
                                gone = gone || d.deletes[k] == row->id;
                        for (size_t k = 0; k < d.updates.n; k++)
                                if (d.updates.items[k].id == before.rows[i].id)
                                        row = d.updates.items[k].row;
                        if (!gone)
                                assert_int_equal(ddns_sql_rows_add(&result, 0, row->cells, 3), 0);
                }
                for (size_t k = 0; k < d.inserts.n; k++)
                        assert_int_equal(ddns_sql_rows_add(&result, 0, d.inserts.items[k].row->cells, 3),
                                         0);
                ddns_sql_rows_sort(&result, 3);
                assert_int_equal(result.n, rows.n);
                for (size_t i = 0; i < rows.n; i++)
                        assert_int_equal(ddns_sql_rows_compare(&result.rows[i], &rows.rows[i], 3), 0);
                ddns_sql_rows_done(&zone.stored);
                ddns_sql_rows_done(&before);
                ddns_sql_rows_done(&rows);
                ddns_sql_rows_done(&result);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_what_differs_is_written),
                cmocka_unit_test(a_changed_row_keeps_its_id),
                cmocka_unit_test(a_row_keeps_its_data_if_only_what_follows_changes),
                cmocka_unit_test(doubles_are_surplus),
                cmocka_unit_test(rows_of_others_are_not_seen),
                cmocka_unit_test(any_difference_leads_to_what_is_wanted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
