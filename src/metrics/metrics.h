/* SPDX-License-Identifier: MIT */
/* The state of this node as text for Prometheus (its exposition format 0.0.4). No zone is named in it: labels are the names of
 * backends and masters, which the configuration bounds. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "basic/buffer.h"
#include "config/config.h"
#include "store/store.h"

/* What the receiver counts since it started; the store keeps what must not begin again at 0. */
typedef enum DdnsMetricsCounter {
        DDNS_METRICS_PUSH_SAVED,
        DDNS_METRICS_PUSH_UNCHANGED,
        DDNS_METRICS_PUSH_DELETED,
        DDNS_METRICS_PUSH_ABSENT,
        DDNS_METRICS_PUSH_CONFLICT,
        DDNS_METRICS_PUSH_OVERTAKEN,
        DDNS_METRICS_PUSH_REFUSED,
        DDNS_METRICS_PUSH_UNAVAILABLE, /* answered 503: not kept */

        /* why a request was answered 503 */
        DDNS_METRICS_503_DISK_FULL,
        DDNS_METRICS_503_DATABASE_LOCKED,
        DDNS_METRICS_503_OUT_OF_MEMORY,
        DDNS_METRICS_503_DATABASE,
        DDNS_METRICS_503_TOO_MANY_REQUESTS,

        DDNS_METRICS_LOGIN_FAILED,

        DDNS_METRICS_ANSWERED_2XX,
        DDNS_METRICS_ANSWERED_4XX,
        DDNS_METRICS_ANSWERED_5XX,

        DDNS_METRICS_ACCEPTED_PLAIN,
        DDNS_METRICS_ACCEPTED_TLS,
        DDNS_METRICS_ACCEPTED_METRICS,
        /* these go down, too */
        DDNS_METRICS_OPEN_PLAIN,
        DDNS_METRICS_OPEN_TLS,
        DDNS_METRICS_OPEN_METRICS,

        _DDNS_METRICS_COUNTERS,
} DdnsMetricsCounter;

#define DDNS_METRICS_BUCKETS \
        10 /* of the histogram of durations; the one for all that is longer not included */

/* Of a running receiver; any thread may count at any time. Zeros are a good beginning. */
typedef struct DdnsMetricsProcess {
        uint64_t started_usec;
        uint64_t certificate_expires_usec; /* 0: there is none */
        atomic_uint_fast64_t counters[_DDNS_METRICS_COUNTERS];
        atomic_uint_fast64_t durations[DDNS_METRICS_BUCKETS + 1];
        atomic_uint_fast64_t duration_usec; /* of all together */
} DdnsMetricsProcess;

static inline void ddns_metrics_count(DdnsMetricsProcess *p, DdnsMetricsCounter counter, uint64_t n) {
        atomic_fetch_add_explicit(&p->counters[counter], n, memory_order_relaxed);
}

/* A request took that long, from its first line to its answer. */
void ddns_metrics_time(DdnsMetricsProcess *p, uint64_t usec);

/* Appends everything to `ret`: what the store knows at one moment, and what `process` (may be NULL) counted. It reads some
 * indexes, no content, and never waits for a writer or holds one up. Sockets, masters and backends have a sample each. 0,
 * -ENOMEM, or the store's error. */
int ddns_metrics_write(DdnsStore *s, const DdnsConfig *config, const DdnsMetricsProcess *process,
                       DdnsBuffer *ret);

/* Content-Type of that text. */
#define DDNS_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
