/* SPDX-License-Identifier: MIT */
/* Rdata of common types, field by field. */
#include <string.h>

#include "basic/cleanup.h"
#include "zone/common.h"
#include "zone/fields.h"
#include "zone/name.h"
#include "zone/text.h"

#define COMMON_SIZE_MAX 4096 /* as written */

/* Types that most records have, with one token a field. */
static bool is_common(uint16_t type) {
        static const uint16_t common[] = { LDNS_RR_TYPE_A,     LDNS_RR_TYPE_AAAA, LDNS_RR_TYPE_NS,
                                           LDNS_RR_TYPE_CNAME, LDNS_RR_TYPE_PTR,  LDNS_RR_TYPE_MX,
                                           LDNS_RR_TYPE_TXT,   LDNS_RR_TYPE_SOA,  LDNS_RR_TYPE_SRV };

        return zone_type_is_one_of(type, common, ARRAY_SIZE(common));
}

static ldns_rdf *make_field(ldns_rdf_type field, const ldns_rdf *origin, const ZoneToken *t) {
        unsigned char data[1 + ZONE_STRING_MAX];
        ldns_rdf *name = NULL;
        size_t size;

        switch (field) {
        case LDNS_RDF_TYPE_DNAME:
                (void) zone_name_parse(origin, t, 0, &name, NULL);
                return name;
        case LDNS_RDF_TYPE_STR:
                if (zone_token_decode(t, data + 1, ZONE_STRING_MAX, &size) < 0)
                        return NULL;
                data[0] = (unsigned char) size;
                return ldns_rdf_new_frm_data(field, size + 1, data);
        default:
                if (t->quoted || t->size > ZONE_STRING_MAX)
                        return NULL;
                memcpy(data, t->text, t->size);
                data[t->size] = '\0';
                return ldns_rdf_new_frm_str(field, (const char *) data);
        }
}

ldns_rr *zone_rdata_make_common(uint16_t type, const ldns_rdf *origin, const ZoneEntry *e,
                                size_t type_token) {
        const ldns_rr_descriptor *d = ldns_rr_descript(type);
        const ZoneToken *first = &e->tokens[type_token + 1], *last = &e->tokens[e->n - 1];
        size_t n = e->n - type_token - 1;

        if (!is_common(type) || n < ldns_rr_descriptor_minimum(d) || n > ldns_rr_descriptor_maximum(d) ||
            last->text + last->size - first->text > COMMON_SIZE_MAX)
                return NULL;

        ldns_rr *rr = ldns_rr_new();
        if (!rr)
                return NULL;
        ldns_rr_set_type(rr, type);
        for (size_t i = 0; i < n; i++) {
                ldns_rdf *rdf = make_field(zone_field_type(d, i), origin, &first[i]);

                if (!rdf || !ldns_rr_push_rdf(rr, rdf)) {
                        ldns_rdf_deep_free(rdf);
                        ldns_rr_free(rr);
                        return NULL;
                }
        }
        return rr;
}
