/* SPDX-License-Identifier: MIT */
/* Canonical text, record by record. */
#include <errno.h>
#include <ldns/ldns.h>
#include <string.h>

#include "basic/cleanup.h"
#include "zone/canonical.h"
#include "zone/name.h"
#include "zone/text.h"

static inline void rr_freep(ldns_rr **rr) {
        ldns_rr_free(*rr);
}

static inline void buffer_freep(ldns_buffer **b) {
        ldns_buffer_free(*b);
}

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

uint16_t ddns_record_type_number(const DdnsRecord *r) {
        char name[32];

        if (r->type_size >= sizeof name)
                return 0;
        memcpy(name, r->type, r->type_size);
        name[r->type_size] = '\0';
        return (uint16_t) ldns_get_rr_type_by_name(name);
}

static int parse(const DdnsRecord *r, ldns_rr **ret) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer line = DDNS_BUFFER_NULL;
        ddns_cleanup(zone_entry_done) ZoneEntry e = { 0 };
        ddns_cleanup(zone_name_freep) ldns_rdf *root = ldns_dname_new_frm_str(".");
        int result;

        ddns_buffer_append_byte(&line, ' '); /* no owner */
        ddns_buffer_append(&line, r->type, r->type_size);
        ddns_buffer_append_byte(&line, ' ');
        ddns_buffer_append(&line, r->rdata, r->rdata_size);
        if (!root || ddns_buffer_status(&line) < 0)
                return -ENOMEM;

        ZoneLexer lexer = { .p = line.data, .end = line.data + line.size, .line = 1 };
        result = zone_lexer_next(&lexer, &e, NULL);
        if (result <= 0)
                return result < 0 ? result : -EBADMSG;
        return zone_rdata_parse(ddns_record_type_number(r), root, &e, 0, ret, NULL);
}

int ddns_record_append_wire(const DdnsRecord *r, DdnsBuffer *b) {
        ddns_cleanup(rr_freep) ldns_rr *rr = NULL;
        ddns_cleanup(buffer_freep) ldns_buffer *wire = ldns_buffer_new(4096); /* grows */
        int result;

        if (!wire)
                return -ENOMEM;
        result = parse(r, &rr);
        if (result < 0)
                return result;
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
                ldns_rdf *rdf = ldns_rr_rdf(rr, i);

                if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME)
                        ldns_dname2canonical(rdf);
                if (ldns_rdf2buffer_wire(wire, rdf) != LDNS_STATUS_OK)
                        return -ENOMEM;
        }
        ddns_buffer_append(b, ldns_buffer_begin(wire), ldns_buffer_position(wire));
        return ddns_buffer_status(b);
}
