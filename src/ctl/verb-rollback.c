/* SPDX-License-Identifier: MIT */
/* The verb rollback: an older version of a zone is stored again as its newest. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/verb.h"

/* clang-format off */
static const DdnsColumn columns[] = {
        { "zone",       NULL, DDNS_COLUMN_JSON },
        { "outcome",    NULL, DDNS_COLUMN_JSON },
        { "generation", NULL, DDNS_COLUMN_JSON },
        { "serial",     NULL, DDNS_COLUMN_JSON },
};
/* clang-format on */

static int report(DdnsCtl *c, const DdnsChange *change, uint64_t generation) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
        bool saved = change->outcome == DDNS_OUTCOME_SAVED;

        ddns_listing_init(&l, ddns_ctl_table_shape(c), columns, ARRAY_SIZE(columns), c->now_usec);
        if (l.shape == DDNS_SHAPE_JSON) {
                ddns_listing_text(&l, change->zone, DDNS_TONE_PLAIN);
                ddns_listing_text(&l, saved ? "saved" : "unchanged", DDNS_TONE_PLAIN);
                ddns_listing_number(&l, change->generation, DDNS_TONE_PLAIN);
                ddns_listing_number(&l, change->serial, DDNS_TONE_PLAIN);
                return ddns_ctl_print_json(c, ddns_listing_take_object(&l));
        }
        if (saved)
                (void) fprintf(c->out,
                               "%s: as in generation %" PRIu64 ", serial %" PRIu32
                               ", now generation %" PRIu64 ".\n",
                               change->zone, generation, change->serial, change->generation);
        else
                (void) fprintf(c->out, "%s: unchanged, generation %" PRIu64 " has the same content.\n",
                               change->zone, change->generation);
        return EXIT_SUCCESS;
}

/* What an operator should know before the next incident. */
static void hint(DdnsCtl *c, const DdnsZoneRow *held, const DdnsChange *change) {
        ddns_ctl_say(c, "hint: the next push of %s replaces it: put it right on its master too",
                     change->zone);
        /* RFC 1982 */
        if (!held->deleted && (int32_t) (held->serial - change->serial) > 0)
                ddns_ctl_say(c,
                             "hint: its serial goes back from %" PRIu32 " to %" PRIu32
                             ": secondaries that transfer it keep what they have",
                             held->serial, change->serial);
}

int ddns_verb_rollback(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_freep) char *content = NULL;
        char name[DDNS_ZONE_NAME_MAX + 1];
        DdnsZoneRow held, old;
        uint64_t generation;

        if (ddns_ctl_parse_zone(c, operands[0], name) != EXIT_SUCCESS ||
            ddns_ctl_parse_generation(c, operands[1], &generation) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        int r = ddns_store_get_zone(c->store, name, &held, NULL);
        if (r == -ENOENT)
                return ddns_ctl_fail(c, "%s: unknown zone", name);
        if (r >= 0)
                r = ddns_store_get_version(c->store, name, generation, &old, &content);
        if (r == -ENOENT)
                return ddns_ctl_fail(c, "%s: history has no generation %" PRIu64, name, generation);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        if (old.deleted)
                return ddns_ctl_fail(c, "%s: generation %" PRIu64 " is a delete: use 'ddnsctl delete'",
                                     name, generation);

        DdnsChange change = {
                .kind = DDNS_CHANGE_SAVE,
                .zone = name,
                .content = content,
                .size = strlen(content),
                .digest = old.digest,
                .serial = old.serial,
                /* A deleted zone comes back with its owner; one that is held keeps it. */
                .hostname = held.deleted && held.hostname[0] ? held.hostname : NULL,
                .username = held.deleted && held.username[0] ? held.username : NULL,
                .master = "ddnsctl",
                .newest_generation = held.generation,
        };
        r = ddns_store_accept(c->store, &change, 1, c->now_usec);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        if (change.outcome == DDNS_OUTCOME_OVERTAKEN)
                return ddns_ctl_fail(
                                c,
                                "%s: was changed by somebody else at this moment: nothing was rolled "
                                "back, see 'ddnsctl history %s'",
                                name, name);
        ddns_ctl_wake(c);
        if (change.outcome == DDNS_OUTCOME_SAVED)
                hint(c, &held, &change);
        return report(c, &change, generation);
}
