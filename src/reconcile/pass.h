/* SPDX-License-Identifier: MIT */
/* A pass of ddns-reconcile: ask all masters at the same time, decide, carry out, fetch what we lack, have the backends compared,
 * sum up. */
#pragma once

#include <stdio.h>

#include "config/config.h"
#include "reconcile/decide.h"
#include "store/reconcile.h"

typedef struct DdnsPassOptions {
        bool dry_run; /* an operator's look: tell, and store nothing, not even what is remembered of missing zones */
        bool confirmed; /* the brake is released, once */
        bool heal;      /* have the backends compared too */
        bool by_hand;   /* ask also the masters that refused the login and are left alone for a while */
        /* Each of these may be NULL, and is called in the caller's thread. */
        /* Each master, when all have ended: `error` 0 and how many zones it lists, or a negative errno and why. */
        void (*listed)(const DdnsReconcileMaster *master, int error, const char *why, uint64_t n_zones,
                       void *userdata);
        /* Each decision before it is carried out, in the order of zones. */
        void (*decided)(const DdnsDecisions *all, const DdnsDecision *d, void *userdata);
        /* Now and then, at least each second: what is being done, and how far it is; `of` 0: not known. */
        void (*progress)(const char *what, uint64_t done, uint64_t of, void *userdata);
        void *userdata;
        const volatile int
                        *stop; /* read atomically; non-zero: end soon, at a clean point; NULL: never */
} DdnsPassOptions;

/* Reports each decision with its reason (report.h; of those that change nothing the first 100 of a kind) and the summary as
 * one line; an operator's look reports nothing. `*ret`, which is stored too, but not after an operator's look, counts what was
 * done; of a dry run, by `reconcile.dry-run` or an operator, what would have been done.
 * 0, also if masters failed (see `ret`), and if it was told to stop (`ret->failed`); -EBUSY: another pass is at work; -EINVAL:
 * the configuration; else the database failed, or memory (`message`). */
int ddns_pass_run(const DdnsConfig *config, const DdnsPassOptions *options, DdnsPass *ret,
                  DdnsMessage *message);

/* One line for people. */
void ddns_pass_describe(const DdnsPass *pass, DdnsMessage *ret);
