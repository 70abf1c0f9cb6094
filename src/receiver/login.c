/* SPDX-License-Identifier: MIT */
/* Looks at passwords, and holds answers back. */
#include "receiver/login.h"
#include "basic/clock.h"
#include "report/report.h"

/* Passwords that are looked at, a tenth of a second each, may take a quarter of the connections, or so many. */
#define LOOKED_AT_MIN 16u

static const char too_many_logins[] = "too many logins failed from this address; try again later";
static const char too_many_at_once[] = "too many logins at once; try again later";

const char *ddns_login_why_not_verify(DdnsTransaction *t) {
        DdnsConnections *all = &t->http->connections;
        unsigned looked_at_max = all->max / 4 > LOOKED_AT_MIN ? all->max / 4 : LOOKED_AT_MIN;

        if (ddns_guesses_is_full(t->http->shared->guesses, &t->job.address.sa,
                                 ddns_connections_looked_at(all, t->mhd)))
                return too_many_logins;
        return all->n_looked_at >= looked_at_max ? too_many_at_once : NULL;
}

enum MHD_Result ddns_login_refuse(DdnsTransaction *t) {
        static const char text[] = "Authentication failed";
        char username[DDNS_USERNAME_SHOWN];
        DdnsReportFields fields = { .client = t->job.exchange.client };

        if (!t->job.authorization) /* browsers and scanners: not worth a warning */
                return ddns_transaction_fail(t, MHD_HTTP_UNAUTHORIZED, text);
        ddns_metrics_count(t->http->shared->metrics, DDNS_METRICS_LOGIN_FAILED, 1);
        ddns_credentials_username(t->job.authorization, username);
        if (t->job.error > 0)
                ddns_report(DDNS_EVENT_NOTICE, &fields,
                            "user \"%s\" has the right password, but 'allow' of this master has no %s",
                            username, t->job.exchange.client);
        ddns_report(DDNS_EVENT_LOGIN_FAILED, &fields, "login failed for user \"%s\" from %s", username,
                    t->job.exchange.client);

        uint64_t now = ddns_monotonic_usec();
        uint64_t delay = ddns_guesses_failed(t->http->shared->guesses, &t->job.address.sa, now,
                                             t->http->config->receiver.login_delay_usec, &t->guesser);
        if (delay == 0)
                return ddns_transaction_fail(t, MHD_HTTP_UNAUTHORIZED, text);
        ddns_service_fail(&t->job.exchange, MHD_HTTP_UNAUTHORIZED, text);
        t->answered = true;
        t->due_usec = now + delay;
        t->next_held = t->http->held;
        t->http->held = t;
        MHD_suspend_connection(t->mhd);
        return MHD_YES;
}

void ddns_login_resume(DdnsHttp *h) {
        bool all = h->quiesced || !h->pipeline;
        uint64_t now = ddns_monotonic_usec();

        for (DdnsTransaction **p = &h->held, *t; (t = *p);) {
                if (!all && t->due_usec > now && !ddns_connection_is_cut(t->mhd)) {
                        p = &t->next_held;
                        continue;
                }
                *p = t->next_held;
                if (t->guesser)
                        ddns_guesses_release(t->guesser);
                MHD_resume_connection(t->mhd);
        }
}

uint64_t ddns_login_wait_usec(const DdnsHttp *h) {
        uint64_t least = UINT64_MAX;

        for (const DdnsTransaction *t = h->held; t; t = t->next_held) {
                uint64_t now = ddns_monotonic_usec(), wait = t->due_usec > now ? t->due_usec - now : 0;

                if (wait < least)
                        least = wait;
        }
        return least;
}
