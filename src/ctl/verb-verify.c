/* SPDX-License-Identifier: MIT */
/* The verb verify: what differs on the backends from what they should have, and zone by zone how. Writes nothing. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/verify.h"
#include "store/reconcile.h"

#define PAGE 500

/* clang-format off */
static const DdnsColumn columns[] = {
        { "zone",    "Zone",    DDNS_COLUMN_PLAIN },
        { "backend", "Backend", DDNS_COLUMN_PLAIN },
        { "content", "Content", DDNS_COLUMN_PLAIN },
        { "served",  "Served",  DDNS_COLUMN_PLAIN },
        { "text",    NULL,      DDNS_COLUMN_JSON },
        { "diff",    NULL,      DDNS_COLUMN_JSON },
};

static const struct {
        const char *content, *served;
        DdnsTone tone;
} words[] = {
        [DDNS_VERDICT_GOOD]    = { "good",    "yes", DDNS_TONE_GOOD },
        [DDNS_VERDICT_UNKNOWN] = { "unknown", NULL,  DDNS_TONE_PLAIN },
        [DDNS_VERDICT_BAD]     = { "differs", "no",  DDNS_TONE_BAD },
};
/* clang-format on */

typedef struct Verify {
        DdnsCtl *ctl;
        DdnsListing listing;
        DdnsBuffer diffs; /* below the table */
        DdnsProgress progress;
        DdnsInspection now;
        char *const *zones; /* checked names; NULL: all that were delivered */
        size_t n_zones;
        uint64_t n_held, n_looked_at, n_differ, n_left, n_foreign;
        bool failed; /* a backend could not be looked at, or a zone is unknown */
} Verify;

static void verify_done(Verify *v) {
        ddns_inspection_done(&v->now);
        ddns_listing_done(&v->listing);
        ddns_buffer_done(&v->diffs);
}

static void add_row(Verify *v, const char *zone, const char *content, const char *served, DdnsTone tone,
                    const char *text, const char *diff) {
        const char *backend = v->now.config->name;
        char label[512];

        ddns_listing_text(&v->listing, zone, DDNS_TONE_PLAIN);
        ddns_listing_text(&v->listing, backend, DDNS_TONE_PLAIN);
        ddns_listing_text(&v->listing, content, tone);
        ddns_listing_text(&v->listing, served, tone);
        ddns_listing_text(&v->listing, text, DDNS_TONE_PLAIN);
        ddns_listing_text(&v->listing, diff, DDNS_TONE_PLAIN);
        (void) snprintf(label, sizeof label, "%s on %s", zone, backend);
        ddns_listing_remark(&v->listing, label, text, DDNS_TONE_PLAIN);
}

static void backend_failed(Verify *v, int error, const DdnsMessage *message) {
        ddns_progress_end(&v->progress);
        ddns_ctl_say(v->ctl, "%s: %s", v->now.config->name,
                     message->text[0] ? message->text : strerror(-error));
        ddns_ctl_hint_root(v->ctl);
        v->failed = true;
}

/* A push may have come between the reading of the zone and the look at the backend. */
static bool is_newest(const Verify *v, const DdnsDelivery *d) {
        DdnsZoneRow row;

        return ddns_store_get_zone(v->ctl->store, d->zone, &row, NULL) >= 0 &&
               row.generation == d->generation;
}

static int add_diff(Verify *v, const DdnsVerified *zone, DdnsBuffer *diff) {
        DdnsMessage message = DDNS_MESSAGE_NULL;

        if (!v->zones || zone->content != DDNS_VERDICT_BAD)
                return 0;
        int r = ddns_inspection_diff(&v->now, zone->zone, diff, &message);
        if (r < 0) {
                backend_failed(v, r, &message);
                return r;
        }
        if (diff->size > 0)
                ddns_buffer_append_format(&v->diffs,
                                          "\n%s on %s, as it should be (+) and as it is (-):\n%s",
                                          zone->zone->zone, v->now.config->name, diff->data);
        return ddns_buffer_status(&v->diffs);
}

static int judge(Verify *v, const DdnsVerified *zone) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer diff = DDNS_BUFFER_NULL;
        bool bad = zone->content == DDNS_VERDICT_BAD || zone->served == DDNS_VERDICT_BAD;

        v->n_looked_at++;
        if (!bad && !v->zones)
                return 0;
        if (bad && !is_newest(v, zone->zone)) {
                v->n_looked_at--;
                return 0;
        }
        int r = add_diff(v, zone, &diff);
        if (r < 0)
                return r;
        v->n_differ += bad;
        DdnsVerdict worst = zone->content > zone->served ? zone->content : zone->served;
        add_row(v, zone->zone->zone, words[zone->content].content, words[zone->served].served,
                words[worst].tone, zone->text.text, diff.size > 0 ? diff.data : NULL);
        return 0;
}

/* Negative: it ends here for this backend. */
static int look(Verify *v, const DdnsDelivery *zones, size_t n) {
        ddns_cleanup(ddns_freep) DdnsVerified *verified = calloc(n + 1, sizeof *verified);
        DdnsMessage message = DDNS_MESSAGE_NULL;

        if (!verified)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                verified[i].zone = &zones[i];
        int r = ddns_inspection_look(&v->now, verified, n, &message);
        if (r < 0) {
                backend_failed(v, r, &message);
                return r;
        }
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = judge(v, &verified[i]);
        return r;
}

static int look_at_all(Verify *v) {
        char after[DDNS_ZONE_NAME_MAX + 1] = "";
        uint64_t done = 0;
        int r;

        for (;;) {
                ddns_cleanup(ddns_batch_done) DdnsBatch page = DDNS_BATCH_NULL;

                ddns_progress_show(&v->progress, v->now.config->name, done, v->n_held);
                r = ddns_store_take_delivered(v->ctl->store, v->now.config->name, after, PAGE, &page);
                if (r < 0) {
                        (void) ddns_ctl_store_failed(v->ctl, r);
                        v->failed = true;
                        return r;
                }
                if (page.n == 0)
                        return 0;
                r = look(v, page.deliveries, page.n);
                if (r < 0)
                        return r;
                done += page.n;
                (void) snprintf(after, sizeof after, "%s", page.deliveries[page.n - 1].zone);
        }
}

static int note_delivered(const DdnsZoneState *row, void *userdata) {
        return row->state == DDNS_DELIVERY_DELIVERED && strcmp(row->backend, userdata) == 0;
}

/* What the backend has and should not have. */
static int add_listed(const char *name, void *userdata) {
        Verify *v = userdata;
        char zone[DDNS_ZONE_NAME_MAX + 1];
        DdnsZoneRow row;

        int r = ddns_zone_name_check(name, strlen(name), zone, NULL) < 0
                                ? -ENOENT
                                : ddns_store_get_zone(v->ctl->store, zone, &row, NULL);
        if (r == -ENOENT) {
                v->n_foreign++;
                add_row(v, name, "foreign", NULL, DDNS_TONE_WARNING, NULL, NULL);
                return 0;
        }
        if (r < 0 || !row.deleted)
                return r;
        r = ddns_store_each_state(v->ctl->store, zone, note_delivered, v->now.config->name);
        if (r > 0) {
                v->n_left++;
                add_row(v, zone, "left over", NULL, DDNS_TONE_BAD, "it was deleted, and is still there",
                        NULL);
        }
        return r < 0 ? r : 0;
}

static void list_backend(Verify *v) {
        DdnsMessage message = DDNS_MESSAGE_NULL;

        int r = v->now.ops->list ? v->now.ops->list(v->now.backend, add_listed, v, &message) : 0;
        if (r < 0)
                backend_failed(v, r, &message);
}

/* One of the zones that were asked for; `-ENOENT` and what else is wrong with it was said for the first backend already. */
static int look_at_one(Verify *v, const char *zone) {
        ddns_cleanup(ddns_freep) char *content = NULL;
        DdnsZoneRow row;

        int r = ddns_store_get_zone(v->ctl->store, zone, &row, &content);
        if (r < 0 || !content)
                return 0;
        DdnsDelivery d = { .zone = (char *) zone,
                           .generation = row.generation,
                           .content = content,
                           .size = strlen(content),
                           .serial = row.serial };
        return look(v, &d, 1);
}

static void verify_backend(Verify *v, DdnsBackendConfig *config) {
        DdnsMessage message = DDNS_MESSAGE_NULL;

        int r = ddns_inspection_open(&v->now, v->ctl, config, &message);
        if (r < 0)
                backend_failed(v, r, &message);
        for (size_t i = 0; r >= 0 && i < v->n_zones; i++)
                r = look_at_one(v, v->zones[i]);
        if (r >= 0 && !v->zones) {
                r = look_at_all(v);
                if (r >= 0)
                        list_backend(v);
        }
        ddns_inspection_done(&v->now);
        if (r == -ENOMEM)
                v->listing.failed = true;
}

/* Makes the operands checked names, and complains of those that are not held. */
static int check_operands(Verify *v, char *operands[], size_t n) {
        for (size_t i = 0; i < n; i++) {
                char zone[DDNS_ZONE_NAME_MAX + 1];
                DdnsZoneRow row;

                if (ddns_ctl_parse_zone(v->ctl, operands[i], zone) != EXIT_SUCCESS)
                        return EXIT_FAILURE;
                (void) memcpy(operands[i], zone, strlen(zone) + 1); /* never longer */
                int r = ddns_store_get_zone(v->ctl->store, zone, &row, NULL);
                if (r < 0 && r != -ENOENT)
                        return ddns_ctl_store_failed(v->ctl, r);
                if (r < 0 || row.deleted) {
                        ddns_ctl_say(v->ctl, "%s: %s", zone,
                                     r < 0 ? "unknown zone" : "the zone was deleted");
                        v->failed = true;
                }
        }
        v->zones = n > 0 ? operands : NULL;
        v->n_zones = n;
        return EXIT_SUCCESS;
}

static int print(Verify *v) {
        DdnsCtl *c = v->ctl;

        if (v->listing.stream)
                return ddns_listing_end_stream(&v->listing) < 0 ? ddns_ctl_no_memory(c) : EXIT_SUCCESS;
        if (ddns_listing_print(&v->listing, c->out, c->color) < 0 || ddns_buffer_status(&v->diffs) < 0)
                return ddns_ctl_no_memory(c);
        if (v->diffs.size > 0)
                (void) fputs(v->diffs.data, c->out);
        if (v->listing.shape == DDNS_SHAPE_TABLE)
                (void) fprintf(c->out,
                               "%sZones compared: %" PRIu64 ", differ: %" PRIu64 ", left over: %" PRIu64
                               ", foreign: %" PRIu64 ".\n",
                               v->listing.n_rows > 0 ? "\n" : "", v->n_looked_at, v->n_differ, v->n_left,
                               v->n_foreign);
        return EXIT_SUCCESS;
}

int ddns_verb_verify(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(verify_done) Verify v = { .ctl = c, .progress = ddns_progress_start(c->err) };
        DdnsStoreCounts counts;

        if (c->backend && !ddns_ctl_find_backend(c, c->backend))
                return ddns_ctl_fail(c, "no backend '%s' is configured", c->backend);
        if (check_operands(&v, operands, n) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        int r = ddns_store_count(c->store, &counts);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        v.n_held = counts.zones;

        ddns_ctl_start_listing(c, &v.listing, columns, ARRAY_SIZE(columns));
        for (size_t i = 0; i < c->config.n_backends; i++)
                if (!c->backend || strcmp(c->backend, c->config.backends[i].name) == 0)
                        verify_backend(&v, &c->config.backends[i]);
        ddns_progress_end(&v.progress);
        int status = print(&v);
        return v.failed || v.n_differ > 0 || v.n_left > 0 ? EXIT_FAILURE : status;
}
