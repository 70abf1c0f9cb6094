/* SPDX-License-Identifier: MIT */
/* Long output goes through a pager, as with systemctl(1) and git(1). Internal to src/ctl. */
#pragma once

#include <stdio.h>
#include <sys/types.h>

#include "basic/cleanup.h"

typedef struct DdnsPager {
        FILE *f; /* what is written here the pager shows; NULL: there is none */
        pid_t pid;
} DdnsPager;

#define DDNS_PAGER_NULL ((DdnsPager){ 0 })

/* Starts $DDNS_PAGER, $PAGER or less, in that order, if `out` is standard output and a terminal. It is split into words, no shell is
 * asked. An empty value or "cat" is none. Less neither runs commands nor opens files for whoever looks (LESSSECURE), and with
 * sudo(8) no other pager is started. If there is no pager that can be, `f` stays NULL or prints as it is. */
void ddns_pager_start(DdnsPager *p, FILE *out);

/* Ends the output and waits until the pager is left. 0, or the errno of output that got lost; that somebody left the pager early is
 * no loss. */
int ddns_pager_end(DdnsPager *p);
