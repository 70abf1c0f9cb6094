/* SPDX-License-Identifier: MIT */
/* A pass of ddns-reconcile: ask all masters at the same time, decide, carry out, fetch what we lack, have the backends compared,
 * sum up. */
#pragma once

#include <stdio.h>

#include "config/config.h"
#include "reconcile/decide.h"
#include "store/reconcile.h"

typedef struct DdnsPassOptions {
        bool dry_run;   /* tell, and change nothing, not even what is remembered of missing zones */
        bool confirmed; /* the brake is released, once */
        bool heal;      /* have the backends compared too */
        /* Called for each decision before it is carried out, in the order of zones; NULL: nobody wants to know. */
        void (*decided)(const DdnsDecisions *all, const DdnsDecision *d, void *userdata);
        /* Called now and then, at least each second: what is being done, and how far it is. NULL likewise. */
        void (*progress)(const char *what, uint64_t done, uint64_t of, void *userdata);
        void *userdata;
        const volatile int *stop; /* non-zero: end soon, at a clean point */
} DdnsPassOptions;

/* Reports each decision with its reason (report.h) and the summary as one line. 0, also if masters failed (see `ret`); -EBUSY:
 * another pass is at work; -EINVAL: the configuration; else the database failed (`message`). */
int ddns_pass_run(const DdnsConfig *config, const DdnsPassOptions *options, DdnsPass *ret, DdnsMessage *message);
