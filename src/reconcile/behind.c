/* SPDX-License-Identifier: MIT */
/* Whose serial on the master's own name server is ahead of what is held: a push of it was missed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "dns/soa.h"
#include "reconcile/pass-internal.h"

#define PAGE_MAX     256
#define TIMEOUT_USEC (3 * USEC_PER_SEC)
#define WIDTH        16 /* name servers at a time */

static int compare_listed(const void *name, const void *listed) {
        return strcmp(name, ((const DdnsListedZone *) listed)->name);
}

static int compare_held(const void *name, const void *held) {
        return strcmp(name, ((const DdnsHeldZone *) held)->name);
}

/* NULL: it was changed since the decisions were made, and is left to the next pass. */
static const DdnsHeldZone *find_held(const Pass *p, const DdnsZoneRow *row) {
        const DdnsHeldZone *h = p->n_held > 0 ? bsearch(row->zone, p->held, p->n_held, sizeof *p->held,
                                                        compare_held)
                                              : NULL;

        return h && h->generation == row->generation && strcmp(h->owner, row->hostname) == 0 ? h : NULL;
}

/* What a master does not own, or does not list, is none of its business. */
static int add_owned(const DdnsZoneRow *row, void *userdata) {
        Pass *p = userdata;
        const DdnsHeldZone *h = find_held(p, row);

        for (size_t i = 0; h && i < p->n_masters; i++) {
                PassMaster *m = &p->masters[i];

                if (p->listed[i].listing && p->listed[i].axfr &&
                    ddns_same_server(m->config->servername, h->owner))
                        return bsearch(h->name, m->listing.zones, m->listing.n, sizeof *m->listing.zones,
                                       compare_listed)
                                               ? pass_add_fetch(&m->owned,
                                                                (PassFetch){ .zone = h->name,
                                                                             .held = h,
                                                                             .serial = row->serial })
                                               : 0;
        }
        return 0;
}

/* False: it was told to stop. */
static bool sleep_until(const PassMaster *m, uint64_t usec) {
        for (;;) {
                uint64_t now = ddns_monotonic_usec();
                struct timespec pause = { .tv_nsec = 100000000 };

                if (pass_is_stopped(m->pass))
                        return false;
                if (now >= usec)
                        return true;
                if (usec - now < 100000)
                        pause.tv_nsec = (long) (usec - now) * 1000;
                (void) nanosleep(&pause, NULL);
        }
}

static void take_answer(PassMaster *m, PassFetch *f, const DdnsSoaQuestion *q) {
        switch (q->state) {
        case DDNS_SOA_SERVED: /* RFC 1982 */
                f->is_behind = (int32_t) (q->serial - f->serial) > 0;
                if (f->is_behind)
                        m->behind = m->behind ?: f->zone;
                m->n_behind += f->is_behind;
                break;
        case DDNS_SOA_SILENT:
                m->silent = m->silent ?: f->zone;
                m->n_silent++;
                break;
        default:
                m->absent = m->absent ?: f->zone;
                m->n_absent++;
        }
}

/* 0; -ETIMEDOUT: no answer to any; else the socket failed. */
static int ask_page(PassMaster *m, PassFetch *page, size_t n) {
        DdnsSoaQuestion questions[PAGE_MAX] = { 0 };
        size_t n_silent = 0;

        for (size_t i = 0; i < n; i++)
                questions[i].zone = page[i].zone;
        int r = ddns_soa_ask(m->config->axfr.address, questions, n, TIMEOUT_USEC);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                take_answer(m, &page[i], &questions[i]);
                n_silent += questions[i].state == DDNS_SOA_SILENT;
        }
        return n_silent == n ? -ETIMEDOUT : 0;
}

/* Until a whole page stays without an answer. */
static void ask(void *item, void *userdata) {
        PassMaster *m = item;
        uint64_t due = ddns_monotonic_usec();
        uint32_t rate = m->pass->config->reconcile.query_rate;
        size_t page = rate / 4 < PAGE_MAX ? rate / 4 + 1 : PAGE_MAX;

        (void) userdata;
        for (size_t at = 0; at < m->owned.n; at += page) {
                size_t n = m->owned.n - at < page ? m->owned.n - at : page;

                if (!sleep_until(m, due))
                        return;
                due = ddns_monotonic_usec() + n * USEC_PER_SEC / rate;
                if (ask_page(m, m->owned.items + at, n) < 0) {
                        m->silent = m->silent ?: m->owned.items[at].zone;
                        m->n_silent = m->owned.n - at;
                        return;
                }
                atomic_store(&m->n_asked, at + n);
        }
}

static uint64_t count_asked(const Pass *p, uint64_t *ret_owned) {
        uint64_t asked = 0, owned = 0;

        for (size_t i = 0; i < p->n_masters; i++) {
                asked += atomic_load(&p->masters[i].n_asked);
                owned += p->masters[i].owned.n;
        }
        *ret_owned = owned;
        return asked;
}

static int take_behind(Pass *p, PassMaster *m) {
        for (size_t i = 0; i < m->owned.n; i++) {
                int r = m->owned.items[i].is_behind ? pass_add_fetch(&m->fetches, m->owned.items[i]) : 0;

                if (r < 0)
                        return ddns_fail(p->message, r, "out of memory");
        }
        return 0;
}

static void tell(const Pass *p, const PassMaster *m) {
        DdnsReportFields fields = { .master = m->config->name };

        if (p->options->dry_run)
                return;
        if (m->n_behind > 0)
                ddns_report(DDNS_EVENT_INFO, &fields,
                            "the name server of %s is ahead of what is held of %zu of its zones; %s is one of them",
                            m->config->name, m->n_behind, m->behind);
        if (m->n_absent > 0)
                ddns_report(DDNS_EVENT_ZONE_LACKED, &fields,
                            "%s lists %zu zones that its name server does not answer for, so pushes of them "
                            "that were missed are not found; %s is one of them",
                            m->config->name, m->n_absent, m->absent);
        if (m->n_silent > 0)
                ddns_report(DDNS_EVENT_FETCH_FAILED, &fields,
                            "the name server of %s did not answer for %zu of its zones, so pushes of them that "
                            "were missed are not found; %s is one of them",
                            m->config->name, m->n_silent, m->silent);
}

int pass_find_behind(Pass *p) {
        uint64_t asked, owned;
        size_t ended;
        DdnsCrew crew;

        int r = ddns_store_each_zone(p->store, NULL, false, add_owned, p);
        if (r < 0)
                return r == -ENOMEM ? ddns_fail(p->message, r, "out of memory") : pass_fail_store(p, r);

        r = ddns_crew_start(&crew, ask, p->masters, p->n_masters, sizeof *p->masters, NULL, WIDTH);
        if (r < 0)
                return ddns_fail(p->message, r, "no thread can be made");
        while (!ddns_crew_wait(&crew, USEC_PER_SEC / 4, &ended)) {
                asked = count_asked(p, &owned);
                pass_tell_progress(p, "asking the masters' name servers for serials", asked, owned);
        }
        ddns_crew_end(&crew);

        for (size_t i = 0; r >= 0 && i < p->n_masters && !pass_is_stopped(p); i++) {
                tell(p, &p->masters[i]);
                r = take_behind(p, &p->masters[i]);
        }
        return r;
}
