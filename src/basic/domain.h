/* SPDX-License-Identifier: MIT */
/* The one gate for zone names: what passes is safe as a file name, in a control command and in a configuration. */
#pragma once

#include <stddef.h>

#include "basic/message.h"

/* Longest name in presentation form without the trailing dot (RFC 1035, 3.1: 255 octets on the wire). */
#define DDNS_ZONE_NAME_MAX 253

/* Checks a name of `size` bytes as it came from outside and stores it lower-cased, without the trailing dot.
 * Allowed: letters, digits, '-' and '_', labels of 1 to 63 octets, 253 octets in all, one trailing dot.
 * 0, or -EINVAL with the reason in `message` (may be NULL); `ret` is untouched on failure. */
int ddns_zone_name_check(const char *name, size_t size, char ret[DDNS_ZONE_NAME_MAX + 1],
                         DdnsMessage *message);

/* The parent of a checked name ("b.example" of "a.b.example"), a pointer into `name`; NULL for a single label. */
const char *ddns_zone_name_parent(const char *name);
