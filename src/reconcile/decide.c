/* SPDX-License-Identifier: MIT */
/* The rules of a pass: one walk over the held zones and all listings, which are in the same order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "basic/cleanup.h"
#include "reconcile/decide.h"

/* A master on the walk. */
typedef struct Walker {
        const DdnsListedMaster *master;
        const DdnsDaListing *listing; /* NULL: it failed */
        DdnsMasterTally *tally;
        size_t next; /* of the listing */
        bool has;    /* the zone at hand */
} Walker;

typedef struct Pass {
        const DdnsHeldZone *held;
        size_t n_held, next_held;
        Walker *walkers;
        size_t n_walkers;
        bool all_listed; /* no master failed */
        size_t n_has;    /* walkers that have the zone at hand */
        DdnsDecisions result;
        size_t allocated;
} Pass;

void ddns_decisions_done(DdnsDecisions *d) {
        free(d->items);
        free(d->masters);
        *d = DDNS_DECISIONS_NULL;
}

static void pass_done(Pass *p) {
        free(p->walkers);
        ddns_decisions_done(&p->result);
}

static size_t server_length(const char *name) {
        size_t n = strlen(name);

        return n > 0 && name[n - 1] == '.' ? n - 1 : n;
}

bool ddns_same_server(const char *a, const char *b) {
        size_t n = server_length(a);

        return n == server_length(b) && strncasecmp(a, b, n) == 0;
}

/* ---- what a zone comes to ----------------------------------------------------------------------------------------- */

static int add(Pass *p, DdnsDecision d) {
        DdnsDecisions *r = &p->result;

        if (r->n == p->allocated) {
                size_t wanted = p->allocated > 0 ? 2 * p->allocated : 64;
                DdnsDecision *items = reallocarray(r->items, wanted, sizeof *items);

                if (!items)
                        return -ENOMEM;
                r->items = items;
                p->allocated = wanted;
        }
        d.n_listing = (uint32_t) p->n_has;
        r->items[r->n++] = d;
        return 0;
}

static Walker *find_owner(Pass *p, const char *owner) {
        for (size_t i = 0; i < p->n_walkers; i++)
                if (ddns_same_server(p->walkers[i].master->servername, owner))
                        return &p->walkers[i];
        return NULL;
}

static const DdnsListedMaster *first_that_lists(const Pass *p) {
        for (size_t i = 0; i < p->n_walkers; i++)
                if (p->walkers[i].has)
                        return p->walkers[i].master;
        return NULL;
}

/* The listing shows what was before. In doubt (the same microsecond, a time in the future) it does. */
static bool changed_since_listing(const Walker *w, const DdnsHeldZone *h) {
        return h->accepted_usec >= w->listing->began_usec || h->generation > w->master->began_generation;
}

static bool may_be_elsewhere(const Pass *p) {
        return p->result.brake.wait_for_all && !p->all_listed;
}

static int decide_unowned(Pass *p, const DdnsHeldZone *h) {
        bool clear = p->n_has == 1 && !may_be_elsewhere(p);

        if (p->n_has == 0)
                return 0; /* of a master that says no name of its own, or pushed by a script */
        return add(p, (DdnsDecision){ .kind = clear ? DDNS_DECISION_BACKFILL : DDNS_DECISION_UNCLEAR,
                                      .zone = h->name,
                                      .held = h,
                                      .from = first_that_lists(p) });
}

static bool is_missing_again(const DdnsHeldZone *h) {
        return h->missing.generation != 0 && h->missing.generation == h->generation;
}

/* Who had it may be who failed now: a zone that was seen is gone everywhere only when all say so, or an operator. */
static bool is_elsewhere(const Pass *p, const DdnsHeldZone *h) {
        bool may_be = !p->all_listed && !p->result.brake.released;

        return p->n_has > 0 || (may_be && is_missing_again(h) && h->missing.elsewhere);
}

/* Which decision on a zone that its owner's listing lacks. One that another had in the pass before is gone everywhere for the
 * first time now. */
static DdnsDecisionKind decide_missing(const Pass *p, const DdnsHeldZone *h) {
        if (!is_missing_again(h))
                return DDNS_DECISION_WAIT;
        if (p->n_has == 0)
                return h->missing.elsewhere ? DDNS_DECISION_WAIT : DDNS_DECISION_DELETE;
        return p->n_has == 1 && !may_be_elsewhere(p) ? DDNS_DECISION_MOVE : DDNS_DECISION_UNCLEAR;
}

/* It is not missing now. */
static int add_returned(Pass *p, DdnsDecision d) {
        d.kind = DDNS_DECISION_RETURNED;
        return d.held->missing.generation != 0 ? add(p, d) : 0;
}

static int decide_owned(Pass *p, const DdnsHeldZone *h, Walker *owner) {
        DdnsDecision d = {
                .zone = h->name, .held = h, .owner = owner->master, .from = first_that_lists(p)
        };

        owner->tally->owned++;
        owner->tally->listed += owner->has;
        if (owner->has || (owner->listing && changed_since_listing(owner, h)))
                return add_returned(p, d);
        if (!owner->listing || owner->listing->legacy) /* but what was nowhere is somewhere now */
                return p->n_has > 0 && !h->missing.elsewhere ? add_returned(p, d) : 0;

        d.kind = decide_missing(p, h);
        d.missing = (DdnsMissing){ .generation = h->generation, .elsewhere = is_elsewhere(p, h) };
        if (d.kind == DDNS_DECISION_DELETE)
                owner->tally->orphans++;
        return add(p, d);
}

/* Of a master that nobody asks and that this one mirrors, or of this one, which has called itself otherwise before. */
static void count_stranger(Pass *p, const DdnsHeldZone *h) {
        for (size_t i = 0; i < p->n_walkers; i++) {
                DdnsMasterTally *t = p->walkers[i].tally;

                if (!p->walkers[i].has)
                        continue;
                t->stranger = t->stranger ?: h;
                t->strangers++;
        }
}

static int decide_held(Pass *p, const DdnsHeldZone *h) {
        Walker *owner;

        if (server_length(h->owner) == 0)
                return decide_unowned(p, h);
        owner = find_owner(p, h->owner);
        if (owner)
                return decide_owned(p, h, owner);
        count_stranger(p, h);
        return 0;
}

/* `h`: the tombstone, or NULL. */
static int decide_absent(Pass *p, const char *zone, const DdnsHeldZone *h) {
        DdnsDecision d = { .kind = DDNS_DECISION_LACKED, .zone = zone, .held = h };

        for (size_t i = 0; i < p->n_walkers && d.kind != DDNS_DECISION_FETCH; i++) {
                const Walker *w = &p->walkers[i];

                if (!w->has || (h && changed_since_listing(w, h)))
                        continue;
                if (w->master->axfr)
                        d.kind = DDNS_DECISION_FETCH;
                if (w->master->axfr || !d.from)
                        d.from = w->master;
        }
        return d.from ? add(p, d) : 0;
}

/* ---- the walk ----------------------------------------------------------------------------------------------------- */

static const char *next_listed(const Walker *w) {
        return w->listing && w->next < w->listing->n ? w->listing->zones[w->next].name : NULL;
}

static const char *lesser(const char *a, const char *b) {
        return !a || (b && strcmp(b, a) < 0) ? b : a;
}

/* The next zone in the order of names; NULL at the end. */
static const char *next_zone(const Pass *p) {
        const char *zone = p->next_held < p->n_held ? p->held[p->next_held].name : NULL;

        for (size_t i = 0; i < p->n_walkers; i++)
                zone = lesser(zone, next_listed(&p->walkers[i]));
        return zone;
}

static const DdnsHeldZone *step(Pass *p, const char *zone) {
        const DdnsHeldZone *h = p->next_held < p->n_held ? &p->held[p->next_held] : NULL;

        p->n_has = 0;
        for (size_t i = 0; i < p->n_walkers; i++) {
                Walker *w = &p->walkers[i];
                const char *listed = next_listed(w);

                w->has = listed && strcmp(listed, zone) == 0;
                w->next += w->has;
                p->n_has += w->has;
        }
        if (!h || strcmp(h->name, zone) != 0)
                return NULL;
        p->next_held++;
        return h;
}

static int walk(Pass *p) {
        for (const char *zone; (zone = next_zone(p));) {
                const DdnsHeldZone *h = step(p, zone);
                int r = h && !h->deleted ? decide_held(p, h) : decide_absent(p, zone, h);

                if (r < 0)
                        return r;
        }
        return 0;
}

static DdnsBraked judge(const Pass *p, const DdnsMasterTally *t) {
        const DdnsBrake *b = &p->result.brake;
        uint64_t orphans = t->orphans, owned = t->owned;

        if (orphans == 0 || b->released)
                return DDNS_BRAKED_NO;
        if (may_be_elsewhere(p))
                return DDNS_BRAKED_FAILED;
        if (orphans > b->zones && orphans * 100 > owned * b->percent)
                return DDNS_BRAKED_MANY;
        return owned > 1 && t->listed == 0 ? DDNS_BRAKED_ALL : DDNS_BRAKED_NO;
}

/* Two passes may be seconds apart, when an operator makes one by hand. What is gone for good is so a while later, too. */
static void wait_on(DdnsDecision *d) {
        d->kind = DDNS_DECISION_WAIT;
        d->missing = d->held->missing;
}

/* All of a master's orphans or none: which of them would be the right part? */
static void apply_brakes(Pass *p) {
        DdnsDecisions *r = &p->result;

        for (size_t i = 0; i < p->n_walkers; i++)
                r->masters[i].braked = judge(p, &r->masters[i]);
        for (size_t i = 0; i < r->n; i++) {
                DdnsDecision *d = &r->items[i];

                if (d->kind == DDNS_DECISION_DELETE &&
                    r->masters[d->owner - r->first_master].braked != DDNS_BRAKED_NO)
                        d->kind = DDNS_DECISION_BRAKE;
                else if (d->kind == DDNS_DECISION_DELETE && d->held->is_young && !r->brake.released)
                        wait_on(d);
                r->n_kind[d->kind]++;
        }
}

/* ---- the input ---------------------------------------------------------------------------------------------------- */

static int check_servernames(const DdnsListedMaster *masters, size_t n, DdnsMessage *message) {
        for (size_t i = 0; i < n; i++) {
                if (server_length(masters[i].servername) == 0)
                        return ddns_fail(message, -EINVAL, "the master %s has no servername",
                                         masters[i].name);
                for (size_t k = 0; k < i; k++)
                        if (ddns_same_server(masters[i].servername, masters[k].servername))
                                return ddns_fail(message, -EINVAL,
                                                 "the masters %s and %s have the same servername",
                                                 masters[k].name, masters[i].name);
        }
        return 0;
}

/* A list out of order would look like one that lacks zones. */
static int check_order(const DdnsHeldZone *held, size_t n_held, const DdnsListedMaster *masters,
                       size_t n_masters, DdnsMessage *message) {
        for (size_t i = 1; i < n_held; i++)
                if (strcmp(held[i - 1].name, held[i].name) >= 0)
                        return ddns_fail(message, -EINVAL, "the zones here are not in order at %s",
                                         held[i].name);
        for (size_t m = 0; m < n_masters; m++) {
                const DdnsDaListing *l = masters[m].listing;

                for (size_t i = 1; l && i < l->n; i++)
                        if (strcmp(l->zones[i - 1].name, l->zones[i].name) >= 0)
                                return ddns_fail(message, -EINVAL,
                                                 "the list of %s is not in order at %s", masters[m].name,
                                                 l->zones[i].name);
        }
        return 0;
}

static int prepare(Pass *p, const DdnsListedMaster *masters, size_t n) {
        p->walkers = calloc(n + 1, sizeof *p->walkers);
        p->result.masters = calloc(n + 1, sizeof *p->result.masters);
        if (!p->walkers || !p->result.masters)
                return -ENOMEM;

        p->n_walkers = n;
        p->all_listed = true;
        for (size_t i = 0; i < n; i++) {
                const DdnsDaListing *l = masters[i].listing;

                /* no server without a single zone: what says so is broken */
                if (l && l->n == 0)
                        l = NULL;
                if (!l)
                        p->all_listed = false;
                p->walkers[i] = (Walker){ .master = &masters[i],
                                          .listing = l,
                                          .tally = &p->result.masters[i] };
        }
        return 0;
}

int ddns_decide(const DdnsHeldZone *held, size_t n_held, const DdnsListedMaster *masters,
                size_t n_masters, const DdnsBrake *brake, DdnsDecisions *ret, DdnsMessage *message) {
        ddns_cleanup(pass_done) Pass p = { .held = held,
                                           .n_held = n_held,
                                           .result = { .first_master = masters, .brake = *brake } };
        int r;

        r = check_servernames(masters, n_masters, message);
        if (r >= 0)
                r = check_order(held, n_held, masters, n_masters, message);
        if (r < 0)
                return r;

        r = prepare(&p, masters, n_masters);
        if (r >= 0)
                r = walk(&p);
        if (r < 0)
                return ddns_fail(message, r, "out of memory");
        apply_brakes(&p);
        *ret = p.result;
        p.result = DDNS_DECISIONS_NULL;
        return 0;
}
