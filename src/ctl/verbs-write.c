/* SPDX-License-Identifier: MIT */
/* Verbs that change something: push, delete, retry. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/verb.h"
#include "zone/zone.h"

#define MASTER "ddnsctl" /* who made the change, in the place of a credential's name */

/* clang-format off */
static const DdnsColumn change_columns[] = {
        { "zone",       NULL, DDNS_COLUMN_JSON },
        { "outcome",    NULL, DDNS_COLUMN_JSON },
        { "generation", NULL, DDNS_COLUMN_JSON },
};
/* clang-format on */

static const char *const outcomes[] = {
        [DDNS_OUTCOME_SAVED] = "saved",
        [DDNS_OUTCOME_UNCHANGED] = "unchanged",
        [DDNS_OUTCOME_DELETED] = "deleted",
        [DDNS_OUTCOME_ABSENT] = "unknown",
};

static void report(DdnsCtl *c, DdnsListing *l, const DdnsChange *change) {
        if (l->shape == DDNS_SHAPE_JSON) {
                ddns_listing_text(l, change->zone, DDNS_TONE_PLAIN);
                ddns_listing_text(l, outcomes[change->outcome], DDNS_TONE_PLAIN);
                ddns_listing_number(l, change->generation, DDNS_TONE_PLAIN);
        } else if (change->outcome != DDNS_OUTCOME_ABSENT)
                (void) fprintf(c->out, "%s: %s, generation %" PRIu64 ".\n", change->zone,
                               outcomes[change->outcome], change->generation);
        if (change->outcome == DDNS_OUTCOME_ABSENT)
                ddns_ctl_say(c, "%s: unknown zone", change->zone);
}

int ddns_verb_push(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
        ddns_cleanup(ddns_zone_done) DdnsZone zone = DDNS_ZONE_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;
        char name[DDNS_ZONE_NAME_MAX + 1];

        int r = ddns_ctl_check_zone(c, operands, name, &zone, &message);
        if (r < 0)
                return r == -EINVAL ? EXIT_FAILURE
                                    : ddns_ctl_fail(c, "%s: refused: %s", name, message.text);
        if (zone.n_dropped > 0)
                ddns_ctl_say(c, "warning: %s: records left out: %" PRIu32 ": %s", name, zone.n_dropped,
                             zone.warning.text);

        DdnsChange change = {
                .kind = DDNS_CHANGE_SAVE,
                .zone = name,
                .content = zone.text,
                .size = zone.size,
                .digest = zone.digest,
                .serial = zone.serial,
                .urgent = c->options & DDNS_CTL_URGENT,
                .master = MASTER,
        };
        r = ddns_store_accept(c->store, &change, 1, c->now_usec);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        ddns_ctl_wake(c);

        ddns_listing_init(&l, ddns_ctl_table_shape(c), change_columns, ARRAY_SIZE(change_columns),
                          c->now_usec);
        report(c, &l, &change);
        return l.shape == DDNS_SHAPE_JSON ? ddns_ctl_print_json(c, ddns_listing_take_object(&l))
                                          : EXIT_SUCCESS;
}

int ddns_verb_delete(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
        ddns_cleanup(ddns_freep) char(*names)[DDNS_ZONE_NAME_MAX + 1] = calloc(n, sizeof *names);
        ddns_cleanup(ddns_freep) DdnsChange *changes = calloc(n, sizeof *changes);
        int status = EXIT_SUCCESS;

        if (!names || !changes)
                return ddns_ctl_no_memory(c);
        for (size_t i = 0; i < n; i++) {
                if (ddns_ctl_parse_zone(c, operands[i], names[i]) != EXIT_SUCCESS)
                        return EXIT_FAILURE;
                changes[i] = (DdnsChange){
                        .kind = DDNS_CHANGE_DELETE, .zone = names[i], .force = true, .master = MASTER
                };
        }
        int r = ddns_store_accept(c->store, changes, n, c->now_usec);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        ddns_ctl_wake(c);

        ddns_listing_init(&l, ddns_ctl_table_shape(c), change_columns, ARRAY_SIZE(change_columns),
                          c->now_usec);
        for (size_t i = 0; i < n; i++) {
                report(c, &l, &changes[i]);
                if (changes[i].outcome == DDNS_OUTCOME_ABSENT)
                        status = EXIT_FAILURE;
        }
        if (l.shape == DDNS_SHAPE_JSON &&
            ddns_ctl_print_json(c, ddns_listing_take_array(&l)) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        return status;
}

/* Puts back the deliveries of one zone, or of all (NULL); adds their number to `*total`. */
static int retry_one(DdnsCtl *c, const char *operand, uint64_t *total) {
        char name[DDNS_ZONE_NAME_MAX + 1];
        uint64_t n = 0;
        int r;

        if (operand) {
                DdnsZoneRow row;

                if (ddns_ctl_parse_zone(c, operand, name) != EXIT_SUCCESS)
                        return EXIT_FAILURE;
                r = ddns_store_get_zone(c->store, name, &row, NULL);
                if (r == -ENOENT)
                        return ddns_ctl_fail(c, "%s: unknown zone", name);
                if (r < 0)
                        return ddns_ctl_store_failed(c, r);
        }
        r = ddns_store_retry(c->store, c->backend, operand ? name : NULL, c->options & DDNS_CTL_DEAD,
                             c->now_usec, &n);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        *total += n;
        return EXIT_SUCCESS;
}

/* Backends that are down, with something that waits for them: their back-off has ended. */
typedef struct Tried {
        DdnsCtl *ctl;
        DdnsBuffer lines;
        json_t *names;
        size_t n;
} Tried;

static void tried_done(Tried *t) {
        ddns_buffer_done(&t->lines);
        json_decref(t->names);
}

static int add_tried(const DdnsBackendRow *row, void *userdata) {
        uint64_t waiting = row->pending + row->deferred;
        Tried *t = userdata;

        if (row->failures == 0 || row->due_usec > 0 || waiting == 0 ||
            (t->ctl->backend && strcmp(t->ctl->backend, row->name) != 0))
                return 0;
        ddns_buffer_append_format(&t->lines,
                                  "%s is down: its next try is due now, for %" PRIu64 " %s.\n",
                                  row->name, waiting, waiting == 1 ? "zone" : "zones");
        t->n++;
        return json_array_append_new(t->names, json_string(row->name)) < 0 ? -ENOMEM : 0;
}

static int print_retried(Tried *t, uint64_t total) {
        DdnsCtl *c = t->ctl;

        if (c->options & DDNS_CTL_JSON)
                return ddns_ctl_print_json(c, json_pack("{s:I, s:O}", "retried", (json_int_t) total,
                                                        "tried", t->names));
        if (ddns_buffer_status(&t->lines) < 0)
                return ddns_ctl_no_memory(c);
        if (total > 0 || t->n == 0)
                (void) fprintf(c->out, "%" PRIu64 " %s put back.\n", total,
                               total == 1 ? "delivery" : "deliveries");
        (void) fputs(t->n > 0 ? t->lines.data : "", c->out);
        return EXIT_SUCCESS;
}

int ddns_verb_retry(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(tried_done) Tried tried = { .ctl = c, .names = json_array() };
        int status = EXIT_SUCCESS;
        uint64_t total = 0;

        if (c->backend && ddns_ctl_need_backend(c, c->backend) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        if (n == 0)
                status = retry_one(c, NULL, &total);
        for (size_t i = 0; i < n; i++)
                if (retry_one(c, operands[i], &total) != EXIT_SUCCESS)
                        status = EXIT_FAILURE;
        /* Before ddns-retry is woken: it may be quick to find the backend down again. */
        int r = ddns_store_each_backend(c->store, add_tried, &tried);
        /* Also with nothing to put back: the back-off of a backend that is down has ended. */
        ddns_ctl_wake(c);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        return print_retried(&tried, total) == EXIT_SUCCESS ? status : EXIT_FAILURE;
}
