/* SPDX-License-Identifier: MIT */
/* What a lane puts on record: deliveries, the state of its backend, and failures of the record itself. */
#include <inttypes.h>
#include <pthread.h>

#include "basic/clock.h"
#include "basic/crash-point.h"
#include "deliver/lane-internal.h"
#include "report/report.h"

/* A tenth of the first back-off, but not more than that. */
#define GRACE_MAX_USEC (3 * USEC_PER_SEC)

int ddns_lane_store_failed(DdnsLane *l, int error) {
        DdnsReportFields fields = { .backend = l->name };

        if (!l->store_down)
                ddns_report(DDNS_EVENT_STORE_FAILED, &fields,
                            "%s: deliveries wait, the database failed: %s", l->name,
                            ddns_store_error(l->store));
        l->store_down = true;
        if (ddns_store_is_spent(l->store)) {
                (void) pthread_mutex_lock(&l->lock);
                l->state.spent = true;
                (void) pthread_mutex_unlock(&l->lock);
        }
        return error;
}

/* A name server that is restarted is away for a moment: no outage yet, and not worth half a minute of somebody who waits for a
 * certificate. What failed only after a while hangs, and has had its time. */
static bool has_grace(DdnsLane *l) {
        uint64_t now = ddns_monotonic_usec(), grace = l->schedule.backoff_usec[0] / 10;

        if (grace > GRACE_MAX_USEC)
                grace = GRACE_MAX_USEC;
        if (l->grace_end_usec == 0)
                l->grace_end_usec = now - l->step_usec > grace / 4 ? now : now + grace;
        l->again_usec = now + grace / 8;
        return now < l->grace_end_usec;
}

int ddns_lane_backend_failed(DdnsLane *l, const DdnsMessage *message) {
        DdnsReportFields fields = { .backend = l->name };
        uint64_t now = ddns_now_usec(), due;
        int r;

        l->probe_usec = 0;
        if (has_grace(l))
                return 0;
        r = ddns_store_backend_failed(l->store, l->name, message->text, now, &l->schedule, &due);
        if (r < 0)
                return ddns_lane_store_failed(l, r);
        ddns_report(DDNS_EVENT_BACKEND_DOWN, &fields,
                    "%s is out of service: %s; next try in %" PRIu64 " s", l->name, message->text,
                    (due - now) / USEC_PER_SEC);
        return 0;
}

int ddns_lane_backend_answered(DdnsLane *l) {
        DdnsReportFields fields = { .backend = l->name };
        uint64_t now = ddns_now_usec(), since;
        int r;

        l->grace_end_usec = 0;
        r = ddns_store_backend_answered(l->store, l->name, now, &since);
        if (r < 0)
                return ddns_lane_store_failed(l, r);
        if (since > 0)
                ddns_report(DDNS_EVENT_BACKEND_UP, &fields, "%s is in service again after %" PRIu64 " s",
                            l->name, now > since ? (now - since) / USEC_PER_SEC : 0);
        return 0;
}

static void report_result(DdnsLane *l, const DdnsDelivery *d, const DdnsResult *result, uint64_t now) {
        DdnsReportFields fields = { .zone = d->zone,
                                    .backend = l->name,
                                    .master = d->master,
                                    .generation = d->generation,
                                    .serial = d->serial,
                                    .has_serial = !d->delete };
        bool asked = l->backend_config->n_nameservers > 0;
        const char *how = asked ? "served" : "written";
        uint64_t ms = now > d->accepted_usec ? (now - d->accepted_usec) / USEC_PER_MSEC : 0;

        if (result->warning_is_new)
                ddns_report(DDNS_EVENT_DELIVERY_WARNING, &fields, "%s: on %s: %s", d->zone, l->name,
                            result->warning);
        if (!result->error && !result->written && d->delete)
                ddns_report(DDNS_EVENT_DELIVERED, &fields, "%s: %s %s, %" PRIu64 " ms after the delete",
                            d->zone, asked && !result->warning ? "gone from" : "deleted from", l->name,
                            ms);
        else if (result->written)
                ddns_report(DDNS_EVENT_DEBUG, &fields,
                            "%s: serial %" PRIu32 " written by %s, not seen served yet", d->zone,
                            d->serial, l->name);
        else if (!result->error)
                ddns_report(DDNS_EVENT_DELIVERED, &fields,
                            "%s: serial %" PRIu32 " %s by %s, %" PRIu64 " ms after the push", d->zone,
                            d->serial, how, l->name, ms);
        else if (result->dead)
                ddns_report(DDNS_EVENT_DELIVERY_DEAD, &fields, "%s: given up on %s after %u tries: %s",
                            d->zone, l->name, d->tries + 1, result->error);
        else if (result->due_usec > 0)
                ddns_report(DDNS_EVENT_DELIVERY_DEFERRED, &fields,
                            "%s: try %u on %s failed: %s; next in %" PRIu64 " s", d->zone, d->tries + 1,
                            l->name, result->error, (result->due_usec - now) / USEC_PER_SEC);
        else
                ddns_report(DDNS_EVENT_INFO, &fields,
                            "%s: failed on %s, but a newer push is there already: %s", d->zone, l->name,
                            result->error);
}

int ddns_lane_record(DdnsLane *l, const DdnsDelivery **deliveries, DdnsResult *results, size_t n) {
        uint64_t now = ddns_now_usec();
        int r;

        if (n == 0)
                return 0;
        for (size_t i = 0; i < n; i++)
                results[i].delay_usec =
                                now > deliveries[i]->accepted_usec /* the clock may have gone back */
                                                ? now - deliveries[i]->accepted_usec
                                                : 0;
        r = ddns_store_record(l->store, l->name, results, n, now, &l->schedule);
        DDNS_CRASH_POINT("recorded");
        if (r < 0)
                return ddns_lane_store_failed(l, r);

        l->store_down = false;
        (void) pthread_mutex_lock(&l->lock);
        for (size_t i = 0; i < n; i++)
                if (!results[i].written)
                        *(results[i].error ? &l->state.failed : &l->state.delivered) += 1;
        (void) pthread_mutex_unlock(&l->lock);
        for (size_t i = 0; i < n; i++)
                report_result(l, deliveries[i], &results[i], now);
        return 0;
}
