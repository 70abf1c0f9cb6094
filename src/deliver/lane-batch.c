/* SPDX-License-Identifier: MIT */
/* One batch of a lane: apply it, ask the name server, record. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/crash-point.h"
#include "deliver/lane-internal.h"

/* More than that may not wait to be seen served: then the lane waits with them. */
#define WAITING_MAX 100000

typedef struct Work {
        DdnsDelivery **deliveries;
        DdnsTask *tasks;
        DdnsSoaQuestion *questions;
        DdnsResult *results;
        const DdnsDelivery **recorded;
        size_t n;
} Work;

static void work_done(Work *w) {
        free(w->deliveries);
        free(w->tasks);
        free(w->questions);
        free(w->results);
        free(w->recorded);
}

static void add_work(DdnsLane *l, DdnsDelivery *d, Work *w) {
        ddns_waiting_list_forget(&l->waiting, d->zone);
        w->tasks[w->n] = (DdnsTask){ .zone = d->zone,
                                     .generation = d->generation,
                                     .delete = d->delete,
                                     .content = d->content,
                                     .size = d->size,
                                     .serial = d->serial };
        w->deliveries[w->n++] = d;
}

/* What failed before stands behind all that is new: it may fail again, and slowly. */
static int work_prepare(DdnsLane *l, DdnsBatch *batch, Work *w) {
        w->deliveries = calloc(batch->n, sizeof *w->deliveries);
        w->tasks = calloc(batch->n, sizeof *w->tasks);
        w->questions = calloc(batch->n, sizeof *w->questions);
        w->results = calloc(batch->n, sizeof *w->results);
        w->recorded = calloc(batch->n, sizeof *w->recorded);
        if (!w->deliveries || !w->tasks || !w->questions || !w->results || !w->recorded)
                return -ENOMEM;

        for (size_t i = 0; i < batch->n; i++)
                if (batch->deliveries[i].tries == 0)
                        add_work(l, &batch->deliveries[i], w);
        for (size_t i = 0; i < batch->n; i++)
                if (batch->deliveries[i].tries > 0)
                        add_work(l, &batch->deliveries[i], w);
        return 0;
}

static bool is_asked(const DdnsTask *t) {
        return t->state == DDNS_TASK_WRITTEN && !t->unasked;
}

/* Asks the name server about all that is written. 0, or negative if it answers nothing at all. */
static int ask_served(DdnsLane *l, Work *w, DdnsMessage *message) {
        const DdnsBackendConfig *c = l->backend_config;
        size_t n = 0;
        int r;

        if (c->n_nameservers == 0)
                return 0;
        for (size_t i = 0; i < w->n; i++)
                if (is_asked(&w->tasks[i]))
                        w->questions[n++] = ddns_served_question(w->deliveries[i], l->ops->without_aa);
        if (n == 0)
                return 0;
        r = ddns_soa_wait(&c->nameservers[0], w->questions, n,
                          c->served_timeout_usec < PATIENCE_USEC ? c->served_timeout_usec
                                                                 : PATIENCE_USEC);
        if (r == -ETIMEDOUT) /* busy, or gone: give it its whole time */
                r = ddns_soa_wait(&c->nameservers[0], w->questions, n, c->served_timeout_usec);
        if (r == -ETIMEDOUT)
                return ddns_fail(message, r, "the name server does not answer queries");
        if (r < 0)
                return ddns_fail(message, r, "the name server can not be asked: %s", strerror(-r));
        return 0;
}

/* Ends the saves that are seen served. */
static int settle_served(DdnsLane *l, Work *w, DdnsMessage *message) {
        size_t question = 0;
        int r = 0;

        for (size_t i = 0; i < w->n && r >= 0; i++)
                if (is_asked(&w->tasks[i]) && (l->backend_config->n_nameservers == 0 ||
                                               ddns_soa_is_served(&w->questions[question++])))
                        r = ddns_lane_settle(l, w->deliveries[i], true, message);
        return r;
}

static DdnsResult *add_result(Work *w, size_t i, size_t *n) {
        const DdnsDelivery *d = w->deliveries[i];
        const DdnsTask *t = &w->tasks[i];
        DdnsResult *result = &w->results[*n];

        *result = (DdnsResult){ .zone = d->zone, .generation = d->generation };
        if (t->state == DDNS_TASK_FAILED)
                result->error = t->message.text;
        else
                result->warning = t->warning.text;
        w->recorded[(*n)++] = d;
        return result;
}

static int wait_for(DdnsLane *l, Work *w, size_t i) {
        return ddns_waiting_list_add(&l->waiting, w->deliveries[i], ddns_monotonic_usec(),
                                     l->backend_config->served_timeout_usec);
}

/* Sorts a batch that was applied: delivered, failed, or left to wait. `*ret_n`: results to record. */
static int collect(DdnsLane *l, Work *w, bool asked, size_t *ret_n) {
        size_t n = 0, question = 0;
        int r = 0;

        for (size_t i = 0; i < w->n && r >= 0; i++) {
                if (w->tasks[i].state == DDNS_TASK_PENDING)
                        continue;
                DdnsResult *result = add_result(w, i, &n);
                result->written = is_asked(&w->tasks[i]) && asked &&
                                  !ddns_soa_is_served(&w->questions[question++]);
                if (result->written)
                        r = wait_for(l, w, i);
        }
        *ret_n = n;
        return r;
}

/* Applies what is in `w`, asks the name server, which is part of the backend, and records what came of it. */
static int deliver_together(DdnsLane *l, Work *w, DdnsMessage *message) {
        DdnsMessage silence = DDNS_MESSAGE_NULL;
        int applied, asked, r;
        size_t n;

        applied = l->ops->apply(l->backend, w->tasks, w->n, message);
        DDNS_CRASH_POINT("together-applied");
        asked = ask_served(l, w, &silence);
        DDNS_CRASH_POINT("together-asked");
        if (asked >= 0)
                asked = settle_served(l, w, &silence);
        if (asked < 0)
                /* Written, perhaps served, nobody knows: not recorded, so it is done again when the server answers. */
                for (size_t i = 0; i < w->n; i++)
                        if (w->tasks[i].state == DDNS_TASK_WRITTEN)
                                w->tasks[i].state = DDNS_TASK_PENDING;

        r = collect(l, w, asked >= 0 && l->backend_config->n_nameservers > 0, &n);
        if (r >= 0)
                r = ddns_lane_record(l, w->recorded, w->results, n);
        if (r < 0 || applied < 0)
                return r < 0 ? r : -ECONNABORTED;
        return asked < 0 ? ddns_fail(message, -ECONNABORTED, "%s", silence.text) : 0;
}

/* The same where name servers fetch what was written in their own time: whether they answer or not, it is on record. */
static int deliver_apart(DdnsLane *l, Work *w, DdnsMessage *message) {
        bool ask = l->backend_config->n_nameservers > 0;
        int applied, r = 0;
        size_t n = 0;

        applied = l->ops->apply(l->backend, w->tasks, w->n, message);
        DDNS_CRASH_POINT("apart-applied");
        for (size_t i = 0; i < w->n && ask && r >= 0; i++)
                if (w->tasks[i].state == DDNS_TASK_WRITTEN)
                        r = wait_for(l, w, i);
        if (r >= 0 && ask)
                r = ddns_waiting_list_ask(&l->waiting, PATIENCE_USEC);
        if (r < 0)
                return r;
        ddns_lane_report_silence(l);
        DDNS_CRASH_POINT("apart-asked");

        for (size_t i = 0; i < w->n; i++) {
                if (w->tasks[i].state == DDNS_TASK_PENDING)
                        continue;
                DdnsResult *result = add_result(w, i, &n);
                const DdnsWaiting *item = ddns_waiting_list_find(&l->waiting, result->zone);
                result->written = item && item->served != DDNS_SERVED_YES;
                if (item && !result->written)
                        ddns_waiting_list_forget(&l->waiting, result->zone);
        }
        r = ddns_lane_record(l, w->recorded, w->results, n);
        return r < 0 ? r : applied < 0 ? -ECONNABORTED : 0;
}

/* 1: done, look for more; 0: the backend is out of service; negative: the database. */
static int deliver(DdnsLane *l, Work *w) {
        DdnsMessage message = DDNS_MESSAGE_NULL;
        int r;

        r = l->ops->apart ? deliver_apart(l, w, &message) : deliver_together(l, w, &message);
        if (r == -ECONNABORTED)
                return ddns_lane_backend_failed(l, &message);
        if (r >= 0)
                r = ddns_lane_backend_answered(l);
        return r < 0 ? r : 1;
}

int ddns_lane_deliver_next(DdnsLane *l) {
        ddns_cleanup(ddns_batch_done) DdnsBatch batch = DDNS_BATCH_NULL;
        ddns_cleanup(work_done) Work w = { 0 };
        int r;

        if (l->waiting.n >= WAITING_MAX)
                return 0;
        r = ddns_store_take_batch(l->store, l->name, ddns_now_usec(), l->config->queue.batch, &batch);
        if (r < 0)
                return ddns_lane_store_failed(l, r);
        DDNS_CRASH_POINT("batch-taken");
        r = work_prepare(l, &batch, &w);
        if (r < 0 || w.n == 0)
                return r;
        r = deliver(l, &w);
        return r < 0 ? r : 1;
}
