/* SPDX-License-Identifier: MIT */
/* Asking the masters, and leaving alone for a while those that refused the login. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "basic/clock.h"
#include "reconcile/pass-internal.h"

#define PAGE_SIZE 1000
#define ZONES_MAX 1000000

/* DirectAdmin blacklists an address after some refused logins. */
#define REFUSED_MIN_USEC (3600 * USEC_PER_SEC)
#define REFUSED_MAX_USEC (24 * REFUSED_MIN_USEC)

static void list(void *item, void *userdata) {
        PassMaster *m = item;
        const DdnsDirectAdmin server = {
                .url = m->config->url,
                .username = m->config->username,
                .password_file = m->config->password_file,
                .ca = m->config->tls.ca,
                .pin = m->config->tls.pin,
                .timeout_usec = m->config->timeout_usec,
                .total_usec = m->config->total_timeout_usec,
                .page_size = PAGE_SIZE,
                .max_zones = ZONES_MAX,
                .stop = m->pass->options->stop,
        };

        (void) userdata;
        if (m->is_due)
                m->error = ddns_da_list(&server, &m->listing, &m->why);
}

static void say_not_due(PassMaster *m) {
        time_t due = (time_t) (m->health.due_usec / USEC_PER_SEC);
        char text[64] = "";
        struct tm tm;

        if (localtime_r(&due, &tm))
                (void) strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &tm);
        m->error = ddns_fail(&m->why, -EACCES, "not asked before %s, since it refused the login: %.255s",
                             text, m->health.error);
}

static int prepare(Pass *p) {
        uint64_t now = ddns_now_usec();

        for (size_t i = 0; i < p->n_masters; i++) {
                PassMaster *m = &p->masters[i];

                int r = ddns_store_get_master_health(p->store, m->config->name, &m->health);
                if (r < 0)
                        return pass_fail_store(p, r);
                /* a time too far away was made by another clock */
                m->is_due = p->options->by_hand || m->health.due_usec <= now ||
                            m->health.due_usec > now + REFUSED_MAX_USEC;
                if (!m->is_due)
                        say_not_due(m);
        }
        return 0;
}

static uint64_t refused_for(const DdnsMasterHealth *before) {
        uint64_t usec = REFUSED_MIN_USEC;

        for (unsigned i = 0; before->refused && i < before->failures && usec < REFUSED_MAX_USEC; i++)
                usec *= 2;
        return usec < REFUSED_MAX_USEC ? usec : REFUSED_MAX_USEC;
}

static int note_health(Pass *p, PassMaster *m) {
        bool was_well = m->health.failures == 0, refused = m->error == -EACCES;
        uint64_t now = ddns_now_usec();
        DdnsMasterHealth health = { .since_usec = now };

        if (p->options->dry_run || !m->is_due || m->error == -ECANCELED)
                return 0;
        if (m->error == 0 && was_well && m->health.since_usec > 0)
                return 0;
        if (m->error < 0) {
                health.failures = m->health.failures + 1;
                health.refused = refused;
                health.since_usec = was_well ? now : m->health.since_usec;
                health.due_usec = refused ? now + refused_for(&m->health) : 0;
                (void) snprintf(health.error, sizeof health.error, "%.255s", m->why.text);
        }
        int r = ddns_store_set_master_health(p->store, m->config->name, &health);
        return r < 0 ? pass_fail_store(p, r) : 0;
}

static void tell(Pass *p, const PassMaster *m) {
        DdnsReportFields fields = { .master = m->config->name, .hostname = m->config->servername };

        if (p->options->listed)
                p->options->listed(m->config, m->error, m->why.text, m->listing.n, p->options->userdata);
        if (p->options->dry_run)
                return;
        if (m->error < 0)
                ddns_report(DDNS_EVENT_MASTER_FAILED, &fields,
                            "%s gave no list of its zones, and none of them is touched: %s",
                            m->config->name, m->why.text);
        else if (m->listing.legacy)
                ddns_report(DDNS_EVENT_NOTICE, &fields,
                            "%s lists only its hosted domains (%zu): nothing is deleted on its word",
                            m->config->name, m->listing.n);
        else
                ddns_report(DDNS_EVENT_DEBUG, &fields, "%s lists %zu zones", m->config->name,
                            m->listing.n);
}

static int take(Pass *p, size_t i) {
        PassMaster *m = &p->masters[i];

        p->listed[i] = (DdnsListedMaster){
                .name = m->config->name,
                .servername = m->config->servername,
                .listing = m->error == 0 ? &m->listing : NULL,
                .began_generation = p->generation,
                .axfr = m->config->axfr.n_address > 0,
        };
        p->sum.masters++;
        p->sum.unreachable += m->error < 0;
        p->sum.listed += m->listing.n;
        tell(p, m);
        return note_health(p, m);
}

static int ask(Pass *p) {
        DdnsCrew crew;
        size_t ended;

        int r = ddns_crew_start(&crew, list, p->masters, p->n_masters, sizeof *p->masters, NULL,
                                (unsigned) p->n_masters);
        if (r < 0)
                return ddns_fail(p->message, r, "no thread can be made");
        while (!ddns_crew_wait(&crew, USEC_PER_SEC / 4, &ended))
                pass_tell_progress(p, "asking the masters", ended, p->n_masters);
        ddns_crew_end(&crew);
        return 0;
}

int pass_list(Pass *p) {
        DdnsStoreCounts counts;

        int r = ddns_store_count(p->store, &counts);
        if (r < 0)
                return pass_fail_store(p, r);
        p->generation = counts.generation;

        r = prepare(p);
        r = r ?: ask(p);
        /* what a stop broke off is no failure of a master */
        for (size_t i = 0; r >= 0 && i < p->n_masters && !pass_is_stopped(p); i++)
                r = take(p, i);
        return r;
}
