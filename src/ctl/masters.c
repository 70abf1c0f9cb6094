/* SPDX-License-Identifier: MIT */
/* Masters that push, as rows. */
#include <string.h>

#include "ctl/masters.h"

/* clang-format off */
const DdnsColumn ddns_master_columns[DDNS_MASTER_COLUMNS] = {
        { "master",   "Master",       DDNS_COLUMN_PLAIN },
        { "hostname", "Hostname",     DDNS_COLUMN_PLAIN },
        { "client",   "Client",       DDNS_COLUMN_PLAIN },
        { "contact",  "Last contact", DDNS_COLUMN_PLAIN },
        { "accepted", "Accepted",     DDNS_COLUMN_RIGHT },
        { "refused",  "Refused",      DDNS_COLUMN_RIGHT },
};
/* clang-format on */

static int add_master(const DdnsMasterRow *row, void *userdata) {
        DdnsListing *l = userdata;

        ddns_listing_text(l, row->name, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->hostname, DDNS_TONE_PLAIN);
        ddns_listing_text(l, row->client, DDNS_TONE_PLAIN);
        ddns_listing_time(l, row->contact_usec);
        ddns_listing_number(l, row->accepted, DDNS_TONE_PLAIN);
        ddns_listing_number(l, row->refused, DDNS_TONE_PLAIN);
        return 0;
}

static int match_master(const DdnsMasterRow *row, void *userdata) {
        return strcmp(row->name, userdata) == 0;
}

int ddns_ctl_list_masters(DdnsCtl *c, DdnsListing *l) {
        int r = ddns_store_each_master(c->store, add_master, l);

        for (size_t i = 0; i < c->config.receiver.n_masters && r >= 0; i++) {
                char *name = c->config.receiver.masters[i].name;

                r = ddns_store_each_master(c->store, match_master, name);
                if (r == 0)
                        (void) add_master(&(DdnsMasterRow){ .name = name }, l);
        }
        return r < 0 ? r : 0;
}
