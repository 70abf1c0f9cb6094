/* SPDX-License-Identifier: MIT */
/* The errors of one configuration file, kept in the order of their places; private to src/config. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/message.h"

/* Nobody reads more, and it bounds the work that a hostile file can cause. */
#define DDNS_CONFIG_ERRORS_MAX 100

typedef struct DdnsConfigError {
        size_t line, column; /* from 1 */
        DdnsMessage message;
} DdnsConfigError;

typedef struct DdnsConfigErrors {
        DdnsConfigError list[DDNS_CONFIG_ERRORS_MAX];
        size_t n;
} DdnsConfigErrors;

void ddns_config_errors_add(DdnsConfigErrors *e, size_t line, size_t column, const char *format, ...)
                __attribute__((format(printf, 4, 5)));
/* True when there is no room for another error: what is left of the file need not be looked at. */
bool ddns_config_errors_full(const DdnsConfigErrors *e);
/* One line each; the caller's; NULL if memory is short. */
char *ddns_config_errors_format(const DdnsConfigErrors *e, const char *path);
