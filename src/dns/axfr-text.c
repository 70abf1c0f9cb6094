/* SPDX-License-Identifier: MIT */
/* Records as text: common ones as people write them, all others as octets. */
#include "dns/axfr-text.h"
#include "zone/name.h"
#include "zone/text.h"

/* Longest rdata as octets in hexadecimal that the zone check takes; as base64 or strings it takes more. */
#define OCTETS_MAX 32000

/* Types that the zone check prints without ldns' help. What ldns prints for others may have another reading, or none. */
static bool is_common(uint16_t type) {
        switch (type) {
        case LDNS_RR_TYPE_A:
        case LDNS_RR_TYPE_AAAA:
        case LDNS_RR_TYPE_CNAME:
        case LDNS_RR_TYPE_MX:
        case LDNS_RR_TYPE_NS:
        case LDNS_RR_TYPE_PTR:
        case LDNS_RR_TYPE_SOA:
        case LDNS_RR_TYPE_SPF:
        case LDNS_RR_TYPE_SRV:
        case LDNS_RR_TYPE_TXT:
                return true;
        default:
                return false;
        }
}

static size_t octets(const ldns_rr *rr) {
        size_t size = 0;

        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
                size += ldns_rdf_size(ldns_rr_rdf(rr, i));
        return size;
}

/* RFC 3597, 5; names in it are not compressed any more. */
static void append_octets(DdnsBuffer *b, const ldns_rr *rr) {
        static const char digits[] = "0123456789abcdef";

        ddns_buffer_append_format(b, "\\# %zu ", octets(rr));
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
                const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
                const uint8_t *data = ldns_rdf_data(rdf);

                for (size_t k = 0; k < ldns_rdf_size(rdf); k++) {
                        ddns_buffer_append_byte(b, digits[data[k] >> 4]);
                        ddns_buffer_append_byte(b, digits[data[k] & 15]);
                }
        }
}

void dns_text_append(DdnsBuffer *b, const ldns_rr *rr) {
        ddns_cleanup(ddns_freep) char *type = ldns_rr_type2str(ldns_rr_get_type(rr)), *rdata = NULL;
        bool as_text = is_common((uint16_t) ldns_rr_get_type(rr)) || octets(rr) > OCTETS_MAX;

        zone_name_append(b, ldns_rr_owner(rr));
        ddns_buffer_append_format(b, "\t%u\tIN\t%s\t", ldns_rr_ttl(rr), type ? type : "");
        if (as_text && zone_rdata_to_text(rr, &rdata) == 0)
                ddns_buffer_append_text(b, rdata);
        else
                append_octets(b, rr);
        ddns_buffer_append_byte(b, '\n');
}
