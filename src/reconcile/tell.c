/* SPDX-License-Identifier: MIT */
/* What a pass says: a line for each decision within bounds, how far it is, and its sum. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "basic/clock.h"
#include "reconcile/pass-internal.h"

/* Of decisions that change nothing. */
#define LINES_MAX 100

#define PROGRESS_USEC (USEC_PER_SEC / 4)
#define JOURNAL_USEC  (10 * USEC_PER_SEC)

/* clang-format off */
static const struct {
        DdnsEvent event; /* once it is done */
        bool is_change;
        const char *done, *others;
        DdnsEvent of_others; /* as loud, without the explanation of what is of one zone */
} kinds[_DDNS_DECISION_KIND_MAX] = {
        [DDNS_DECISION_DELETE]   = { DDNS_EVENT_ORPHAN_DELETED, true,  "deleted",            NULL },
        [DDNS_DECISION_BRAKE]    = { DDNS_EVENT_ORPHAN_WAITS,   false, NULL,                 "zones kept by the brake", DDNS_EVENT_NOTICE },
        [DDNS_DECISION_WAIT]     = { DDNS_EVENT_ORPHAN_WAITS,   false, NULL,                 "zones missing for the first time", DDNS_EVENT_NOTICE },
        [DDNS_DECISION_RETURNED] = { DDNS_EVENT_INFO,           false, NULL,                 "zones that were missing and are not now", DDNS_EVENT_INFO },
        [DDNS_DECISION_MOVE]     = { DDNS_EVENT_OWNER_CHANGED,  true,  "it moves to",        NULL },
        [DDNS_DECISION_BACKFILL] = { DDNS_EVENT_OWNER_CHANGED,  true,  "its owner is now",   NULL },
        [DDNS_DECISION_UNCLEAR]  = { DDNS_EVENT_OWNER_UNCLEAR,  false, NULL,                 "zones whose owner is not clear", DDNS_EVENT_WARNING },
        [DDNS_DECISION_FETCH]    = { DDNS_EVENT_INFO,           false, NULL,                 "zones to be fetched", DDNS_EVENT_INFO },
        [DDNS_DECISION_LACKED]   = { DDNS_EVENT_ZONE_LACKED,    false, NULL,                 "zones that are not here and can't be fetched", DDNS_EVENT_WARNING },
};
/* clang-format on */

static void tell_change(const Pass *p, const DdnsDecision *d, bool done, const DdnsReportFields *fields,
                        const char *reason) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): who gets the zone lists it */
        const char *to = d->kind == DDNS_DECISION_DELETE ? "" : d->from->servername;
        const char *space = *to ? " " : "";

        if (done)
                ddns_report(kinds[d->kind].event, fields, "%s: %s%s%s: %s", d->zone, kinds[d->kind].done,
                            space, to, reason);
        else if (p->is_dry)
                ddns_report(DDNS_EVENT_NOTICE, fields, "%s: %s%s%s, if it were not a dry run: %s",
                            d->zone, kinds[d->kind].done, space, to, reason);
        else
                ddns_report(DDNS_EVENT_INFO, fields,
                            "%s: left as it is, since it was changed meanwhile; else: %s", d->zone,
                            reason);
}

void pass_tell_decision(Pass *p, const DdnsDecision *d, bool done) {
        const DdnsListedMaster *m = d->owner ?: d->from;
        DdnsReportFields fields = { .zone = d->zone,
                                    .master = m ? m->name : NULL,
                                    .generation = d->held ? d->held->generation : 0 };
        DdnsMessage reason = DDNS_MESSAGE_NULL;

        if (p->options->dry_run)
                return;
        if (!kinds[d->kind].is_change && p->n_reported[d->kind]++ >= LINES_MAX)
                return;
        ddns_decision_reason(&p->decisions, d, &reason);
        if (kinds[d->kind].is_change)
                tell_change(p, d, done, &fields, reason.text);
        else
                ddns_report(kinds[d->kind].event, &fields, "%s: %s", d->zone, reason.text);
}

void pass_tell_counts(Pass *p) {
        for (size_t k = 0; k < _DDNS_DECISION_KIND_MAX; k++)
                if (p->n_reported[k] > LINES_MAX)
                        ddns_report(kinds[k].of_others, NULL, "%u more %s", p->n_reported[k] - LINES_MAX,
                                    kinds[k].others);
}

void pass_tell_brakes(Pass *p) {
        static const char *const reasons[] = {
                [DDNS_BRAKED_NO] = "",
                [DDNS_BRAKED_MANY] = "they are too many of its zones",
                [DDNS_BRAKED_ALL] = "it lists none of its zones, like another server",
                [DDNS_BRAKED_FAILED] = "another master gave no list, and may have them",
        };

        for (size_t i = 0; i < p->n_masters && !p->options->dry_run; i++) {
                const DdnsMasterTally *t = &p->decisions.masters[i];
                DdnsReportFields fields = { .master = p->listed[i].name,
                                            .hostname = p->listed[i].servername };

                if (t->braked != DDNS_BRAKED_NO)
                        ddns_report(DDNS_EVENT_BRAKED, &fields,
                                    "%zu of the %zu zones of %s are orphans, and kept: %s. If they are to go: "
                                    "ddnsctl reconcile --confirm",
                                    t->orphans, t->owned, p->listed[i].name, reasons[t->braked]);
        }
}

void pass_tell_strangers(const Pass *p) {
        for (size_t i = 0; i < p->n_masters && !p->options->dry_run; i++) {
                const DdnsMasterTally *t = &p->decisions.masters[i];
                DdnsReportFields fields = { .master = p->listed[i].name,
                                            .hostname = p->listed[i].servername };

                if (t->strangers > 0)
                        ddns_report(DDNS_EVENT_NOTICE, &fields,
                                    "%s lists %zu zones of servers that are not asked, %s of %s for one, and no pass looks "
                                    "after those. If %s was called so before: ddns(7), HOW TO",
                                    p->listed[i].name, t->strangers, t->stranger->name,
                                    t->stranger->owner, p->listed[i].name);
        }
}

void pass_tell_progress(Pass *p, const char *what, uint64_t done, uint64_t of) {
        uint64_t now = ddns_monotonic_usec();

        if (now - p->progress_usec < PROGRESS_USEC)
                return;
        p->progress_usec = now;
        if (p->options->progress)
                p->options->progress(what, done, of, p->options->userdata);
        if (p->journal_usec == 0)
                p->journal_usec = now;
        if (now - p->journal_usec < JOURNAL_USEC || p->options->dry_run)
                return;
        p->journal_usec = now;
        ddns_report(DDNS_EVENT_INFO, NULL, "%s: %" PRIu64 " of %" PRIu64, what, done, of);
}

/* clang-format off */
static const struct {
        const char *field;
        size_t offset;
} counters[] = {
        { "DDNS_MASTERS",      offsetof(DdnsPass, masters) },
        { "DDNS_UNREACHABLE",  offsetof(DdnsPass, unreachable) },
        { "DDNS_LISTED",       offsetof(DdnsPass, listed) },
        { "DDNS_HELD",         offsetof(DdnsPass, held) },
        { "DDNS_ORPHANS",      offsetof(DdnsPass, orphans) },
        { "DDNS_DELETED",      offsetof(DdnsPass, deleted) },
        { "DDNS_BRAKED",       offsetof(DdnsPass, braked) },
        { "DDNS_BACKFILLED",   offsetof(DdnsPass, backfilled) },
        { "DDNS_MOVED",        offsetof(DdnsPass, moved) },
        { "DDNS_UNCLEAR",      offsetof(DdnsPass, unclear) },
        { "DDNS_FETCHED",      offsetof(DdnsPass, fetched) },
        { "DDNS_FETCH_FAILED", offsetof(DdnsPass, fetch_failed) },
        { "DDNS_LACKED",       offsetof(DdnsPass, lacked) },
        { "DDNS_HEALED",       offsetof(DdnsPass, healed) },
};
/* clang-format on */

void ddns_pass_describe(const DdnsPass *s, DdnsMessage *ret) {
        (void) ddns_fail(ret, 0,
                         "%s%" PRIu64 " of %" PRIu64 " masters gave a list, %" PRIu64
                         " zones there, %" PRIu64 " here; %" PRIu64 " orphans, %" PRIu64
                         " deleted, %" PRIu64 " kept by the brake; %" PRIu64 " owners found, %" PRIu64
                         " moved, %" PRIu64 " unclear; %" PRIu64 " fetched, %" PRIu64 " failed, %" PRIu64
                         " lacked; %" PRIu64 " healed",
                         s->dry_run ? "dry run: " : "", s->masters - s->unreachable, s->masters,
                         s->listed, s->held, s->orphans, s->deleted, s->braked, s->backfilled, s->moved,
                         s->unclear, s->fetched, s->fetch_failed, s->lacked, s->healed);
}

void pass_tell_summary(Pass *p) {
        enum { MORE = 3 };
        char texts[ARRAY_SIZE(counters) + MORE][64];
        const char *more[ARRAY_SIZE(texts) + 1] = { NULL };
        size_t n = 0;
        DdnsReportFields fields = { .more = more };
        DdnsMessage text;

        for (; n < ARRAY_SIZE(counters); n++)
                (void) snprintf(texts[n], sizeof texts[n], "%s=%" PRIu64, counters[n].field,
                                *(const uint64_t *) ((const char *) &p->sum + counters[n].offset));
        (void) snprintf(texts[n++], sizeof texts[0], "DDNS_DRY_RUN=%d", p->sum.dry_run);
        (void) snprintf(texts[n++], sizeof texts[0], "DDNS_FAILED=%d", p->sum.failed);
        (void) snprintf(texts[n++], sizeof texts[0], "DDNS_DURATION_USEC=%" PRIu64,
                        p->sum.ended_usec > p->sum.started_usec ? p->sum.ended_usec - p->sum.started_usec
                                                                : 0);
        for (size_t i = 0; i < n; i++)
                more[i] = texts[i];
        ddns_pass_describe(&p->sum, &text);
        ddns_report(DDNS_EVENT_PASS_ENDED, &fields, "%s%s%s", text.text,
                    p->sum.failed ? "; it ended early: " : "", p->sum.failed ? p->sum.error : "");
}
