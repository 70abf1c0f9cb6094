/* SPDX-License-Identifier: MIT */
/* ddns-reconcile: one pass, started by the timer. */
#pragma once

#include "config/config.h"

/* 0 also if masters failed, and if another pass is at work; -ENOENT: the configuration; else the pass failed. */
int ddns_reconcile_run(const DdnsConfig *config);
