/* SPDX-License-Identifier: MIT */
/* A crew takes its items one after the other from one list. */
#include <errno.h>
#include <signal.h>

#include "basic/clock.h"
#include "reconcile/crew.h"

static void *work(void *userdata) {
        DdnsCrew *c = userdata;

        (void) pthread_mutex_lock(&c->lock);
        while (c->next < c->n) {
                void *item = (char *) c->items + c->next++ * c->item_size;

                (void) pthread_mutex_unlock(&c->lock);
                c->run(item, c->userdata);
                (void) pthread_mutex_lock(&c->lock);
                c->n_ended++;
                (void) pthread_cond_signal(&c->news);
        }
        (void) pthread_mutex_unlock(&c->lock);
        return NULL;
}

static void crew_done(DdnsCrew *c) {
        (void) pthread_mutex_destroy(&c->lock);
        (void) pthread_cond_destroy(&c->news);
}

int ddns_crew_start(DdnsCrew *c, void (*run)(void *item, void *userdata), void *items, size_t n,
                    size_t item_size, void *userdata, unsigned width) {
        pthread_condattr_t monotonic;
        sigset_t all, before;

        *c = (DdnsCrew){
                .run = run, .items = items, .n = n, .item_size = item_size, .userdata = userdata
        };
        (void) pthread_mutex_init(&c->lock, NULL);
        (void) pthread_condattr_init(&monotonic);
        (void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&c->news, &monotonic);
        (void) pthread_condattr_destroy(&monotonic);

        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_BLOCK, &all, &before);
        while (c->n_threads < width && c->n_threads < n && c->n_threads < ARRAY_SIZE(c->threads) &&
               pthread_create(&c->threads[c->n_threads], NULL, work, c) == 0)
                c->n_threads++;
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (c->n_threads == 0 && n > 0) {
                crew_done(c);
                return -EAGAIN;
        }
        return 0;
}

bool ddns_crew_wait(DdnsCrew *c, uint64_t usec, size_t *ret_ended) {
        uint64_t until = ddns_monotonic_usec() + usec;
        struct timespec ts = { .tv_sec = (time_t) (until / USEC_PER_SEC),
                               .tv_nsec = (long) (until % USEC_PER_SEC * 1000) };

        (void) pthread_mutex_lock(&c->lock);
        if (c->n_ended < c->n)
                (void) pthread_cond_timedwait(&c->news, &c->lock, &ts);
        *ret_ended = c->n_ended;
        (void) pthread_mutex_unlock(&c->lock);
        return *ret_ended == c->n;
}

void ddns_crew_end(DdnsCrew *c) {
        for (size_t i = 0; i < c->n_threads; i++)
                (void) pthread_join(c->threads[i], NULL);
        crew_done(c);
}
