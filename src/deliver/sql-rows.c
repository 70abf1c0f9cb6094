/* SPDX-License-Identifier: MIT */
/* Rows with their cells in few, large pieces of memory: a batch of zones has many thousands of cells. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/array.h"
#include "deliver/sql-rows.h"

#define TEXT_MIN (4 * 1024) /* a zone like most */
#define TEXT_MAX (64 * 1024)

typedef struct DdnsSqlText {
        struct DdnsSqlText *next; /* an older, full one */
        size_t used, size;
        char data[];
} DdnsSqlText;

void ddns_sql_rows_done(DdnsSqlRows *r) {
        while (r->texts) {
                DdnsSqlText *next = r->texts->next;

                free(r->texts);
                r->texts = next;
        }
        free(r->rows);
        *r = DDNS_SQL_ROWS_NULL;
}

/* Room for `size` octets that stays where it is. */
static char *take_room(DdnsSqlRows *r, size_t size) {
        DdnsSqlText *t = r->texts;

        if (!t || t->size - t->used < size) {
                size_t room = t ? 4 * t->size : TEXT_MIN;

                if (room > TEXT_MAX)
                        room = TEXT_MAX;
                if (room < size)
                        room = size;
                if (room > SIZE_MAX - sizeof *t)
                        return NULL;
                t = malloc(sizeof *t + room);
                if (!t)
                        return NULL;
                *t = (DdnsSqlText){ .next = r->texts, .size = room };
                r->texts = t;
        }
        t->used += size;
        return t->data + t->used - size;
}

int ddns_sql_rows_add(DdnsSqlRows *r, uint64_t id, const DdnsMysqlValue *cells, size_t n) {
        size_t size = 0;

        DdnsSqlRow *rows = ddns_array_grow(r->rows, r->n, &r->allocated, sizeof *rows);
        if (!rows)
                return -ENOMEM;
        r->rows = rows;
        for (size_t i = 0; i < n; i++)
                size += cells[i].text ? cells[i].size : 0;
        char *text = take_room(r, size);
        if (!text)
                return -ENOMEM;

        DdnsSqlRow *row = &r->rows[r->n];
        *row = (DdnsSqlRow){ .id = id };
        for (size_t i = 0; i < n; i++) {
                if (!cells[i].text)
                        continue;
                row->cells[i] = (DdnsMysqlValue){ text, cells[i].size };
                text = mempcpy(text, cells[i].text, cells[i].size);
        }
        r->n++;
        return 0;
}

static int compare_values(const DdnsMysqlValue *a, const DdnsMysqlValue *b) {
        if (!a->text || !b->text)
                return (a->text != NULL) - (b->text != NULL);

        int c = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
        return c != 0 ? c : (a->size > b->size) - (a->size < b->size);
}

int ddns_sql_rows_compare(const DdnsSqlRow *a, const DdnsSqlRow *b, size_t n_cells) {
        for (size_t i = 0; i < n_cells; i++) {
                int c = compare_values(&a->cells[i], &b->cells[i]);

                if (c != 0)
                        return c;
        }
        return (a->id > b->id) - (a->id < b->id);
}

static int compare(const void *a, const void *b, void *n_cells) {
        return ddns_sql_rows_compare(a, b, *(const size_t *) n_cells);
}

void ddns_sql_rows_sort(DdnsSqlRows *r, size_t n_cells) {
        if (r->n > 1)
                qsort_r(r->rows, r->n, sizeof *r->rows, compare, &n_cells);
}
