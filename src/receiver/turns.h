/* SPDX-License-Identifier: MIT */
/* The order in which requests began. A master that gave up waiting sends its next push while the former is still on its way
 * through here, and what takes long to receive or to check must not come in behind it. Safe to call from several threads. */
#pragma once

#include <pthread.h>
#include <stdint.h>

typedef struct DdnsTurn {
        uint64_t number; /* from 1; 0: has not begun */
        struct DdnsTurn *previous, *next;
} DdnsTurn;

typedef struct DdnsTurns {
        pthread_mutex_t lock;
        DdnsTurn *first, *last; /* those that have not ended */
        uint64_t newest;
} DdnsTurns;

void ddns_turns_init(DdnsTurns *t);
void ddns_turns_done(DdnsTurns *t);

void ddns_turns_begin(DdnsTurns *t, DdnsTurn *turn);
/* Nothing happens if it has not begun. */
void ddns_turns_end(DdnsTurns *t, DdnsTurn *turn);
/* The oldest that has not ended; if there is none, what the next one will be. */
uint64_t ddns_turns_oldest(DdnsTurns *t);
