/* SPDX-License-Identifier: MIT */
/* How the backends are: rows for status, and the verbs backends and resync. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "ctl/backends.h"

/* clang-format off */
/* The same values with less for people, who see them between other tables. */
const DdnsColumn ddns_backend_columns[DDNS_BACKEND_COLUMNS] = {
        { "backend",    "Backend",    DDNS_COLUMN_PLAIN },
        { "state",      "State",      DDNS_COLUMN_PLAIN },
        { "since",      "Since",      DDNS_COLUMN_PLAIN },
        { "pending",    "Pending",    DDNS_COLUMN_RIGHT },
        { "written",    "Written",    DDNS_COLUMN_RIGHT },
        { "deferred",   "Deferred",   DDNS_COLUMN_RIGHT },
        { "dead",       "Dead",       DDNS_COLUMN_RIGHT },
        { "oldest",     "Oldest",     DDNS_COLUMN_PLAIN },
        { "delay",      NULL,         DDNS_COLUMN_JSON },
        { "cursor",     NULL,         DDNS_COLUMN_JSON },
        { "failures",   NULL,         DDNS_COLUMN_JSON },
        { "due",        "Next try",   DDNS_COLUMN_PLAIN },
        { "last_error", "Last error", DDNS_COLUMN_PLAIN },
};

static const DdnsColumn all_columns[DDNS_BACKEND_COLUMNS] = {
        { "backend",    "Backend",    DDNS_COLUMN_PLAIN },
        { "state",      "State",      DDNS_COLUMN_PLAIN },
        { "since",      "Since",      DDNS_COLUMN_PLAIN },
        { "pending",    "Pending",    DDNS_COLUMN_RIGHT },
        { "written",    "Written",    DDNS_COLUMN_RIGHT },
        { "deferred",   "Deferred",   DDNS_COLUMN_RIGHT },
        { "dead",       "Dead",       DDNS_COLUMN_RIGHT },
        { "oldest",     "Oldest",     DDNS_COLUMN_PLAIN },
        { "delay",      "Delay",      DDNS_COLUMN_RIGHT },
        { "cursor",     "Cursor",     DDNS_COLUMN_RIGHT },
        { "failures",   NULL,         DDNS_COLUMN_JSON },
        { "due",        "Next try",   DDNS_COLUMN_PLAIN },
        { "last_error", "Last error", DDNS_COLUMN_PLAIN },
};
/* clang-format on */

static void add_state(DdnsListing *l, const DdnsBackendRow *row) {
        if (row->failures > 0)
                ddns_listing_text(l, "down", DDNS_TONE_BAD);
        else if (row->since_usec > 0)
                ddns_listing_text(l, "up", DDNS_TONE_GOOD);
        else
                ddns_listing_text(l, "new", DDNS_TONE_PLAIN);
}

static int add_row(const DdnsBackendRow *row, void *userdata) {
        DdnsListing *l = userdata;

        ddns_listing_text(l, row->name, DDNS_TONE_PLAIN);
        add_state(l, row);
        ddns_listing_time(l, row->since_usec);
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
        return 0;
}

int ddns_ctl_list_backends(DdnsCtl *c, uint64_t zones, DdnsListing *l) {
        int r = ddns_store_each_backend(c->store, add_row, l);

        for (size_t i = 0; i < c->config.n_backends && r >= 0; i++) {
                const char *name = c->config.backends[i].name;

                r = ddns_ctl_is_met(c, name);
                if (r == 0)
                        (void) add_row(&(DdnsBackendRow){ .name = name, .pending = zones }, l);
        }
        return r < 0 ? r : 0;
}

int ddns_verb_backends(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
        DdnsStoreCounts counts;

        ddns_listing_init(&l, ddns_ctl_table_shape(c), all_columns, ARRAY_SIZE(all_columns),
                          c->now_usec);
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
