/* SPDX-License-Identifier: MIT */
/* Counting, and writing down what was counted. */
#include <inttypes.h>

#include "metrics/format.h"
#include "metrics/process.h"

/* Where the buckets end: a push takes a fsync or two, and the request's time-out is 10 seconds by default. */
static const uint64_t bounds_usec[DDNS_METRICS_BUCKETS] = {
        2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000,
};

void ddns_metrics_time(DdnsMetricsProcess *p, uint64_t usec) {
        size_t i = 0;

        while (i < DDNS_METRICS_BUCKETS && usec > bounds_usec[i])
                i++;
        atomic_fetch_add_explicit(&p->durations[i], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&p->duration_usec, usec, memory_order_relaxed);
}

typedef struct Snapshot {
        uint64_t started_usec, expires_usec, counters[_DDNS_METRICS_COUNTERS];
} Snapshot;

#define COUNTER(name) offsetof(Snapshot, counters[DDNS_METRICS_##name]), DDNS_METRIC_NUMBER

/* clang-format off */
static const DdnsMetric metrics[] = {
        { "ddns_receiver_start_time_seconds", "gauge", "When this receiver was started; its counters began at 0 then.", NULL, offsetof(Snapshot, started_usec), DDNS_METRIC_TIMESTAMP },
        { "ddns_receiver_certificate_expiry_timestamp_seconds", "gauge", "Until when the certificate for TLS is valid.", NULL, offsetof(Snapshot, expires_usec), DDNS_METRIC_TIMESTAMP },
        { "ddns_receiver_pushes_total", "counter", "Saves and deletes by what became of them.", "result=\"saved\"", COUNTER(PUSH_SAVED) },
        { "ddns_receiver_pushes_total", "counter", NULL, "result=\"unchanged\"", COUNTER(PUSH_UNCHANGED) },
        { "ddns_receiver_pushes_total", "counter", NULL, "result=\"deleted\"", COUNTER(PUSH_DELETED) },
        { "ddns_receiver_pushes_total", "counter", NULL, "result=\"absent\"", COUNTER(PUSH_ABSENT) },
        { "ddns_receiver_pushes_total", "counter", NULL, "result=\"conflict\"", COUNTER(PUSH_CONFLICT) },
        { "ddns_receiver_pushes_total", "counter", NULL, "result=\"overtaken\"", COUNTER(PUSH_OVERTAKEN) },
        { "ddns_receiver_pushes_total", "counter", NULL, "result=\"refused\"", COUNTER(PUSH_REFUSED) },
        { "ddns_receiver_pushes_total", "counter", NULL, "result=\"unavailable\"", COUNTER(PUSH_UNAVAILABLE) },
        { "ddns_receiver_unavailable_total", "counter", "Requests answered 503, by cause.", "cause=\"disk_full\"", COUNTER(503_DISK_FULL) },
        { "ddns_receiver_unavailable_total", "counter", NULL, "cause=\"database_locked\"", COUNTER(503_DATABASE_LOCKED) },
        { "ddns_receiver_unavailable_total", "counter", NULL, "cause=\"out_of_memory\"", COUNTER(503_OUT_OF_MEMORY) },
        { "ddns_receiver_unavailable_total", "counter", NULL, "cause=\"database\"", COUNTER(503_DATABASE) },
        { "ddns_receiver_unavailable_total", "counter", NULL, "cause=\"too_many_requests\"", COUNTER(503_TOO_MANY_REQUESTS) },
        { "ddns_receiver_login_failures_total", "counter", "Requests with a login that was refused.", NULL, COUNTER(LOGIN_FAILED) },
        { "ddns_receiver_responses_total", "counter", "Answers to masters, by the class of their HTTP status.", "code=\"2xx\"", COUNTER(ANSWERED_2XX) },
        { "ddns_receiver_responses_total", "counter", NULL, "code=\"4xx\"", COUNTER(ANSWERED_4XX) },
        { "ddns_receiver_responses_total", "counter", NULL, "code=\"5xx\"", COUNTER(ANSWERED_5XX) },
        { "ddns_receiver_connections_total", "counter", "Connections accepted.", "socket=\"ddns\"", COUNTER(ACCEPTED_PLAIN) },
        { "ddns_receiver_connections_total", "counter", NULL, "socket=\"tls\"", COUNTER(ACCEPTED_TLS) },
        { "ddns_receiver_connections_total", "counter", NULL, "socket=\"metrics\"", COUNTER(ACCEPTED_METRICS) },
        { "ddns_receiver_connections", "gauge", "Connections that are open.", "socket=\"ddns\"", COUNTER(OPEN_PLAIN) },
        { "ddns_receiver_connections", "gauge", NULL, "socket=\"tls\"", COUNTER(OPEN_TLS) },
        { "ddns_receiver_connections", "gauge", NULL, "socket=\"metrics\"", COUNTER(OPEN_METRICS) },
};
/* clang-format on */

static const char histogram[] = "ddns_receiver_request_duration_seconds";

static void format_durations(const DdnsMetricsProcess *p, DdnsBuffer *b) {
        uint64_t n = 0;

        ddns_metrics_head(b, histogram, "histogram",
                          "Requests of masters, from their first line to the answer.");
        for (size_t i = 0; i < DDNS_METRICS_BUCKETS; i++) {
                n += atomic_load(&p->durations[i]);
                ddns_buffer_append_format(b, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", histogram,
                                          (double) bounds_usec[i] / USEC_PER_SEC, n);
        }
        n += atomic_load(&p->durations[DDNS_METRICS_BUCKETS]);
        ddns_buffer_append_format(b, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", histogram, n,
                                  histogram);
        ddns_metrics_seconds(b, atomic_load(&p->duration_usec));
        ddns_buffer_append_format(b, "\n%s_count %" PRIu64 "\n", histogram, n);
}

void ddns_metrics_format_process(const DdnsMetricsProcess *p, DdnsBuffer *b) {
        Snapshot s = { .started_usec = p->started_usec, .expires_usec = p->certificate_expires_usec };

        for (size_t i = 0; i < _DDNS_METRICS_COUNTERS; i++)
                s.counters[i] = atomic_load(&p->counters[i]);
        ddns_metrics_format(b, metrics, ARRAY_SIZE(metrics),
                            &(DdnsMetricThings){ NULL, &s, 1, sizeof s });
        format_durations(p, b);
}
