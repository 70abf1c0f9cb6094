/* SPDX-License-Identifier: MIT */
/* The verb rejected: pushes that were refused, the newest last. */
#include "ctl/verb.h"

/* clang-format off */
static const DdnsColumn columns[] = {
        { "at",       "When",     DDNS_COLUMN_PLAIN },
        { "zone",     "Zone",     DDNS_COLUMN_PLAIN },
        { "master",   "Master",   DDNS_COLUMN_PLAIN },
        { "hostname", NULL,       DDNS_COLUMN_JSON },
        { "client",   "From",     DDNS_COLUMN_PLAIN },
        { "reason",   NULL,       DDNS_COLUMN_JSON },
};
/* clang-format on */

static int add_rejected(const DdnsRejectedRow *row, void *userdata) {
        DdnsListing *l = userdata;

        ddns_listing_time(l, row->at_usec);
        ddns_listing_text(l, row->zone, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->master, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->hostname, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->client, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->reason, DDNS_TONE_PLAIN);
        ddns_listing_remark(l, row->zone[0] ? row->zone : "(no name)", row->reason, DDNS_TONE_PLAIN);
        return 0;
}

int ddns_verb_rejected(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;

        ddns_ctl_start_listing(c, &l, columns, ARRAY_SIZE(columns));
        int r = ddns_store_each_rejected(c->store, add_rejected, &l);
        return r < 0 ? ddns_ctl_store_failed(c, r)
                     : ddns_ctl_print_listing(c, &l, "refused push", "refused pushes");
}
