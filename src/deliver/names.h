/* SPDX-License-Identifier: MIT */
/* A list of zone names that can be sorted and searched. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct DdnsNames {
        char **items;
        size_t n;
        size_t allocated;
} DdnsNames;

/* Appends copies. 0 or -ENOMEM, after which the list may have some of them. */
int ddns_names_add(DdnsNames *names, const char *name);
int ddns_names_add_all(DdnsNames *names, char *const *more, size_t n);

/* Sorts by octets and drops what is there twice. */
void ddns_names_sort(DdnsNames *names);

/* Of a sorted list. */
bool ddns_names_have(const DdnsNames *names, const char *name);

void ddns_names_done(DdnsNames *names);
