/* SPDX-License-Identifier: MIT */
/* The way to a listing: pages, login, the legacy command, and when to begin anew. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "directadmin/directadmin.h"
#include "directadmin/http.h"
#include "directadmin/listing.h"

/* A list may change while it is read; one that always does is no list. */
#define ATTEMPTS 2

typedef struct Reader {
        const DdnsDirectAdmin *server;
        DdnsDaHttp *http;
        bool logged_in;
} Reader;

/* What is a failure whatever was asked for. */
static int check_status(const DdnsDaAnswer *answer, DdnsMessage *message) {
        switch (answer->status) {
        case 200:
                return 0;
        case 401:
                return ddns_fail(
                                message, -EACCES,
                                "it refuses the login (HTTP 401): wrong user name or password, or a login key "
                                "that may not do this");
        case 403:
                return ddns_fail(
                                message, -EACCES,
                                "it forbids the listing (HTTP 403): is the account an administrator, may its "
                                "login key do this, is our address blacklisted?");
        case 404:
                return ddns_fail(message, -ENOENT, "it does not know the command (HTTP 404)");
        case 429:
                return ddns_fail(message, -EACCES, "it has had too many logins (HTTP 429)");
        default:
                return ddns_fail(message, -EBADMSG, "it answers with HTTP status %ld", answer->status);
        }
}

static bool is_redirect(const DdnsDaAnswer *answer) {
        return answer->status >= 300 && answer->status < 400;
}

/* Without the query, which may repeat the form of the login. */
static int fail_redirect(const DdnsDaAnswer *answer, DdnsMessage *message) {
        char quoted[DDNS_DA_QUOTE_MAX];

        return ddns_fail(message, -EACCES,
                         "it still redirects after the login, to \"%s\": is the password right, and the "
                         "account an administrator?",
                         ddns_da_quote(answer->location, strcspn(answer->location, "?#"), quoted));
}

/* The Evolution skin redirects Basic authentication to its login page, wherever that is: we have a URL of our own for it. */
static int log_in(Reader *reader, const DdnsDaAnswer *redirect, DdnsMessage *message) {
        DdnsDaAnswer answer;

        if (reader->logged_in)
                return fail_redirect(redirect, message);
        if (strncasecmp(reader->server->url, "http:", 5) == 0 &&
            strncasecmp(redirect->location, "https:", 6) == 0)
                return ddns_fail(message, -EBADMSG,
                                 "it wants https: the URL has to begin with https://");
        reader->logged_in = true;
        int r = ddns_da_http_login(reader->http, &answer, message);
        if (r < 0)
                return r;
        if (!is_redirect(&answer)) {
                r = check_status(&answer, message);
                if (r < 0)
                        return r == -ENOENT ? -EBADMSG : r;
        }
        if (!ddns_da_http_has_cookie(reader->http))
                return ddns_fail(message, -EACCES,
                                 "its login gives no session: wrong user name or password?");
        return 0;
}

/* An answer of status 200 that is not HTML. -ENOENT: there is no such command. */
static int fetch(Reader *reader, const char *path, const char *query, DdnsDaAnswer *ret,
                 DdnsMessage *message) {
        DdnsDaAnswer answer;

        int r = ddns_da_http_get(reader->http, path, query, &answer, message);
        if (r < 0)
                return r;
        if (is_redirect(&answer)) {
                r = log_in(reader, &answer, message);
                r = r ?: ddns_da_http_get(reader->http, path, query, &answer, message);
                if (r < 0)
                        return r;
                if (is_redirect(&answer))
                        return fail_redirect(&answer, message);
        }
        r = check_status(&answer, message);
        if (r < 0)
                return r;
        if (strcasestr(answer.type, "html"))
                return ddns_da_fail_html(answer.data, answer.size, message);
        *ret = answer;
        return 0;
}

static int read_page(Reader *reader, uint32_t number, DdnsDaNames *names, DdnsDaPage *ret,
                     DdnsMessage *message) {
        char query[64];
        DdnsDaAnswer answer;

        (void) snprintf(query, sizeof query, "json=yes&page=%u&ipp=%u", number,
                        reader->server->page_size);
        int r = fetch(reader, "/CMD_DNS_ADMIN", query, &answer, message);
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

static int read_pages(Reader *reader, DdnsDaNames *names, uint32_t *ret_pages, DdnsMessage *message) {
        DdnsDaPage first, page;
        DdnsMessage why = DDNS_MESSAGE_NULL;

        int r = read_page(reader, 1, names, &first, message);
        if (r < 0)
                return r;
        if (first.n_rows == 0)
                return ddns_fail(message, -EBADMSG, "it lists no zones, which is not believed");
        if (first.n_pages > reader->server->max_zones)
                return ddns_fail(message, -EFBIG, "it has %u pages, but %u zones are allowed",
                                 first.n_pages, reader->server->max_zones);
        for (uint32_t number = 2; number <= first.n_pages; number++) {
                r = read_page(reader, number, names, &page, &why);
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

static int read_list(Reader *reader, DdnsDaListing *ret, uint32_t *ret_pages, DdnsMessage *message) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames names = { .max = reader->server->max_zones };

        int r = read_pages(reader, &names, ret_pages, message);
        return r ?: ddns_da_names_sort(&names, ret, message);
}

static int read_legacy(Reader *reader, DdnsDaListing *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_da_names_done) DdnsDaNames names = { .max = reader->server->max_zones };
        DdnsDaAnswer answer;

        int r = fetch(reader, "/CMD_API_SHOW_ALL_DOMAINS", NULL, &answer, message);
        r = r ?: ddns_da_parse_legacy(answer.data, answer.size, &names, message);
        r = r ?: ddns_da_names_sort(&names, ret, message);
        if (r == 0)
                ret->legacy = true;
        return r;
}

static int read_stable(Reader *reader, DdnsDaListing *ret, uint32_t *ret_pages, DdnsMessage *message) {
        int r = -ESTALE;

        for (int i = 0; i < ATTEMPTS && r == -ESTALE; i++)
                r = read_list(reader, ret, ret_pages, message);
        return r;
}

static int read_all(Reader *reader, DdnsDaListing *ret, DdnsMessage *message) {
        ddns_cleanup(ddns_da_listing_done) DdnsDaListing first = DDNS_DA_LISTING_NULL, again = first;
        uint32_t n_pages = 1;

        int r = read_stable(reader, &first, &n_pages, message);
        if (r == -ENOENT)
                return read_legacy(reader, ret, message);
        if (r == 0 && n_pages > 1) {
                r = read_stable(reader, &again, &n_pages, message);
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
        Reader reader = { .server = server, .http = http };
        r = read_all(&reader, ret, &why);
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
