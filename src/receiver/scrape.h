/* SPDX-License-Identifier: MIT */
/* What is asked for on the metrics socket: there is no login, so there is one answer, the metrics, and nothing else. */
#pragma once

#include "receiver/service.h"

/* The request is complete. True: it is to be answered by ddns_scrape_handle(); false: the answer is ready. */
bool ddns_scrape_judge(DdnsExchange *x);

/* Answers; any thread, `store` is its own. */
void ddns_scrape_handle(DdnsService *s, DdnsStore *store, DdnsExchange *x);
