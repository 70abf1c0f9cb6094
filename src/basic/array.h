/* SPDX-License-Identifier: MIT */
/* Arrays that grow by one item at a time. */
#pragma once

#include <stddef.h>

/* Makes room for one more behind the `n` items of `size` octets that `items` has: returns where they are now, and sets `*allocated`.
 * NULL: no memory; `items` is as it was. */
void *ddns_array_grow(void *items, size_t n, size_t *allocated, size_t size);
