/* SPDX-License-Identifier: MIT */
/* The verb top: what comes in, goes out and waits, again and again. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "ctl/backends.h"
#include "ctl/masters.h"
#include "ctl/screen.h"
#include "store/figures.h"

#define EVENTS 10

/* clang-format off */
static const DdnsColumn sum_columns[] = {
        { "at",                 NULL,         DDNS_COLUMN_JSON },
        { "zones",              "Zones",        DDNS_COLUMN_RIGHT },
        { "generation",         "Generation",   DDNS_COLUMN_RIGHT },
        { "pushes_per_sec",     "Pushes/s",     DDNS_COLUMN_RIGHT },
        { "deliveries_per_sec", "Deliveries/s", DDNS_COLUMN_RIGHT },
};

static const DdnsColumn event_columns[] = {
        { "at",     "Age",    DDNS_COLUMN_RIGHT | DDNS_COLUMN_AGE },
        { "event",  "Event",  DDNS_COLUMN_PLAIN },
        { "zone",   "Zone",   DDNS_COLUMN_PLAIN },
        { "serial", "Serial", DDNS_COLUMN_RIGHT },
        { "master", "By",     DDNS_COLUMN_PLAIN },
};
/* clang-format on */

typedef struct Event {
        uint64_t at_usec;
        const char *what;
        DdnsTone tone;
        uint32_t serial;
        char zone[DDNS_ZONE_NAME_MAX + 1], master[DDNS_OWNER_MAX + 1];
} Event;

/* What only grows, to tell a rate from two looks. */
typedef struct Totals {
        uint64_t at_usec; /* monotonic; 0: not looked yet */
        uint64_t pushes, deliveries;
} Totals;

typedef struct Look {
        DdnsCtl *ctl;
        DdnsStoreCounts counts;
        Totals before, now;
        Event events[EVENTS]; /* the newest first */
        size_t n_events;
        DdnsListing sum, backends, masters, newest;
} Look;

static void look_done(Look *l) {
        ddns_listing_done(&l->sum);
        ddns_listing_done(&l->backends);
        ddns_listing_done(&l->masters);
        ddns_listing_done(&l->newest);
}

static int count_pushes(const DdnsMasterRow *row, void *userdata) {
        ((Totals *) userdata)->pushes += row->accepted + row->refused;
        return 0;
}

static int count_deliveries(const DdnsBackendFigures *row, void *userdata) {
        ((Totals *) userdata)->deliveries += row->delivered;
        return 0;
}

/* Where it belongs among the newest; NULL: it is too old. */
static Event *place_event(Look *l, uint64_t at_usec) {
        size_t i = 0;

        while (i < l->n_events && l->events[i].at_usec >= at_usec)
                i++;
        if (i == EVENTS)
                return NULL;
        if (l->n_events < EVENTS)
                l->n_events++;
        memmove(&l->events[i + 1], &l->events[i], (l->n_events - i - 1) * sizeof(Event));
        l->events[i] = (Event){ .at_usec = at_usec };
        return &l->events[i];
}

static void name_event(Event *e, const char *zone, const char *master) {
        (void) snprintf(e->zone, sizeof e->zone, "%s", zone ? zone : "");
        (void) snprintf(e->master, sizeof e->master, "%s", master ? master : "");
}

static int add_change(const DdnsZoneRow *row, void *userdata) {
        Event *e = place_event(userdata, row->changed_usec);

        if (!e)
                return 0;
        e->what = row->deleted ? "delete" : "save";
        e->tone = row->deleted ? DDNS_TONE_WARNING : DDNS_TONE_PLAIN;
        e->serial = row->serial;
        name_event(e, row->zone, row->master);
        return 0;
}

static int add_refused(const DdnsRejectedRow *row, void *userdata) {
        Event *e = place_event(userdata, row->at_usec);

        if (!e)
                return 0;
        e->what = "refused";
        e->tone = DDNS_TONE_BAD;
        name_event(e, row->zone, row->master);
        return 0;
}

/* Nothing before the second look. */
static void add_rate(Look *l, uint64_t before, uint64_t now) {
        uint64_t usec = l->now.at_usec - l->before.at_usec;
        double rate = usec > 0 && now >= before ? (double) (now - before) * USEC_PER_SEC / (double) usec
                                                : 0;
        char text[32];

        (void) snprintf(text, sizeof text, "%.1f", rate);
        if (l->before.at_usec == 0)
                ddns_listing_text(&l->sum, NULL, DDNS_TONE_PLAIN);
        else if (l->sum.shape == DDNS_SHAPE_JSON)
                ddns_listing_real(&l->sum, rate);
        else
                ddns_listing_text(&l->sum, text, DDNS_TONE_PLAIN);
}

static void fill(Look *l) {
        ddns_listing_time(&l->sum, l->ctl->now_usec);
        ddns_listing_number(&l->sum, l->counts.zones, DDNS_TONE_PLAIN);
        ddns_listing_number(&l->sum, l->counts.generation, DDNS_TONE_PLAIN);
        add_rate(l, l->before.pushes, l->now.pushes);
        add_rate(l, l->before.deliveries, l->now.deliveries);
        for (size_t i = 0; i < l->n_events; i++) {
                const Event *e = &l->events[i];

                ddns_listing_time(&l->newest, e->at_usec);
                ddns_listing_text(&l->newest, e->what, e->tone);
                ddns_listing_text(&l->newest, e->zone, DDNS_TONE_PLAIN);
                if (e->serial > 0)
                        ddns_listing_number(&l->newest, e->serial, DDNS_TONE_PLAIN);
                else
                        ddns_listing_text(&l->newest, NULL, DDNS_TONE_PLAIN);
                ddns_listing_text(&l->newest, e->master, DDNS_TONE_PLAIN);
        }
}

/* All of it as it is at one moment. */
static int read_store(DdnsStore *s, void *userdata) {
        Look *l = userdata;
        int r;

        if ((r = ddns_store_count(s, &l->counts)) < 0 ||
            (r = ddns_ctl_list_backends(l->ctl, l->counts.zones, &l->backends)) < 0 ||
            (r = ddns_ctl_list_masters(l->ctl, &l->masters)) < 0 ||
            (r = ddns_store_each_master(s, count_pushes, &l->now)) < 0 ||
            (r = ddns_store_each_backend_figures(s, count_deliveries, &l->now)) < 0 ||
            (r = ddns_store_each_newest_version(s, EVENTS, add_change, l)) < 0)
                return r;
        return ddns_store_each_rejected(s, add_refused, l);
}

static int look(Look *l) {
        DdnsCtl *c = l->ctl;
        DdnsShape shape = ddns_ctl_table_shape(c);

        c->now_usec = ddns_now_usec();
        l->now.at_usec = ddns_monotonic_usec();
        ddns_listing_init(&l->sum, shape, sum_columns, ARRAY_SIZE(sum_columns), c->now_usec);
        ddns_listing_init(&l->backends, shape, ddns_backend_columns, DDNS_BACKEND_COLUMNS, c->now_usec);
        ddns_listing_init(&l->masters, shape, ddns_master_columns, DDNS_MASTER_COLUMNS, c->now_usec);
        ddns_listing_init(&l->newest, shape, event_columns, ARRAY_SIZE(event_columns), c->now_usec);
        int r = ddns_store_at_once(c->store, read_store, l);
        if (r >= 0)
                fill(l);
        return r;
}

static int print(Look *l, FILE *f) {
        const DdnsListing *const parts[] = { &l->sum, &l->backends, &l->masters, &l->newest };

        if (l->sum.shape == DDNS_SHAPE_JSON) {
                json_t *document = ddns_listing_take_object(&l->sum);
                ddns_json_attach(&document, "backends", ddns_listing_take_array(&l->backends));
                ddns_json_attach(&document, "masters", ddns_listing_take_array(&l->masters));
                ddns_json_attach(&document, "events", ddns_listing_take_array(&l->newest));
                return ddns_ctl_print_json(l->ctl, document);
        }
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                if (parts[i]->n_rows == 0)
                        continue;
                if (i > 0)
                        (void) fputc('\n', f);
                if (ddns_listing_print(parts[i], f, l->ctl->color) < 0)
                        return ddns_ctl_no_memory(l->ctl);
        }
        return EXIT_SUCCESS;
}

/* One look; `*totals` are those of the last one, and then of this. */
static int show(DdnsCtl *c, DdnsScreen *screen, Totals *totals) {
        ddns_cleanup(look_done) Look l = { .ctl = c, .before = *totals };

        int r = look(&l);
        if (r < 0) {
                ddns_screen_leave(screen);
                return ddns_ctl_store_failed(c, r);
        }
        *totals = l.now;
        FILE *f = ddns_screen_begin(screen);
        if (!f)
                return ddns_ctl_no_memory(c);
        int status = print(&l, f);
        errno = 0;
        r = ddns_screen_end(screen);
        c->reader_gone = ferror(c->out) && errno == EPIPE;
        return r < 0 ? ddns_ctl_no_memory(c) : status;
}

int ddns_verb_top(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_screen_leave) DdnsScreen screen = DDNS_SCREEN_NULL;
        bool json = c->options & DDNS_CTL_JSON;
        Totals totals = { 0 };
        int r;

        if (c->interval_usec == 0)
                return ddns_ctl_fail(c, "--interval=0: a second at least");
        if ((c->options & DDNS_CTL_ITERATIONS) && c->iterations == 0)
                return ddns_ctl_fail(c, "--iterations=0: once at least");
        r = ddns_screen_enter(&screen, c->in, c->out, !json && !(c->options & DDNS_CTL_ITERATIONS));
        if (r < 0)
                return ddns_ctl_fail(c, "terminal: %s", strerror(-r));
        uint64_t left = c->iterations > 0 ? c->iterations : screen.live ? UINT64_MAX : 1;
        for (uint64_t i = 0; i < left; i++) {
                if (i > 0 && ddns_screen_wait(&screen, c->interval_usec))
                        break;
                if (i > 0 && !screen.live && !json)
                        (void) fputc('\n', c->out);
                int status = show(c, &screen, &totals);
                if (status != EXIT_SUCCESS || ferror(c->out))
                        return status;
        }
        return EXIT_SUCCESS;
}
