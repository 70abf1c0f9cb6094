/* SPDX-License-Identifier: MIT */
/* Threads that do the same with many items, while the caller's thread goes on telling how far it is. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/cleanup.h"

typedef struct DdnsCrew {
        void (*run)(void *item,
                    void *userdata); /* in a thread of the crew, once for each item, in their order */
        void *items;
        size_t n, item_size;
        void *userdata;

        pthread_mutex_t lock; /* over what follows, and what the caller puts under it */
        pthread_cond_t news;  /* for the caller's thread */
        size_t next, n_ended; /* items */
        pthread_t threads[64];
        size_t n_threads;
} DdnsCrew;

/* Starts at most `width` threads (and at most 64), in which all signals are blocked. -EAGAIN: not even one can be made.
 * On success ddns_crew_end() must follow. */
int ddns_crew_start(DdnsCrew *c, void (*run)(void *item, void *userdata), void *items, size_t n,
                    size_t item_size, void *userdata, unsigned width);

/* Waits for `news`, at most so long. `*ret_ended`: items that have ended. True: all have. */
bool ddns_crew_wait(DdnsCrew *c, uint64_t usec, size_t *ret_ended);

/* Waits for all threads. */
void ddns_crew_end(DdnsCrew *c);
