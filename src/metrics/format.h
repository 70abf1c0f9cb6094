/* SPDX-License-Identifier: MIT */
/* Samples in Prometheus' text format, from tables that say which field of a struct is which metric. Internal to src/metrics. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/buffer.h"

typedef enum DdnsMetricUnit {
        DDNS_METRIC_NUMBER,
        DDNS_METRIC_SECONDS,   /* microseconds in the struct */
        DDNS_METRIC_TIMESTAMP, /* likewise; 0 is not known, and left out */
} DdnsMetricUnit;

/* Rows of one family follow each other. */
typedef struct DdnsMetric {
        const char *family;
        const char *type;
        const char *help;  /* NULL: the family of the row before, with another `label` */
        const char *label; /* 'name="value"' of this row alone; NULL: none */
        size_t offset;     /* of an uint64_t */
        DdnsMetricUnit unit;
} DdnsMetric;

/* What the samples are of: an array of structs, which begin with a NUL-terminated name if there is a label for it. */
typedef struct DdnsMetricThings {
        const char *label; /* "backend"; NULL: a single struct without a name */
        const void *first;
        size_t n, size;
} DdnsMetricThings;

void ddns_metrics_format(DdnsBuffer *b, const DdnsMetric *metrics, size_t n,
                         const DdnsMetricThings *things);

/* # HELP and # TYPE. */
void ddns_metrics_head(DdnsBuffer *b, const char *family, const char *type, const char *help);
/* A label's value, escaped; what is no UTF-8 becomes '?'. */
void ddns_metrics_escape(DdnsBuffer *b, const char *value);
/* Microseconds as seconds. */
void ddns_metrics_seconds(DdnsBuffer *b, uint64_t usec);
