/* SPDX-License-Identifier: MIT */
/* Canonical text, record by record. */
#include <string.h>

#include "zone/canonical.h"

/* What stands before `end`, up to it or to the end of the text. */
static const char *field(const char **text, char end, size_t *ret_size) {
        const char *start = *text, *p = strchrnul(start, end);

        *ret_size = (size_t) (p - start);
        *text = *p ? p + 1 : p;
        return start;
}

bool ddns_record_next(const char **text, DdnsRecord *ret) {
        size_t class_size;

        if (!**text)
                return false;
        ret->owner = field(text, '\t', &ret->owner_size);
        ret->ttl = field(text, '\t', &ret->ttl_size);
        (void) field(text, '\t', &class_size); /* IN: there is no other */
        ret->type = field(text, '\t', &ret->type_size);
        ret->rdata = field(text, '\n', &ret->rdata_size); /* control octets in it are escaped */
        return true;
}

bool ddns_record_is_type(const DdnsRecord *r, const char *type) {
        return strlen(type) == r->type_size && memcmp(type, r->type, r->type_size) == 0;
}
