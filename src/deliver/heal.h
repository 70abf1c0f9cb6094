/* SPDX-License-Identifier: MIT */
/* A comparison that was asked for: all that a backend should have against what is there and what is served, page by page
 * between ordinary batches. What differs is put back into the log, for this backend alone. What is there and not ours is
 * counted and named. Private to src/deliver. */
#pragma once

#include "deliver/lane.h"
#include "deliver/names.h"
#include "store/reconcile.h"

/* What may differ; of each kind the first ones are reported one by one. */
typedef enum DdnsHealKind {
        DDNS_HEAL_CONTENT,
        DDNS_HEAL_SERVED,
        _DDNS_HEAL_KIND_MAX,
} DdnsHealKind;

/* A zone that a name server did not show as it should. It has a little time: perhaps the server is loading it. */
typedef struct DdnsSuspect {
        char zone[DDNS_ZONE_NAME_MAX + 1];
        uint64_t generation;
        uint32_t serial;
        DdnsMessage why; /* "": all is well now */
} DdnsSuspect;

#define DDNS_HEAL_PAGE 500

typedef struct DdnsHeal {
        uint64_t asked_usec;  /* which question is at work; 0: none */
        uint64_t next_usec;   /* monotonic: nothing is done before */
        uint64_t last_usec;   /* monotonic: something was done */
        unsigned failures;    /* of the backend, that broke off comparisons of this question */
        uint64_t failed_usec; /* the question they broke off */

        char after[DDNS_ZONE_NAME_MAX + 1]; /* the last zone that was looked at */
        DdnsSuspect *suspects;              /* room for a page */
        size_t n_suspects;
        uint64_t confirm_usec;  /* monotonic: those that are suspects then differ */
        uint64_t patience_usec; /* what is left for suspects, in all */
        uint64_t *silent_usec;  /* monotonic, for each name server: left alone until then */
        bool *was_silent;       /* likewise: at some time */

        bool listed;
        DdnsNames there; /* what the backend has, not looked at yet from `next` on */
        size_t next;
        DdnsMessage foreign_text; /* the first ones */

        uint64_t compared, differed, foreign, kinds[_DDNS_HEAL_KIND_MAX];
} DdnsHeal;

void ddns_heal_done(DdnsHeal *h);

/* One step of the comparison that is asked for, if one is. 1: it is under way, and the next step is due after `*ret_usec`, or the
 * backend failed and backs off; 0: there is none; negative: the database failed, which is reported. */
int ddns_heal_step(DdnsLane *l, uint64_t *ret_usec);

/* A comparison is under way, and work that keeps coming has held it up. */
bool ddns_heal_is_late(const DdnsLane *l);
