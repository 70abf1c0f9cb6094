/* SPDX-License-Identifier: MIT */
/* Deliveries that are written, and of which the name server does not yet show that it serves them. */
#include "basic/clock.h"
#include "deliver/lane-internal.h"

int ddns_lane_settle(DdnsLane *l, const DdnsDelivery *d, bool served, DdnsMessage *message) {
        return d->delete || !l->ops->settle ? 0 : l->ops->settle(l->backend, d->zone, served, message);
}

/* Nothing at all was answered until the first of them had its time: no zone is charged with that. */
static int waited_in_vain(DdnsLane *l, const DdnsMessage *message) {
        ddns_waiting_list_done(&l->waiting); /* they are still in the log */
        return ddns_lane_backend_failed(l, message);
}

static int end_waiting(DdnsLane *l, size_t i) {
        const DdnsWaiting *item = &l->waiting.items[i];
        const DdnsDelivery *d = &item->delivery;
        bool served = ddns_soa_is_served(&item->question);
        DdnsMessage why, text;
        int r;

        r = ddns_lane_settle(l, d, served, &text);
        if (r < 0)
                return waited_in_vain(l, &text);
        ddns_soa_explain(&item->question, &why);
        (void) ddns_fail(&text, 0, "the name server took the change, but does not show it: %.200s",
                         why.text);
        DdnsResult result = { .zone = d->zone,
                              .generation = d->generation,
                              .error = served ? NULL : text.text };
        r = ddns_lane_record(l, &d, &result, 1);
        ddns_waiting_list_drop(&l->waiting, i); /* if it is not recorded, the log has it */
        return r;
}

int ddns_lane_settle_waiting(DdnsLane *l) {
        DdnsWaitingList *w = &l->waiting;
        uint64_t now;
        bool answered;
        int r;

        answered = ddns_waiting_list_ask(w, &l->backend_config->nameservers[0], PATIENCE_USEC);
        now = ddns_monotonic_usec();
        if (!answered && ddns_waiting_list_is_over(w, now)) {
                const DdnsMessage message = { "the name server does not answer queries any more" };

                return waited_in_vain(l, &message);
        }
        for (size_t i = w->n; answered && i > 0; i--) {
                const DdnsWaiting *item = &w->items[i - 1];

                if (!ddns_soa_is_served(&item->question) && now < item->deadline_usec)
                        continue;
                r = end_waiting(l, i - 1);
                if (r < 0 || w->n == 0)
                        return r;
        }
        return 0;
}
