/* SPDX-License-Identifier: MIT */
/* Formatting of caller-owned error texts. */
#include <stdarg.h>
#include <stdio.h>

#include "basic/message.h"

int ddns_fail(DdnsMessage *m, int error, const char *format, ...) {
        if (m) {
                va_list ap;

                va_start(ap, format);
                (void) vsnprintf(m->text, sizeof m->text, format, ap);
                va_end(ap);
        }
        return error;
}
