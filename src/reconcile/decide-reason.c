/* SPDX-License-Identifier: MIT */
/* Decisions in words. */
#include "reconcile/decide.h"

static const char *const kinds[] = {
        [DDNS_DECISION_DELETE] = "delete",   [DDNS_DECISION_BRAKE] = "brake",
        [DDNS_DECISION_WAIT] = "wait",       [DDNS_DECISION_RETURNED] = "returned",
        [DDNS_DECISION_MOVE] = "move",       [DDNS_DECISION_BACKFILL] = "backfill",
        [DDNS_DECISION_UNCLEAR] = "unclear", [DDNS_DECISION_FETCH] = "fetch",
        [DDNS_DECISION_LACKED] = "lacked",
};

const char *ddns_decision_kind_to_string(DdnsDecisionKind kind) {
        return kinds[kind];
}

static void say_braked(const DdnsDecisions *all, const DdnsDecision *d, DdnsMessage *ret) {
        const DdnsMasterTally *t = &all->masters[d->owner - all->first_master];
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): only an owner's brake holds something */
        const char *name = d->owner->name;

        switch (t->braked) {
        case DDNS_BRAKED_NO:
                break;
        case DDNS_BRAKED_MANY:
                (void) ddns_fail(ret, 0,
                                 "kept by the brake: %s lacks %zu of its %zu zones, more than %u %% and "
                                 "more than %u",
                                 name, t->orphans, t->owned, all->brake.percent, all->brake.zones);
                break;
        case DDNS_BRAKED_ALL:
                (void) ddns_fail(ret, 0, "kept by the brake: %s lists none of its %zu zones", name,
                                 t->owned);
                break;
        case DDNS_BRAKED_FAILED:
                (void) ddns_fail(ret, 0,
                                 "kept: %s lacks it for the second time, but another master gave no "
                                 "list and may have it",
                                 name);
                break;
        }
}

static void say_unclear(const DdnsDecision *d, DdnsMessage *ret) {
        const char *was = d->owner ? d->owner->name : "its owner";
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): somebody lists it, or it would be clear */
        const char *from = d->from->name;
        const char *lacks = d->owner ? "lacks it" : "is not known";

        if (d->n_listing > 1)
                (void) ddns_fail(ret, 0, "%s %s, and %u masters list it: %s is one of them", was, lacks,
                                 d->n_listing, from);
        else
                (void) ddns_fail(ret, 0,
                                 "%s %s, and %s lists it, but another master gave no list and may "
                                 "have it",
                                 was, lacks, from);
}

void ddns_decision_reason(const DdnsDecisions *all, const DdnsDecision *d, DdnsMessage *ret) {
        const char *owner = d->owner ? d->owner->name : "", *from = d->from ? d->from->name : "";

        switch (d->kind) {
        case DDNS_DECISION_DELETE:
                (void) ddns_fail(ret, 0, "%s lacks it for the second time, and nobody else lists it",
                                 owner);
                break;
        case DDNS_DECISION_BRAKE:
                say_braked(all, d, ret);
                break;
        case DDNS_DECISION_WAIT:
                if (d->missing.elsewhere && !d->from)
                        (void) ddns_fail(ret, 0,
                                         "%s lacks it, and who listed it before may be who gave no list",
                                         owner);
                else if (d->held && d->held->missing.generation == d->held->generation)
                        (void) ddns_fail(ret, 0, "%s lacks it again, but not for long enough yet",
                                         owner);
                else
                        (void) ddns_fail(ret, 0, "%s lacks it for the first time%s%s", owner,
                                         d->from ? ", and it is listed by " : "", from);
                break;
        case DDNS_DECISION_RETURNED:
                (void) ddns_fail(ret, 0, "it was missing, and %s%s", d->from ? from : "was pushed anew",
                                 d->from ? " lists it" : "");
                break;
        case DDNS_DECISION_MOVE:
                (void) ddns_fail(ret, 0, "%s lacks it for the second time, and only %s lists it", owner,
                                 from);
                break;
        case DDNS_DECISION_BACKFILL:
                (void) ddns_fail(ret, 0, "its owner was not known, and only %s lists it", from);
                break;
        case DDNS_DECISION_UNCLEAR:
                say_unclear(d, ret);
                break;
        case DDNS_DECISION_FETCH:
                (void) ddns_fail(ret, 0, "%s lists it, and it is not here", from);
                break;
        case DDNS_DECISION_LACKED:
                (void) ddns_fail(ret, 0, "%s lists it, it is not here, and there is no axfr to fetch it",
                                 from);
                break;
        case _DDNS_DECISION_KIND_MAX:
                break;
        }
}
