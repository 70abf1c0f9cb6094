/* SPDX-License-Identifier: MIT */
/* Listings: sorting, merging, searching. */
#include <errno.h>
#include <string.h>

#include "directadmin/listing.h"

void ddns_da_listing_done(DdnsDaListing *l) {
        free(l->zones);
        free(l->storage);
        *l = DDNS_DA_LISTING_NULL;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const DdnsListedZone *) a)->name, ((const DdnsListedZone *) b)->name);
}

int ddns_da_names_sort(DdnsDaNames *names, DdnsDaListing *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_freep) DdnsListedZone *zones = calloc(names->n + 1, sizeof *zones);
        size_t n = names->n;

        if (!zones)
                return ddns_fail(message, -ENOMEM, "out of memory");
        const char *name = names->text.data;
        for (size_t i = 0; i < n; i++, name += strlen(name) + 1)
                zones[i].name = name;
        qsort(zones, n, sizeof *zones, compare);
        for (size_t i = 1; i < n; i++)
                if (strcmp(zones[i - 1].name, zones[i].name) == 0)
                        return ddns_fail(message, -ESTALE, "it lists %s twice", zones[i].name);

        char *storage = ddns_buffer_take(&names->text, NULL);
        if (!storage)
                return ddns_fail(message, -ENOMEM, "out of memory");
        names->n = 0;
        *ret = (DdnsDaListing){ .zones = TAKE_PTR(zones), .n = n, .storage = storage };
        return 0;
}

/* Both are sorted. */
static int append_merged(const DdnsDaListing *a, const DdnsDaListing *b, DdnsDaNames *ret) {
        for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
                int order = i == a->n ? 1 : k == b->n ? -1 : compare(&a->zones[i], &b->zones[k]);
                const char *name = order <= 0 ? a->zones[i].name : b->zones[k].name;

                ddns_buffer_append(&ret->text, name, strlen(name) + 1);
                ret->n++;
                if (order <= 0)
                        i++;
                if (order >= 0)
                        k++;
        }
        return ddns_buffer_status(&ret->text);
}

int ddns_da_listing_merge(DdnsDaListing *listing, DdnsDaListing *other) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames names = { 0 };
        DdnsDaListing merged;

        int r = append_merged(listing, other, &names);
        if (r < 0)
                return r;
        r = ddns_da_names_sort(&names, &merged, NULL);
        if (r < 0)
                return r;
        merged.began_usec = listing->began_usec;
        merged.legacy = listing->legacy || other->legacy;
        ddns_da_listing_done(listing);
        ddns_da_listing_done(other);
        *listing = merged;
        return 0;
}

bool ddns_da_listing_has(const DdnsDaListing *l, const char *zone) {
        const DdnsListedZone key = { .name = zone };

        return l->n > 0 && bsearch(&key, l->zones, l->n, sizeof *l->zones, compare) != NULL;
}
