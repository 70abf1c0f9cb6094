/* SPDX-License-Identifier: MIT */
/* The verb wait: until the newest version of a zone is where it should be. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "basic/clock.h"
#include "ctl/verb.h"

#define POLL_NSEC (50 * 1000 * 1000)

/* clang-format off */
static const DdnsColumn columns[] = {
        { "backend",    NULL, DDNS_COLUMN_JSON },
        { "state",      NULL, DDNS_COLUMN_JSON },
        { "last_error", NULL, DDNS_COLUMN_JSON },
};
/* clang-format on */

typedef struct Look {
        DdnsCtl *ctl;
        DdnsCtlSeen seen;
        DdnsListing listing; /* for JSON */
        bool tell;           /* name those that are missing */
        size_t missing, dead;
} Look;

static void look_done(Look *l) {
        free(l->seen.backends);
        ddns_listing_done(&l->listing);
}

static int add_state(const DdnsZoneState *row, void *userdata) {
        Look *l = userdata;
        DdnsCtl *c = l->ctl;
        const char *state = ddns_ctl_state_name(c, row->backend, row->state);

        ddns_ctl_mark_seen(c, &l->seen, row->backend);
        /* One that was taken out of the configuration is nobody's business any more. */
        if (!ddns_ctl_find_backend(c, row->backend) ||
            (c->backend && strcmp(c->backend, row->backend) != 0))
                return 0;
        ddns_listing_text(&l->listing, row->backend, DDNS_TONE_PLAIN);
        ddns_listing_text(&l->listing, state, DDNS_TONE_PLAIN);
        ddns_listing_text(&l->listing, row->error, DDNS_TONE_PLAIN);
        l->missing += row->state != DDNS_DELIVERY_DELIVERED;
        l->dead += row->state == DDNS_DELIVERY_DEAD;
        if (l->tell && row->state != DDNS_DELIVERY_DELIVERED)
                ddns_ctl_say(c, "%s: %s%s%s", row->backend, state, row->error ? ": " : "",
                             row->error ? row->error : "");
        return 0;
}

static void add_new(const char *backend, void *userdata) {
        (void) add_state(&(DdnsZoneState){ .backend = backend, .state = DDNS_DELIVERY_PENDING },
                         userdata);
}

/* Fills a fresh `l` with how things stand. */
static int look(DdnsCtl *c, const char *zone, bool tell, Look *l) {
        l->ctl = c;
        l->tell = tell;
        ddns_listing_init(&l->listing, DDNS_SHAPE_JSON, columns, ARRAY_SIZE(columns), c->now_usec);
        int r = ddns_store_each_state(c->store, zone, add_state, l);
        return r < 0 ? r : ddns_ctl_each_unseen(c, &l->seen, add_new, l);
}

/* Ends when all have it, one gave it up, or time is over. */
static int wait_for(DdnsCtl *c, const char *zone) {
        const uint64_t end = ddns_monotonic_usec() + c->timeout_usec;

        for (;;) {
                ddns_cleanup(look_done) Look l = { 0 };
                int r = look(c, zone, false, &l);

                if (r < 0 || l.missing == 0 || l.dead > 0 || ddns_monotonic_usec() >= end)
                        return r;
                (void) nanosleep(&(struct timespec){ .tv_nsec = POLL_NSEC }, NULL);
        }
}

static int report(DdnsCtl *c, const DdnsZoneRow *row, Look *l) {
        const char *outcome = l->missing == 0 ? "served" : l->dead > 0 ? "dead" : "timeout";
        int status = l->missing == 0 ? EXIT_SUCCESS : l->dead > 0 ? EXIT_FAILURE : DDNS_EXIT_TIMEOUT;

        if (c->options & DDNS_CTL_JSON) {
                json_t *document = json_pack("{s:s, s:I, s:s}", "zone", row->zone, "generation",
                                             (json_int_t) row->generation, "outcome", outcome);
                ddns_json_attach(&document, "backends", ddns_listing_take_array(&l->listing));
                return ddns_ctl_print_json(c, document) == EXIT_SUCCESS ? status : EXIT_FAILURE;
        }
        if (status == EXIT_SUCCESS)
                (void) fprintf(c->out, "%s: generation %" PRIu64 " is everywhere.\n", row->zone,
                               row->generation);
        return status;
}

int ddns_verb_wait(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(look_done) Look l = { 0 };
        char name[DDNS_ZONE_NAME_MAX + 1];
        DdnsZoneRow row;

        if (ddns_ctl_parse_zone(c, operands[0], name) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        if (c->backend && !ddns_ctl_find_backend(c, c->backend))
                return ddns_ctl_fail(c, "'%s' is no backend of the configuration", c->backend);
        int r = ddns_store_get_zone(c->store, name, &row, NULL);
        if (r == -ENOENT)
                return ddns_ctl_fail(c, "%s: unknown zone", name);
        if (r >= 0)
                r = wait_for(c, name);
        if (r >= 0)
                r = ddns_store_get_zone(c->store, name, &row, NULL);
        if (r >= 0)
                r = look(c, name, !(c->options & DDNS_CTL_JSON), &l);
        return r < 0 ? ddns_ctl_store_failed(c, r) : report(c, &row, &l);
}
