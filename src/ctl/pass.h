/* SPDX-License-Identifier: MIT */
/* Passes of ddns-reconcile and the masters they ask, as rows. Internal to src/ctl. */
#pragma once

#include "ctl/verb.h"
#include "store/reconcile.h"

#define DDNS_PASS_COLUMNS 20
extern const DdnsColumn ddns_pass_columns[DDNS_PASS_COLUMNS];
void ddns_ctl_add_pass(DdnsListing *l, const DdnsPass *pass);

/* The last pass, if there was one, and each master of reconcile.masters with its health. */
#define DDNS_ASKED_COLUMNS 9
extern const DdnsColumn ddns_asked_columns[DDNS_ASKED_COLUMNS];
int ddns_ctl_list_passes(DdnsCtl *c, DdnsListing *pass, DdnsListing *asked);
