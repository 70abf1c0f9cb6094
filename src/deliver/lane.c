/* SPDX-License-Identifier: MIT */
/* The thread of one backend. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "deliver/lane-internal.h"
#include "store/options.h"

/* How often what waits to be seen served is asked about. */
#define ASK_INTERVAL_USEC (100 * USEC_PER_MSEC)
/* More than that may not wait to be seen served: then the lane waits with them. */
#define WAITING_MAX 1000
/* How often it is made sure that the backend is the same that it was: while work keeps coming, a restart passes unnoticed. */
#define PROBE_INTERVAL_USEC (5 * USEC_PER_SEC)
/* How long after a failure of the database it is tried again. */
#define STORE_PAUSE_USEC (5 * USEC_PER_SEC)

int ddns_lane_new(const DdnsConfig *config, const DdnsBackendConfig *backend, const DdnsBackendOps *ops,
                  DdnsLane **ret, DdnsMessage *message) {
        DdnsStoreOptions options = ddns_store_options(config);
        ddns_cleanup(ddns_lane_freep) DdnsLane *l = calloc(1, sizeof *l);
        pthread_condattr_t attributes;
        int r;

        if (!l)
                return ddns_fail(message, -ENOMEM, "out of memory");
        l->config = config;
        l->backend_config = backend;
        l->name = backend->name;
        l->ops = ops;
        l->schedule = (DdnsSchedule){ config->queue.backoff_usec, config->queue.n_backoff };
        (void) pthread_mutex_init(&l->lock, NULL);
        (void) pthread_condattr_init(&attributes);
        (void) pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&l->changed, &attributes);
        (void) pthread_condattr_destroy(&attributes);

        r = ops->new (backend, &l->backend, message);
        if (r >= 0)
                r = ddns_store_open(config->state.database, &options, &l->store, message);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

void ddns_lane_stop(DdnsLane *l) {
        (void) pthread_mutex_lock(&l->lock);
        l->stopping = true;
        (void) pthread_cond_signal(&l->changed);
        (void) pthread_mutex_unlock(&l->lock);
}

DdnsLane *ddns_lane_free(DdnsLane *l) {
        if (!l)
                return NULL;
        if (l->running) {
                ddns_lane_stop(l);
                (void) pthread_join(l->thread, NULL);
        }
        if (l->backend)
                l->ops->free(l->backend);
        ddns_waiting_list_done(&l->waiting);
        (void) ddns_store_free(l->store);
        (void) pthread_cond_destroy(&l->changed);
        (void) pthread_mutex_destroy(&l->lock);
        free(l);
        return NULL;
}

void ddns_lane_wake(DdnsLane *l) {
        (void) pthread_mutex_lock(&l->lock);
        l->woken = true;
        l->state.idle = false; /* until it has looked: nobody may leave in between */
        (void) pthread_cond_signal(&l->changed);
        (void) pthread_mutex_unlock(&l->lock);
}

void ddns_lane_state(DdnsLane *l, DdnsLaneState *ret) {
        (void) pthread_mutex_lock(&l->lock);
        *ret = l->state;
        (void) pthread_mutex_unlock(&l->lock);
}

/* Waits until woken, told to stop, or `usec` are over (UINT64_MAX: no end). `idle`: what the state says meanwhile. */
static void pause_lane(DdnsLane *l, uint64_t usec, bool idle, uint64_t due_usec) {
        uint64_t end = usec == UINT64_MAX ? 0 : ddns_monotonic_usec() + usec;
        struct timespec ts = { .tv_sec = (time_t) (end / USEC_PER_SEC),
                               .tv_nsec = (long) (end % USEC_PER_SEC * 1000) };
        int r = 0;

        (void) pthread_mutex_lock(&l->lock);
        if (!l->woken) {
                l->state.idle = idle;
                l->state.due_usec = due_usec;
        }
        while (!l->woken && !l->stopping && r == 0)
                r = end > 0 ? pthread_cond_timedwait(&l->changed, &l->lock, &ts)
                            : pthread_cond_wait(&l->changed, &l->lock);
        l->woken = false;
        l->state.idle = false;
        (void) pthread_mutex_unlock(&l->lock);
}

bool ddns_lane_is_stopping(DdnsLane *l) {
        (void) pthread_mutex_lock(&l->lock);
        bool stopping = l->stopping;
        (void) pthread_mutex_unlock(&l->lock);
        return stopping;
}

/* ---- one batch ---- */

typedef struct Work {
        DdnsDelivery **deliveries; /* those of the batch that are not waiting already */
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

static int work_prepare(DdnsLane *l, DdnsBatch *batch, Work *w) {
        w->deliveries = calloc(batch->n, sizeof *w->deliveries);
        w->tasks = calloc(batch->n, sizeof *w->tasks);
        w->questions = calloc(batch->n, sizeof *w->questions);
        w->results = calloc(batch->n, sizeof *w->results);
        w->recorded = calloc(batch->n, sizeof *w->recorded);
        if (!w->deliveries || !w->tasks || !w->questions || !w->results || !w->recorded)
                return -ENOMEM;

        for (size_t i = 0; i < batch->n && w->n < l->config->queue.batch; i++) {
                DdnsDelivery *d = &batch->deliveries[i];

                if (ddns_waiting_list_has(&l->waiting, d->zone, d->generation))
                        continue;
                w->tasks[w->n] = (DdnsTask){ .zone = d->zone,
                                             .generation = d->generation,
                                             .delete = d->delete,
                                             .content = d->content,
                                             .size = d->size,
                                             .serial = d->serial };
                w->deliveries[w->n++] = d;
        }
        return 0;
}

/* Asks the name server about all that is written. 0, or negative if it answers nothing at all. */
static int ask_served(DdnsLane *l, Work *w, DdnsMessage *message) {
        const DdnsBackendConfig *c = l->backend_config;
        size_t n = 0;
        int r;

        if (c->n_nameservers == 0)
                return 0;
        for (size_t i = 0; i < w->n; i++)
                if (w->tasks[i].state == DDNS_TASK_WRITTEN)
                        w->questions[n++] = ddns_served_question(w->deliveries[i]);
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
                if (w->tasks[i].state == DDNS_TASK_WRITTEN &&
                    (l->backend_config->n_nameservers == 0 ||
                     ddns_soa_is_served(&w->questions[question++])))
                        r = ddns_lane_settle(l, w->deliveries[i], true, message);
        return r;
}

/* Sorts a batch that was applied: delivered, failed, or left to wait. `*ret_n`: results to record. */
static int collect(DdnsLane *l, Work *w, bool asked, size_t *ret_n) {
        uint64_t deadline = ddns_monotonic_usec() + l->backend_config->served_timeout_usec;
        size_t n = 0, question = 0;
        int r = 0;

        for (size_t i = 0; i < w->n && r >= 0; i++) {
                const DdnsTask *t = &w->tasks[i];
                DdnsDelivery *d = w->deliveries[i];
                bool written = t->state == DDNS_TASK_WRITTEN;

                if (t->state == DDNS_TASK_PENDING)
                        continue;
                if (written && asked && !ddns_soa_is_served(&w->questions[question++])) {
                        r = ddns_waiting_list_add(&l->waiting, d, deadline);
                        continue;
                }
                w->results[n] = (DdnsResult){ .zone = d->zone,
                                              .generation = d->generation,
                                              .error = written ? NULL : t->message.text };
                w->recorded[n++] = d;
        }
        *ret_n = n;
        return r;
}

/* Applies what is in `w` and records it. 1: done, look for more; 0: the backend is out of service; negative: the database. */
static int deliver(DdnsLane *l, Work *w) {
        DdnsMessage message = DDNS_MESSAGE_NULL, silence = DDNS_MESSAGE_NULL;
        int applied, asked, r;
        size_t n;

        applied = l->ops->apply(l->backend, w->tasks, w->n, &message);
        asked = ask_served(l, w, &silence);
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
        if (r >= 0 && (applied < 0 || asked < 0))
                return ddns_lane_backend_failed(l, applied < 0 ? &message : &silence);
        if (r >= 0)
                r = ddns_lane_backend_answered(l);
        return r < 0 ? r : 1;
}

/* 1: something was done; 0: there is nothing to do now; negative: the database failed. */
static int deliver_next(DdnsLane *l) {
        ddns_cleanup(ddns_batch_done) DdnsBatch batch = DDNS_BATCH_NULL;
        ddns_cleanup(work_done) Work w = { 0 };
        int r;

        if (l->waiting.n >= WAITING_MAX)
                return 0;
        /* Those that wait are still in the log, so they come with every batch, perhaps all of them as retries, which get a
         * quarter of it. */
        r = ddns_store_take_batch(l->store, l->name, ddns_now_usec(),
                                  l->config->queue.batch + 4 * l->waiting.n, &batch);
        if (r < 0)
                return ddns_lane_store_failed(l, r);
        r = work_prepare(l, &batch, &w);
        if (r < 0 || w.n == 0)
                return r;
        r = deliver(l, &w);
        return r < 0 ? r : 1;
}

/* After every start and every failure, and now and then: is the backend there, and is it the same that it was? That it answers
 * here does not end its outage unless there is nothing to deliver: only a delivery shows that all of it works. */
static int probe(DdnsLane *l, bool nothing_to_do) {
        DdnsMessage incarnation = DDNS_MESSAGE_NULL, message = DDNS_MESSAGE_NULL;
        int r = 0;

        if (l->ops->incarnation) {
                r = l->ops->incarnation(l->backend, &incarnation, &message);
                if (r < 0)
                        return ddns_lane_backend_failed(l, &message);
                r = ddns_lane_compare(l, incarnation.text, &message);
                if (r == -ECONNABORTED)
                        return ddns_lane_backend_failed(l, &message);
        }
        if (r >= 0 && nothing_to_do)
                r = ddns_lane_backend_answered(l);
        if (r >= 0)
                l->probe_usec = ddns_monotonic_usec() + PROBE_INTERVAL_USEC;
        return r;
}

static uint64_t longest_backoff(const DdnsLane *l) {
        uint64_t longest = 0;

        for (size_t i = 0; i < l->schedule.n; i++)
                if (l->schedule.backoff_usec[i] > longest)
                        longest = l->schedule.backoff_usec[i];
        return longest;
}

/* One step. Returns how long to wait before the next one; 0: at once. */
static uint64_t step(DdnsLane *l, bool *ret_idle, uint64_t *ret_due) {
        uint64_t now, due, backoff;
        int r;

        *ret_idle = false;
        l->step_usec = ddns_monotonic_usec();
        if (l->step_usec < l->again_usec)
                return l->again_usec - l->step_usec;
        if (l->waiting.n > 0 && ddns_lane_settle_waiting(l) < 0)
                return STORE_PAUSE_USEC;

        now = ddns_now_usec();
        r = ddns_monotonic_usec() < l->probe_usec
                            ? 0
                            : ddns_store_limit_due(l->store, l->name, now, now + longest_backoff(l));
        if (r >= 0)
                r = ddns_store_next_due(l->store, l->name, now, &due, &backoff);
        if (r < 0) {
                (void) ddns_lane_store_failed(l, r);
                return STORE_PAUSE_USEC;
        }
        if (backoff == 0 && ddns_monotonic_usec() >= l->probe_usec) {
                r = probe(l, due != 0);
                if (r < 0)
                        (void) ddns_lane_store_failed(l, r);
                return r < 0 ? STORE_PAUSE_USEC : 0;
        }
        if (due == 0) {
                r = deliver_next(l);
                if (r != 0)
                        return r < 0 ? STORE_PAUSE_USEC : 0;
        }
        if (l->waiting.n > 0 || due == 0) /* somebody else may have changed the log since */
                return ASK_INTERVAL_USEC;
        *ret_idle = true;
        *ret_due = due;
        return due == UINT64_MAX ? UINT64_MAX : due - now + 1;
}

static void *run(void *userdata) {
        DdnsLane *l = userdata;

        while (!ddns_lane_is_stopping(l)) {
                uint64_t due = 0, usec;
                bool idle;

                usec = step(l, &idle, &due);
                if (usec > 0)
                        pause_lane(l, usec, idle, due);
        }
        return NULL;
}

int ddns_lane_start(DdnsLane *l, DdnsMessage *message) {
        int r = pthread_create(&l->thread, NULL, run, l);

        if (r != 0)
                return ddns_fail(message, -r, "no thread for backend %s", l->name);
        l->running = true;
        return 0;
}
