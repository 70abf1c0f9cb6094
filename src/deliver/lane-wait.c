/* SPDX-License-Identifier: MIT */
/* Deliveries that are written, and of which the name servers do not yet show that they serve them. */
#include <arpa/inet.h>
#include <errno.h>

#include "basic/clock.h"
#include "deliver/lane-internal.h"
#include "report/report.h"

/* Ends recorded in one transaction. */
#define ENDS_MAX 500
/* A name server that is restarted is silent for a moment. */
#define SILENCE_USEC (3 * USEC_PER_SEC)

int ddns_lane_settle(DdnsLane *l, const DdnsDelivery *d, bool served, DdnsMessage *message) {
        return d->delete || !l->ops->settle ? 0 : l->ops->settle(l->backend, d->zone, served, message);
}

/* No zone is charged with this: all that wait are delivered again when the backend answers. */
static int waited_in_vain(DdnsLane *l, const DdnsMessage *message) {
        ddns_waiting_list_clear(&l->waiting);
        int r = ddns_store_reset_written(l->store, l->name, ddns_now_usec());
        return r < 0 ? ddns_lane_store_failed(l, r) : ddns_lane_backend_failed(l, message);
}

void ddns_lane_explain(const DdnsLane *l, const DdnsWaiting *item, DdnsMessage *ret) {
        char address[DDNS_ADDRESS_MAX];
        DdnsMessage why;

        ddns_address_format(&item->reader->address->sa, address);
        ddns_soa_explain(&item->question, &why);
        if (!l->ops->apart)
                (void) ddns_fail(ret, 0, "the name server took the change, but does not show it: %.200s",
                                 why.text);
        else if (item->served == DDNS_SERVED_SILENT)
                (void) ddns_fail(ret, 0, "written, but name server %s answers no queries", address);
        else
                (void) ddns_fail(ret, 0, "written, but name server %s does not show it: %.200s", address,
                                 why.text);
}

/* ---- silent name servers, where writing goes on without them ---- */

void ddns_lane_report_silence(DdnsLane *l) {
        uint64_t now = ddns_monotonic_usec();

        for (size_t i = 0; l->ops->apart && i < l->waiting.n_readers; i++) {
                DdnsReader *reader = &l->waiting.readers[i];
                DdnsReportFields fields = { .backend = l->name };
                char address[DDNS_ADDRESS_MAX];

                bool silent = reader->silent_usec > 0 && now - reader->silent_usec >= SILENCE_USEC;
                if (silent == reader->reported || (reader->silent_usec > 0 && !silent))
                        continue;
                ddns_address_format(&reader->address->sa, address);
                if (silent)
                        ddns_report(DDNS_EVENT_NAMESERVER_SILENT, &fields,
                                    "%s: name server %s does not answer: changes are written, but nobody knows "
                                    "whether it serves them; zones that wait: %zu",
                                    l->name, address, l->waiting.n);
                else
                        ddns_report(DDNS_EVENT_NOTICE, &fields, "%s: name server %s answers again",
                                    l->name, address);
                reader->reported = silent;
        }
}

/* ---- the end of waiting ---- */

typedef struct Ends {
        DdnsResult results[ENDS_MAX];
        const DdnsDelivery *deliveries[ENDS_MAX];
        DdnsMessage texts[ENDS_MAX];
        DdnsWaiting *items[ENDS_MAX];
        size_t n;
} Ends;

static bool is_over(const DdnsWaiting *item) {
        return item->asked_usec >= item->deadline_usec;
}

/* The delivery waits on, with a reason that an operator can see. */
static void postpone(DdnsLane *l, Ends *e, DdnsWaiting *item) {
        item->deadline_usec += l->backend_config->served_timeout_usec;
        ddns_lane_explain(l, item, &e->texts[e->n]);
        e->results[e->n].written = true;
        e->results[e->n].error = e->texts[e->n].text;
}

static void decide(DdnsLane *l, Ends *e, DdnsWaiting *item) {
        DdnsResult *result = &e->results[e->n];
        const DdnsDelivery *d = &item->delivery;

        *result = (DdnsResult){ .zone = d->zone, .generation = d->generation };
        e->deliveries[e->n] = d;
        e->items[e->n] = item;
        if (item->served == DDNS_SERVED_SILENT)
                postpone(l, e, item);
        else if (item->served == DDNS_SERVED_NO) {
                ddns_lane_explain(l, item, &e->texts[e->n]);
                if (d->delete &&l->ops->keeps_deleted) {
                        DdnsMessage why = e->texts[e->n];

                        (void) ddns_fail(&e->texts[e->n], 0, "%.400s, until it is restarted", why.text);
                        result->warning = e->texts[e->n].text;
                } else
                        result->error = e->texts[e->n].text;
        }
        e->n++;
}

/* Records what has ended and drops it from the list. If it can't be recorded, it is delivered again after the next start. */
static int end_all(DdnsLane *l, Ends *e) {
        int r = ddns_lane_record(l, e->deliveries, e->results, e->n);

        for (size_t i = 0; r >= 0 && i < e->n; i++)
                if (!e->results[i].written) {
                        free(e->items[i]->delivery.zone);
                        e->items[i]->delivery.zone = NULL;
                }
        e->n = 0;
        return r;
}

static int end_due(DdnsLane *l, Ends *e, DdnsMessage *message) {
        DdnsWaitingList *w = &l->waiting;

        for (size_t i = 0; i < w->n && e->n < ENDS_MAX; i++) {
                DdnsWaiting *item = &w->items[i];
                bool served = item->served == DDNS_SERVED_YES;

                if (item->asked_usec == 0 || (!served && !is_over(item)))
                        continue;
                if (item->served == DDNS_SERVED_SILENT && !l->ops->apart)
                        return ddns_fail(message, -ETIMEDOUT,
                                         "the name server does not answer queries any more");
                int r = ddns_lane_settle(l, &item->delivery, served, message);
                if (r < 0)
                        return r;
                decide(l, e, item);
        }
        return 0;
}

int ddns_lane_settle_waiting(DdnsLane *l) {
        ddns_cleanup(ddns_freep) Ends *e = calloc(1, sizeof *e);
        DdnsMessage message;

        if (!e || ddns_waiting_list_ask(&l->waiting, PATIENCE_USEC) < 0)
                return -ENOMEM;
        ddns_lane_report_silence(l);
        while (!ddns_lane_is_stopping(l)) {
                int failed = end_due(l, e, &message);
                bool more = e->n > 0;
                int r = end_all(l, e);

                ddns_waiting_list_sweep(&l->waiting);
                if (r < 0)
                        return r;
                if (failed < 0)
                        return waited_in_vain(l, &message);
                if (!more)
                        break;
        }
        return 0;
}
