/* SPDX-License-Identifier: MIT */
/* The zone check from input to canonical text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/array.h"
#include "basic/buffer.h"
#include "zone/name.h"
#include "zone/rules.h"
#include "zone/zone.h"

#define PROBE_SIZE 65536

/* Everything that a check needs and leaves. */
typedef struct Check {
        ZoneContext context;
        ZoneEntry entry;
        ZoneRecords records;
} Check;

static void check_done(Check *c) {
        ldns_rdf_deep_free(c->context.apex);
        ldns_rdf_deep_free(c->context.origin);
        ldns_rdf_deep_free(c->context.owner);
        zone_entry_done(&c->entry);
        for (size_t i = 0; i < c->records.n; i++)
                zone_record_done(&c->records.records[i]);
        free(c->records.records);
}

static int add_record(ZoneRecords *z, ZoneRecord *record, uint32_t max, DdnsMessage *message) {
        if (z->n >= max)
                return ddns_fail(message, -EBADMSG, "line %u: more than %u records", record->line, max);

        ZoneRecord *records = ddns_array_grow(z->records, z->n, &z->allocated, sizeof *records);
        if (!records)
                return ddns_fail(message, -ENOMEM, "out of memory");
        z->records = records;
        record->sequence = (uint32_t) z->n;
        z->records[z->n++] = *record;
        *record = (ZoneRecord){ 0 };
        return 0;
}

static int read_records(Check *c, const char *data, size_t size, const DdnsZoneLimits *limits,
                        DdnsZone *zone, DdnsMessage *message) {
        ZoneLexer lexer = { .p = data, .end = data + size, .line = 1 };
        int r;

        while ((r = zone_lexer_next(&lexer, &c->entry, message)) > 0) {
                ddns_cleanup(zone_record_done) ZoneRecord record = { 0 };
                bool dropped;

                r = zone_record_parse(&c->context, &c->entry, &record, &dropped, message);
                if (r > 0)
                        r = add_record(&c->records, &record, limits->max_records, message);
                if (r < 0)
                        return r;
                if (dropped && zone->n_dropped++ == 0) {
                        ddns_cleanup(ddns_freep) char *owner = zone_name_to_text(c->context.owner);

                        (void) ddns_fail(&zone->warning, 0, "line %u: %s is outside the zone, left out",
                                         c->entry.line, owner ? owner : "the owner");
                }
        }
        return r;
}

static int print_records(const ZoneRecords *z, DdnsBuffer *b) {
        ddns_cleanup(ddns_freep) char *owner = NULL;

        for (size_t i = 0; i < z->n; i++) {
                const ZoneRecord *r = &z->records[i];

                if (i == 0 || !zone_name_is(r->owner, r[-1].owner)) {
                        free(owner);
                        owner = zone_name_to_text(r->owner);
                        if (!owner)
                                return -ENOMEM;
                }
                ddns_cleanup(ddns_freep) char *type = ldns_rr_type2str(r->type);
                if (!type)
                        return -ENOMEM;
                ddns_buffer_append_text(b, owner);
                ddns_buffer_append_format(b, "\t%u\tIN\t%s\t", r->ttl, type);
                ddns_buffer_append_text(b, r->rdata);
                ddns_buffer_append_byte(b, '\n');
        }
        return ddns_buffer_status(b);
}

static int finish(const ZoneRecords *z, size_t size_hint, DdnsZone *zone, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        int r;

        ddns_buffer_reserve(&b, size_hint);
        r = print_records(z, &b);
        if (r < 0)
                return ddns_fail(message, r, "out of memory");
        r = ddns_digest(b.data, b.size, zone->digest);
        if (r < 0)
                return ddns_fail(message, r, "the digest can't be computed");

        zone->n_records = (uint32_t) z->n;
        zone->serial = ldns_rdf2native_int32(ldns_rr_rdf(z->records[0].rr, 2)); /* the SOA is first */
        zone->text = ddns_buffer_take(&b, &zone->size);
        return zone->text ? 0 : ddns_fail(message, -ENOMEM, "out of memory");
}

static int check(const char *name, const char *data, size_t size, const DdnsZoneLimits *limits,
                 DdnsZone *ret, DdnsMessage *message) {
        ddns_cleanup(check_done) Check c = { 0 };
        ddns_cleanup(ddns_zone_done) DdnsZone zone = DDNS_ZONE_NULL;
        const char *nul = memchr(data, '\0', size);
        int r;

        if (nul) {
                unsigned line = 1;

                for (const char *p = data; p < nul; p++)
                        line += *p == '\n';
                return ddns_fail(message, -EBADMSG, "line %u: a NUL octet", line);
        }

        c.context.apex = ldns_dname_new_frm_str(name);
        c.context.origin = c.context.apex ? ldns_rdf_clone(c.context.apex) : NULL;
        if (!c.context.origin)
                return ddns_fail(message, -ENOMEM, "out of memory");
        ldns_dname2canonical(c.context.apex);

        r = read_records(&c, data, size, limits, &zone, message);
        if (r < 0)
                return r;
        zone_records_normalize(&c.records);
        r = zone_records_check(&c.records, c.context.apex, message);
        if (r >= 0)
                r = finish(&c.records, size, &zone, message);
        if (r < 0)
                return r;

        *ret = zone;
        zone = DDNS_ZONE_NULL;
        return 0;
}

static bool has_memory(void) {
        void *p = malloc(PROBE_SIZE);

        free(p);
        return p != NULL;
}

/* Where memory runs out ldns says now and then that the zone is bad: that is believed if it says so twice, and there is memory. */
int ddns_zone_check(const char *name, const char *data, size_t size, const DdnsZoneLimits *limits,
                    DdnsZone *ret, DdnsMessage *message) {
        int r = check(name, data, size, limits, ret, message);

        if (r == -EBADMSG)
                r = check(name, data, size, limits, ret, message);
        if (r == -EBADMSG && !has_memory())
                r = ddns_fail(message, -ENOMEM, "out of memory");
        return r;
}

void ddns_zone_done(DdnsZone *z) {
        free(z->text);
        *z = DDNS_ZONE_NULL;
}
