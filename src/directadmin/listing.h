/* SPDX-License-Identifier: MIT */
/* What DirectAdmin's answers say: pure functions over text from outside. Errors: -EBADMSG: no listing; -EACCES: its login page;
 * -EFBIG: more than the limits; -ENOMEM. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/buffer.h"
#include "basic/message.h"
#include "directadmin/directadmin.h"

/* Zone names while they are gathered: checked, lower-cased, each with its NUL. */
typedef struct DdnsDaNames {
        DdnsBuffer text;
        size_t n;
        size_t max; /* more are -EFBIG */
} DdnsDaNames;

void ddns_da_names_done(DdnsDaNames *names);

typedef struct DdnsDaPage {
        uint32_t n_rows; /* that were added to the names; it is for the caller to judge that there are none */
        uint32_t n_pages; /* of the listing, as this page has it; 0: it has no rows and does not say */
} DdnsDaPage;

/* One page of CMD_DNS_ADMIN. On failure `names` may have some of its rows. */
int ddns_da_parse_page(const char *data, size_t size, DdnsDaNames *names, DdnsDaPage *ret,
                       DdnsMessage *message);

/* The answer of CMD_API_SHOW_ALL_DOMAINS, which has at least one name. */
int ddns_da_parse_legacy(const char *data, size_t size, DdnsDaNames *names, DdnsMessage *message);

/* Which HTML page it is, as a failure. `data` has a NUL at data[size]. */
int ddns_da_fail_html(const char *data, size_t size, DdnsMessage *message);

/* Sorts the names into a listing (zones, n, storage) and empties `names`. -ESTALE: a name is there twice. */
int ddns_da_names_sort(DdnsDaNames *names, DdnsDaListing *ret, DdnsMessage *message);

/* Adds to `listing` what only `other` has; `other` is empty then. */
int ddns_da_listing_merge(DdnsDaListing *listing, DdnsDaListing *other);

/* Text from outside for a message: printable ASCII, cut. */
#define DDNS_DA_QUOTE_MAX 160
const char *ddns_da_quote(const char *text, size_t size, char ret[DDNS_DA_QUOTE_MAX]);
