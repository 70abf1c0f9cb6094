/* SPDX-License-Identifier: MIT */
/* Doubling of arrays. */
#include <stdlib.h>

#include "basic/array.h"

void *ddns_array_grow(void *items, size_t n, size_t *allocated, size_t size) {
        if (n < *allocated)
                return items;

        size_t more = *allocated ? 2 * *allocated : 32;
        void *moved = reallocarray(items, more, size);
        if (moved)
                *allocated = more;
        return moved;
}
