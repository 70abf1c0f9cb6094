/* SPDX-License-Identifier: MIT */
/* Requests with whatever login DirectAdmin's skin wants, and what is a failure whatever was asked for. */
#include <errno.h>
#include <string.h>

#include "directadmin/listing.h"
#include "directadmin/session.h"

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
                return ddns_fail(message, -EACCES,
                                 "it forbids this (HTTP 403): is the account an administrator, may its "
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
static int log_in(DdnsDaSession *s, const DdnsDaAnswer *redirect, DdnsMessage *message) {
        DdnsDaAnswer answer;

        if (s->logged_in)
                return fail_redirect(redirect, message);
        if (strncasecmp(s->server->url, "http:", 5) == 0 &&
            strncasecmp(redirect->location, "https:", 6) == 0)
                return ddns_fail(message, -EBADMSG,
                                 "it wants https: the URL has to begin with https://");
        s->logged_in = true;
        int r = ddns_da_http_login(s->http, &answer, message);
        if (r < 0)
                return r;
        if (!is_redirect(&answer)) {
                r = check_status(&answer, message);
                if (r < 0)
                        return r == -ENOENT ? -EBADMSG : r;
        }
        if (!ddns_da_http_has_cookie(s->http))
                return ddns_fail(message, -EACCES,
                                 "its login gives no session: wrong user name or password?");
        return 0;
}

static int send_request(DdnsDaSession *s, const char *path, const char *query, const char *form,
                        DdnsDaAnswer *ret, DdnsMessage *message) {
        return form ? ddns_da_http_post(s->http, path, form, ret, message)
                    : ddns_da_http_get(s->http, path, query, ret, message);
}

static int ask(DdnsDaSession *s, const char *path, const char *query, const char *form,
               DdnsDaAnswer *ret, DdnsMessage *message) {
        DdnsDaAnswer answer;

        int r = send_request(s, path, query, form, &answer, message);
        if (r < 0)
                return r;
        if (is_redirect(&answer)) {
                r = log_in(s, &answer, message);
                r = r ?: send_request(s, path, query, form, &answer, message);
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

int ddns_da_session_get(DdnsDaSession *s, const char *path, const char *query, DdnsDaAnswer *ret,
                        DdnsMessage *message) {
        return ask(s, path, query, NULL, ret, message);
}

int ddns_da_session_post(DdnsDaSession *s, const char *path, const char *form, DdnsDaAnswer *ret,
                         DdnsMessage *message) {
        return ask(s, path, NULL, form, ret, message);
}
