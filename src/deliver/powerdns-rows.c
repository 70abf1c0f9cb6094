/* SPDX-License-Identifier: MIT */
/* Rows of records and metadata for PowerDNS.
 *
 * What it can't serve is left out, RRset by RRset, as long as the zone without it gives no wrong answers: SOA and NS of the apex
 * are in every zone, and a signed zone is whole or not there, since the proofs of what it does not have cover all names and types. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "deliver/powerdns-internal.h"

/* Everything on the way from a zone to its rows. */
typedef struct Work {
        PowerdnsZone zone;
        const DdnsPowerdnsLimits *limits;
        DdnsSqlRows *records;
        PowerdnsContent content;
        DdnsBuffer name, ordername; /* of the name at hand */
        bool has_ordername;
        size_t n_left_out;
        DdnsMessage *warning, *message;
} Work;

static void work_done(Work *w) {
        powerdns_zone_done(&w->zone);
        ddns_buffer_done(&w->content.text);
        ddns_buffer_done(&w->name);
        ddns_buffer_done(&w->ordername);
}

static DdnsMysqlValue value_of(const DdnsBuffer *b) {
        return (DdnsMysqlValue){ b->size > 0 ? b->data : "", b->size };
}

/* ---- names ---- */

/* Labels from the right, without those of the apex, with blanks between. */
static void append_reversed(DdnsBuffer *b, const char *owner, size_t size) {
        for (size_t end = size; end > 0;) {
                const char *dot = memrchr(owner, '.', end);
                size_t start = dot ? (size_t) (dot - owner) + 1 : 0;

                if (end < size)
                        ddns_buffer_append_byte(b, ' ');
                ddns_buffer_append(b, owner + start, end - start);
                end = start > 0 ? start - 1 : 0;
        }
}

static int set_name(Work *w, const PowerdnsName *name) {
        const PowerdnsZone *z = &w->zone;
        size_t relative = name->size - z->names[0].size;

        ddns_buffer_reset(&w->name);
        ddns_buffer_reset(&w->ordername);
        powerdns_append_name(&w->name, name->owner, name->size);
        w->has_ordername = name->chained && !name->hash;
        if (w->has_ordername && z->chain == POWERDNS_NSEC3)
                ddns_buffer_append(&w->ordername, name->hashed, POWERDNS_HASH_SIZE);
        else if (w->has_ordername && relative > 0) {
                /* the chain's names have no escapes of which PowerDNS keeps one */
                ddns_cleanup(ddns_buffer_done) DdnsBuffer plain = DDNS_BUFFER_NULL;

                powerdns_append_name(&plain, name->owner, relative);
                if (ddns_buffer_status(&plain) < 0)
                        return -ENOMEM;
                append_reversed(&w->ordername, plain.data, plain.size);
        }
        return ddns_buffer_status(&w->name) < 0 ? -ENOMEM : ddns_buffer_status(&w->ordername);
}

static int add_empty(Work *w, const PowerdnsName *name) {
        /* with opt-out, names that lead to unsigned delegations only need not be in the chain */
        bool auth = !name->below && (!w->zone.opt_out || name->chained);
        const DdnsMysqlValue cells[DDNS_POWERDNS_RECORD_CELLS] = {
                [0] = value_of(&w->name),
                [5] = ddns_mysql_text("0"),
                [6] = w->has_ordername && w->zone.chain == POWERDNS_NSEC3 ? value_of(&w->ordername)
                                                                          : DDNS_MYSQL_NULL,
                [7] = ddns_mysql_text(auth ? "1" : "0"),
        };

        if (w->name.size > w->limits->name)
                return 0; /* what is below it is longer still, and left out */
        if (!auth && !name->below && w->warning && !w->warning->text[0])
                (void) ddns_fail(
                                w->warning, 0,
                                "PowerDNS has no proof that a name below %.*s does not exist: all delegations "
                                "there opted out of NSEC3",
                                (int) (name->size < 256 ? name->size : 256), name->owner);
        return ddns_sql_rows_add(w->records, 0, cells, ARRAY_SIZE(cells));
}

/* ---- records ---- */

static int leave_out(Work *w, const PowerdnsName *name, const DdnsRecord *r, const char *why) {
        const int owner = (int) (name->size < 200 ? name->size : 200), type = (int) r->type_size;

        if (w->zone.chain != POWERDNS_UNSIGNED)
                return ddns_fail(w->message, -EBADMSG,
                                 "PowerDNS can't serve %.*s %.*s (%s), and a signed zone must be whole",
                                 owner, name->owner, type, r->type, why);
        if (name == w->zone.names && (ddns_record_is_type(r, "SOA") || ddns_record_is_type(r, "NS")))
                return ddns_fail(w->message, -EBADMSG, "PowerDNS can't serve the zone's own %.*s (%s)",
                                 type, r->type, why);
        if (w->n_left_out++ == 0)
                (void) ddns_fail(w->warning, 0, "left out: %.*s %.*s (%s)", owner, name->owner, type,
                                 r->type, why);
        return 0;
}

/* Why a row does not fit into its columns; NULL: it does. */
static const char *check_widths(const Work *w) {
        if (w->name.size > w->limits->name)
                return "the name is longer than its column";
        if (strlen(w->content.type) > w->limits->type)
                return "the type is longer than its column";
        if (w->content.text.size > w->limits->content)
                return "the content is longer than its column";
        if (w->has_ordername && w->ordername.size > w->limits->ordername)
                return "the ordername is longer than its column";
        return NULL;
}

/* -EBADMSG with `*ret_why`. */
static int add_record(Work *w, const PowerdnsName *name, const DdnsRecord *r, const char **ret_why) {
        /* Signatures of a delegation's DS and NSEC are below it for PowerDNS, which finds them all the same. */
        bool auth = powerdns_is_authoritative(name, r);
        bool ordered = w->has_ordername && !ddns_record_is_type(r, "RRSIG") &&
                       (auth || ddns_record_is_type(r, "NS"));
        int error = powerdns_content(r, &w->content, ret_why);

        if (error < 0)
                return error;
        *ret_why = check_widths(w);
        if (*ret_why)
                return -EBADMSG;
        const DdnsMysqlValue cells[DDNS_POWERDNS_RECORD_CELLS] = {
                value_of(&w->name),
                ddns_mysql_text(w->content.type),
                value_of(&w->content.text),
                { r->ttl, r->ttl_size },
                ddns_mysql_text(w->content.prio),
                ddns_mysql_text("0"),
                ordered ? value_of(&w->ordername) : DDNS_MYSQL_NULL,
                ddns_mysql_text(auth ? "1" : "0"),
        };
        return ddns_sql_rows_add(w->records, 0, cells, ARRAY_SIZE(cells));
}

/* Made by PowerDNS itself, or of no use without a chain: it makes none for a zone with signatures, and hides keys of zones that
 * it takes for unsigned. */
static const char *why_not_stored(const Work *w, const DdnsRecord *r) {
        static const char *const unsigned_only[] = { "CDNSKEY", "CDS", "DNSKEY", "NSEC3PARAM", "RRSIG" };

        if (w->zone.chain != POWERDNS_UNSIGNED)
                return NULL;
        for (size_t i = 0; i < ARRAY_SIZE(unsigned_only); i++)
                if (ddns_record_is_type(r, unsigned_only[i]))
                        return "the zone has neither NSEC nor NSEC3 records";
        return NULL;
}

static bool is_synthesised(const DdnsRecord *r) {
        return ddns_record_is_type(r, "NSEC") || ddns_record_is_type(r, "NSEC3") ||
               ddns_record_is_type(r, "NSEC3PARAM");
}

static size_t rrset_end(const PowerdnsZone *z, size_t i, size_t end) {
        const DdnsRecord *r = &z->records[i];

        for (i++; i < end && z->records[i].type_size == r->type_size &&
                  memcmp(z->records[i].type, r->type, r->type_size) == 0;
             i++)
                ;
        return i;
}

static int add_rrset(Work *w, const PowerdnsName *name, size_t i, size_t end) {
        const DdnsRecord *r = w->zone.records;
        const size_t before = w->records->n;
        const char *why = why_not_stored(w, &r[i]);
        int error = why ? -EBADMSG : 0;

        if (!why && is_synthesised(&r[i]))
                return 0;
        for (size_t k = i; error >= 0 && k < end; k++)
                error = add_record(w, name, &r[k], &why);
        if (error != -EBADMSG)
                return error;
        w->records->n = before;
        return leave_out(w, name, &r[i], why);
}

/* A name that lost all its records is there still, so that nothing else answers for it. */
static int add_name(Work *w, const PowerdnsName *name) {
        const size_t before = w->records->n, end = name->first + name->n;
        int r = set_name(w, name);

        for (size_t i = name->first, next; r >= 0 && i < end; i = next) {
                next = rrset_end(&w->zone, i, end);
                r = add_rrset(w, name, i, next);
        }
        if (r >= 0 && w->records->n == before && !name->hash)
                r = add_empty(w, name);
        return r;
}

/* ---- metadata ---- */

static int add_metadata(DdnsSqlRows *metadata, const char *kind, const char *content) {
        const DdnsMysqlValue cells[DDNS_POWERDNS_METADATA_CELLS] = { ddns_mysql_text(kind),
                                                                     ddns_mysql_text(content) };

        return ddns_sql_rows_add(metadata, 0, cells, ARRAY_SIZE(cells));
}

/* PowerDNS takes the flags of NSEC3 records from here, and shows NSEC3PARAM itself with none, as RFC 5155 wants it. */
static int add_all_metadata(const PowerdnsZone *z, DdnsSqlRows *metadata) {
        char parameters[2 * UINT8_MAX + 32];
        int r;

        if (z->chain == POWERDNS_UNSIGNED)
                return 0;
        r = add_metadata(metadata, "PRESIGNED", "1");
        if (r < 0 || z->chain != POWERDNS_NSEC3)
                return r;
        (void) snprintf(parameters, sizeof parameters, "1 %u %u %.*s", z->opt_out, z->iterations,
                        (int) z->salt_size, z->salt);
        return add_metadata(metadata, "NSEC3PARAM", parameters);
}

bool ddns_powerdns_owns_metadata(const DdnsSqlRow *row) {
        static const char *const kinds[] = { "PRESIGNED", "NSEC3PARAM", "NSEC3NARROW" };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (row->cells[0].text && row->cells[0].size == strlen(kinds[i]) &&
                    memcmp(row->cells[0].text, kinds[i], row->cells[0].size) == 0)
                        return true;
        return false;
}

int ddns_powerdns_rows(const char *zone, const char *content, const DdnsPowerdnsLimits *limits,
                       DdnsSqlRows *ret_records, DdnsSqlRows *ret_metadata, DdnsMessage *warning,
                       DdnsMessage *message) {
        ddns_cleanup(work_done) Work w = {
                .limits = limits,
                .records = ret_records,
                .warning = warning,
                .message = message,
        };
        int r = powerdns_zone_read(content, &w.zone);

        assert(r < 0 || w.zone.n_names > 0);
        if (r >= 0)
                r = powerdns_chain(&w.zone, message);
        for (size_t i = 0; r >= 0 && i < w.zone.n_names; i++)
                r = add_name(&w, &w.zone.names[i]);
        if (r >= 0)
                r = add_all_metadata(&w.zone, ret_metadata);
        if (r == -ENOMEM)
                return ddns_fail(message, r, "out of memory");
        if (r >= 0 && w.n_left_out > 1 && warning) {
                size_t used = strlen(warning->text);

                (void) snprintf(warning->text + used, sizeof warning->text - used, ", and %zu more",
                                w.n_left_out - 1);
        }
        return r;
}
