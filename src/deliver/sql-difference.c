/* SPDX-License-Identifier: MIT */
/* What has to be written so that the rows that are there become those that should be. */
#include <errno.h>
#include <string.h>

#include "basic/array.h"
#include "deliver/sql-internal.h"

void ddns_sql_difference_done(DdnsSqlDifference *d) {
        free(d->inserts.items);
        free(d->updates.items);
        free(d->deletes);
        *d = (DdnsSqlDifference){ 0 };
}

int ddns_sql_difference_delete(DdnsSqlDifference *d, uint64_t id) {
        uint64_t *p = ddns_array_grow(d->deletes, d->n_deletes, &d->allocated_deletes, sizeof *p);

        if (!p)
                return -ENOMEM;
        d->deletes = p;
        d->deletes[d->n_deletes++] = id;
        return 0;
}

static int add_change(DdnsSqlChanges *c, DdnsSqlChange change) {
        DdnsSqlChange *p = ddns_array_grow(c->items, c->n, &c->allocated, sizeof *p);

        if (!p)
                return -ENOMEM;
        c->items = p;
        c->items[c->n++] = change;
        return 0;
}

static void keep_ours(const DdnsSqlTable *t, DdnsSqlRows *rows) {
        size_t n = 0;

        for (size_t i = 0; i < rows->n; i++)
                if (!t->is_ours || t->is_ours(&rows->rows[i]))
                        rows->rows[n++] = rows->rows[i];
        rows->n = n;
}

/* Of cells alone: ids are no difference. */
static int compare_cells(const DdnsSqlRow *wanted, DdnsSqlRow stored, size_t n_cells) {
        stored.id = wanted->id;
        return ddns_sql_rows_compare(wanted, &stored, n_cells);
}

typedef struct Side {
        const DdnsSqlRow **rows;
        size_t n;
} Side;

static void side_done(Side *s) {
        free(s->rows);
}

/* Drops from both sides what is on both. */
static int drop_equal(const DdnsSqlTable *t, const DdnsSqlRows *wanted, const DdnsSqlRows *stored,
                      Side *missing, Side *surplus) {
        size_t w = 0, s = 0;

        missing->rows = calloc(wanted->n + 1, sizeof *missing->rows);
        surplus->rows = calloc(stored->n + 1, sizeof *surplus->rows);
        if (!missing->rows || !surplus->rows)
                return -ENOMEM;
        while (w < wanted->n || s < stored->n) {
                int c = w == wanted->n ? 1
                        : s == stored->n
                                        ? -1
                                        : compare_cells(&wanted->rows[w], stored->rows[s], t->n_columns);

                if (c < 0)
                        missing->rows[missing->n++] = &wanted->rows[w];
                if (c > 0)
                        surplus->rows[surplus->n++] = &stored->rows[s];
                w += c <= 0;
                s += c >= 0;
        }
        return 0;
}

/* Makes updates of rows that are alike in the first `n_cells`, and keeps what finds no other. Both sides stay sorted. */
static int pair(DdnsSqlChanges *updates, const DdnsSqlZone *zone, Side *missing, Side *surplus,
                size_t n_cells) {
        size_t w = 0, s = 0, n_missing = 0, n_surplus = 0;
        int r = 0;

        while (r == 0 && (w < missing->n || s < surplus->n)) {
                int c = w == missing->n   ? 1
                        : s == surplus->n ? -1
                                          : compare_cells(missing->rows[w], *surplus->rows[s], n_cells);

                if (c == 0)
                        r = add_change(updates, (DdnsSqlChange){ surplus->rows[s]->id, zone->id_text,
                                                                 missing->rows[w] });
                else if (c < 0)
                        missing->rows[n_missing++] = missing->rows[w];
                else
                        surplus->rows[n_surplus++] = surplus->rows[s];
                w += c <= 0;
                s += c >= 0;
        }
        missing->n = n_missing;
        surplus->n = n_surplus;
        return r;
}

/* Rows that have the cell behind the key in common too, which is the data, go first: no row ever takes what another one has
 * still, which a unique key of an operator's own would refuse. */
int ddns_sql_difference_add(DdnsSqlDifference *d, const DdnsSqlTable *t, DdnsSqlZone *zone,
                            const DdnsSqlRows *wanted) {
        ddns_cleanup(side_done) Side missing = { 0 }, surplus = { 0 };
        int r;

        keep_ours(t, &zone->stored);
        ddns_sql_rows_sort(&zone->stored, t->n_columns);
        r = drop_equal(t, wanted, &zone->stored, &missing, &surplus);
        if (r >= 0)
                r = pair(&d->updates, zone, &missing, &surplus, t->n_key + 1);
        if (r >= 0)
                r = pair(&d->updates, zone, &missing, &surplus, t->n_key);
        for (size_t i = 0; r >= 0 && i < missing.n; i++)
                r = add_change(&d->inserts, (DdnsSqlChange){ 0, zone->id_text, missing.rows[i] });
        for (size_t i = 0; r >= 0 && i < surplus.n; i++)
                r = ddns_sql_difference_delete(d, surplus.rows[i]->id);
        return r;
}
