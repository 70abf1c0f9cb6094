/* SPDX-License-Identifier: MIT */
/* How the backends are: rows for status, and the verbs backends and resync. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/backends.h"
#include "ctl/text.h"
#include "store/reconcile.h"

/* clang-format off */
/* One set of values; a table that stands between others shows people less of it. */
#define COLUMNS(delay, cursor, shown)                    \
        { "backend",    "Backend",  DDNS_COLUMN_PLAIN }, \
        { NULL,         "State",    DDNS_COLUMN_PLAIN }, \
        { "state",      NULL,       DDNS_COLUMN_JSON },  \
        { "since",      NULL,       DDNS_COLUMN_JSON },  \
        { "pending",    "Pending",  DDNS_COLUMN_RIGHT }, \
        { "written",    "Written",  DDNS_COLUMN_RIGHT }, \
        { "deferred",   "Deferred", DDNS_COLUMN_RIGHT }, \
        { "dead",       "Dead",     DDNS_COLUMN_RIGHT }, \
        { "oldest",     "Oldest",   DDNS_COLUMN_RIGHT | DDNS_COLUMN_AGE }, \
        { "delay",      delay,      shown },             \
        { "cursor",     cursor,     shown },             \
        { "failures",   NULL,       DDNS_COLUMN_JSON },  \
        { "due",        NULL,       DDNS_COLUMN_JSON },  \
        { "last_error", NULL,       DDNS_COLUMN_JSON },  \
        { "compared",       NULL,   DDNS_COLUMN_JSON },  \
        { "compared_zones", NULL,   DDNS_COLUMN_JSON },  \
        { "differed",       NULL,   DDNS_COLUMN_JSON },  \
        { "foreign",        NULL,   DDNS_COLUMN_JSON },  \
        { "compare_error",  NULL,   DDNS_COLUMN_JSON },

const DdnsColumn ddns_backend_columns[DDNS_BACKEND_COLUMNS] = { COLUMNS(NULL, NULL, DDNS_COLUMN_JSON) };
static const DdnsColumn all_columns[DDNS_BACKEND_COLUMNS] = { COLUMNS("Delay", "Cursor", DDNS_COLUMN_RIGHT) };
/* clang-format on */

typedef struct Rows {
        DdnsCtl *ctl;
        DdnsListing *listing;
        DdnsCtlSeen seen;
        uint64_t zones; /* owed to a backend that is not met */
} Rows;

static void rows_done(Rows *rows) {
        free(rows->seen.backends);
}

static const char *state_of(const DdnsBackendRow *row, DdnsTone *ret_tone) {
        *ret_tone = row->failures > 0     ? DDNS_TONE_BAD
                    : row->since_usec > 0 ? DDNS_TONE_GOOD
                                          : DDNS_TONE_PLAIN;
        return row->failures > 0 ? "down" : row->since_usec > 0 ? "up" : "new";
}

/* "down 2min" */
static void add_state(DdnsListing *l, const DdnsBackendRow *row) {
        char distance[DDNS_TIME_TEXT_MAX] = "", both[DDNS_TIME_TEXT_MAX + 8];
        DdnsTone tone;
        const char *state = state_of(row, &tone);

        if (row->since_usec > 0)
                ddns_time_distance(row->since_usec, l->now_usec, distance);
        (void) snprintf(both, sizeof both, "%s%s%s", state, distance[0] ? " " : "", distance);
        ddns_listing_text(l, both, tone);
        ddns_listing_text(l, state, tone);
        ddns_listing_time(l, row->since_usec);
}

/* A backend that nothing waits for is not tried. */
static void add_next_try(DdnsBuffer *b, const DdnsBackendRow *row, uint64_t now_usec) {
        char due[DDNS_TIME_TEXT_MAX] = "is due";

        if (row->pending + row->deferred == 0)
                return;
        if (row->due_usec > now_usec)
                ddns_time_relative(row->due_usec, now_usec, due);
        ddns_buffer_append_format(b, "; next try %s", due);
}

static void add_remark(DdnsListing *l, const DdnsBackendRow *row) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;

        if (!row->error)
                return;
        ddns_buffer_append_text(&text, row->error);
        if (row->failures > 0)
                add_next_try(&text, row, l->now_usec);
        ddns_listing_remark(l, row->name, ddns_buffer_status(&text) < 0 ? row->error : text.data,
                            DDNS_TONE_PLAIN);
}

/* What the last comparison found, if it is worth a line. */
static void add_finding(DdnsListing *l, const char *name, const DdnsComparison *c) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer text = DDNS_BUFFER_NULL;
        char when[DDNS_TIME_TEXT_MAX] = "not yet";

        if (l->columns != all_columns || (c->differed == 0 && c->foreign == 0 && !c->error[0]))
                return;
        if (c->ended_usec > 0)
                ddns_time_relative(c->ended_usec, l->now_usec, when);
        ddns_buffer_append_format(&text,
                                  "compared %s: %" PRIu64 " of %" PRIu64 " zones differed, %" PRIu64
                                  " are not ours%s%s",
                                  when, c->differed, c->compared, c->foreign, c->error[0] ? "; " : "",
                                  c->error);
        if (ddns_buffer_status(&text) < 0)
                l->failed = true;
        else
                ddns_listing_remark(l, name, text.data, DDNS_TONE_PLAIN);
}

static void add_comparison(DdnsListing *l, const char *name, const DdnsComparison *c) {
        ddns_listing_time(l, c->ended_usec);
        ddns_listing_number(l, c->compared, DDNS_TONE_PLAIN);
        ddns_listing_number(l, c->differed, DDNS_TONE_PLAIN);
        ddns_listing_number(l, c->foreign, DDNS_TONE_PLAIN);
        ddns_listing_text(l, c->error, DDNS_TONE_PLAIN);
        add_finding(l, name, c);
}

static void add_row(DdnsListing *l, const DdnsBackendRow *row, const DdnsComparison *comparison) {
        ddns_listing_text(l, row->name, DDNS_TONE_PLAIN);
        add_state(l, row);
        ddns_listing_number(l, row->pending, row->pending > 0 ? DDNS_TONE_WARNING : DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->written, DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->deferred, row->deferred > 0 ? DDNS_TONE_WARNING : DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->dead, row->dead > 0 ? DDNS_TONE_BAD : DDNS_TONE_PLAIN);
        ddns_listing_time(l, row->oldest_usec);
        ddns_listing_duration(l, row->delay_usec);
        ddns_listing_number(l, row->cursor, DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->failures, DDNS_TONE_PLAIN);
        ddns_listing_time(l, row->failures > 0 ? row->due_usec : 0);
        ddns_listing_text(l, row->error, DDNS_TONE_PLAIN);
        add_remark(l, row);
        add_comparison(l, row->name, comparison);
}

static int add_met(const DdnsBackendRow *row, void *userdata) {
        DdnsComparison comparison = { 0 };
        Rows *rows = userdata;

        ddns_ctl_mark_seen(rows->ctl, &rows->seen, row->name);
        int r = ddns_store_get_comparison(rows->ctl->store, row->name, &comparison);
        if (r < 0 && r != -ENOENT)
                return r;
        add_row(rows->listing, row, &comparison);
        return 0;
}

static void add_new(const char *backend, void *userdata) {
        const Rows *rows = userdata;

        add_row(rows->listing, &(DdnsBackendRow){ .name = backend, .pending = rows->zones },
                &(DdnsComparison){ 0 });
}

int ddns_ctl_list_backends(DdnsCtl *c, uint64_t zones, DdnsListing *l) {
        ddns_cleanup(rows_done) Rows rows = { .ctl = c, .listing = l, .zones = zones };
        int r = ddns_store_each_backend(c->store, add_met, &rows);

        return r < 0 ? r : ddns_ctl_each_unseen(c, &rows.seen, add_new, &rows);
}

int ddns_verb_backends(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
        DdnsStoreCounts counts;

        ddns_ctl_start_listing(c, &l, all_columns, ARRAY_SIZE(all_columns));
        int r = ddns_store_count(c->store, &counts);
        if (r >= 0)
                r = ddns_ctl_list_backends(c, counts.zones, &l);
        return r < 0 ? ddns_ctl_store_failed(c, r)
                     : ddns_ctl_print_listing(c, &l, "backend", "backends");
}

int ddns_verb_resync(DdnsCtl *c, char *operands[], size_t n) {
        const char *name = operands[0];
        uint64_t zones = 0;

        int r = ddns_ctl_need_backend(c, name);
        if (r != EXIT_SUCCESS)
                return r;
        r = ddns_store_resync(c->store, name, &zones);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        ddns_ctl_wake(c);

        if (c->options & DDNS_CTL_JSON)
                return ddns_ctl_print_json(c, json_pack("{s:s, s:I}", "backend", name, "zones",
                                                        (json_int_t) zones));
        (void) fprintf(c->out, "%s: %" PRIu64 " %s will be delivered again.\n", name, zones,
                       zones == 1 ? "zone" : "zones");
        return EXIT_SUCCESS;
}
