/* SPDX-License-Identifier: MIT */
/* The rows that say how the backends are, and what check-backend is made of. Internal to src/ctl. */
#pragma once

#include "ctl/verb.h"
#include "deliver/backend.h"

#define DDNS_BACKEND_COLUMNS 19

/* The short table, that of status; as JSON it has everything. */
extern const DdnsColumn ddns_backend_columns[DDNS_BACKEND_COLUMNS];

/* Adds a row for each backend that the store or the configuration knows: one that ddns-retry has not met is owed all
 * `zones`. 0, or the store's error. */
int ddns_ctl_list_backends(DdnsCtl *c, uint64_t zones, DdnsListing *l);

/* Tells whether ddns-retry may write to that zone directory, and of files in it that are not ours. Nothing if it is not there. */
void ddns_ctl_check_directory(DdnsCtl *c, const char *path, DdnsFindingHandler *found, void *userdata);
