/* SPDX-License-Identifier: MIT */
/* The way to a listing: pages, the legacy command, and when to begin anew. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "directadmin/directadmin.h"
#include "directadmin/http.h"
#include "directadmin/listing.h"
#include "directadmin/session.h"

/* A list may change while it is read; one that always does is no list. */
#define ATTEMPTS 2

static int read_page(DdnsDaSession *session, uint32_t number, DdnsDaNames *names, DdnsDaPage *ret,
                     DdnsMessage *message) {
        char query[64];
        DdnsDaAnswer answer;

        (void) snprintf(query, sizeof query, "json=yes&page=%u&ipp=%u", number,
                        session->server->page_size);
        int r = ddns_da_session_get(session, "/CMD_DNS_ADMIN", query, &answer, message);
        if (r < 0)
                return r;
        return ddns_da_parse_page(answer.data, answer.size, names, ret, message);
}

/* -ESTALE: the page and the first one are not of the same list, which may have changed meanwhile. */
static int check_page(const DdnsDaPage *first, const DdnsDaPage *page, uint32_t number,
                      DdnsMessage *message) {
        if (page->n_pages != first->n_pages && page->n_pages != 0)
                return ddns_fail(message, -ESTALE,
                                 "page 1 says that there are %u pages, page %u that there are %u",
                                 first->n_pages, number, page->n_pages);
        if (page->n_rows == 0)
                return ddns_fail(message, -ESTALE, "page %u of %u is empty", number, first->n_pages);
        if (page->n_rows > first->n_rows || (number < first->n_pages && page->n_rows < first->n_rows))
                return ddns_fail(message, -ESTALE, "page %u of %u has %u zones, but page 1 has %u",
                                 number, first->n_pages, page->n_rows, first->n_rows);
        return 0;
}

/* In its own words, which page it was. */
static int fail_page(int error, uint32_t number, uint32_t n_pages, const DdnsMessage *why,
                     DdnsMessage *message) {
        return ddns_fail(message, error, "page %u of %u: %.480s", number, n_pages, why->text);
}

static int read_pages(DdnsDaSession *session, DdnsDaNames *names, uint32_t *ret_pages,
                      DdnsMessage *message) {
        DdnsDaPage first, page;
        DdnsMessage why = DDNS_MESSAGE_NULL;

        int r = read_page(session, 1, names, &first, message);
        if (r < 0)
                return r;
        if (first.n_rows == 0)
                return ddns_fail(message, -EBADMSG, "it lists no zones, which is not believed");
        if (first.n_pages > session->server->max_zones)
                return ddns_fail(message, -EFBIG, "it has %u pages, but %u zones are allowed",
                                 first.n_pages, session->server->max_zones);
        for (uint32_t number = 2; number <= first.n_pages; number++) {
                r = read_page(session, number, names, &page, &why);
                if (r < 0)
                        return fail_page(r == -ENOENT ? -EBADMSG : r, number, first.n_pages, &why,
                                         message);
                r = check_page(&first, &page, number, message);
                if (r < 0)
                        return r;
        }
        *ret_pages = first.n_pages;
        return 0;
}

static int read_list(DdnsDaSession *session, DdnsDaListing *ret, uint32_t *ret_pages,
                     DdnsMessage *message) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames names = { .max = session->server->max_zones };

        int r = read_pages(session, &names, ret_pages, message);
        return r ?: ddns_da_names_sort(&names, ret, message);
}

static int read_legacy(DdnsDaSession *session, DdnsDaListing *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames names = { .max = session->server->max_zones };
        DdnsDaAnswer answer;

        int r = ddns_da_session_get(session, "/CMD_API_SHOW_ALL_DOMAINS", NULL, &answer, message);
        r = r ?: ddns_da_parse_legacy(answer.data, answer.size, &names, message);
        r = r ?: ddns_da_names_sort(&names, ret, message);
        if (r == 0)
                ret->legacy = true;
        return r;
}

static int read_stable(DdnsDaSession *session, DdnsDaListing *ret, uint32_t *ret_pages,
                       DdnsMessage *message) {
        int r = -ESTALE;

        for (int i = 0; i < ATTEMPTS && r == -ESTALE; i++)
                r = read_list(session, ret, ret_pages, message);
        return r;
}

static int read_all(DdnsDaSession *session, DdnsDaListing *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_da_listing_done) DdnsDaListing first = DDNS_DA_LISTING_NULL, again = first;
        uint32_t n_pages = 1;

        int r = read_stable(session, &first, &n_pages, message);
        if (r == -ENOENT)
                return read_legacy(session, ret, message);
        if (r == 0 && n_pages > 1) {
                r = read_stable(session, &again, &n_pages, message);
                if (r == 0 && ddns_da_listing_merge(&first, &again) < 0)
                        r = ddns_fail(message, -ENOMEM, "out of memory");
        }
        if (r < 0)
                return r;
        *ret = first;
        first = DDNS_DA_LISTING_NULL;
        return 0;
}

int ddns_da_list(const DdnsDirectAdmin *server, DdnsDaListing *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_da_http_freep) DdnsDaHttp *http = NULL;
        DdnsMessage why = DDNS_MESSAGE_NULL;
        uint64_t began_usec = ddns_now_usec();

        int r = ddns_da_http_open(server, &http, message);
        if (r < 0)
                return r;
        DdnsDaSession session = { .server = server, .http = http };
        r = read_all(&session, ret, &why);
        if (r == 0) {
                ret->began_usec = began_usec;
                return 0;
        }
        if (ddns_da_http_echoes(http, why.text))
                (void) ddns_fail(
                                &why, r,
                                "its answer is no listing, and not shown, since it has the password in it");
        /* inner outcomes, not of the contract */
        return ddns_fail(message, r == -ESTALE || r == -ENOENT ? -EBADMSG : r, "%s", why.text);
}
