/* SPDX-License-Identifier: MIT */
/* Rows in memory: copies that stay where they are, in one order. */
#include <stdio.h>
#include <string.h>

#include "deliver/sql-rows.h"
#include "test.h"

static void add(DdnsSqlRows *r, uint64_t id, const char *a, const char *b) {
        const DdnsMysqlValue cells[] = { ddns_mysql_text(a), ddns_mysql_text(b) };

        assert_int_equal(ddns_sql_rows_add(r, id, cells, 2), 0);
}

static void assert_cell(const DdnsMysqlValue *cell, const char *want) {
        assert_int_equal(cell->size, strlen(want));
        assert_memory_equal(cell->text, want, cell->size);
}

static void cells_are_copies_that_outlive_their_originals(void **state) {
        ddns_cleanup(ddns_sql_rows_done) DdnsSqlRows r = DDNS_SQL_ROWS_NULL;
        char text[100];

        for (int i = 0; i < 20000; i++) {
                (void) snprintf(text, sizeof text, "%d", i);
                add(&r, (uint64_t) i, text, i % 2 ? NULL : "");
                memset(text, 'x', sizeof text - 1);
        }
        assert_int_equal(r.n, 20000);
        for (int i = 0; i < 20000; i++) {
                (void) snprintf(text, sizeof text, "%d", i);
                assert_cell(&r.rows[i].cells[0], text);
                assert_int_equal(r.rows[i].id, i);
                assert_int_equal(r.rows[i].cells[1].text == NULL, i % 2);
                assert_null(r.rows[i].cells[2].text);
        }
}

static void a_cell_may_be_larger_than_any_block(void **state) {
        ddns_cleanup(ddns_sql_rows_done) DdnsSqlRows r = DDNS_SQL_ROWS_NULL;
        char *large = malloc(300001);

        assert_non_null(large);
        memset(large, 'a', 300000);
        large[300000] = '\0';
        add(&r, 1, "small", "small");
        add(&r, 2, large, "behind");
        add(&r, 3, "small", "again");
        assert_cell(&r.rows[1].cells[0], large);
        assert_cell(&r.rows[1].cells[1], "behind");
        assert_cell(&r.rows[2].cells[1], "again");
        free(large);
}

static void rows_sort_cell_by_cell_with_null_first_and_ids_last(void **state) {
        ddns_cleanup(ddns_sql_rows_done) DdnsSqlRows r = DDNS_SQL_ROWS_NULL;

        add(&r, 3, "b", NULL);
        add(&r, 9, "a", "x");
        add(&r, 7, "a", "x");
        add(&r, 1, "ab", "");
        add(&r, 2, "a", "\xff");
        add(&r, 4, "a", "");
        add(&r, 5, "a", NULL);
        add(&r, 6, NULL, "z");
        ddns_sql_rows_sort(&r, 2);

        const uint64_t want[] = { 6, 5, 4, 7, 9, 2, 1, 3 };
        for (size_t i = 0; i < r.n; i++)
                assert_int_equal(r.rows[i].id, want[i]);
        assert_int_equal(ddns_sql_rows_compare(&r.rows[0], &r.rows[0], 2), 0);
        assert_true(ddns_sql_rows_compare(&r.rows[3], &r.rows[4], 2) < 0);
        r.rows[4].id = r.rows[3].id;
        assert_int_equal(ddns_sql_rows_compare(&r.rows[3], &r.rows[4], 2), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cells_are_copies_that_outlive_their_originals),
                cmocka_unit_test(a_cell_may_be_larger_than_any_block),
                cmocka_unit_test(rows_sort_cell_by_cell_with_null_first_and_ids_last),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
