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
        if (r >= 0 && ddns_waiting_list_init(&l->waiting, backend->nameservers, backend->n_nameservers,
                                             ops->without_aa) < 0)
                r = ddns_fail(message, -ENOMEM, "out of memory");
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
        ddns_heal_done(&l->heal);
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
        if (r >= 0) {
                l->probe_usec = ddns_monotonic_usec() + PROBE_INTERVAL_USEC;
                l->probed = true;
        }
        return r;
}

/* The question takes time, so what waits is delivered before it, unless there is no answer yet that another one could differ from. */
static uint64_t first_probe(DdnsLane *l) {
        char before[DDNS_INCARNATION_MAX + 1];

        return ddns_store_get_incarnation(l->store, l->name, before) < 0 || !before[0]
                               ? 0
                               : l->step_usec + PROBE_INTERVAL_USEC;
}

static uint64_t longest_backoff(const DdnsLane *l) {
        uint64_t longest = 0;

        for (size_t i = 0; i < l->schedule.n; i++)
                if (l->schedule.backoff_usec[i] > longest)
                        longest = l->schedule.backoff_usec[i];
        return longest;
}

static uint64_t earlier(uint64_t a, uint64_t b) {
        return a < b ? a : b;
}

/* How long to wait while a comparison does, for at most `usec`. */
static uint64_t rest(const DdnsLane *l, uint64_t now, uint64_t due, uint64_t usec) {
        if (l->waiting.n > 0 || due == 0)
                usec = earlier(usec, ASK_INTERVAL_USEC);
        return due == 0 || due == UINT64_MAX ? usec : earlier(usec, due - now + 1);
}

/* The same with nothing to do. If another lane keeps the process alive, the backend is looked after all the same. */
static uint64_t idle_rest(const DdnsLane *l, uint64_t now, uint64_t due, uint64_t backoff) {
        uint64_t mono = ddns_monotonic_usec();
        uint64_t probe = backoff > 0             ? backoff - now + 1
                         : l->probe_usec <= mono ? 1
                                                 : l->probe_usec - mono + 1;

        return due == UINT64_MAX ? probe : earlier(probe, due - now + 1);
}

/* One step. Returns how long to wait before the next one; 0: at once. */
static uint64_t step(DdnsLane *l, bool *ret_idle, uint64_t *ret_due) {
        uint64_t now, due, backoff, heal = 0;
        int r;

        *ret_idle = false;
        l->step_usec = ddns_monotonic_usec();
        if (!l->began && ddns_store_reset_written(l->store, l->name, ddns_now_usec()) < 0) {
                (void) ddns_lane_store_failed(l, -EIO);
                return STORE_PAUSE_USEC;
        }
        if (!l->began)
                l->probe_usec = first_probe(l);
        l->began = true;
        if (l->step_usec < l->again_usec)
                return l->again_usec - l->step_usec;
        if (l->waiting.n > 0 && ddns_lane_settle_waiting(l) < 0)
                return STORE_PAUSE_USEC;

        now = ddns_now_usec();
        bool overdue = ddns_monotonic_usec() >= l->probe_usec;
        r = overdue || !l->probed
                            ? ddns_store_limit_due(l->store, l->name, now, now + longest_backoff(l))
                            : 0;
        if (r >= 0)
                r = ddns_store_next_due(l->store, l->name, now, &due, &backoff);
        if (r < 0) {
                (void) ddns_lane_store_failed(l, r);
                return STORE_PAUSE_USEC;
        }
        if (backoff == 0 && (overdue || (!l->probed && due != 0))) {
                r = probe(l, due != 0);
                if (r < 0)
                        (void) ddns_lane_store_failed(l, r);
                return r < 0 ? STORE_PAUSE_USEC : 0;
        }
        bool late = backoff == 0 && ddns_heal_is_late(l);
        if (due == 0 && !late) {
                r = ddns_lane_deliver_next(l);
                if (r != 0)
                        return r < 0 ? STORE_PAUSE_USEC : 0;
        }
        r = backoff == 0 ? ddns_heal_step(l, &heal) : 0;
        if (r != 0)
                return r < 0 ? STORE_PAUSE_USEC : late ? 0 : rest(l, now, due, heal);
        if (l->waiting.n > 0 || due == 0) /* somebody else may have changed the log since */
                return ASK_INTERVAL_USEC;
        *ret_idle = true;
        *ret_due = due;
        return idle_rest(l, now, due, backoff);
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
