/* SPDX-License-Identifier: MIT */
/* After a restart of the name server: does it still have what it had? BIND keeps added zones in a file of its own, and that
 * file has been lost before. When the power goes, the last change of it may be undone (LMDB without a sync of its meta page): an
 * added zone is missing, a deleted one is back, without its file. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "deliver/lane-internal.h"
#include "report/report.h"

/* Zones asked about at a time. */
#define PAGE 500
/* What each page has at least. */
#define ASK_MIN_USEC (500 * USEC_PER_MSEC)

typedef struct Page {
        DdnsExpected *zones;
        DdnsSoaQuestion *questions;
        size_t n;
} Page;

static void page_done(Page *p) {
        free(p->zones);
        free(p->questions);
}

/* A server that says nothing is not restarted but away. */
static int ask(DdnsLane *l, Page *p, uint64_t timeout_usec, DdnsMessage *message) {
        const DdnsBackendConfig *c = l->backend_config;

        for (size_t i = 0; i < p->n; i++)
                p->questions[i] = (DdnsSoaQuestion){ .zone = p->zones[i].zone,
                                                     .want_absent = p->zones[i].delete,
                                                     .want_serial = p->zones[i].serial };
        if (c->n_nameservers == 0 || p->n == 0)
                return 0; /* nobody to ask: all of them are delivered again */
        int r = ddns_soa_wait(&c->nameservers[0], p->questions, p->n, timeout_usec);
        if (r < 0)
                return ddns_fail(message, -ECONNABORTED,
                                 "the name server was started anew and does not answer queries");
        return 0;
}

/* A deleted zone that is served came from somebody else: it has a file. */
static bool is_as_it_was(const DdnsExpected *zone, const DdnsSoaQuestion *q) {
        return zone->delete ? q->state != DDNS_SOA_FAILED : ddns_soa_is_served(q);
}

static int put_back(DdnsLane *l, const Page *p, uint64_t *zones, uint64_t *lost) {
        for (size_t i = 0; i < p->n; i++) {
                DdnsReportFields fields = { .zone = p->zones[i].zone,
                                            .backend = l->name,
                                            .generation = p->zones[i].generation };
                DdnsMessage why;
                uint64_t n;

                *zones += !p->zones[i].delete;
                if (is_as_it_was(&p->zones[i], &p->questions[i]))
                        continue;
                int r = ddns_store_retry(l->store, l->name, p->zones[i].zone, false, ddns_now_usec(),
                                         &n);
                if (r < 0)
                        return r;
                *lost += !p->zones[i].delete;
                ddns_soa_explain(&p->questions[i], &why);
                if (p->zones[i].delete)
                        ddns_report(DDNS_EVENT_ZONE_DIFFERS, &fields,
                                    "%s: deleted, but on %s it came back in a restart (%s); deleted again",
                                    p->zones[i].zone, l->name, why.text);
                else if (l->backend_config->n_nameservers > 0)
                        ddns_report(DDNS_EVENT_ZONE_LOST, &fields,
                                    "%s: %s lost it in a restart (%s), delivered again",
                                    p->zones[i].zone, l->name, why.text);
        }
        return 0;
}

/* 1: all of them; 0: told to stop. */
static int compare_all(DdnsLane *l, uint64_t *ret_zones, uint64_t *ret_lost, DdnsMessage *message) {
        /* Zones may still be loading: together they have the time that one of them has, so many that are lost do not add up. */
        uint64_t deadline = ddns_monotonic_usec() + l->backend_config->served_timeout_usec;
        ddns_cleanup(page_done) Page page = { 0 };
        char after[DDNS_ZONE_NAME_MAX + 1] = "";
        int r;

        page.zones = calloc(PAGE, sizeof *page.zones);
        page.questions = calloc(PAGE, sizeof *page.questions);
        if (!page.zones || !page.questions)
                return -ENOMEM;
        do {
                r = ddns_store_list_delivered(l->store, l->name, after, page.zones, PAGE, &page.n);
                if (r < 0)
                        return r;
                uint64_t now = ddns_monotonic_usec();
                r = ask(l, &page, now + ASK_MIN_USEC < deadline ? deadline - now : ASK_MIN_USEC,
                        message);
                if (r < 0)
                        return r;
                r = put_back(l, &page, ret_zones, ret_lost);
                if (r < 0)
                        return r;
                if (page.n > 0)
                        strcpy(after, page.zones[page.n - 1].zone);
                if (ddns_lane_is_stopping(l))
                        return 0;
        } while (page.n == PAGE);
        return 1;
}

/* A database: no name server tells what it has, and to read it is as good as to ask. */
static int rewrite(DdnsLane *l, const char *before, const char *incarnation) {
        DdnsReportFields fields = { .backend = l->name };
        uint64_t zones;
        int r;

        r = ddns_store_resync(l->store, l->name, &zones);
        if (r >= 0)
                r = ddns_store_set_incarnation(l->store, l->name, incarnation);
        if (r >= 0)
                ddns_report(DDNS_EVENT_BACKEND_RESTARTED, &fields,
                            "%s is another server than before, or its tables were made anew (%s instead of %s): all zones are compared with it: "
                            "%" PRIu64,
                            l->name, incarnation, before, zones);
        return r;
}

int ddns_lane_compare(DdnsLane *l, const char *incarnation, DdnsMessage *message) {
        DdnsReportFields fields = { .backend = l->name };
        char before[DDNS_INCARNATION_MAX + 1];
        uint64_t zones = 0, lost = 0, failed = 0;
        int r;

        r = ddns_store_get_incarnation(l->store, l->name, before);
        if (r < 0 || strcmp(before, incarnation) == 0)
                return r;
        if (before[0] && l->ops->rewrite)
                return rewrite(l, before, incarnation);
        if (before[0]) {
                r = compare_all(l, &zones, &lost, message);
                if (r <= 0)
                        return r;
                /* What it refused, it may take now: most often it is started anew because its configuration was put right. */
                r = ddns_store_retry(l->store, l->name, NULL, false, ddns_now_usec(), &failed);
                if (r < 0)
                        return r;
                ddns_report(DDNS_EVENT_BACKEND_RESTARTED, &fields,
                            "%s was started anew: it lost %" PRIu64 " of %" PRIu64
                            " zones; deliveries due again: %" PRIu64,
                            l->name, lost, zones, failed);
        }
        return ddns_store_set_incarnation(l->store, l->name, incarnation);
}
