/* SPDX-License-Identifier: MIT */
/* The list of deliveries that wait to be seen served, and the asking. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/array.h"
#include "basic/clock.h"
#include "deliver/served.h"

/* Deliveries asked about at a time. */
#define ASK_MAX 500
/* How often one is asked about: soon at first, then at an eighth of the time that it has waited. */
#define ASK_MIN_USEC (100 * USEC_PER_MSEC)
#define ASK_MAX_USEC (5 * USEC_PER_SEC)
/* How long a silent name server is left alone, likewise. */
#define SILENT_MIN_USEC (250 * USEC_PER_MSEC)
#define SILENT_MAX_USEC (5 * USEC_PER_SEC)

static uint64_t clamp(uint64_t usec, uint64_t min, uint64_t max) {
        return usec < min ? min : usec > max ? max : usec;
}

int ddns_waiting_list_init(DdnsWaitingList *w, const DdnsSockaddr *servers, size_t n, bool without_aa) {
        *w = (DdnsWaitingList){ .n_readers = n, .without_aa = without_aa };
        w->readers = calloc(n > 0 ? n : 1, sizeof *w->readers);
        if (!w->readers)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                w->readers[i].address = &servers[i];
        return 0;
}

static void waiting_done(DdnsWaiting *w) {
        free(w->delivery.zone);
        free(w->delivery.master);
        w->delivery.zone = w->delivery.master = NULL;
}

void ddns_waiting_list_clear(DdnsWaitingList *w) {
        for (size_t i = 0; i < w->n; i++)
                waiting_done(&w->items[i]);
        w->n = w->sorted = 0;
}

void ddns_waiting_list_done(DdnsWaitingList *w) {
        ddns_waiting_list_clear(w);
        free(w->items);
        free(w->readers);
        *w = DDNS_WAITING_LIST_NULL;
}

DdnsSoaQuestion ddns_served_question(const DdnsDelivery *d, bool without_aa) {
        return (DdnsSoaQuestion){ .zone = d->zone,
                                  .want_absent = d->delete,
                                  .want_serial = d->serial,
                                  .without_aa = without_aa };
}

int ddns_waiting_list_add(DdnsWaitingList *w, const DdnsDelivery *d, uint64_t now_usec,
                          uint64_t timeout_usec) {
        DdnsWaiting item = { .delivery = *d,
                             .served = DDNS_SERVED_NO,
                             .since_usec = now_usec,
                             .deadline_usec = now_usec + timeout_usec,
                             .ask_usec = now_usec };

        DdnsWaiting *items = ddns_array_grow(w->items, w->n, &w->allocated, sizeof *items);
        if (!items)
                return -ENOMEM;
        w->items = items;
        item.delivery.content = NULL;
        item.delivery.zone = strdup(d->zone);
        item.delivery.master = d->master ? strdup(d->master) : NULL;
        if (!item.delivery.zone || (d->master && !item.delivery.master)) {
                waiting_done(&item);
                return -ENOMEM;
        }
        item.question = ddns_served_question(&item.delivery, w->without_aa);
        w->items[w->n++] = item;
        return 0;
}

static int compare_zones(const void *a, const void *b) {
        const DdnsWaiting *x = a, *y = b;

        return strcmp(x->delivery.zone, y->delivery.zone);
}

/* They come in batches, so that sorting now and then is cheaper than keeping the order. */
DdnsWaiting *ddns_waiting_list_find(DdnsWaitingList *w, const char *zone) {
        DdnsWaiting key = { .delivery.zone = (char *) zone };

        if (w->n == 0)
                return NULL;
        if (w->sorted < w->n)
                qsort(w->items, w->n, sizeof *w->items, compare_zones);
        w->sorted = w->n;
        return bsearch(&key, w->items, w->n, sizeof *w->items, compare_zones);
}

void ddns_waiting_list_forget(DdnsWaitingList *w, const char *zone) {
        DdnsWaiting *item = ddns_waiting_list_find(w, zone);

        if (!item)
                return;
        waiting_done(item);
        memmove(item, item + 1, (size_t) (w->items + --w->n - item) * sizeof *item);
        w->sorted = w->n;
}

void ddns_waiting_list_sweep(DdnsWaitingList *w) {
        size_t n = 0;

        for (size_t i = 0; i < w->n; i++)
                if (w->items[i].delivery.zone)
                        w->items[n++] = w->items[i];
                else
                        waiting_done(&w->items[i]);
        w->sorted = w->sorted == w->n ? n : 0;
        w->n = n;
}

/* ---- asking ---- */

/* Puts down what one name server says, if it is worse than what the others said. */
static void judge(DdnsWaiting *item, const DdnsReader *reader, const DdnsSoaQuestion *answer) {
        DdnsServed served = reader->silent_usec > 0      ? DDNS_SERVED_SILENT
                            : ddns_soa_is_served(answer) ? DDNS_SERVED_YES
                                                         : DDNS_SERVED_NO;

        if (item->reader && served <= item->served)
                return;
        item->served = served;
        item->reader = reader;
        item->question = *answer;
}

static void note_silence(DdnsReader *reader, bool silent, uint64_t now) {
        if (!silent) {
                reader->silent_usec = 0;
                return;
        }
        if (reader->silent_usec == 0)
                reader->silent_usec = now;
        reader->ask_usec =
                        now + clamp((now - reader->silent_usec) / 2, SILENT_MIN_USEC, SILENT_MAX_USEC);
}

static void ask_reader(DdnsReader *reader, DdnsWaiting **items, DdnsSoaQuestion *questions, size_t n,
                       uint64_t timeout_usec) {
        bool silent = true;

        for (size_t i = 0; i < n; i++) {
                questions[i] = items[i]->question;
                questions[i].state = DDNS_SOA_SILENT;
        }
        if (reader->silent_usec == 0 || ddns_monotonic_usec() >= reader->ask_usec) {
                /* An error of the socket is as good as silence. */
                (void) ddns_soa_ask(reader->address, questions, n, timeout_usec);
                for (size_t i = 0; i < n; i++)
                        silent = silent && questions[i].state == DDNS_SOA_SILENT;
                note_silence(reader, silent, ddns_monotonic_usec());
        }
        for (size_t i = 0; i < n; i++)
                judge(items[i], reader, &questions[i]);
}

static size_t choose_due(DdnsWaitingList *w, DdnsWaiting **items, uint64_t now) {
        size_t n = 0, start = w->next;

        for (size_t i = 0; i < w->n && n < ASK_MAX; i++) {
                DdnsWaiting *item = &w->items[(start + i) % w->n];

                w->next = (start + i + 1) % w->n;
                if (item->ask_usec > now)
                        continue;
                item->ask_usec = now + clamp((now - item->since_usec) / 8, ASK_MIN_USEC, ASK_MAX_USEC);
                if (now < item->deadline_usec && item->ask_usec > item->deadline_usec)
                        item->ask_usec = item->deadline_usec;
                item->reader = NULL;
                item->asked_usec = now;
                items[n++] = item;
        }
        return n;
}

int ddns_waiting_list_ask(DdnsWaitingList *w, uint64_t timeout_usec) {
        size_t max = w->n < ASK_MAX ? w->n : ASK_MAX;
        ddns_cleanup(ddns_freep) DdnsWaiting **items = calloc(max + 1, sizeof *items);
        ddns_cleanup(ddns_freep) DdnsSoaQuestion *questions = calloc(max + 1, sizeof *questions);

        if (!items || !questions)
                return -ENOMEM;
        size_t n = choose_due(w, items, ddns_monotonic_usec());
        for (size_t i = 0; n > 0 && i < w->n_readers; i++)
                ask_reader(&w->readers[i], items, questions, n, timeout_usec);
        return 0;
}
