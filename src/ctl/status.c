/* SPDX-License-Identifier: MIT */
/* The verbs status (counts, backends, masters, refused pushes, reconciliation) and masters. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/backends.h"
#include "ctl/masters.h"
#include "ctl/pass.h"

#define RECENT_USEC (24 * 3600 * USEC_PER_SEC)

/* clang-format off */
static const DdnsColumn count_columns[] = {
        { "zones",            "Zones",          DDNS_COLUMN_PLAIN },
        { "tombstones",       "Tombstones",     DDNS_COLUMN_PLAIN },
        { "generation",       "Generation",     DDNS_COLUMN_PLAIN },
        { "refused_recently", "Refused in 24h", DDNS_COLUMN_PLAIN },
};

static const DdnsColumn refused_columns[] = {
        { "zone",     "Refused last", DDNS_COLUMN_PLAIN },
        { "at",       "When",         DDNS_COLUMN_PLAIN },
        { "master",   "Master",       DDNS_COLUMN_PLAIN },
        { "hostname", "Hostname",     DDNS_COLUMN_PLAIN },
        { "client",   "Client",       DDNS_COLUMN_PLAIN },
        { "reason",   NULL,           DDNS_COLUMN_JSON },
};
/* clang-format on */

typedef struct Status {
        DdnsCtl *ctl;
        uint64_t refused_recently;
        uint64_t refused_last_usec;
        DdnsListing counts, backends, masters, refused, pass, asked;
} Status;

static void status_done(Status *s) {
        ddns_listing_done(&s->counts);
        ddns_listing_done(&s->backends);
        ddns_listing_done(&s->masters);
        ddns_listing_done(&s->refused);
        ddns_listing_done(&s->pass);
        ddns_listing_done(&s->asked);
}

static int count_refused(const DdnsRejectedRow *row, void *userdata) {
        Status *s = userdata;

        if (row->at_usec + RECENT_USEC > s->ctl->now_usec)
                s->refused_recently++;
        if (row->at_usec > s->refused_last_usec)
                s->refused_last_usec = row->at_usec;
        return 0;
}

static int add_last_refused(const DdnsRejectedRow *row, void *userdata) {
        Status *s = userdata;
        DdnsListing *l = &s->refused;

        if (row->at_usec != s->refused_last_usec || l->n_rows > 0)
                return 0;
        ddns_listing_text(l, row->zone, DDNS_TONE_PLAIN);
        ddns_listing_time(l, row->at_usec);
        ddns_listing_text(l, row->master, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->hostname, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->client, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->reason, DDNS_TONE_PLAIN);
        ddns_listing_remark(l, row->zone[0] ? row->zone : "reason", row->reason, DDNS_TONE_PLAIN);
        return 0;
}

static int collect(Status *s) {
        DdnsStore *store = s->ctl->store;
        DdnsStoreCounts counts;
        int r;

        if ((r = ddns_store_count(store, &counts)) < 0 ||
            (r = ddns_ctl_list_backends(s->ctl, counts.zones, &s->backends)) < 0 ||
            (r = ddns_ctl_list_masters(s->ctl, &s->masters)) < 0 ||
            (r = ddns_store_each_rejected(store, count_refused, s)) < 0 ||
            (r = ddns_store_each_rejected(store, add_last_refused, s)) < 0 ||
            (r = ddns_ctl_list_passes(s->ctl, &s->pass, &s->asked)) < 0)
                return r;

        ddns_listing_number(&s->counts, counts.zones, DDNS_TONE_PLAIN);
        ddns_listing_number(&s->counts, counts.tombstones, DDNS_TONE_PLAIN);
        ddns_listing_number(&s->counts, counts.generation, DDNS_TONE_PLAIN);
        ddns_listing_number(&s->counts, s->refused_recently,
                            s->refused_recently > 0 ? DDNS_TONE_WARNING : DDNS_TONE_PLAIN);
        return 0;
}

static int print_json(Status *s) {
        json_t *document = ddns_listing_take_object(&s->counts);

        ddns_json_attach(&document, "backends", ddns_listing_take_array(&s->backends));
        ddns_json_attach(&document, "masters", ddns_listing_take_array(&s->masters));
        ddns_json_attach(&document, "last_refused",
                         s->refused.n_rows > 0 ? ddns_listing_take_object(&s->refused) : json_null());
        ddns_json_attach(&document, "last_pass",
                         s->pass.n_rows > 0 ? ddns_listing_take_object(&s->pass) : json_null());
        ddns_json_attach(&document, "asked", ddns_listing_take_array(&s->asked));
        return ddns_ctl_print_json(s->ctl, document);
}

static int print_tables(Status *s, const DdnsListing *const parts[], size_t n) {
        DdnsCtl *c = s->ctl;
        bool first = true;

        for (size_t i = 0; i < n; i++) {
                if (parts[i]->n_rows == 0)
                        continue;
                if (!first)
                        (void) fputc('\n', c->out);
                first = false;
                if (ddns_listing_print(parts[i], c->out, c->color) < 0)
                        return ddns_ctl_no_memory(c);
        }
        return EXIT_SUCCESS;
}

static void init(Status *s) {
        DdnsShape shape = ddns_ctl_table_shape(s->ctl);
        uint64_t now = s->ctl->now_usec;

        ddns_listing_init(&s->counts, shape == DDNS_SHAPE_JSON ? shape : DDNS_SHAPE_RECORD,
                          count_columns, ARRAY_SIZE(count_columns), now);
        ddns_listing_init(&s->backends, shape, ddns_backend_columns, DDNS_BACKEND_COLUMNS, now);
        ddns_listing_init(&s->masters, shape, ddns_master_columns, DDNS_MASTER_COLUMNS, now);
        ddns_listing_init(&s->refused, shape, refused_columns, ARRAY_SIZE(refused_columns), now);
        ddns_listing_init(&s->pass, shape, ddns_pass_columns, DDNS_PASS_COLUMNS, now);
        ddns_listing_init(&s->asked, shape, ddns_asked_columns, DDNS_ASKED_COLUMNS, now);
}

int ddns_verb_status(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(status_done) Status s = { .ctl = c };
        const DdnsListing *const parts[] = { &s.counts,  &s.backends, &s.masters,
                                             &s.refused, &s.pass,     &s.asked };

        init(&s);
        int r = collect(&s);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        return s.counts.shape == DDNS_SHAPE_JSON ? print_json(&s)
                                                 : print_tables(&s, parts, ARRAY_SIZE(parts));
}

int ddns_verb_masters(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(status_done) Status s = { .ctl = c };
        int r;

        init(&s);
        if ((r = ddns_ctl_list_masters(c, &s.masters)) < 0 ||
            (r = ddns_ctl_list_passes(c, &s.pass, &s.asked)) < 0)
                return ddns_ctl_store_failed(c, r);
        if (s.masters.shape != DDNS_SHAPE_JSON)
                return print_tables(&s, (const DdnsListing *[]){ &s.masters, &s.asked }, 2);

        json_t *document = json_object();
        ddns_json_attach(&document, "masters", ddns_listing_take_array(&s.masters));
        ddns_json_attach(&document, "asked", ddns_listing_take_array(&s.asked));
        return ddns_ctl_print_json(c, document);
}
