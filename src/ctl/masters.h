/* SPDX-License-Identifier: MIT */
/* Masters that push, as rows. Internal to src/ctl. */
#pragma once

#include "ctl/verb.h"

#define DDNS_MASTER_COLUMNS 6
extern const DdnsColumn ddns_master_columns[DDNS_MASTER_COLUMNS];

/* Those that the store knows, then those that are configured and did not show up yet, which is news too. 0, or the store's error. */
int ddns_ctl_list_masters(DdnsCtl *c, DdnsListing *l);
