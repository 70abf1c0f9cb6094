/* SPDX-License-Identifier: MIT */
/* The verb restore: a deleted zone is brought back as a push of its last version. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/verb.h"
#include "store/reconcile.h"

/* clang-format off */
static const DdnsColumn columns[] = {
        { "zone",       NULL, DDNS_COLUMN_JSON },
        { "outcome",    NULL, DDNS_COLUMN_JSON },
        { "generation", NULL, DDNS_COLUMN_JSON },
        { "serial",     NULL, DDNS_COLUMN_JSON },
        { "hostname",   NULL, DDNS_COLUMN_JSON },
};
/* clang-format on */

/* What brings a zone back, if it is gone. EXIT_SUCCESS or EXIT_FAILURE, which was said. */
static int find(DdnsCtl *c, const char *zone, uint64_t *ret_tombstone, DdnsZoneRow *ret,
                char **ret_content) {
        DdnsZoneRow now;

        int r = ddns_store_get_zone(c->store, zone, &now, NULL);
        if (r < 0 && r != -ENOENT)
                return ddns_ctl_store_failed(c, r);
        if (r >= 0 && !now.deleted)
                return ddns_ctl_fail(c, "%s: is not deleted", zone);
        *ret_tombstone = r >= 0 ? now.generation : 0;

        r = ddns_store_get_deleted(c->store, zone, ret, ret_content);
        if (r == -ENOENT)
                return ddns_ctl_fail(c, "%s: history has no version of it", zone);
        return r < 0 ? ddns_ctl_store_failed(c, r) : EXIT_SUCCESS;
}

static bool is_asked(const DdnsCtl *c, const char *servername) {
        for (size_t i = 0; i < c->config.reconcile.n_masters; i++)
                if (strcasecmp(c->config.reconcile.masters[i].servername, servername) == 0)
                        return true;
        return false;
}

static void report(DdnsCtl *c, DdnsListing *l, const DdnsChange *change) {
        const char *owner = change->hostname;

        if (l->shape == DDNS_SHAPE_JSON) {
                ddns_listing_text(l, change->zone, DDNS_TONE_PLAIN);
                ddns_listing_text(l, "restored", DDNS_TONE_PLAIN);
                ddns_listing_number(l, change->generation, DDNS_TONE_PLAIN);
                ddns_listing_number(l, change->serial, DDNS_TONE_PLAIN);
                ddns_listing_text(l, owner, DDNS_TONE_PLAIN);
        } else
                (void) fprintf(c->out, "%s: restored with serial %" PRIu32 ", generation %" PRIu64 ".\n",
                               change->zone, change->serial, change->generation);
        if (owner && is_asked(c, owner))
                ddns_ctl_say(c,
                             "hint: %s belongs to %s: if it is not there, the next passes of "
                             "ddns-reconcile delete it again",
                             change->zone, owner);
}

static int restore(DdnsCtl *c, DdnsListing *l, const char *operand) {
        ddns_cleanup(ddns_freep) char *content = NULL;
        char name[DDNS_ZONE_NAME_MAX + 1];
        uint64_t tombstone = 0;
        DdnsZoneRow row;

        if (ddns_ctl_parse_zone(c, operand, name) != EXIT_SUCCESS ||
            find(c, name, &tombstone, &row, &content) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        DdnsChange change = {
                .kind = DDNS_CHANGE_SAVE,
                .zone = name,
                .content = content,
                /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): find() has set it */
                .size = strlen(content),
                .digest = row.digest,
                .serial = row.serial,
                .hostname = row.hostname[0] ? row.hostname : NULL,
                .username = row.username[0] ? row.username : NULL,
                .master = "ddnsctl",
                .only_absent = true,
                .tombstone = tombstone,
        };
        int r = ddns_store_accept(c->store, &change, 1, c->now_usec);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        if (change.outcome != DDNS_OUTCOME_SAVED)
                return ddns_ctl_fail(c, "%s: changed at this moment: nothing was restored", name);
        report(c, l, &change);
        return EXIT_SUCCESS;
}

int ddns_verb_restore(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
        int status = EXIT_SUCCESS;

        ddns_listing_init(&l, ddns_ctl_table_shape(c), columns, ARRAY_SIZE(columns), c->now_usec);
        for (size_t i = 0; i < n; i++)
                if (restore(c, &l, operands[i]) != EXIT_SUCCESS)
                        status = EXIT_FAILURE;
        ddns_ctl_wake(c);
        if (l.shape == DDNS_SHAPE_JSON &&
            ddns_ctl_print_json(c, ddns_listing_take_array(&l)) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        return status;
}
