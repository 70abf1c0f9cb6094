/* SPDX-License-Identifier: MIT */
/* The verb reconcile: a pass in this process, with what it was told and what it decided. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/interrupt.h"
#include "ctl/pass.h"
#include "ctl/progress.h"
#include "reconcile/pass.h"
#include "report/report.h"

/* clang-format off */
static const DdnsColumn master_columns[] = {
        { "master",     "Master",     DDNS_COLUMN_PLAIN },
        { "servername", "Servername", DDNS_COLUMN_PLAIN },
        { "state",      "State",      DDNS_COLUMN_PLAIN },
        { "zones",      "Zones",      DDNS_COLUMN_RIGHT },
        { "error",      NULL,         DDNS_COLUMN_JSON },
};

static const DdnsColumn decision_columns[] = {
        { "zone",     "Zone",     DDNS_COLUMN_PLAIN },
        { "decision", "Decision", DDNS_COLUMN_PLAIN },
        { "owner",    "Owner",    DDNS_COLUMN_PLAIN },
        { "from",     "From",     DDNS_COLUMN_PLAIN },
        { "reason",   NULL,       DDNS_COLUMN_JSON },
};

static const DdnsTone tones[_DDNS_DECISION_KIND_MAX] = {
        [DDNS_DECISION_DELETE] = DDNS_TONE_BAD,      [DDNS_DECISION_BRAKE] = DDNS_TONE_BAD,
        [DDNS_DECISION_WAIT] = DDNS_TONE_WARNING,    [DDNS_DECISION_UNCLEAR] = DDNS_TONE_WARNING,
        [DDNS_DECISION_LACKED] = DDNS_TONE_WARNING,  [DDNS_DECISION_FETCH] = DDNS_TONE_GOOD,
};
/* clang-format on */

typedef struct Pass {
        DdnsProgress progress;
        DdnsListing masters, decisions, summary;
        size_t n_braked;
} Pass;

static void pass_done(Pass *p) {
        ddns_listing_done(&p->masters);
        ddns_listing_done(&p->decisions);
        ddns_listing_done(&p->summary);
}

_Static_assert(sizeof ddns_interrupted == sizeof(int), "a pass looks at it as an int");

static void add_master(const DdnsReconcileMaster *master, int error, const char *why, uint64_t n_zones,
                       void *userdata) {
        DdnsListing *l = &((Pass *) userdata)->masters;
        const char *text = error < 0 ? (why && *why ? why : strerror(-error)) : NULL;

        ddns_listing_text(l, master->name, DDNS_TONE_PLAIN);
        ddns_listing_text(l, master->servername, DDNS_TONE_PLAIN);
        ddns_listing_text(l, error < 0 ? "failed" : "listed",
                          error < 0 ? DDNS_TONE_BAD : DDNS_TONE_GOOD);
        ddns_listing_number(l, n_zones, DDNS_TONE_PLAIN);
        ddns_listing_text(l, text, DDNS_TONE_PLAIN);
        ddns_listing_remark(l, master->name, text, DDNS_TONE_PLAIN);
}

static void add_decision(const DdnsDecisions *all, const DdnsDecision *d, void *userdata) {
        Pass *p = userdata;
        DdnsListing *l = &p->decisions;
        DdnsMessage reason = DDNS_MESSAGE_NULL;

        ddns_decision_reason(all, d, &reason);
        p->n_braked += d->kind == DDNS_DECISION_BRAKE;
        ddns_listing_text(l, d->zone, DDNS_TONE_PLAIN);
        ddns_listing_text(l, ddns_decision_kind_to_string(d->kind), tones[d->kind]);
        ddns_listing_text(l, d->owner ? d->owner->name : NULL, DDNS_TONE_PLAIN);
        ddns_listing_text(l, d->from ? d->from->name : NULL, DDNS_TONE_PLAIN);
        ddns_listing_text(l, reason.text, DDNS_TONE_PLAIN);
        /* The first load of a node would say the same of each zone. */
        if (d->kind != DDNS_DECISION_FETCH)
                ddns_listing_remark(l, d->zone, reason.text, DDNS_TONE_PLAIN);
}

static void show_progress(const char *what, uint64_t done, uint64_t of, void *userdata) {
        ddns_progress_show(&((Pass *) userdata)->progress, what, done, of);
}

static int resolve_secrets(DdnsCtl *c) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < c->config.reconcile.n_masters; i++) {
                DdnsReconcileMaster *m = &c->config.reconcile.masters[i];

                r = ddns_ctl_resolve_secret(c, &m->password_file, "reconcile");
                if (r >= 0)
                        r = ddns_ctl_resolve_secret(c, &m->axfr.key_file, "reconcile");
        }
        return r;
}

/* Ends at a clean point when somebody presses Ctrl-C; a second time ends it at once. */
static int run(DdnsCtl *c, Pass *p, DdnsPass *ret, DdnsMessage *message) {
        DdnsInterrupt interrupt;
        DdnsPassOptions options = {
                .dry_run = c->options & DDNS_CTL_DRY_RUN,
                .confirmed = c->options & DDNS_CTL_CONFIRM,
                .heal = true,
                .by_hand = true,
                .listed = add_master,
                .decided = add_decision,
                .progress = show_progress,
                .userdata = p,
                .stop = (const volatile int *) &ddns_interrupted,
        };

        ddns_interrupt_begin(&interrupt);
        int r = ddns_pass_run(&c->config, &options, ret, message);
        ddns_interrupt_end(&interrupt);
        ddns_progress_end(&p->progress);
        return r;
}

static int print_json(DdnsCtl *c, Pass *p) {
        json_t *document = json_object();

        ddns_json_attach(&document, "masters", ddns_listing_take_array(&p->masters));
        ddns_json_attach(&document, "decisions", ddns_listing_take_array(&p->decisions));
        ddns_json_attach(&document, "pass", ddns_listing_take_object(&p->summary));
        return ddns_ctl_print_json(c, document);
}

static int print_tables(DdnsCtl *c, Pass *p, bool dry_run) {
        const DdnsListing *const parts[] = { &p->masters, &p->decisions, &p->summary };

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                if (parts[i]->n_rows > 0 && ddns_listing_print(parts[i], c->out, c->color) < 0)
                        return ddns_ctl_no_memory(c);
                if (parts[i]->n_rows > 0 && i + 1 < ARRAY_SIZE(parts))
                        (void) fputc('\n', c->out);
        }
        if (p->decisions.shape != DDNS_SHAPE_TABLE)
                return EXIT_SUCCESS;
        if (dry_run)
                (void) fprintf(c->out, "\nNothing was changed: this was a dry run.\n");
        if (p->n_braked > 0)
                (void) fprintf(c->out,
                               "\n%zu %s kept. If it is right that they go: ddnsctl reconcile "
                               "--confirm\n",
                               p->n_braked, p->n_braked == 1 ? "zone was" : "zones were");
        return EXIT_SUCCESS;
}

static int print_pass(DdnsCtl *c, Pass *p, const DdnsPass *summary) {
        ddns_ctl_add_pass(&p->summary, summary);
        int status = p->decisions.shape == DDNS_SHAPE_JSON ? print_json(c, p)
                                                           : print_tables(c, p, summary->dry_run);

        if (summary->failed || summary->unreachable > 0)
                return EXIT_FAILURE;
        return status;
}

int ddns_verb_reconcile(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(pass_done) Pass p = { .progress = ddns_progress_start(c->err) };
        DdnsShape shape = ddns_ctl_table_shape(c);
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsPass summary = { 0 };

        if (c->config.reconcile.n_masters == 0)
                return ddns_ctl_fail(c, "no master is configured in reconcile.masters");
        if (resolve_secrets(c) < 0)
                return ddns_ctl_no_memory(c);
        ddns_listing_init(&p.masters, shape, master_columns, ARRAY_SIZE(master_columns), c->now_usec);
        ddns_listing_init(&p.decisions, shape, decision_columns, ARRAY_SIZE(decision_columns),
                          c->now_usec);
        ddns_listing_init(&p.summary, shape == DDNS_SHAPE_JSON ? shape : DDNS_SHAPE_RECORD,
                          ddns_pass_columns, DDNS_PASS_COLUMNS, c->now_usec);

        /* What a person sees here, the journal has as well. And what root makes beside the database is for the group. */
        ddns_report_open_journal("ddnsctl");
        (void) umask(0007);
        int r = run(c, &p, &summary, &message);
        if (r == -EBUSY)
                return ddns_ctl_fail(c, "another pass is at work: try again when it has ended");
        if (r < 0)
                return ddns_ctl_fail(c, "%s", message.text[0] ? message.text : strerror(-r));
        return print_pass(c, &p, &summary);
}
