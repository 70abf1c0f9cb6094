/* SPDX-License-Identifier: MIT */
/* The list of deliveries that wait to be seen served. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deliver/served.h"

static void waiting_done(DdnsWaiting *w) {
        free(w->delivery.zone);
        free(w->delivery.master);
}

void ddns_waiting_list_done(DdnsWaitingList *w) {
        for (size_t i = 0; i < w->n; i++)
                waiting_done(&w->items[i]);
        free(w->items);
        *w = DDNS_WAITING_LIST_NULL;
}

DdnsSoaQuestion ddns_served_question(const DdnsDelivery *d) {
        return (DdnsSoaQuestion){ .zone = d->zone, .want_absent = d->delete, .want_serial = d->serial };
}

int ddns_waiting_list_add(DdnsWaitingList *w, DdnsDelivery *d, uint64_t deadline_usec) {
        if (w->n == w->allocated) {
                size_t allocated = w->allocated ? 2 * w->allocated : 16;
                DdnsWaiting *items = reallocarray(w->items, allocated, sizeof *items);

                if (!items)
                        return -ENOMEM;
                w->items = items;
                w->allocated = allocated;
        }

        DdnsWaiting *item = &w->items[w->n++];
        *item = (DdnsWaiting){ .delivery = *d,
                               .question = ddns_served_question(d),
                               .deadline_usec = deadline_usec };
        item->delivery.content = NULL;
        d->zone = NULL;
        d->master = NULL;
        return 0;
}

bool ddns_waiting_list_ask(DdnsWaitingList *w, const DdnsSockaddr *server, uint64_t timeout_usec) {
        ddns_cleanup(ddns_freep) DdnsSoaQuestion *questions = calloc(w->n, sizeof *questions);
        bool answered = false;

        if (!questions)
                return false;
        for (size_t i = 0; i < w->n; i++)
                questions[i] = w->items[i].question;
        if (ddns_soa_ask(server, questions, w->n, timeout_usec) < 0)
                return false;
        for (size_t i = 0; i < w->n; i++) {
                w->items[i].question = questions[i];
                answered = answered || questions[i].state != DDNS_SOA_SILENT;
        }
        return answered;
}

bool ddns_waiting_list_is_over(const DdnsWaitingList *w, uint64_t now_usec) {
        for (size_t i = 0; i < w->n; i++)
                if (now_usec >= w->items[i].deadline_usec)
                        return true;
        return false;
}

void ddns_waiting_list_drop(DdnsWaitingList *w, size_t i) {
        waiting_done(&w->items[i]);
        w->items[i] = w->items[--w->n];
}

bool ddns_waiting_list_has(DdnsWaitingList *w, const char *zone, uint64_t generation) {
        for (size_t i = 0; i < w->n; i++) {
                if (strcmp(w->items[i].delivery.zone, zone) != 0)
                        continue;
                if (w->items[i].delivery.generation >= generation)
                        return true;
                ddns_waiting_list_drop(w, i);
                return false;
        }
        return false;
}
