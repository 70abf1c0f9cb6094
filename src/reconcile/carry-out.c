/* SPDX-License-Identifier: MIT */
/* Decisions become changes of the store, a batch in one transaction, each under its condition. */
#include <errno.h>
#include <string.h>

#include "basic/clock.h"
#include "basic/crash-point.h"
#include "reconcile/pass-internal.h"

#define BATCH 100

typedef struct Batch {
        DdnsReconcileChange changes[BATCH];
        const DdnsDecision *decisions[BATCH];
        size_t n;
} Batch;

static bool is_change(const Pass *p, const DdnsDecision *d) {
        return !p->is_dry && (d->kind == DDNS_DECISION_DELETE || d->kind == DDNS_DECISION_MOVE ||
                              d->kind == DDNS_DECISION_BACKFILL);
}

/* False: nothing is to be stored for it. */
static bool plan(const Pass *p, const DdnsDecision *d, DdnsReconcileChange *ret) {
        const DdnsHeldZone *h = d->held;

        *ret = (DdnsReconcileChange){
                .kind = DDNS_RECONCILE_MISSING,
                .zone = d->zone,
                .generation = h->generation,
                .owner = h->owner,
                .accepted_usec = h->accepted_usec,
                .missing_generation = d->missing.generation,
                .missing_elsewhere = d->missing.elsewhere,
        };
        if (!is_change(p, d))
                return !p->options->dry_run && (d->missing.generation != h->missing.generation ||
                                                d->missing.elsewhere != h->missing.elsewhere);
        ret->kind = d->kind == DDNS_DECISION_DELETE ? DDNS_RECONCILE_DELETE : DDNS_RECONCILE_OWNER;
        if (d->kind != DDNS_DECISION_DELETE)
                ret->new_owner = d->from->servername;
        return true;
}

/* Of a dry run: what would have been done. */
static void count(Pass *p, const DdnsDecision *d) {
        uint64_t *const counters[_DDNS_DECISION_KIND_MAX] = {
                [DDNS_DECISION_DELETE] = &p->sum.deleted,
                [DDNS_DECISION_MOVE] = &p->sum.moved,
                [DDNS_DECISION_BACKFILL] = &p->sum.backfilled,
        };

        if (counters[d->kind])
                (*counters[d->kind])++;
}

static int commit(Pass *p, Batch *b) {
        bool deleted = false;

        if (b->n == 0)
                return 0;
        int r = ddns_store_reconcile(p->store, b->changes, b->n, ddns_now_usec());
        DDNS_CRASH_POINT("carried-out");
        if (r < 0)
                return pass_fail_store(p, r);
        for (size_t i = 0; i < b->n; i++) {
                const DdnsReconcileChange *c = &b->changes[i];

                if (c->kind == DDNS_RECONCILE_MISSING)
                        continue;
                deleted = deleted || (c->done && c->kind == DDNS_RECONCILE_DELETE);
                if (c->done)
                        count(p, b->decisions[i]);
                pass_tell_decision(p, b->decisions[i], c->done);
        }
        b->n = 0;
        if (deleted)
                pass_wake(p);
        return 0;
}

static PassMaster *master_of(const Pass *p, const DdnsListedMaster *l) {
        return &p->masters[l - p->listed];
}

static int add_fetch(Pass *p, const DdnsDecision *d) {
        int r = pass_add_fetch(&master_of(p, d->from)->fetches,
                               (PassFetch){ .zone = d->zone, .held = d->held });

        return r < 0 ? ddns_fail(p->message, r, "out of memory") : 0;
}

static int handle(Pass *p, Batch *b, const DdnsDecision *d) {
        if (p->options->decided)
                p->options->decided(&p->decisions, d, p->options->userdata);
        if (!is_change(p, d)) {
                count(p, d);
                pass_tell_decision(p, d, false);
        }
        if (d->kind == DDNS_DECISION_FETCH)
                return add_fetch(p, d);
        if (d->kind == DDNS_DECISION_LACKED || !plan(p, d, &b->changes[b->n]))
                return 0;
        b->decisions[b->n++] = d;
        return b->n == BATCH ? commit(p, b) : 0;
}

int pass_carry_out(Pass *p) {
        const DdnsDecisions *all = &p->decisions;
        ddns_cleanup(ddns_freep) Batch *b = calloc(1, sizeof *b);
        int r = b ? 0 : ddns_fail(p->message, -ENOMEM, "out of memory");

        p->sum.orphans = all->n_kind[DDNS_DECISION_DELETE] + all->n_kind[DDNS_DECISION_BRAKE];
        p->sum.braked = all->n_kind[DDNS_DECISION_BRAKE];
        p->sum.unclear = all->n_kind[DDNS_DECISION_UNCLEAR];
        p->sum.lacked = all->n_kind[DDNS_DECISION_LACKED];
        pass_tell_brakes(p);
        pass_tell_strangers(p);
        for (size_t i = 0; r >= 0 && i < all->n && !pass_is_stopped(p); i++) {
                r = handle(p, b, &all->items[i]);
                pass_tell_progress(p, "carrying out", i + 1, all->n);
        }
        if (r >= 0)
                r = commit(p, b);
        pass_tell_counts(p);
        return r;
}
