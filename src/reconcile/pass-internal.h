/* SPDX-License-Identifier: MIT */
/* What the steps of a pass share. Private to src/reconcile. */
#pragma once

#include <stdatomic.h>

#include "basic/buffer.h"
#include "directadmin/directadmin.h"
#include "reconcile/crew.h"
#include "reconcile/pass.h"
#include "report/report.h"

/* A zone to be fetched, and what must still be so when it comes. */
typedef struct PassFetch {
        const char *zone;
        const DdnsHeldZone *held; /* it, or its tombstone; NULL: neither */
        uint32_t serial;          /* of what is held */
        bool is_behind;           /* held, and the master's name server is ahead */
} PassFetch;

typedef struct PassFetches {
        PassFetch *items;
        size_t n, allocated;
} PassFetches;

/* A master of the configuration. */
typedef struct PassMaster {
        const DdnsReconcileMaster *config;
        const struct Pass *pass;
        DdnsMasterHealth health;
        bool is_due; /* it is asked; otherwise it is in back-off */
        int error;   /* of the listing */
        DdnsMessage why;
        DdnsDaListing listing;

        PassFetches owned;     /* what may be behind the master */
        PassFetches fetches;   /* what is fetched from it */
        atomic_size_t n_asked; /* of `owned` */
        size_t n_behind;
        size_t n_absent, n_silent; /* zones that its name server doesn't answer for, or not at all */
        const char *behind, *absent, *silent; /* the first of them */
} PassMaster;

typedef struct Pass {
        const DdnsConfig *config;
        const DdnsPassOptions *options;
        DdnsMessage *message;
        DdnsStore *store;
        int lock_fd;
        bool is_dry; /* by the setting, or an operator's look */
        DdnsPass sum;

        PassMaster *masters;
        DdnsListedMaster *listed;
        size_t n_masters;
        uint64_t generation; /* the newest, before the first listing began */

        DdnsHeldZone *held;
        size_t n_held, held_allocated;
        char *names; /* of `held` */

        DdnsDecisions decisions;
        unsigned n_reported[_DDNS_DECISION_KIND_MAX]; /* of those that change nothing */

        uint64_t progress_usec, journal_usec; /* monotonic: when they were told last */
} Pass;

/* pass.c */
bool pass_is_stopped(const Pass *p);
int pass_fail_store(Pass *p, int error);
void pass_wake(const Pass *p);

/* listings.c: asks all masters that are due, at the same time, and says what came of it. */
int pass_list(Pass *p);

/* held.c: reads what is held, after the last listing ended. */
int pass_read_held(Pass *p);

/* carry-out.c: all decisions but FETCH, which it leaves with the masters. */
int pass_carry_out(Pass *p);

/* behind.c: finds what a master's name server has a later serial of. */
int pass_find_behind(Pass *p);

/* fetch.c */
int pass_add_fetch(PassFetches *list, PassFetch item);
int pass_fetch(Pass *p);

/* tell.c */
void pass_tell_decision(Pass *p, const DdnsDecision *d, bool done);
void pass_tell_counts(Pass *p);
void pass_tell_brakes(Pass *p);
void pass_tell_strangers(const Pass *p);
void pass_tell_summary(Pass *p);
/* To the caller if the last time is some time ago; to the journal each 10 s. */
void pass_tell_progress(Pass *p, const char *what, uint64_t done, uint64_t of);
