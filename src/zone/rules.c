/* SPDX-License-Identifier: MIT */
/* Order of records and rules over the whole zone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "basic/cleanup.h"
#include "zone/name.h"
#include "zone/rules.h"

/* The SOA stands first of its owner; all else by number. */
static int type_rank(uint16_t type) {
        return type == LDNS_RR_TYPE_SOA ? -1 : type;
}

static int compare_rrset(const ZoneRecord *a, const ZoneRecord *b) {
        int c = zone_name_is(a->owner, b->owner) ? 0 : ldns_dname_compare(a->owner, b->owner);

        if (c == 0)
                c = type_rank(a->type) - type_rank(b->type);
        return c != 0 ? c : a->covered - b->covered;
}

static int compare(const void *va, const void *vb) {
        const ZoneRecord *a = va, *b = vb;
        int c = compare_rrset(a, b);

        /* records that differ in the case of a name only stand together, so that they are seen to be the same */
        if (c == 0)
                c = strcasecmp(a->rdata, b->rdata);
        if (c == 0)
                c = strcmp(a->rdata, b->rdata);
        return c != 0 ? c : (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

/* Equal as DNS has it: names whatever their case, all else octet by octet. */
static bool same_rdata(const ZoneRecord *a, const ZoneRecord *b) {
        if (strcmp(a->rdata, b->rdata) == 0)
                return true;
        if (strcasecmp(a->rdata, b->rdata) != 0 || ldns_rr_rd_count(a->rr) != ldns_rr_rd_count(b->rr))
                return false;
        for (size_t i = 0; i < ldns_rr_rd_count(a->rr); i++) {
                const ldns_rdf *x = ldns_rr_rdf(a->rr, i), *y = ldns_rr_rdf(b->rr, i);
                int c = ldns_rdf_get_type(x) == LDNS_RDF_TYPE_DNAME ? ldns_dname_compare(x, y)
                                                                    : ldns_rdf_compare(x, y);
                if (c != 0)
                        return false;
        }
        return true;
}

static bool same_rrset(const ZoneRecord *a, const ZoneRecord *b) {
        return a->type == b->type && a->covered == b->covered && zone_name_is(a->owner, b->owner);
}

/* Index behind the last record of the RRset that begins at `i`. */
static size_t rrset_end(const ZoneRecords *z, size_t i) {
        size_t end = i + 1;

        while (end < z->n && same_rrset(&z->records[i], &z->records[end]))
                end++;
        return end;
}

static size_t owner_end(const ZoneRecords *z, size_t i) {
        size_t end = i + 1;

        while (end < z->n && zone_name_is(z->records[i].owner, z->records[end].owner))
                end++;
        return end;
}

void zone_records_normalize(ZoneRecords *z) {
        size_t kept = 0;

        if (z->n > 1)
                qsort(z->records, z->n, sizeof *z->records, compare);

        for (size_t i = 0, end; i < z->n; i = end) {
                const ZoneRecord *first = &z->records[i];

                end = rrset_end(z, i);
                for (size_t j = i + 1; j < end; j++)
                        if (z->records[j].sequence < first->sequence)
                                first = &z->records[j];
                for (size_t j = i, ttl = first->ttl; j < end; j++)
                        z->records[j].ttl = (uint32_t) ttl;
        }

        for (size_t i = 0; i < z->n; i++) {
                if (kept > 0 && same_rrset(&z->records[kept - 1], &z->records[i]) &&
                    same_rdata(&z->records[kept - 1], &z->records[i]))
                        zone_record_done(&z->records[i]);
                else
                        z->records[kept++] = z->records[i];
        }
        z->n = kept;
}

/* RFC 1034, 3.6.2, with the exceptions of RFC 4034 and what BIND takes beside a CNAME. */
static bool may_stand_beside_cname(uint16_t type) {
        return type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_RRSIG || type == LDNS_RR_TYPE_NSEC ||
               type == LDNS_RR_TYPE_KEY || type == LDNS_RR_TYPE_SIG;
}

static int refuse(const ZoneRecord *r, DdnsMessage *message, const char *what) {
        ddns_cleanup(ddns_freep) char *owner = zone_name_to_text(r->owner);

        if (!owner)
                return ddns_fail(message, -ENOMEM, "out of memory");
        if (strlen(owner) > 1)
                owner[strlen(owner) - 1] = '\0';
        return ddns_fail(message, -EBADMSG, "line %u: %s at %s", r->line, what, owner);
}

/* What BIND holds of an RRset, each record with its size before it, is no more than fits into a message. */
#define RRSET_SIZE_MAX 65512

static size_t size_in_rrset(const ZoneRecord *r) {
        size_t size = r->type == LDNS_RR_TYPE_RRSIG ? 3 : 2; /* BIND has a mark in signatures */

        for (size_t i = 0; i < ldns_rr_rd_count(r->rr); i++)
                size += ldns_rdf_size(ldns_rr_rdf(r->rr, i));
        return size;
}

static int check_owner(const ZoneRecords *z, const ldns_rdf *apex, size_t start, size_t end,
                       DdnsMessage *message) {
        bool at_apex = zone_name_is(z->records[start].owner, apex);
        const ZoneRecord *cname = NULL, *other = NULL;
        size_t size = 0;

        for (size_t i = start; i < end; i++) {
                const ZoneRecord *r = &z->records[i];
                bool second = i > start && same_rrset(r, r - 1);

                size = (second ? size : 0) + size_in_rrset(r);
                if (size > RRSET_SIZE_MAX)
                        return refuse(r, message, "more records of one type than fit into a message");
                if (r->type == LDNS_RR_TYPE_CNAME)
                        cname = r;
                else if (!may_stand_beside_cname(r->type))
                        other = r;
                if (r->type == LDNS_RR_TYPE_SOA && !at_apex)
                        return refuse(r, message, "an SOA below the apex");
                if (second && r->type == LDNS_RR_TYPE_CNAME)
                        return refuse(r, message, "more than one CNAME");
                if (second && r->type == LDNS_RR_TYPE_DNAME)
                        return refuse(r, message, "more than one DNAME");
                if ((r->type == LDNS_RR_TYPE_NS || r->type == LDNS_RR_TYPE_NSEC3) &&
                    ldns_dname_is_wildcard(r->owner))
                        return refuse(r, message, "an NS or NSEC3 record of a wildcard");
        }
        if (cname && other)
                return refuse(cname->line > other->line ? cname : other, message,
                              "CNAME and other data");
        return 0;
}

/* RFC 5155, 11: SHA-1 is the only hash. */
static bool has_known_hash(const ZoneRecord *r) {
        return ldns_rr_rd_count(r->rr) > 0 && ldns_rdf2native_int8(ldns_rr_rdf(r->rr, 0)) == LDNS_SHA1;
}

/* RFC 8078, 4: no more signatures. */
static bool is_deletion(const ZoneRecord *r) {
        return strcmp(r->rdata, r->type == LDNS_RR_TYPE_CDS ? "0 0 0 00" : "0 3 0 AA==") == 0;
}

static int check_apex(const ZoneRecords *z, const ldns_rdf *apex, DdnsMessage *message) {
        const ZoneRecord *cds = NULL, *unknown_hash = NULL;
        bool known_hash = false;
        size_t soa = 0, ns = 0, dnskey = 0;

        for (size_t i = 0; i < z->n; i++) {
                const ZoneRecord *r = &z->records[i];
                bool at_apex = zone_name_is(r->owner, apex);

                if (!at_apex)
                        break; /* the apex sorts before all else */
                if (r->type == LDNS_RR_TYPE_SOA && ++soa > 1)
                        return refuse(r, message, "more than one SOA");
                if (r->type == LDNS_RR_TYPE_DS)
                        return refuse(r, message, "a DS record, which belongs into the zone above,");
                if ((r->type == LDNS_RR_TYPE_CDS || r->type == LDNS_RR_TYPE_CDNSKEY) && !is_deletion(r))
                        cds = r;
                if (r->type == LDNS_RR_TYPE_NSEC3PARAM) {
                        known_hash |= has_known_hash(r);
                        unknown_hash = r;
                }
                ns += r->type == LDNS_RR_TYPE_NS;
                dnskey += r->type == LDNS_RR_TYPE_DNSKEY;
        }
        if (soa == 0)
                return ddns_fail(message, -EBADMSG, "the zone has no SOA record");
        if (ns == 0)
                return ddns_fail(message, -EBADMSG, "the zone has no NS record at its apex");
        if (cds && dnskey == 0)
                return refuse(cds, message, "a CDS or CDNSKEY record of a zone without DNSKEY");
        if (unknown_hash && !known_hash)
                return refuse(unknown_hash, message, "an NSEC3PARAM record with no hash that is known");
        return 0;
}

/* What the zone has at a name. */
typedef enum NameContent {
        NAME_ABSENT,
        NAME_NO_ADDRESS, /* the name is there, or below it one is, but without an address */
        NAME_ADDRESS,
        NAME_CNAME,
        NAME_DNAME,
        NAME_DELEGATED,
} NameContent;

static NameContent content_at(const ZoneRecords *z, const ldns_rdf *name) {
        size_t low = 0, high = z->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (ldns_dname_compare(z->records[middle].owner, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == z->n || (ldns_dname_compare(z->records[low].owner, name) != 0))
                return low < z->n && zone_name_is_below(z->records[low].owner, name) ? NAME_NO_ADDRESS
                                                                                     : NAME_ABSENT;

        NameContent content = NAME_NO_ADDRESS;
        for (; low < z->n && ldns_dname_compare(z->records[low].owner, name) == 0; low++)
                switch (z->records[low].type) {
                case LDNS_RR_TYPE_A:
                case LDNS_RR_TYPE_AAAA:
                        return NAME_ADDRESS;
                case LDNS_RR_TYPE_CNAME:
                        content = NAME_CNAME;
                        break;
                case LDNS_RR_TYPE_DNAME:
                        content = NAME_DNAME;
                        break;
                case LDNS_RR_TYPE_NS:
                        content = NAME_DELEGATED;
                        break;
                }
        return content;
}

static NameContent wildcard_below(const ZoneRecords *z, const ldns_rdf *name) {
        uint8_t data[LDNS_MAX_DOMAINLEN + 2] = { 1, '*' };
        ldns_rdf star = *name;

        if (ldns_rdf_size(name) + 2 > LDNS_MAX_DOMAINLEN)
                return NAME_ABSENT;
        memcpy(data + 2, ldns_rdf_data(name), ldns_rdf_size(name));
        ldns_rdf_set_data(&star, data);
        ldns_rdf_set_size(&star, ldns_rdf_size(name) + 2);
        return content_at(z, &star);
}

/* What a look-up of `name`, which is the apex or below it, finds in the zone, with delegations, DNAMEs and wildcards on the way. */
static NameContent look_up(const ZoneRecords *z, const ldns_rdf *apex, const ldns_rdf *name) {
        NameContent content = content_at(z, name);
        bool closest = content == NAME_ABSENT;
        ldns_rdf above = *name;

        while (zone_name_is_below(&above, apex)) {
                above = zone_name_parent(&above);
                NameContent here = content_at(z, &above);

                if (closest && here != NAME_ABSENT) {
                        content = wildcard_below(z, &above);
                        closest = false;
                }
                if (ldns_dname_compare(&above, apex) != 0 &&
                    (here == NAME_DELEGATED || here == NAME_DNAME))
                        content = here;
        }
        return content;
}

/* BIND does not load a zone whose own name server, named below the apex, has no address in it. */
static int check_name_servers(const ZoneRecords *z, const ldns_rdf *apex, DdnsMessage *message) {
        for (size_t i = 0; i < z->n && zone_name_is(z->records[i].owner, apex); i++) {
                const ZoneRecord *r = &z->records[i];

                if (r->type != LDNS_RR_TYPE_NS)
                        continue;
                ldns_rdf *target = ldns_rr_rdf(r->rr, 0);
                bool at_apex = ldns_dname_compare(target, apex) == 0;
                if (!at_apex && !zone_name_is_below(target, apex))
                        continue;

                switch (look_up(z, apex, target)) {
                case NAME_ADDRESS:
                        break;
                case NAME_DELEGATED:
                        if (!at_apex)
                                break; /* its address stands behind the delegation */
                        __attribute__((fallthrough));
                case NAME_ABSENT:
                case NAME_NO_ADDRESS:
                        return refuse(r, message,
                                      "the name server of this zone has no address in it, NS");
                case NAME_CNAME:
                case NAME_DNAME:
                        return refuse(r, message, "the name server of this zone is an alias, NS");
                }
        }
        return 0;
}

int zone_records_check(const ZoneRecords *z, const ldns_rdf *apex, DdnsMessage *message) {
        int r;

        r = check_apex(z, apex, message);
        for (size_t i = 0, end; r >= 0 && i < z->n; i = end) {
                end = owner_end(z, i);
                r = check_owner(z, apex, i, end, message);
        }
        return r < 0 ? r : check_name_servers(z, apex, message);
}
