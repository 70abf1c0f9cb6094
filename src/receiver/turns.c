/* SPDX-License-Identifier: MIT */
/* Numbers for requests. */
#include "receiver/turns.h"

void ddns_turns_init(DdnsTurns *t) {
        *t = (DdnsTurns){ 0 };
        (void) pthread_mutex_init(&t->lock, NULL);
}

void ddns_turns_done(DdnsTurns *t) {
        (void) pthread_mutex_destroy(&t->lock);
}

void ddns_turns_begin(DdnsTurns *t, DdnsTurn *turn) {
        (void) pthread_mutex_lock(&t->lock);
        *turn = (DdnsTurn){ .number = ++t->newest, .previous = t->last };
        if (t->last)
                t->last->next = turn;
        else
                t->first = turn;
        t->last = turn;
        (void) pthread_mutex_unlock(&t->lock);
}

void ddns_turns_end(DdnsTurns *t, DdnsTurn *turn) {
        if (turn->number == 0)
                return;
        (void) pthread_mutex_lock(&t->lock);
        if (turn->previous)
                turn->previous->next = turn->next;
        else
                t->first = turn->next;
        if (turn->next)
                turn->next->previous = turn->previous;
        else
                t->last = turn->previous;
        turn->number = 0;
        (void) pthread_mutex_unlock(&t->lock);
}

uint64_t ddns_turns_oldest(DdnsTurns *t) {
        (void) pthread_mutex_lock(&t->lock);
        uint64_t oldest = t->first ? t->first->number : t->newest + 1;
        (void) pthread_mutex_unlock(&t->lock);
        return oldest;
}
