/* SPDX-License-Identifier: MIT */
/* Entry to record. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "basic/cleanup.h"
#include "zone/fields.h"
#include "zone/name.h"
#include "zone/record.h"
#include "zone/text.h"

#define TTL_MAX UINT32_C(0x7fffffff) /* RFC 2181, 8 */

void zone_record_done(ZoneRecord *r) {
        ldns_rdf_deep_free(r->owner);
        ldns_rr_free(r->rr);
        free(r->rdata);
        *r = (ZoneRecord){ 0 };
}

static int check_ttl(uint64_t ttl, unsigned line, uint32_t *ret, DdnsMessage *message) {
        if (ttl > TTL_MAX)
                return ddns_fail(message, -EBADMSG, "line %u: the TTL is above %u", line, TTL_MAX);
        *ret = (uint32_t) ttl;
        return 0;
}

static int parse_directive(ZoneContext *c, const ZoneEntry *e, DdnsMessage *message) {
        const ZoneToken *t = e->tokens;
        ldns_rdf *origin;
        uint64_t ttl;
        int r;

        if (zone_token_is(t, "$INCLUDE") || zone_token_is(t, "$GENERATE"))
                return ddns_fail(message, -EBADMSG, "line %u: %.*s is not accepted", e->line,
                                 (int) t->size, t->text);
        if (e->n != 2)
                return ddns_fail(message, -EBADMSG, "line %u: %.*s needs one value", e->line,
                                 (int) (t->size < 100 ? t->size : 100), t->text);

        if (zone_token_is(t, "$TTL")) {
                if (!zone_seconds_parse(&t[1], &ttl))
                        return ddns_fail(message, -EBADMSG, "line %u: $TTL is no number of seconds",
                                         e->line);
                c->has_default_ttl = true;
                return check_ttl(ttl, e->line, &c->default_ttl, message);
        }
        if (zone_token_is(t, "$ORIGIN")) {
                r = zone_name_parse(c->origin, &t[1], e->line, &origin, message);
                if (r < 0)
                        return r;
                ldns_rdf_deep_free(c->origin);
                c->origin = origin;
                return 0;
        }
        return ddns_fail(message, -EBADMSG, "line %u: unknown directive \"%.*s\"", e->line,
                         (int) (t->size < 100 ? t->size : 100), t->text);
}

/* [TTL] [class] or [class] [TTL], then the type. Returns the index of the type's token. */
static int parse_head(const ZoneEntry *e, size_t i, bool *ret_has_ttl, uint64_t *ret_ttl,
                      size_t *ret_type, DdnsMessage *message) {
        bool has_class = false;

        *ret_has_ttl = false;
        for (; i < e->n; i++) {
                const ZoneToken *t = &e->tokens[i];

                if (!has_class && zone_token_is(t, "IN"))
                        has_class = true;
                else if (!*ret_has_ttl && zone_seconds_parse(t, ret_ttl))
                        *ret_has_ttl = true;
                else if (!has_class && (zone_token_is(t, "CH") || zone_token_is(t, "HS") ||
                                        zone_token_is(t, "CHAOS") || zone_token_is(t, "HESIOD")))
                        return ddns_fail(message, -EBADMSG, "line %u: the class is not IN", e->line);
                else
                        break;
        }
        if (i >= e->n)
                return ddns_fail(message, -EBADMSG, "line %u: no record type", e->line);
        *ret_type = i;
        return 0;
}

/* Query types, OPT and the like stand in no zone (RFC 6895, 3.1); MD, MF, NXT and A6 no longer (RFC 973, 3.6; RFC 3755; RFC 6563).
 * The others are to ldns what they are not: a string, a single octet, hexadecimal. */
static bool is_no_zone_type(uint16_t type) {
        static const uint16_t types[] = { 0,
                                          LDNS_RR_TYPE_MD,
                                          LDNS_RR_TYPE_MF,
                                          LDNS_RR_TYPE_NXT,
                                          LDNS_RR_TYPE_A6,
                                          LDNS_RR_TYPE_OPT,
                                          LDNS_RR_TYPE_NSAP_PTR,
                                          LDNS_RR_TYPE_SINK,
                                          LDNS_RR_TYPE_ATMA };

        return (type >= 128 && type <= 255) || zone_type_is_one_of(type, types, ARRAY_SIZE(types));
}

static int parse_type(const ZoneToken *t, unsigned line, uint16_t *ret, DdnsMessage *message) {
        uint16_t type;

        if (zone_type_parse(t, &type) && !is_no_zone_type(type)) {
                *ret = type;
                return 0;
        }
        return ddns_fail(message, -EBADMSG, "line %u: \"%.*s\" is no type of a record", line,
                         (int) (t->size < 40 ? t->size : 40), t->text);
}

/* The TTL that was written, else $TTL, else the last one (RFC 1035). An SOA before any has its own minimum, which then is as if it
 * stood in a $TTL, as in BIND. */
static int choose_ttl(ZoneContext *c, bool has_ttl, uint64_t written, const ldns_rr *rr,
                      const ZoneEntry *e, uint32_t *ret, DdnsMessage *message) {
        int r;

        if (has_ttl) {
                r = check_ttl(written, e->line, ret, message);
                if (r < 0)
                        return r;
        } else if (c->has_default_ttl)
                *ret = c->default_ttl;
        else if (c->has_last_ttl)
                *ret = c->last_ttl;
        else if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA && ldns_rr_rd_count(rr) == 7) {
                r = check_ttl(ldns_rdf2native_int32(ldns_rr_rdf(rr, 6)), e->line, ret, message);
                if (r < 0)
                        return r;
                c->has_default_ttl = true;
                c->default_ttl = *ret;
        } else
                return ddns_fail(message, -EBADMSG, "line %u: no TTL, and no $TTL before it", e->line);
        c->has_last_ttl = true;
        c->last_ttl = *ret;
        return 0;
}

/* Sets the owner of the entry and where the next field is. */
static int parse_owner(ZoneContext *c, const ZoneEntry *e, size_t *ret_next, DdnsMessage *message) {
        ldns_rdf *owner;
        int r;

        *ret_next = e->blank_owner ? 0 : 1;
        if (e->blank_owner)
                return c->owner ? 0
                                : ddns_fail(message, -EBADMSG,
                                            "line %u: no owner name, and none before it", e->line);
        r = zone_name_parse(c->origin, &e->tokens[0], e->line, &owner, message);
        if (r < 0)
                return r;
        ldns_dname2canonical(owner);
        ldns_rdf_deep_free(c->owner);
        c->owner = owner;
        return 0;
}

int zone_record_parse(ZoneContext *c, const ZoneEntry *e, ZoneRecord *ret, bool *ret_dropped,
                      DdnsMessage *message) {
        ddns_cleanup(zone_record_done) ZoneRecord record = { .line = e->line };
        size_t next, type = 0;
        uint64_t ttl = 0;
        bool has_ttl;
        int r;

        *ret_dropped = false;
        if (!e->blank_owner && !e->tokens[0].quoted && e->tokens[0].text[0] == '$')
                return parse_directive(c, e, message);

        r = parse_owner(c, e, &next, message);
        if (r >= 0)
                r = parse_head(e, next, &has_ttl, &ttl, &type, message);
        if (r >= 0)
                r = parse_type(&e->tokens[type], e->line, &record.type, message);
        if (r >= 0)
                r = zone_rdata_parse(record.type, c->origin, e, type, &record.rr, message);
        if (r >= 0)
                r = choose_ttl(c, has_ttl, ttl, record.rr, e, &record.ttl, message);
        if (r < 0)
                return r;

        if (!zone_name_is(c->owner, c->apex) && !zone_name_is_below(c->owner, c->apex)) {
                *ret_dropped = true;
                return 0;
        }

        if (record.type == LDNS_RR_TYPE_RRSIG && ldns_rr_rd_count(record.rr) > 0)
                record.covered = (uint16_t) ldns_rdf2rr_type(ldns_rr_rdf(record.rr, 0));
        record.owner = ldns_rdf_clone(c->owner);
        if (!record.owner || zone_rdata_to_text(record.rr, &record.rdata) < 0)
                return ddns_fail(message, -ENOMEM,
                                 "out of memory"); /* it was read, so it can be written */
        *ret = record;
        record = (ZoneRecord){ 0 };
        return 1;
}
