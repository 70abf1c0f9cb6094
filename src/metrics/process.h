/* SPDX-License-Identifier: MIT */
/* The receiver's own counters as metrics. Internal to src/metrics. */
#pragma once

#include "metrics/metrics.h"

void ddns_metrics_format_process(const DdnsMetricsProcess *p, DdnsBuffer *b);
