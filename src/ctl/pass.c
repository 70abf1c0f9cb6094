/* SPDX-License-Identifier: MIT */
/* Rows about passes and about the masters they ask. */
#include <errno.h>

#include "ctl/pass.h"

/* clang-format off */
const DdnsColumn ddns_pass_columns[DDNS_PASS_COLUMNS] = {
        { "started",      "Last pass",         DDNS_COLUMN_PLAIN },
        { "ended",        NULL,                DDNS_COLUMN_JSON },
        { "duration",     "Took",              DDNS_COLUMN_RIGHT },
        { "dry_run",      "Dry run",           DDNS_COLUMN_PLAIN },
        { "failed",       NULL,                DDNS_COLUMN_JSON },
        { "masters",      "Masters",           DDNS_COLUMN_RIGHT },
        { "unreachable",  "Failed",            DDNS_COLUMN_RIGHT },
        { "listed",       "Zones there",       DDNS_COLUMN_RECORD },
        { "held",         "Zones here",        DDNS_COLUMN_RECORD },
        { "orphans",      "Orphans",           DDNS_COLUMN_RECORD },
        { "deleted",      "Deleted",           DDNS_COLUMN_RIGHT },
        { "braked",       "Braked",            DDNS_COLUMN_RIGHT },
        { "backfilled",   "Owners found",      DDNS_COLUMN_RECORD },
        { "moved",        "Moved",             DDNS_COLUMN_RECORD },
        { "unclear",      "Unclear",           DDNS_COLUMN_RECORD },
        { "fetched",      "Fetched",           DDNS_COLUMN_RIGHT },
        { "fetch_failed", "Not fetched",       DDNS_COLUMN_RECORD },
        { "lacked",       "Lacked",            DDNS_COLUMN_RECORD },
        { "healed",       "Healed",            DDNS_COLUMN_RIGHT },
        { "error",        "Error",             DDNS_COLUMN_RECORD },
};

const DdnsColumn ddns_asked_columns[DDNS_ASKED_COLUMNS] = {
        { "master",     "Asked",      DDNS_COLUMN_PLAIN },
        { "servername", "Servername", DDNS_COLUMN_PLAIN },
        { "axfr",       NULL,         DDNS_COLUMN_JSON },
        { "state",      "State",      DDNS_COLUMN_PLAIN },
        { "failures",   "Failures",   DDNS_COLUMN_RIGHT },
        { "since",      "Since",      DDNS_COLUMN_PLAIN },
        { "due",        "Next try",   DDNS_COLUMN_PLAIN },
        { "refused",    NULL,         DDNS_COLUMN_JSON },
        { "last_error", NULL,         DDNS_COLUMN_JSON },
};
/* clang-format on */

static DdnsTone warn(uint64_t n) {
        return n > 0 ? DDNS_TONE_WARNING : DDNS_TONE_PLAIN;
}

void ddns_ctl_add_pass(DdnsListing *l, const DdnsPass *p) {
        ddns_listing_time(l, p->started_usec);
        ddns_listing_time(l, p->ended_usec);
        ddns_listing_duration(l, p->ended_usec > p->started_usec ? p->ended_usec - p->started_usec : 0);
        ddns_listing_bool(l, p->dry_run);
        ddns_listing_bool(l, p->failed);
        ddns_listing_number(l, p->masters, DDNS_TONE_PLAIN);
        ddns_listing_number(l, p->unreachable, warn(p->unreachable));
        ddns_listing_number(l, p->listed, DDNS_TONE_PLAIN);
        ddns_listing_number(l, p->held, DDNS_TONE_PLAIN);
        ddns_listing_number(l, p->orphans, DDNS_TONE_PLAIN);
        ddns_listing_number(l, p->deleted, DDNS_TONE_PLAIN);
        ddns_listing_number(l, p->braked, p->braked > 0 ? DDNS_TONE_BAD : DDNS_TONE_PLAIN);
        ddns_listing_number(l, p->backfilled, DDNS_TONE_PLAIN);
        ddns_listing_number(l, p->moved, DDNS_TONE_PLAIN);
        ddns_listing_number(l, p->unclear, warn(p->unclear));
        ddns_listing_number(l, p->fetched, DDNS_TONE_PLAIN);
        ddns_listing_number(l, p->fetch_failed, warn(p->fetch_failed));
        ddns_listing_number(l, p->lacked, warn(p->lacked));
        ddns_listing_number(l, p->healed, DDNS_TONE_PLAIN);
        ddns_listing_text(l, p->error, DDNS_TONE_BAD);
        ddns_listing_remark(l, "the pass ended early", p->failed ? p->error : NULL, DDNS_TONE_BAD);
}

static const char *state_of(const DdnsMasterHealth *h, DdnsTone *ret_tone) {
        *ret_tone = h->failures > 0     ? DDNS_TONE_BAD
                    : h->since_usec > 0 ? DDNS_TONE_GOOD
                                        : DDNS_TONE_WARNING;
        if (h->failures > 0)
                return h->refused ? "refused" : "failed";
        return h->since_usec > 0 ? "listed" : "not asked";
}

static void add_asked(DdnsListing *l, const DdnsReconcileMaster *m, const DdnsMasterHealth *h) {
        DdnsTone tone;
        const char *state = state_of(h, &tone);

        ddns_listing_text(l, m->name, DDNS_TONE_PLAIN);
        ddns_listing_text(l, m->servername, DDNS_TONE_PLAIN);
        ddns_listing_bool(l, m->axfr.n_address > 0);
        ddns_listing_text(l, state, tone);
        ddns_listing_number(l, h->failures, DDNS_TONE_PLAIN);
        ddns_listing_time(l, h->since_usec);
        ddns_listing_time(l, h->due_usec > l->now_usec ? h->due_usec : 0);
        ddns_listing_bool(l, h->failures > 0 && h->refused);
        ddns_listing_text(l, h->failures > 0 ? h->error : NULL, DDNS_TONE_PLAIN);
        ddns_listing_remark(l, m->name, h->failures > 0 ? h->error : NULL, DDNS_TONE_PLAIN);
}

int ddns_ctl_list_passes(DdnsCtl *c, DdnsListing *pass, DdnsListing *asked) {
        DdnsPass last;

        int r = ddns_store_get_pass(c->store, &last);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r >= 0)
                ddns_ctl_add_pass(pass, &last);
        for (size_t i = 0; i < c->config.reconcile.n_masters; i++) {
                const DdnsReconcileMaster *m = &c->config.reconcile.masters[i];
                DdnsMasterHealth health = { 0 };

                r = ddns_store_get_master_health(c->store, m->name, &health);
                if (r < 0)
                        return r;
                add_asked(asked, m, &health);
        }
        return 0;
}
