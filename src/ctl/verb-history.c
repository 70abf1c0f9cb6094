/* SPDX-License-Identifier: MIT */
/* The verb history: the versions that are kept of a zone. */
#include <errno.h>

#include "ctl/verb.h"

/* clang-format off */
static const DdnsColumn columns[] = {
        { "generation", "Generation", DDNS_COLUMN_RIGHT },
        { "changed",    "Age",        DDNS_COLUMN_RIGHT | DDNS_COLUMN_AGE },
        { "deleted",    NULL,         DDNS_COLUMN_JSON },
        { NULL,         "Change",     DDNS_COLUMN_PLAIN },
        { "serial",     "Serial",     DDNS_COLUMN_RIGHT },
        { "size",       NULL,         DDNS_COLUMN_JSON },
        { "hostname",   "Hostname",   DDNS_COLUMN_PLAIN },
        { "username",   "User",       DDNS_COLUMN_PLAIN },
        { "master",     "By",         DDNS_COLUMN_PLAIN },
        { "client",     NULL,         DDNS_COLUMN_JSON },
};
/* clang-format on */

static int add_version(const DdnsZoneRow *row, void *userdata) {
        DdnsListing *l = userdata;

        ddns_listing_number(l, row->generation, DDNS_TONE_PLAIN);
        ddns_listing_time(l, row->changed_usec);
        ddns_listing_bool(l, row->deleted);
        ddns_listing_text(l, row->deleted ? "delete" : "save",
                          row->deleted ? DDNS_TONE_WARNING : DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->serial, DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->size, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->hostname, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->username, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->master, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->client, DDNS_TONE_PLAIN);
        return 0;
}

int ddns_verb_history(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;
        char name[DDNS_ZONE_NAME_MAX + 1];

        if (ddns_ctl_parse_zone(c, operands[0], name) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        ddns_ctl_start_listing(c, &l, columns, ARRAY_SIZE(columns));
        int r = ddns_store_each_version(c->store, name, add_version, &l);
        if (r < 0)
                return ddns_ctl_store_failed(c, r);
        if (l.n_rows == 0)
                return ddns_ctl_fail(c, "%s: unknown zone", name);
        return ddns_ctl_print_listing(c, &l, "version", "versions");
}
