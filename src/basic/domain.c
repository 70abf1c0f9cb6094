/* SPDX-License-Identifier: MIT */
/* Strict check of zone names. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "basic/domain.h"

#define LABEL_MAX 63

static int lower(unsigned char c) {
        if (c >= 'A' && c <= 'Z')
                return c - 'A' + 'a';
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
                return c;
        return -1;
}

int ddns_zone_name_check(const char *name, size_t size, char ret[DDNS_ZONE_NAME_MAX + 1],
                         DdnsMessage *message) {
        char checked[DDNS_ZONE_NAME_MAX + 1];
        size_t label = 0;

        if (size > 0 && name[size - 1] == '.')
                size--;
        if (size == 0)
                return ddns_fail(message, -EINVAL, "the zone name is empty");
        if (size > DDNS_ZONE_NAME_MAX)
                return ddns_fail(message, -EINVAL, "the zone name has %zu octets, %d are allowed", size,
                                 DDNS_ZONE_NAME_MAX);

        for (size_t i = 0; i < size; i++) {
                unsigned char c = (unsigned char) name[i];

                if (c == '.') {
                        if (label == 0)
                                return ddns_fail(message, -EINVAL, "the zone name has an empty label");
                        label = 0;
                        checked[i] = '.';
                        continue;
                }

                int l = lower(c);
                if (l < 0 && c >= 0x80)
                        return ddns_fail(message, -EINVAL,
                                         "the zone name has an octet 0x%02x; letters of other scripts "
                                         "are written in the form xn--...",
                                         c);
                if (l < 0)
                        return ddns_fail(message, -EINVAL,
                                         isprint(c) ? "the zone name has a '%c'; letters, digits, '-' "
                                                      "and '_' "
                                                      "are allowed"
                                                    : "the zone name has an octet 0x%02x; letters, "
                                                      "digits, '-' "
                                                      "and '_' are allowed",
                                         c);
                if (++label > LABEL_MAX)
                        return ddns_fail(message, -EINVAL,
                                         "a label of the zone name is longer than %d octets", LABEL_MAX);
                checked[i] = (char) l;
        }
        if (label == 0)
                return ddns_fail(message, -EINVAL, "the zone name has an empty label");

        memcpy(ret, checked, size);
        ret[size] = '\0';
        return 0;
}

const char *ddns_zone_name_parent(const char *name) {
        const char *dot = strchr(name, '.');

        return dot ? dot + 1 : NULL;
}
