/* SPDX-License-Identifier: MIT */
/* Verbs that look at zones: zones, show, cat, queue. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/verb.h"

/* clang-format off */
static const DdnsColumn zone_columns[] = {
        { "zone",       "Zone",       DDNS_COLUMN_PLAIN },
        { "generation", "Generation", DDNS_COLUMN_RECORD },
        { "serial",     "Serial",     DDNS_COLUMN_RIGHT },
        { "size",       "Size",       DDNS_COLUMN_RECORD },
        { "hostname",   "Owner",      DDNS_COLUMN_PLAIN },
        { "username",   "User",       DDNS_COLUMN_PLAIN },
        { "changed",    "Changed",    DDNS_COLUMN_PLAIN },
        { "master",     "By",         DDNS_COLUMN_RECORD },
        { "client",     "From",       DDNS_COLUMN_RECORD },
        { "urgent",     "Urgent",     DDNS_COLUMN_RECORD },
        { "deleted",    "Deleted",    DDNS_COLUMN_RECORD },
        { "digest",     "SHA-256",    DDNS_COLUMN_RECORD },
};
/* clang-format on */

static int add_zone(const DdnsZoneRow *row, void *userdata) {
        DdnsListing *l = userdata;
        char digest[2 * DDNS_DIGEST_SIZE + 1] = "";

        if (!row->deleted)
                ddns_digest_format(row->digest, digest);
        ddns_listing_text(l, row->zone, DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->generation, DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->serial, DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->size, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->hostname, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->username, DDNS_TONE_PLAIN);
        ddns_listing_time(l, row->changed_usec);
        ddns_listing_text(l, row->master, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->client, DDNS_TONE_PLAIN);
        ddns_listing_bool(l, row->urgent);
        ddns_listing_bool(l, row->deleted);
        ddns_listing_text(l, digest, DDNS_TONE_PLAIN);
        return 0;
}

int ddns_verb_zones(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
        char *pattern = n > 0 ? operands[0] : NULL;
        size_t size = pattern ? strlen(pattern) : 0;

        /* Names are stored in lower case, and without the dot that dig(1) and zone files end them with. */
        for (size_t i = 0; i < size; i++)
                pattern[i] = (char) tolower((unsigned char) pattern[i]);
        if (size > 1 && pattern[size - 1] == '.')
                pattern[size - 1] = '\0';

        ddns_ctl_start_listing(c, &l, zone_columns, ARRAY_SIZE(zone_columns));
        int r = ddns_store_each_zone(c->store, pattern, false, add_zone, &l);
        return r < 0 ? ddns_ctl_store_failed(c, r) : ddns_ctl_print_listing(c, &l, "zone", "zones");
}

/* clang-format off */
static const DdnsColumn state_columns[] = {
        { "backend",    "Backend",    DDNS_COLUMN_PLAIN },
        { "state",      "State",      DDNS_COLUMN_PLAIN },
        { "tries",      "Tries",      DDNS_COLUMN_RIGHT },
        { "due",        "Next try",   DDNS_COLUMN_PLAIN },
        { "last_error", NULL,         DDNS_COLUMN_JSON },
        { "warning",    NULL,         DDNS_COLUMN_JSON },
};
/* clang-format on */

typedef struct Collector {
        DdnsCtl *ctl;
        DdnsListing listing;
        DdnsCtlSeen seen;
        size_t by_state[DDNS_DELIVERY_DEAD + 1];
        char told[256]; /* the backend whose own error has its line */
} Collector;

static void collector_done(Collector *k) {
        free(k->seen.backends);
        ddns_listing_done(&k->listing);
}

static bool is_due(DdnsDeliveryState state) {
        return state == DDNS_DELIVERY_DEFERRED || state == DDNS_DELIVERY_PENDING;
}

static int add_state(const DdnsZoneState *row, void *userdata) {
        Collector *k = userdata;
        DdnsListing *l = &k->listing;
        char label[sizeof k->told];

        ddns_ctl_mark_seen(k->ctl, &k->seen, row->backend);
        ddns_listing_text(l, row->backend, DDNS_TONE_PLAIN);
        ddns_listing_text(l, ddns_ctl_state_name(k->ctl, row->backend, row->state),
                          ddns_ctl_state_tone(row->state));
        ddns_listing_number(l, row->tries, DDNS_TONE_PLAIN);
        ddns_listing_time(l, is_due(row->state) ? row->due_usec : 0);
        ddns_listing_text(l, row->error, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->warning, DDNS_TONE_WARNING);

        ddns_listing_remark(l, row->backend, row->error, DDNS_TONE_PLAIN);
        (void) snprintf(label, sizeof label, "%s: warning", row->backend);
        ddns_listing_remark(l, label, row->warning, DDNS_TONE_WARNING);
        return 0;
}

/* A backend that is configured, but that ddns-retry has not met, is owed the zone as well. */
static void add_new(const char *backend, void *userdata) {
        (void) add_state(&(DdnsZoneState){ .backend = backend, .state = DDNS_DELIVERY_PENDING },
                         userdata);
}

int ddns_verb_show(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_listing_done) DdnsListing zone = DDNS_LISTING_NULL;
        ddns_cleanup(collector_done) Collector states = { .ctl = c };
        DdnsShape shape = ddns_ctl_table_shape(c);
        char name[DDNS_ZONE_NAME_MAX + 1];
        DdnsZoneRow row;

        if (ddns_ctl_parse_zone(c, operands[0], name) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        int r = ddns_store_get_zone(c->store, name, &row, NULL);
        if (r == -ENOENT)
                return ddns_ctl_fail(c, "%s: unknown zone", name);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);

        ddns_listing_init(&zone, shape == DDNS_SHAPE_JSON ? shape : DDNS_SHAPE_RECORD, zone_columns,
                          ARRAY_SIZE(zone_columns), c->now_usec);
        (void) add_zone(&row, &zone);
        ddns_listing_init(&states.listing, shape, state_columns, ARRAY_SIZE(state_columns), c->now_usec);
        r = ddns_store_each_state(c->store, name, add_state, &states);
        if (r >= 0 && !row.deleted)
                r = ddns_ctl_each_unseen(c, &states.seen, add_new, &states);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);

        if (shape == DDNS_SHAPE_JSON) {
                json_t *document = ddns_listing_take_object(&zone);
                ddns_json_attach(&document, "backends", ddns_listing_take_array(&states.listing));
                return ddns_ctl_print_json(c, document);
        }
        if (ddns_listing_print(&zone, c->out, c->color) < 0)
                return ddns_ctl_no_memory(c);
        (void) fputc('\n', c->out);
        return ddns_ctl_print_listing(c, &states.listing, "backend", "backends");
}

int ddns_verb_cat(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_freep) char *content = NULL;
        char name[DDNS_ZONE_NAME_MAX + 1];
        DdnsZoneRow row;

        if (ddns_ctl_parse_zone(c, operands[0], name) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        int r = ddns_store_get_zone(c->store, name, &row, &content);
        if (r == -ENOENT)
                return ddns_ctl_fail(c, "%s: unknown zone", name);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        if (!content)
                return ddns_ctl_fail(c, "%s: the zone was deleted", name);
        if (c->options & DDNS_CTL_JSON) {
                json_t *document = json_pack("{s:s, s:I, s:I}", "zone", row.zone, "generation",
                                             (json_int_t) row.generation, "serial",
                                             (json_int_t) row.serial);
                ddns_json_attach(&document, "text", ddns_json_text(content));
                return ddns_ctl_print_json(c, document);
        }
        (void) fputs(content, c->out);
        return EXIT_SUCCESS;
}

/* clang-format off */
static const DdnsColumn queue_columns[] = {
        { "zone",       "Zone",       DDNS_COLUMN_PLAIN },
        { "backend",    "Backend",    DDNS_COLUMN_PLAIN },
        { "generation", NULL,         DDNS_COLUMN_JSON },
        { "change",     "Change",     DDNS_COLUMN_PLAIN },
        { "urgent",     NULL,         DDNS_COLUMN_JSON },
        { "state",      "State",      DDNS_COLUMN_PLAIN },
        { "since",      "Age",        DDNS_COLUMN_RIGHT | DDNS_COLUMN_AGE },
        { "tries",      "Tries",      DDNS_COLUMN_RIGHT },
        { "due",        "Next try",   DDNS_COLUMN_PLAIN },
        { "last_error", NULL,         DDNS_COLUMN_JSON },
};
/* clang-format on */

/* What all that is pending has in common, the error of its backend, is told once: the rows come backend by backend. */
static void add_reason(Collector *k, const DdnsQueueRow *row) {
        char label[DDNS_ZONE_NAME_MAX + sizeof k->told];

        if (row->state != DDNS_DELIVERY_PENDING) {
                (void) snprintf(label, sizeof label, "%s on %s", row->zone, row->backend);
                ddns_listing_remark(&k->listing, label, row->error, DDNS_TONE_PLAIN);
        } else if (strcmp(k->told, row->backend) != 0) {
                (void) snprintf(k->told, sizeof k->told, "%s", row->backend);
                ddns_listing_remark(&k->listing, row->backend, row->error, DDNS_TONE_PLAIN);
        }
}

static int add_queued(const DdnsQueueRow *row, void *userdata) {
        Collector *k = userdata;
        DdnsListing *l = &k->listing;

        if (k->ctl->backend && strcmp(k->ctl->backend, row->backend) != 0)
                return 0;
        if ((k->ctl->options & DDNS_CTL_DEAD) && row->state != DDNS_DELIVERY_DEAD)
                return 0;
        k->by_state[row->state]++;
        ddns_listing_text(l, row->zone, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->backend, DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->generation, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->delete ? "delete" : "save", DDNS_TONE_PLAIN);
        ddns_listing_bool(l, row->urgent);
        ddns_listing_text(l, ddns_ctl_state_name(k->ctl, row->backend, row->state),
                          ddns_ctl_state_tone(row->state));
        ddns_listing_time(l, row->since_usec);
        ddns_listing_number(l, row->tries, DDNS_TONE_PLAIN);
        ddns_listing_time(l, is_due(row->state) ? row->due_usec : 0);
        ddns_listing_text(l, row->error, DDNS_TONE_PLAIN);
        add_reason(k, row);
        return 0;
}

int ddns_verb_queue(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(collector_done) Collector queue = { .ctl = c };

        ddns_ctl_start_listing(c, &queue.listing, queue_columns, ARRAY_SIZE(queue_columns));
        int r = ddns_store_each_queued(c->store, add_queued, &queue);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);

        int status = ddns_ctl_print_listing(c, &queue.listing, "delivery", "deliveries");
        if (queue.listing.shape == DDNS_SHAPE_TABLE && queue.listing.n_rows > 0)
                (void) fprintf(c->out, "%zu pending, %zu written, %zu deferred, %zu dead.\n",
                               queue.by_state[DDNS_DELIVERY_PENDING],
                               queue.by_state[DDNS_DELIVERY_WRITTEN],
                               queue.by_state[DDNS_DELIVERY_DEFERRED],
                               queue.by_state[DDNS_DELIVERY_DEAD]);
        return status;
}
