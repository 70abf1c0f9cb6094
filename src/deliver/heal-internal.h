/* SPDX-License-Identifier: MIT */
/* What heal.c (the course of a comparison) and heal-look.c (its looks at the backend) share. */
#pragma once

#include "deliver/lane-internal.h"

/* Foreign zones that are named. */
#define DDNS_HEAL_NAMED 20

/* ---- heal.c ---- */

/* Puts a zone back into the log, unless it changed meanwhile. `how`: it differs. Negative: the database failed. */
int ddns_heal_put_back(DdnsLane *l, const char *zone, uint64_t generation, DdnsHealKind kind,
                       const char *how);

/* ---- heal-look.c: 1: there is more to do; 0: that was all; negative: the database failed ---- */

/* The next page of zones, or the list of what is there. -ECONNABORTED: the backend failed, `why` says how. */
int ddns_heal_page(DdnsLane *l, DdnsMessage *why);
int ddns_heal_ask_suspects(DdnsLane *l);
int ddns_heal_sort_out_foreign(DdnsLane *l);
