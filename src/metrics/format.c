/* SPDX-License-Identifier: MIT */
/* Writes samples. */
#include <inttypes.h>
#include <string.h>

#include "basic/cleanup.h"
#include "metrics/format.h"

void ddns_metrics_head(DdnsBuffer *b, const char *family, const char *type, const char *help) {
        ddns_buffer_append_format(b, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

/* Names come from the configuration, which allows less than the format does; the text must stay well-formed whatever they are. */
void ddns_metrics_escape(DdnsBuffer *b, const char *value) {
        for (const char *p = value; *p; p++)
                switch (*p) {
                case '\\':
                        ddns_buffer_append_text(b, "\\\\");
                        break;
                case '"':
                        ddns_buffer_append_text(b, "\\\"");
                        break;
                case '\n':
                        ddns_buffer_append_text(b, "\\n");
                        break;
                default:
                        ddns_buffer_append_byte(b, (unsigned char) *p < 0x80 ? *p : '?');
                }
}

void ddns_metrics_seconds(DdnsBuffer *b, uint64_t usec) {
        ddns_buffer_append_format(b, "%" PRIu64 ".%06" PRIu64, usec / USEC_PER_SEC, usec % USEC_PER_SEC);
}

static void sample(DdnsBuffer *b, const DdnsMetric *m, const char *label, const char *thing) {
        uint64_t value;

        memcpy(&value, thing + m->offset, sizeof value);
        if (m->unit == DDNS_METRIC_TIMESTAMP && value == 0)
                return;
        ddns_buffer_append_text(b, m->family);
        if (label || m->label) {
                ddns_buffer_append_byte(b, '{');
                if (label) {
                        ddns_buffer_append_format(b, "%s=\"", label);
                        ddns_metrics_escape(b, thing);
                        ddns_buffer_append_text(b, m->label ? "\"," : "\"");
                }
                ddns_buffer_append_format(b, "%s}", m->label ? m->label : "");
        }
        ddns_buffer_append_byte(b, ' ');
        if (m->unit == DDNS_METRIC_NUMBER)
                ddns_buffer_append_format(b, "%" PRIu64, value);
        else
                ddns_metrics_seconds(b, value);
        ddns_buffer_append_byte(b, '\n');
}

void ddns_metrics_format(DdnsBuffer *b, const DdnsMetric *metrics, size_t n,
                         const DdnsMetricThings *things) {
        for (const DdnsMetric *m = metrics; m < metrics + n; m++) {
                if (m->help)
                        ddns_metrics_head(b, m->family, m->type, m->help);
                for (size_t i = 0; i < things->n; i++)
                        sample(b, m, things->label, (const char *) things->first + i * things->size);
        }
}
