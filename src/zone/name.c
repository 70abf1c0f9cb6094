/* SPDX-License-Identifier: MIT */
/* Domain names in and out. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/cleanup.h"
#include "zone/name.h"

int zone_name_parse(const ldns_rdf *origin, const ZoneToken *t, unsigned line, ldns_rdf **ret,
                    DdnsMessage *message) {
        ddns_cleanup(ddns_freep) char *text = NULL;
        ddns_cleanup(zone_name_freep) ldns_rdf *name = NULL;

        if (t->quoted)
                return ddns_fail(message, -EBADMSG,
                                 "line %u: the name \"%.*s\" stands in quotes, which only strings do",
                                 line, (int) (t->size < 100 ? t->size : 100), t->text);
        if (zone_token_is(t, "@")) {
                *ret = ldns_rdf_clone(origin);
                return *ret ? 0 : ddns_fail(message, -ENOMEM, "out of memory");
        }

        text = strndup(t->text, t->size);
        if (!text)
                return ddns_fail(message, -ENOMEM, "out of memory");
        if (ldns_str2rdf_dname(&name, text) != LDNS_STATUS_OK)
                return ddns_fail(message, -EBADMSG, "line %u: \"%.100s\" is no domain name", line, text);
        if (!ldns_dname_str_absolute(text) && ldns_dname_cat(name, origin) != LDNS_STATUS_OK)
                return ddns_fail(message, -EBADMSG,
                                 "line %u: \"%.100s\" below its origin is longer than a name can be",
                                 line, text);
        if (ldns_rdf_size(name) > LDNS_MAX_DOMAINLEN)
                return ddns_fail(message, -EBADMSG, "line %u: \"%.100s\" is longer than a name can be",
                                 line, text);
        *ret = TAKE_PTR(name);
        return 0;
}

/* Asked several times for each record: ldns_dname_compare() counts labels first, which takes 50 times as long. */
bool zone_name_is(const ldns_rdf *a, const ldns_rdf *b) {
        return ldns_rdf_size(a) == ldns_rdf_size(b) &&
               memcmp(ldns_rdf_data(a), ldns_rdf_data(b), ldns_rdf_size(a)) == 0;
}

bool zone_name_is_below(const ldns_rdf *name, const ldns_rdf *above) {
        ldns_rdf rest = *name;

        while (ldns_rdf_size(&rest) > ldns_rdf_size(above))
                rest = zone_name_parent(&rest);
        return ldns_rdf_size(name) > ldns_rdf_size(above) && ldns_dname_compare(&rest, above) == 0;
}

ldns_rdf zone_name_parent(const ldns_rdf *name) {
        size_t label = 1 + (size_t) *ldns_rdf_data(name);
        ldns_rdf parent = *name;

        ldns_rdf_set_data(&parent, ldns_rdf_data(name) + label);
        ldns_rdf_set_size(&parent, ldns_rdf_size(name) - label);
        return parent;
}

void zone_name_append(DdnsBuffer *b, const ldns_rdf *name) {
        const uint8_t *p = ldns_rdf_data(name), *end = p + ldns_rdf_size(name);

        if (p < end && *p == 0)
                ddns_buffer_append_byte(b, '.');
        while (p < end && *p != 0) {
                size_t size = *p++;

                for (size_t i = 0; i < size && p < end; i++, p++)
                        if (isalnum(*p) || (*p != 0 && strchr("-_*/+", *p)))
                                ddns_buffer_append_byte(b, (char) *p);
                        else
                                ddns_buffer_append_format(b, "\\%03u", *p);
                ddns_buffer_append_byte(b, '.');
        }
}

char *zone_name_to_text(const ldns_rdf *name) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        zone_name_append(&b, name);
        return ddns_buffer_take(&b, NULL);
}
