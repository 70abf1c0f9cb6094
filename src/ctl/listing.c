/* SPDX-License-Identifier: MIT */
/* Listings over the table module and jansson. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/listing.h"
#include "ctl/text.h"

#define TITLE_MAX 32

static bool shown(const DdnsListing *l, const DdnsColumn *column) {
        return !(column->flags &
                 (l->shape == DDNS_SHAPE_RECORD ? DDNS_COLUMN_JSON
                                                : DDNS_COLUMN_JSON | DDNS_COLUMN_RECORD));
}

void ddns_listing_init(DdnsListing *l, DdnsShape shape, const DdnsColumn *columns, size_t n_columns,
                       uint64_t now_usec) {
        *l = (DdnsListing){
                .shape = shape, .columns = columns, .n_columns = n_columns, .now_usec = now_usec
        };

        ddns_table_add_column(&l->remarks, false);
        if (shape == DDNS_SHAPE_JSON) {
                l->rows = json_array();
                l->failed = !l->rows;
        } else if (shape == DDNS_SHAPE_RECORD) {
                ddns_table_add_column(&l->table, true);
                ddns_table_add_column(&l->table, false);
        } else
                for (size_t i = 0; i < n_columns; i++)
                        if (shown(l, &columns[i]))
                                ddns_table_add_column(&l->table, columns[i].flags & DDNS_COLUMN_RIGHT);
}

void ddns_listing_stream(DdnsListing *l, FILE *f) {
        if (l->shape == DDNS_SHAPE_JSON)
                l->stream = f;
}

/* As json_dumpf() prints it within an array. */
static void print_row(DdnsListing *l) {
        ddns_cleanup(ddns_freep) char *text = l->failed ? NULL : json_dumps(l->row, JSON_INDENT(2));
        const char *before = l->n_rows > 1 ? "," : "[";

        json_decref(TAKE_PTR(l->row));
        if (!text) {
                l->failed = true;
                return;
        }
        for (char *saved = NULL, *line = strtok_r(text, "\n", &saved); line;
             line = strtok_r(NULL, "\n", &saved)) {
                (void) fprintf(l->stream, "%s\n  %s", before, line);
                before = "";
        }
}

int ddns_listing_end_stream(DdnsListing *l) {
        if (l->row)
                print_row(l);
        if (l->failed)
                return -ENOMEM;
        (void) fputs(l->n_rows > 0 ? "\n]\n" : "[]\n", l->stream);
        return 0;
}

void ddns_listing_done(DdnsListing *l) {
        if (l->stream)
                json_decref(l->row);
        json_decref(l->rows);
        ddns_table_done(&l->table);
        ddns_table_done(&l->remarks);
        *l = DDNS_LISTING_NULL;
}

static void add_header(DdnsListing *l) {
        for (size_t i = 0; i < l->n_columns; i++) {
                char title[TITLE_MAX] = "";

                if (!shown(l, &l->columns[i]))
                        continue;
                for (size_t j = 0; l->columns[i].title[j] && j < sizeof title - 1; j++)
                        title[j] = (char) toupper((unsigned char) l->columns[i].title[j]);
                ddns_table_add(&l->table, title, DDNS_TONE_PLAIN);
        }
}

static void start_json_row(DdnsListing *l) {
        if (l->stream && l->row)
                print_row(l);
        l->row = json_object();
        if (!l->row || (!l->stream && json_array_append_new(l->rows, l->row) < 0))
                l->failed = true;
}

/* Starts a row if the last one is complete, and goes to its next column. */
static const DdnsColumn *next_column(DdnsListing *l) {
        if (l->next == l->n_columns)
                l->next = 0;
        if (l->next == 0) {
                if (l->shape == DDNS_SHAPE_TABLE && l->n_rows == 0)
                        add_header(l);
                if (l->shape == DDNS_SHAPE_JSON)
                        start_json_row(l);
                l->n_rows++;
        }
        return &l->columns[l->next++];
}

static void put_json(DdnsListing *l, const char *key, json_t *value) {
        if (l->failed || !key)
                json_decref(value);
        else if (json_object_set_new(l->row, key, value) < 0)
                l->failed = true;
}

static void put_cell(DdnsListing *l, const DdnsColumn *column, const char *text, DdnsTone tone) {
        char title[TITLE_MAX];

        if (!shown(l, column))
                return;
        if (l->shape == DDNS_SHAPE_RECORD) {
                (void) snprintf(title, sizeof title, "%s:", column->title);
                ddns_table_add(&l->table, title, DDNS_TONE_PLAIN);
        }
        ddns_table_add(&l->table, text, tone);
}

json_t *ddns_json_text(const char *text) {
        if (!text || !*text)
                return json_null();

        json_t *value = json_string(text); /* NULL also if it is not UTF-8 */
        if (value)
                return value;
        ddns_cleanup(ddns_buffer_done) DdnsBuffer escaped = DDNS_BUFFER_NULL;
        ddns_escape(&escaped, text);
        return ddns_buffer_status(&escaped) < 0 ? NULL : json_string(escaped.data);
}

void ddns_listing_text(DdnsListing *l, const char *text, DdnsTone tone) {
        const DdnsColumn *column = next_column(l);

        if (l->shape == DDNS_SHAPE_JSON)
                put_json(l, column->key, ddns_json_text(text));
        else
                put_cell(l, column, text, tone);
}

void ddns_listing_number(DdnsListing *l, uint64_t number, DdnsTone tone) {
        const DdnsColumn *column = next_column(l);
        char text[24];

        if (l->shape == DDNS_SHAPE_JSON) {
                put_json(l, column->key, json_integer((json_int_t) number));
                return;
        }
        (void) snprintf(text, sizeof text, "%" PRIu64, number);
        put_cell(l, column, text, tone);
}

void ddns_listing_real(DdnsListing *l, double number) {
        const DdnsColumn *column = next_column(l);

        if (l->shape == DDNS_SHAPE_JSON)
                put_json(l, column->key, json_real(number));
        else
                put_cell(l, column, NULL, DDNS_TONE_PLAIN);
}

void ddns_listing_bool(DdnsListing *l, bool value) {
        const DdnsColumn *column = next_column(l);

        if (l->shape == DDNS_SHAPE_JSON)
                put_json(l, column->key, json_boolean(value));
        else
                put_cell(l, column, value ? "yes" : "no", DDNS_TONE_PLAIN);
}

static void put_json_usec(DdnsListing *l, const char *key, uint64_t usec) {
        char full[TITLE_MAX + 8];

        (void) snprintf(full, sizeof full, "%s_usec", key);
        put_json(l, full, usec > 0 ? json_integer((json_int_t) usec) : json_null());
}

static void put_json_time(DdnsListing *l, const char *key, uint64_t usec) {
        char iso[DDNS_TIME_TEXT_MAX] = "";

        if (usec > 0)
                ddns_time_iso(usec, iso);
        put_json(l, key, ddns_json_text(iso));
        put_json_usec(l, key, usec);
}

void ddns_listing_time(DdnsListing *l, uint64_t usec) {
        const DdnsColumn *column = next_column(l);
        char relative[DDNS_TIME_TEXT_MAX], local[DDNS_TIME_TEXT_MAX], both[2 * DDNS_TIME_TEXT_MAX + 4];

        if (l->shape == DDNS_SHAPE_JSON) {
                put_json_time(l, column->key, usec);
                return;
        }
        if (usec == 0) {
                put_cell(l, column, NULL, DDNS_TONE_PLAIN);
                return;
        }
        if (l->shape != DDNS_SHAPE_RECORD && (column->flags & DDNS_COLUMN_AGE))
                ddns_time_distance(usec, l->now_usec, relative);
        else
                ddns_time_relative(usec, l->now_usec, relative);
        ddns_time_local(usec, local);
        (void) snprintf(both, sizeof both, "%s (%s)", local, relative);
        put_cell(l, column, l->shape == DDNS_SHAPE_RECORD ? both : relative, DDNS_TONE_PLAIN);
}

void ddns_listing_duration(DdnsListing *l, uint64_t usec) {
        const DdnsColumn *column = next_column(l);
        char text[DDNS_TIME_TEXT_MAX] = "";

        if (usec > 0)
                ddns_duration(usec, text);
        if (l->shape == DDNS_SHAPE_JSON)
                put_json_usec(l, column->key, usec);
        else
                put_cell(l, column, text, DDNS_TONE_PLAIN);
}

void ddns_listing_remark(DdnsListing *l, const char *label, const char *text, DdnsTone tone) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer line = DDNS_BUFFER_NULL;

        if (l->shape != DDNS_SHAPE_TABLE || !text || !*text)
                return;
        ddns_buffer_append_format(&line, "%s: %s", label, text);
        if (ddns_buffer_status(&line) < 0)
                l->failed = true;
        else
                ddns_table_add(&l->remarks, line.data, tone);
}

int ddns_listing_print(const DdnsListing *l, FILE *f, bool color) {
        assert(l->shape != DDNS_SHAPE_JSON && (l->n_rows == 0 || l->next == l->n_columns));
        int r = l->failed ? -ENOMEM : ddns_table_print(&l->table, f, color);

        if (r < 0 || l->remarks.n_cells == 0)
                return r;
        (void) fputc('\n', f);
        return ddns_table_print(&l->remarks, f, color);
}

json_t *ddns_listing_take_array(DdnsListing *l) {
        return l->failed ? NULL : TAKE_PTR(l->rows);
}

json_t *ddns_listing_take_object(DdnsListing *l) {
        return l->failed ? NULL : json_incref(json_array_get(l->rows, 0));
}

void ddns_json_attach(json_t **document, const char *key, json_t *value) {
        if (!*document) {
                json_decref(value);
                return;
        }
        if (json_object_set_new(*document, key, value) < 0) {
                json_decref(*document);
                *document = NULL;
        }
}
