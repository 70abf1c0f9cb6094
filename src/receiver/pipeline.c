/* SPDX-License-Identifier: MIT */
/* Worker threads, of which one at a time commits. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/crash-point.h"
#include "basic/wake.h"
#include "receiver/pipeline.h"
#include "receiver/scrape.h"
#include "report/report.h"

#define WORKERS_MAX 8
/* Changes of one commit; bounded by the number of connections in practice. */
#define GROUP_MAX 1024

typedef struct Queue {
        pthread_mutex_t lock;
        pthread_cond_t filled;
        DdnsJob *head, **tail;
        bool closed; /* nothing comes any more: threads end when it is empty */
} Queue;

typedef struct Thread {
        DdnsPipeline *pipeline;
        DdnsStore *store;
        pthread_t id;
        bool running;
} Thread;

struct DdnsPipeline {
        DdnsService *service;
        DdnsCredentials *credentials;
        DdnsPipelineOptions options;
        Queue logins, work, scrapes;
        pthread_mutex_t lock;             /* of the next three */
        DdnsJob *changed, **changed_tail; /* jobs that wait for a commit */
        bool committing;                  /* a worker does, with `store` */
        DdnsStore *store;
        DdnsTurns turns;
        Thread workers[WORKERS_MAX];
        Thread porter, scraper;
        atomic_bool broken;
        bool deaf; /* of who commits: ddns-retry could not be woken */
};

static void queue_init(Queue *q) {
        (void) pthread_mutex_init(&q->lock, NULL);
        (void) pthread_cond_init(&q->filled, NULL);
        q->head = NULL;
        q->tail = &q->head;
        q->closed = false;
}

static void queue_done(Queue *q) {
        (void) pthread_mutex_destroy(&q->lock);
        (void) pthread_cond_destroy(&q->filled);
}

static void queue_push(Queue *q, DdnsJob *job) {
        job->next = NULL;
        (void) pthread_mutex_lock(&q->lock);
        *q->tail = job;
        q->tail = &job->next;
        (void) pthread_mutex_unlock(&q->lock);
        (void) pthread_cond_signal(&q->filled); /* now, else who wakes up would wait for the lock next */
}

static void queue_close(Queue *q) {
        (void) pthread_mutex_lock(&q->lock);
        q->closed = true;
        (void) pthread_cond_broadcast(&q->filled);
        (void) pthread_mutex_unlock(&q->lock);
}

/* Waits for a job. NULL: closed and empty. */
static DdnsJob *queue_pop(Queue *q) {
        (void) pthread_mutex_lock(&q->lock);
        while (!q->head && !q->closed)
                (void) pthread_cond_wait(&q->filled, &q->lock);

        DdnsJob *job = q->head;
        if (job) {
                q->head = job->next;
                if (!q->head)
                        q->tail = &q->head;
        }
        (void) pthread_mutex_unlock(&q->lock);
        return job;
}

/* A thread of its own, and but one: whoever guesses passwords holds up other logins, but no master that is known, and the
 * memory that the slow hash takes is taken once. */
static void *verify(void *userdata) {
        Thread *t = userdata;
        DdnsPipeline *p = t->pipeline;
        DdnsJob *job;

        while ((job = queue_pop(&p->logins))) {
                job->error = ddns_credentials_verify(p->credentials, job->authorization,
                                                     &job->address.sa, &job->exchange.master);
                p->options.done(job);
        }
        return NULL;
}

/* To be called before the answer that follows: whoever has it finds the program leaving. */
static void look_after_store(DdnsPipeline *p, const DdnsStore *store) {
        if (ddns_store_is_spent(store))
                atomic_store(&p->broken, true);
}

static void *scrape(void *userdata) {
        Thread *t = userdata;
        DdnsPipeline *p = t->pipeline;
        DdnsJob *job;

        while ((job = queue_pop(&p->scrapes))) {
                ddns_scrape_handle(p->service, t->store, &job->exchange);
                look_after_store(p, t->store);
                p->options.done(job);
        }
        return NULL;
}

/* Moves the changes of the group's jobs into `changes` or back out of it. */
static size_t gather(DdnsJob *job, DdnsChange *changes, const DdnsJob *end) {
        size_t n = 0;

        for (; job != end; job = job->next)
                for (size_t i = 0; i < job->exchange.n_changes; i++) {
                        changes[n] = job->exchange.changes[i];
                        changes[n++].turn = job->turn.number;
                }
        return n;
}

static void scatter(DdnsJob *job, const DdnsChange *changes, const DdnsJob *end) {
        for (; job != end; job = job->next)
                for (size_t i = 0; i < job->exchange.n_changes; i++)
                        job->exchange.changes[i] = *changes++;
}

static bool needs_delivery(const DdnsJob *job) {
        DdnsChangeKind kind = job->exchange.changes[0].kind;

        return kind == DDNS_CHANGE_SAVE || kind == DDNS_CHANGE_DELETE;
}

/* ddns-retry.timer is the net below, and slower. */
static void wake_retry(DdnsPipeline *p) {
        int r = ddns_wake(p->options.wake);

        if (r < 0 && !p->deaf)
                ddns_report(DDNS_EVENT_WARNING, NULL,
                            "%s: ddns-retry can not be woken and delivers when its timer starts it: %s; mend "
                            "it with: systemctl restart ddns-retry.socket",
                            p->options.wake, strerror(-r));
        p->deaf = r < 0;
}

/* Commits the jobs from `first` up to `end` as one transaction and answers them. */
static void commit_group(DdnsPipeline *p, DdnsJob *first, const DdnsJob *end, size_t n) {
        DdnsChange *changes = calloc(n, sizeof *changes);
        bool wake = false;
        int r = -ENOMEM;

        if (changes) {
                (void) gather(first, changes, end);
                r = ddns_store_forget_turns(p->store, ddns_turns_oldest(&p->turns));
                if (r >= 0)
                        r = ddns_store_accept(p->store, changes, n, ddns_now_usec());
                DDNS_CRASH_POINT("push-accepted");
                if (r >= 0)
                        scatter(first, changes, end);
        }
        free(changes);
        look_after_store(p, p->store);

        for (DdnsJob *job = first, *next; job != end; job = next) {
                next = job->next;
                wake = wake || needs_delivery(job);
                ddns_service_finish(p->service, &job->exchange, r,
                                    r < 0 ? ddns_store_error(p->store) : NULL);
                p->options.done(job);
        }
        DDNS_CRASH_POINT("push-answered");
        if (wake && r >= 0)
                wake_retry(p);
        DDNS_CRASH_POINT("push-passed-on");
}

static void commit_all(DdnsPipeline *p, DdnsJob *job) {
        while (job) {
                size_t n = job->exchange.n_changes;
                DdnsJob *end = job->next;

                while (end && n + end->exchange.n_changes <= GROUP_MAX) {
                        n += end->exchange.n_changes;
                        end = end->next;
                }
                commit_group(p, job, end, n);
                job = end;
        }
}

/* Commits the job and all that wait, or leaves it to the worker that is at it: what comes during a commit shares the next one,
 * and a push on its own need not wait for another thread to wake up. */
static void commit(DdnsPipeline *p, DdnsJob *job) {
        job->next = NULL;
        (void) pthread_mutex_lock(&p->lock);
        *p->changed_tail = job;
        p->changed_tail = &job->next;
        while (!p->committing && p->changed) {
                DdnsJob *jobs = TAKE_PTR(p->changed);

                p->changed_tail = &p->changed;
                p->committing = true;
                (void) pthread_mutex_unlock(&p->lock);
                commit_all(p, jobs);
                (void) pthread_mutex_lock(&p->lock);
                p->committing = false;
        }
        (void) pthread_mutex_unlock(&p->lock);
}

static void *work(void *userdata) {
        Thread *t = userdata;
        DdnsPipeline *p = t->pipeline;
        DdnsJob *job;

        while ((job = queue_pop(&p->work))) {
                bool changes = ddns_service_handle(p->service, t->store, &job->exchange) > 0;

                look_after_store(p, t->store);
                if (changes)
                        commit(p, job);
                else
                        p->options.done(job);
        }
        return NULL;
}

static int start(DdnsPipeline *p, Thread *t, void *(*run)(void *), DdnsMessage *message) {
        int r = 0;

        t->pipeline = p;
        if (run != verify)
                r = ddns_store_open(p->options.database, &p->options.store, &t->store, message);
        if (r < 0)
                return r;
        r = pthread_create(&t->id, NULL, run, t);
        if (r != 0)
                return ddns_fail(message, -r, "no thread can be made");
        t->running = true;
        return 0;
}

static void stop(Thread *t) {
        if (t->running)
                (void) pthread_join(t->id, NULL);
        (void) ddns_store_free(t->store);
}

int ddns_pipeline_new(DdnsService *service, DdnsCredentials *credentials,
                      const DdnsPipelineOptions *options, DdnsPipeline **ret, DdnsMessage *message) {
        DdnsPipeline *p = calloc(1, sizeof *p);
        int r;

        if (!p)
                return ddns_fail(message, -ENOMEM, "out of memory");
        p->service = service;
        p->credentials = credentials;
        p->options = *options;
        if (p->options.workers > WORKERS_MAX)
                p->options.workers = WORKERS_MAX;
        queue_init(&p->logins);
        queue_init(&p->work);
        queue_init(&p->scrapes);
        ddns_turns_init(&p->turns);
        (void) pthread_mutex_init(&p->lock, NULL);
        p->changed_tail = &p->changed;

        r = ddns_store_open(options->database, &options->store, &p->store, message);
        if (r >= 0)
                r = start(p, &p->porter, verify, message);
        for (unsigned i = 0; r >= 0 && i < p->options.workers; i++)
                r = start(p, &p->workers[i], work, message);
        if (r >= 0 && p->options.metrics)
                r = start(p, &p->scraper, scrape, message);
        if (r < 0) {
                (void) ddns_pipeline_free(p);
                return r;
        }
        *ret = p;
        return 0;
}

DdnsPipeline *ddns_pipeline_free(DdnsPipeline *p) {
        if (!p)
                return NULL;
        queue_close(&p->scrapes);
        stop(&p->scraper);
        queue_close(&p->logins);
        stop(&p->porter);
        queue_close(&p->work);
        for (unsigned i = 0; i < p->options.workers; i++)
                stop(&p->workers[i]);
        (void) ddns_store_free(p->store);
        queue_done(&p->logins);
        queue_done(&p->work);
        queue_done(&p->scrapes);
        ddns_turns_done(&p->turns);
        (void) pthread_mutex_destroy(&p->lock);
        free(p);
        return NULL;
}

void ddns_pipeline_begin(DdnsPipeline *p, DdnsJob *job) {
        ddns_turns_begin(&p->turns, &job->turn);
}

void ddns_pipeline_end(DdnsPipeline *p, DdnsJob *job) {
        ddns_turns_end(&p->turns, &job->turn);
}

void ddns_pipeline_submit(DdnsPipeline *p, DdnsJob *job) {
        Queue *const queues[] = {
                [DDNS_JOB_VERIFY] = &p->logins,
                [DDNS_JOB_HANDLE] = &p->work,
                [DDNS_JOB_SCRAPE] = &p->scrapes,
        };

        queue_push(queues[job->kind], job);
}

bool ddns_pipeline_is_broken(DdnsPipeline *p) {
        return atomic_load(&p->broken);
}
