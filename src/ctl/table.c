/* SPDX-License-Identifier: MIT */
/* Table layout. */
#include <assert.h>
#include <string.h>

#include "ctl/table.h"
#include "ctl/text.h"

void ddns_table_add_column(DdnsTable *t, bool right) {
        assert(t->n_cells == 0 && t->n_columns < DDNS_TABLE_COLUMNS_MAX);
        t->right[t->n_columns++] = right;
}

void ddns_table_add(DdnsTable *t, const char *text, DdnsTone tone) {
        size_t *width = &t->width[t->n_cells++ % t->n_columns];

        ddns_buffer_append_byte(&t->cells, (char) tone);
        size_t before = t->cells.size;
        ddns_escape(&t->cells, text && *text ? text : "-");
        if (t->cells.size - before > *width)
                *width = t->cells.size - before;
        ddns_buffer_append_byte(&t->cells, '\0');
}

static void print_cell(const DdnsTable *t, size_t column, const char *text, DdnsTone tone, FILE *f,
                       bool color) {
        static const char *const colors[] = {
                [DDNS_TONE_GOOD] = "\033[32m",
                [DDNS_TONE_WARNING] = "\033[33m",
                [DDNS_TONE_BAD] = "\033[31m",
        };
        bool last = column + 1 == t->n_columns, colored = color && tone != DDNS_TONE_PLAIN;
        int padding = (int) (t->width[column] - strlen(text));

        if (t->right[column])
                (void) fprintf(f, "%*s", padding, "");
        (void) fprintf(f, "%s%s%s", colored ? colors[tone] : "", text, colored ? "\033[0m" : "");
        if (!t->right[column] && !last)
                (void) fprintf(f, "%*s", padding, "");
        (void) fputs(last ? "\n" : "  ", f);
}

int ddns_table_print(const DdnsTable *t, FILE *f, bool color) {
        const char *p = t->cells.data;

        int r = ddns_buffer_status(&t->cells);
        if (r < 0)
                return r;
        for (size_t i = 0; i < t->n_cells; i++) {
                print_cell(t, i % t->n_columns, p + 1, (DdnsTone) *p, f, color);
                p += strlen(p + 1) + 2;
        }
        return 0;
}

void ddns_table_done(DdnsTable *t) {
        ddns_buffer_done(&t->cells);
        *t = DDNS_TABLE_NULL;
}
