/* SPDX-License-Identifier: MIT */
/* Lists of zone names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/array.h"
#include "deliver/names.h"

void ddns_names_done(DdnsNames *names) {
        for (size_t i = 0; i < names->n; i++)
                free(names->items[i]);
        free(names->items);
        *names = (DdnsNames){ 0 };
}

int ddns_names_add(DdnsNames *names, const char *name) {
        char **items = ddns_array_grow(names->items, names->n, &names->allocated, sizeof *items);

        if (!items)
                return -ENOMEM;
        names->items = items;
        names->items[names->n] = strdup(name);
        if (!names->items[names->n])
                return -ENOMEM;
        names->n++;
        return 0;
}

int ddns_names_add_all(DdnsNames *names, char *const *more, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (ddns_names_add(names, more[i]) < 0)
                        return -ENOMEM;
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

void ddns_names_sort(DdnsNames *names) {
        size_t kept = 0;

        if (names->n > 1)
                qsort(names->items, names->n, sizeof *names->items, compare);
        for (size_t i = 0; i < names->n; i++)
                if (kept > 0 && strcmp(names->items[kept - 1], names->items[i]) == 0)
                        free(names->items[i]);
                else
                        names->items[kept++] = names->items[i];
        names->n = kept;
}

bool ddns_names_have(const DdnsNames *names, const char *name) {
        return names->n > 0 && bsearch(&name, names->items, names->n, sizeof *names->items, compare);
}
