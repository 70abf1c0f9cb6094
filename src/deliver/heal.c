/* SPDX-License-Identifier: MIT */
/* The course of a comparison: pages of zones, suspects, what is foreign, the result. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/crash-point.h"
#include "deliver/heal-internal.h"
#include "report/report.h"

/* While work keeps coming, a page is looked at so often all the same. */
#define LATE_USEC (1 * USEC_PER_SEC)
/* So often a backend may fail in the middle before the comparison is given up. */
#define FAILURES_MAX 3
/* Of each kind of difference, lines in the journal. */
#define REPORTED_MAX 100
/* What all suspects of a comparison may be waited for: zones that are lost do not add up. */
#define PATIENCE_ALL_USEC (10 * USEC_PER_SEC)

static void forget(DdnsHeal *h) {
        free(h->suspects);
        free(h->silent_usec);
        free(h->was_silent);
        ddns_names_done(&h->there);
        *h = (DdnsHeal){ .failures = h->failures, .failed_usec = h->failed_usec };
}

void ddns_heal_done(DdnsHeal *h) {
        forget(h);
}

bool ddns_heal_is_late(const DdnsLane *l) {
        const DdnsHeal *h = &l->heal;
        uint64_t now = ddns_monotonic_usec();

        return h->asked_usec > 0 && now >= h->next_usec && now - h->last_usec >= LATE_USEC;
}

/* ---- what differs ---- */

/* 1: the backend should still have this very generation, and nothing about it is under way; 0: it changed meanwhile. */
static int is_current(DdnsLane *l, const char *zone, uint64_t generation) {
        DdnsZoneRow row;

        if (ddns_waiting_list_find(&l->waiting, zone))
                return 0;
        int r = ddns_store_get_zone(l->store, zone, &row, NULL);
        if (r < 0)
                return r == -ENOENT ? 0 : ddns_lane_store_failed(l, r);
        return !row.deleted && row.generation == generation;
}

int ddns_heal_put_back(DdnsLane *l, const char *zone, uint64_t generation, DdnsHealKind kind,
                       const char *how) {
        DdnsReportFields fields = { .zone = zone, .backend = l->name, .generation = generation };
        DdnsHeal *h = &l->heal;
        uint64_t n;

        int r = is_current(l, zone, generation);
        if (r <= 0)
                return r;
        r = ddns_store_retry(l->store, l->name, zone, false, ddns_now_usec(), &n);
        DDNS_CRASH_POINT("put-back");
        if (r < 0)
                return ddns_lane_store_failed(l, r);
        h->differed++;
        if (h->kinds[kind]++ < REPORTED_MAX)
                ddns_report(DDNS_EVENT_ZONE_DIFFERS, &fields, "%s: on %s: %s; delivered again", zone,
                            l->name, how);
        return 0;
}

/* ---- its course ---- */

static int begin(DdnsLane *l, uint64_t asked_usec) {
        size_t n = l->backend_config->n_nameservers;
        DdnsReportFields fields = { .backend = l->name };
        DdnsHeal *h = &l->heal;
        uint64_t dead;

        forget(h);
        if (h->failed_usec != asked_usec)
                h->failures = 0;
        h->suspects = calloc(DDNS_HEAL_PAGE, sizeof *h->suspects);
        h->silent_usec = calloc(n + 1, sizeof *h->silent_usec);
        h->was_silent = calloc(n + 1, sizeof *h->was_silent);
        if (!h->suspects || !h->silent_usec || !h->was_silent)
                return -ENOMEM;
        /* It answered a moment ago: what it refused, it may take now. */
        int r = ddns_store_retry(l->store, l->name, NULL, true, ddns_now_usec(), &dead);
        if (r < 0)
                return ddns_lane_store_failed(l, r);
        if (dead > 0)
                ddns_report(DDNS_EVENT_NOTICE, &fields,
                            "%s: %" PRIu64 " deliveries that were given up are tried again", l->name,
                            dead);
        h->asked_usec = asked_usec;
        h->patience_usec = PATIENCE_ALL_USEC;
        h->last_usec = h->next_usec = ddns_monotonic_usec();
        return 1;
}

static void name_silent(const DdnsLane *l, DdnsMessage *ret) {
        for (size_t i = 0; i < l->backend_config->n_nameservers; i++) {
                char address[DDNS_ADDRESS_MAX];

                if (!l->heal.was_silent[i])
                        continue;
                ddns_address_format(&l->backend_config->nameservers[i].sa, address);
                (void) ddns_fail(ret, 0, "name server %s was silent: what it serves was not compared",
                                 address);
        }
}

static void report_result(DdnsLane *l, const DdnsComparison *result) {
        DdnsReportFields fields = { .backend = l->name };
        const DdnsHeal *h = &l->heal;

        if (h->foreign > 0)
                ddns_report(DDNS_EVENT_ZONES_FOREIGN, &fields,
                            "%s has zones that are not ours, which are left alone: %" PRIu64 ":%s%s",
                            l->name, h->foreign, h->foreign_text.text,
                            h->foreign > DDNS_HEAL_NAMED ? " …" : "");
        ddns_report(h->differed > 0 ? DDNS_EVENT_NOTICE : DDNS_EVENT_INFO, &fields,
                    "%s: compared %" PRIu64 " zones; delivered again: %" PRIu64 " (by content %" PRIu64
                    ", by what is served %" PRIu64 ")%s%s",
                    l->name, h->compared, h->differed, h->kinds[DDNS_HEAL_CONTENT],
                    h->kinds[DDNS_HEAL_SERVED], result->error[0] ? "; " : "", result->error);
}

static int end(DdnsLane *l, const DdnsMessage *why) {
        DdnsHeal *h = &l->heal;
        DdnsComparison result = { .asked_usec = h->asked_usec,
                                  .ended_usec = ddns_now_usec(),
                                  .compared = h->compared,
                                  .differed = h->differed,
                                  .foreign = h->foreign };
        DdnsMessage text = *why;

        if (!text.text[0])
                name_silent(l, &text);
        (void) snprintf(result.error, sizeof result.error, "%.255s", text.text);
        int r = ddns_store_set_comparison(l->store, l->name, &result);
        DDNS_CRASH_POINT("compared");
        if (r < 0)
                return ddns_lane_store_failed(l, r);
        report_result(l, &result);
        forget(h);
        h->failures = 0;
        return 0;
}

/* The question stays, and is begun anew when the backend answers again, unless that has gone on for long enough. */
static int break_off(DdnsLane *l, const DdnsMessage *why) {
        DdnsHeal *h = &l->heal;
        DdnsComparison result;
        int r;

        h->failed_usec = h->asked_usec;
        if (++h->failures >= FAILURES_MAX)
                r = end(l, why);
        else {
                r = ddns_store_get_comparison(l->store, l->name, &result);
                result.asked_usec = 0;
                if (r >= 0) {
                        (void) snprintf(result.error, sizeof result.error, "%.255s", why->text);
                        r = ddns_store_set_comparison(l->store, l->name, &result);
                }
                if (r < 0)
                        (void) ddns_lane_store_failed(l, r);
                forget(h);
        }
        return r < 0 ? r : ddns_lane_backend_failed(l, why);
}

static int look_for_question(DdnsLane *l) {
        DdnsComparison c;
        int r = ddns_store_get_comparison(l->store, l->name, &c);

        if (r < 0)
                return ddns_lane_store_failed(l, r);
        return c.asked_usec > 0 ? begin(l, c.asked_usec) : 0;
}

int ddns_heal_step(DdnsLane *l, uint64_t *ret_usec) {
        DdnsMessage why = DDNS_MESSAGE_NULL;
        DdnsHeal *h = &l->heal;
        uint64_t now = ddns_monotonic_usec();
        int r;

        *ret_usec = 0;
        if (h->asked_usec == 0)
                return look_for_question(l);
        if (now < h->next_usec) {
                *ret_usec = h->next_usec - now;
                return 1;
        }
        r = h->n_suspects > 0 ? ddns_heal_ask_suspects(l)
            : !h->listed      ? ddns_heal_page(l, &why)
                              : ddns_heal_sort_out_foreign(l);
        h->last_usec = ddns_monotonic_usec();
        if (r == -ECONNABORTED) {
                r = break_off(l, &why);
                return r < 0 ? r : 1;
        }
        if (r == 0)
                return end(l, &why);
        return r < 0 ? r : 1;
}
