/* SPDX-License-Identifier: MIT */
/* Collecting and printing of configuration errors. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "config/errors.h"

bool ddns_config_errors_full(const DdnsConfigErrors *e) {
        return e->n == DDNS_CONFIG_ERRORS_MAX;
}

void ddns_config_errors_add(DdnsConfigErrors *e, size_t line, size_t column, const char *format, ...) {
        if (ddns_config_errors_full(e))
                return;

        size_t i = e->n;
        while (i > 0 && (e->list[i - 1].line > line ||
                         (e->list[i - 1].line == line && e->list[i - 1].column > column)))
                i--;
        memmove(&e->list[i + 1], &e->list[i], (e->n - i) * sizeof e->list[0]);
        e->n++;

        va_list ap;
        va_start(ap, format);
        e->list[i].line = line;
        e->list[i].column = column;
        (void) vsnprintf(e->list[i].message.text, sizeof e->list[i].message.text, format, ap);
        va_end(ap);
}

char *ddns_config_errors_format(const DdnsConfigErrors *e, const char *path) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        for (size_t i = 0; i < e->n; i++)
                ddns_buffer_append_format(&b, "%s:%zu:%zu: %s\n", path, e->list[i].line,
                                          e->list[i].column, e->list[i].message.text);
        if (ddns_config_errors_full(e))
                ddns_buffer_append_format(&b, "%s: there may be more errors, these are the first\n",
                                          path);
        return ddns_buffer_take(&b, NULL);
}
