/* SPDX-License-Identifier: MIT */
/* What follows from the listings of a pass: which zones are orphans, whose owner is somebody else now, what we lack.
 *
 * Pure: no clock, no network, no database. Everything that could delete a zone is decided here and nowhere else.
 *
 * An orphan is a zone whose owner is known and configured, whose owner's listing is complete (not legacy, not empty) and
 * lacks it, in this pass and in the one before; that no other master lists, in both; that was pushed before the listing began,
 * and not since the pass before; and that has been missing for long enough (`is_young`). Which master listed it is not remembered: one that another listed is an orphan only after a
 * pass in which no master failed, or that an operator confirmed. All of a master's orphans go, or by the brake none of them.
 * All else is left alone: a zone whose owner is not known, is not configured, failed, or lists only hosted domains.
 *
 * A zone moves when its owner's complete listing lacks it in two passes likewise and exactly one other master lists it now: an
 * account that is being restored on its server is away for minutes, and a move to the mirror at once would let the mirror's
 * delete of its own copy pass. MOVE goes before DELETE, and no brake holds it. A zone that its owner lists stays with it, whoever
 * else lists it. A pass in which the owner failed counts neither way, unless another master lists what was nowhere before.
 *
 * What a master lists is the truth. A zone that an operator deleted here and a master still lists is fetched back by the next
 * pass, as the next push would bring it back: it is to be deleted on the master. Of several that list a zone that we lack the
 * first with `axfr` in the order of the masters is asked, and becomes its owner.
 *
 * What the caller has to do:
 * - Only one pass runs at a time. `began_generation` is read before the listing, `held` after the last listing ended.
 * - A decision is carried out only if the zone still has the generation, owner and `accepted_usec` that it had here, checked in
 *   the same transaction; FETCH: is still absent, or still the tombstone `held`.
 * - For each decision on a held zone that is not carried out (WAIT and RETURNED never are, the others not by the setting of a
 *   dry run, or when it fails) `missing` is stored with the zone, under the same condition. What is stored for a zone without
 *   decision stays: a listing that failed says nothing. An operator's look at what would be done stores nothing.
 * - Whatever says the zone anew erases what is stored, in its own transaction: each accepted push, also one without a change
 *   and thus without a new generation, and each change of owner. Such a push sets `accepted_usec`, too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/message.h"
#include "directadmin/directadmin.h"

/* That the owner's listing lacked a zone, as one pass leaves it to the next. */
typedef struct DdnsMissing {
        uint64_t generation; /* of the zone then; 0: it was not missing */
        bool elsewhere;      /* another master listed it, or did before and some have failed since */
} DdnsMissing;

/* A zone that we hold, or held and was deleted. */
typedef struct DdnsHeldZone {
        const char *name;       /* checked */
        const char *owner;      /* what the owner calls itself in pushes; "": not known */
        uint64_t generation;    /* of the newest change */
        uint64_t accepted_usec; /* of the newest push, also one that changed nothing; of the delete */
        DdnsMissing missing;    /* as the pass before left it */
        bool deleted; /* needed of all zones deleted since the first listing began, purged tombstones included */
        bool is_young; /* `missing` is so recent that an orphan waits on, unless an operator confirmed */
} DdnsHeldZone;

/* A configured master and what it said in this pass. */
typedef struct DdnsListedMaster {
        const char *name;             /* of its entry */
        const char *servername;       /* what it calls itself in pushes */
        const DdnsDaListing *listing; /* NULL: it failed. One without zones counts as failed, too */
        uint64_t began_generation; /* the newest of the store before the listing: no clock that is set back can fool it */
        bool axfr; /* it can be asked for zones */
} DdnsListedMaster;

/* What holds deletes back, until an operator confirms. */
typedef struct DdnsBrake {
        uint32_t percent; /* of the zones that a master owns here */
        uint32_t zones;   /* the brake lets through the greater of both */
        bool wait_for_all; /* a master that failed may have any zone: in such a pass no delete, no move, no backfill */
        bool released; /* an operator confirmed this pass: its deletes are let through, whatever the reason */
} DdnsBrake;

typedef enum DdnsDecisionKind {
        DDNS_DECISION_DELETE,   /* an orphan */
        DDNS_DECISION_BRAKE,    /* an orphan, held back with all of its master: see DdnsBraked */
        DDNS_DECISION_WAIT,     /* missing for the first time */
        DDNS_DECISION_RETURNED, /* it was missing and is not now: listed, or pushed */
        DDNS_DECISION_MOVE,     /* its owner lacks it for the second time, exactly one other has it */
        DDNS_DECISION_BACKFILL, /* its owner was not known, exactly one listing has it */
        DDNS_DECISION_UNCLEAR, /* would be backfilled or moved, but several have it or may have it: reported */
        DDNS_DECISION_FETCH,  /* listed, and not here */
        DDNS_DECISION_LACKED, /* the same, but nobody who lists it has `axfr`: reported */
        _DDNS_DECISION_KIND_MAX,
} DdnsDecisionKind;

const char *ddns_decision_kind_to_string(DdnsDecisionKind kind);

typedef struct DdnsDecision {
        DdnsDecisionKind kind;
        uint32_t n_listing;            /* masters that list it */
        const char *zone;              /* of the held zone, or of the listing */
        const DdnsHeldZone *held;      /* FETCH, LACKED: the tombstone, or NULL */
        const DdnsListedMaster *owner; /* NULL: not known; FETCH, LACKED: NULL */
        const DdnsListedMaster *from;  /* new owner; FETCH: whom to ask; else the first or NULL */
        DdnsMissing missing; /* to be stored for the next pass; FETCH, LACKED: nothing to store */
} DdnsDecision;

/* Why a master's orphans are held back. */
typedef enum DdnsBraked {
        DDNS_BRAKED_NO,
        DDNS_BRAKED_MANY, /* more than the brake lets through */
        DDNS_BRAKED_ALL, /* it lists none of the zones that it owns here, two at least: like the list of another server */
        DDNS_BRAKED_FAILED, /* `wait_for_all`, and another master failed */
} DdnsBraked;

/* What came out for one master. */
typedef struct DdnsMasterTally {
        size_t owned;     /* zones here that are its own */
        size_t listed;    /* of these, in its listing */
        size_t orphans;   /* of these, DELETE or BRAKE */
        size_t strangers; /* zones in its listing that are here, whose owner is known and not configured */
        const DdnsHeldZone *stranger; /* the first of them, or NULL */
        DdnsBraked braked;
} DdnsMasterTally;

typedef struct DdnsDecisions {
        DdnsDecision *items; /* by zone */
        size_t n;
        size_t n_kind[_DDNS_DECISION_KIND_MAX];
        DdnsMasterTally *masters; /* in the order given */
        const DdnsListedMaster *first_master;
        DdnsBrake brake;
} DdnsDecisions;

#define DDNS_DECISIONS_NULL ((DdnsDecisions){ 0 })
void ddns_decisions_done(DdnsDecisions *d);

/* `held` and the zones of each listing are sorted by strcmp(), each once. Zones that nothing is to be done about are not among
 * the decisions. Server names are compared without case and without a trailing dot. 0; -EINVAL: a master has no servername,
 * two have the same, or a list is not in order (`message`); -ENOMEM. `*ret` is filled on success only and points into `held`
 * and `masters`. */
int ddns_decide(const DdnsHeldZone *held, size_t n_held, const DdnsListedMaster *masters,
                size_t n_masters, const DdnsBrake *brake, DdnsDecisions *ret, DdnsMessage *message);

/* Why, for the journal; made to stand after the zone's name and a colon. */
void ddns_decision_reason(const DdnsDecisions *all, const DdnsDecision *d, DdnsMessage *ret);

/* Two names of a server that mean the same one. */
bool ddns_same_server(const char *a, const char *b);
