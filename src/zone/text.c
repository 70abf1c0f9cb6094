/* SPDX-License-Identifier: MIT */
/* Rdata in and out: what goes to ldns is spelled so that no two readers can differ about it, and so is what comes out. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/buffer.h"
#include "basic/cleanup.h"
#include "zone/common.h"
#include "zone/fields.h"
#include "zone/name.h"
#include "zone/text.h"

#define RDATA_TEXT_MAX 65535 /* with the blank before it */

static inline void buffer_freep(ldns_buffer **b) {
        ldns_buffer_free(*b);
}

static void append_escaped(DdnsBuffer *b, unsigned char c) {
        ddns_buffer_append_format(b, "\\%03u", c);
}

/* In quotes. `special` are octets that are escaped although they can be printed. */
static void append_string(DdnsBuffer *b, const unsigned char *data, size_t size, const char *special) {
        ddns_buffer_append_byte(b, '"');
        for (size_t i = 0; i < size; i++)
                if (data[i] < ' ' || data[i] >= 0x7f || strchr(special, data[i]))
                        append_escaped(b, data[i]);
                else
                        ddns_buffer_append_byte(b, (char) data[i]);
        ddns_buffer_append_byte(b, '"');
}

/* ldns looks for these within quotes too. */
#define SPECIAL_TO_LDNS "\"\\();"
#define SPECIAL_IN_TEXT "\"\\"

ldns_rdf_type zone_field_type(const ldns_rr_descriptor *d, size_t i) {
        size_t max = ldns_rr_descriptor_maximum(d);

        if (max == 0)
                return LDNS_RDF_TYPE_UNKNOWN;
        /* a description with an open end has a maximum beyond any field, and a type for every index */
        return ldns_rr_descriptor_field_type(d, i < max ? i : max - 1);
}

bool zone_rdata_is_same(const ldns_rr *a, const ldns_rr *b) {
        if (ldns_rr_rd_count(a) != ldns_rr_rd_count(b))
                return false;
        for (size_t i = 0; i < ldns_rr_rd_count(a); i++)
                if (ldns_rdf_compare(ldns_rr_rdf(a, i), ldns_rr_rdf(b, i)) != 0)
                        return false;
        return true;
}

static int append_string_token(DdnsBuffer *b, const ZoneToken *t, size_t max, unsigned line,
                               DdnsMessage *message) {
        ddns_cleanup(ddns_freep) unsigned char *data = malloc(max > 0 ? max : 1);
        size_t size;

        if (!data)
                return ddns_fail(message, -ENOMEM, "out of memory");
        switch (zone_token_decode(t, data, max, &size)) {
        case -EBADMSG:
                return ddns_fail(message, -EBADMSG, "line %u: bad escape in a string", line);
        case -EFBIG:
                return ddns_fail(message, -EBADMSG, "line %u: a string is longer than %zu octets", line,
                                 max);
        }
        append_string(b, data, size, SPECIAL_TO_LDNS);
        return 0;
}

/* Quotes belong to strings; elsewhere BIND refuses them and ldns takes them for part of a name. */
static int append_token(DdnsBuffer *b, ldns_rdf_type field, const ZoneToken *t, const ZoneEntry *e,
                        DdnsMessage *message) {
        switch (field) {
        case LDNS_RDF_TYPE_STR:
                return append_string_token(b, t, ZONE_STRING_MAX, e->line, message);
        case LDNS_RDF_TYPE_LONG_STR:
                return append_string_token(b, t, t->size, e->line, message);
        case LDNS_RDF_TYPE_SVCPARAMS:
                break; /* key="value": the lexer parts them, the next field brings the value */
        default:
                if (t->quoted)
                        return ddns_fail(message, -EBADMSG,
                                         "line %u: \"%.*s\" stands in quotes, which only strings do",
                                         e->line, (int) (t->size < 100 ? t->size : 100), t->text);
        }
        if (t->quoted)
                ddns_buffer_append_byte(b, '"');
        ddns_buffer_append(b, t->text, t->size);
        if (t->quoted)
                ddns_buffer_append_byte(b, '"');
        return 0;
}

/* ldns takes every name that begins with the label "@" for the origin, however it is escaped, so names are read by us. In
 * HIP alone a field before the names spans several tokens, and there ldns' reading stands. */
static int set_names(ldns_rr *rr, const ldns_rdf *origin, const ZoneEntry *e, size_t type_token,
                     DdnsMessage *message) {
        if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_HIP)
                return 0;
        for (size_t i = 0; i < ldns_rr_rd_count(rr) && type_token + 1 + i < e->n; i++) {
                ldns_rdf *name;

                if (ldns_rdf_get_type(ldns_rr_rdf(rr, i)) != LDNS_RDF_TYPE_DNAME)
                        continue;
                int r = zone_name_parse(origin, &e->tokens[type_token + 1 + i], e->line, &name, message);
                if (r < 0)
                        return r;
                ldns_rdf_deep_free(ldns_rr_set_rdf(rr, name, i));
        }
        return 0;
}

/* RFC 3597, 5: "\#", the number of octets, and that many in hexadecimal. */
static bool is_generic(const ZoneEntry *e, size_t type_token) {
        return type_token + 1 < e->n && zone_token_is(&e->tokens[type_token + 1], "\\#");
}

static int check_generic(const ZoneEntry *e, size_t type_token, DdnsMessage *message) {
        size_t wanted = 0, digits = 0;
        bool good = type_token + 2 < e->n && e->tokens[type_token + 2].size > 0;

        for (size_t i = type_token + 2; good && i < e->n; i++) {
                const ZoneToken *t = &e->tokens[i];

                for (size_t k = 0; k < t->size && good; k++)
                        if (i > type_token + 2)
                                good = isxdigit((unsigned char) t->text[k]) != 0;
                        else if ((good = isdigit((unsigned char) t->text[k]) && wanted <= UINT16_MAX))
                                wanted = wanted * 10 + (size_t) (t->text[k] - '0');
                good = good && !t->quoted;
                digits += i > type_token + 2 ? t->size : 0;
        }
        if (!good || digits != 2 * wanted)
                return ddns_fail(message, -EBADMSG,
                                 "line %u: \\# needs a number of octets and as many in hexadecimal",
                                 e->line);
        return 0;
}

/* ldns leaves out octets behind those that the type has, and follows pointers in names: the record must have what is written. */
static int check_octets(const ldns_rr *rr, const ZoneEntry *e, size_t type_token, DdnsMessage *message) {
        ddns_cleanup(buffer_freep) ldns_buffer *wire = ldns_buffer_new(4096); /* grows */
        const ZoneToken *t = &e->tokens[type_token];
        bool same = true;
        size_t n = 0;

        if (!wire || ldns_rr_rdata2buffer_wire(wire, rr) != LDNS_STATUS_OK)
                return ddns_fail(message, -ENOMEM, "out of memory");
        const uint8_t *octets = ldns_buffer_begin(wire);
        size_t digits = 2 * ldns_buffer_position(wire);
        for (size_t i = type_token + 3; i < e->n; i++)
                for (size_t k = 0; k < e->tokens[i].size && same; k++, n++) {
                        int digit = ldns_hexdigit_to_int(e->tokens[i].text[k]);

                        same = n < digits &&
                               digit == (n % 2 == 0 ? octets[n / 2] >> 4 : octets[n / 2] & 15);
                }
        if (same && n == digits)
                return 0;
        return ddns_fail(message, -EBADMSG,
                         "line %u: bad %.*s record: it has not the octets of its type", e->line,
                         (int) t->size, t->text);
}

/* To ldns it is no name but a part of IPSECKEY's one field, and it does not complete it. */
static bool is_gateway_name(uint16_t type, const ZoneEntry *e, size_t type_token, size_t i) {
        uint64_t kind;

        return type == LDNS_RR_TYPE_IPSECKEY && i == type_token + 4 &&
               zone_number_parse(&e->tokens[type_token + 2], 3, &kind) && kind == 3;
}

static int append_gateway(DdnsBuffer *b, const ldns_rdf *origin, const ZoneToken *t, unsigned line,
                          DdnsMessage *message) {
        ddns_cleanup(zone_name_freep) ldns_rdf *name = NULL;
        int r;

        r = zone_name_parse(origin, t, line, &name, message);
        if (r >= 0)
                zone_name_append(b, name);
        return r;
}

/* Where minutes or seconds of LOC's longitude are left out ldns takes those of the latitude: what is left out is 0.
 * `*parts` counts what was written of an angle. */
static void complete_angle(DdnsBuffer *b, const ZoneToken *t, unsigned *parts) {
        if (t->size != 1 || !strchr("NSEW", toupper((unsigned char) t->text[0]))) {
                (*parts)++;
                return;
        }
        for (; *parts < 3; (*parts)++)
                ddns_buffer_append_text(b, " 0");
        *parts = 0;
}

static int parse_once(uint16_t type, const ldns_rdf *origin, const ZoneEntry *e, size_t type_token,
                      ldns_rr **ret, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        const ldns_rr_descriptor *d = ldns_rr_descript(type);
        bool generic = is_generic(e, type_token);
        const ZoneToken *t = &e->tokens[type_token];
        int r;

        if (type == LDNS_RR_TYPE_URI && !generic && type_token + 3 < e->n &&
            !e->tokens[type_token + 3].quoted)
                return ddns_fail(message, -EBADMSG,
                                 "line %u: the target of a URI record stands in quotes", e->line);

        r = generic ? check_generic(e, type_token, message)
                    : zone_fields_check(type, e, type_token, message);
        if (r < 0)
                return r;
        if (!generic && (*ret = zone_rdata_make_common(type, origin, e, type_token)))
                return 0;

        ddns_buffer_append_format(&b, ". 0 IN %.*s", (int) t->size, t->text);
        size_t head = b.size;
        unsigned parts = 0;
        for (size_t i = type_token + 1; i < e->n; i++) {
                ldns_rdf_type field =
                                generic ? LDNS_RDF_TYPE_UNKNOWN : zone_field_type(d, i - type_token - 1);
                bool value = field == LDNS_RDF_TYPE_SVCPARAMS && e->tokens[i].quoted;

                if (type == LDNS_RR_TYPE_LOC && !generic)
                        complete_angle(&b, &e->tokens[i], &parts);
                if (!value)
                        ddns_buffer_append_byte(&b, ' ');
                r = !generic && is_gateway_name(type, e, type_token, i)
                                    ? append_gateway(&b, origin, &e->tokens[i], e->line, message)
                                    : append_token(&b, field, &e->tokens[i], e, message);
                if (r < 0)
                        return r;
        }
        if (ddns_buffer_status(&b) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        if (b.size - head > RDATA_TEXT_MAX) /* ldns would cut it, with no word */
                return ddns_fail(message, -EBADMSG,
                                 "line %u: %.*s record data longer than %u characters", e->line,
                                 (int) t->size, t->text, RDATA_TEXT_MAX);

        ldns_rr *rr = NULL;
        ldns_status status = ldns_rr_new_frm_str(&rr, b.data, 0, origin, NULL);
        if (status == LDNS_STATUS_MEM_ERR)
                return ddns_fail(message, -ENOMEM, "out of memory");
        if (status != LDNS_STATUS_OK)
                return ddns_fail(message, -EBADMSG, "line %u: bad %.*s record: %s", e->line,
                                 (int) t->size, t->text, ldns_get_errorstr_by_id(status));
        r = generic ? check_octets(rr, e, type_token, message)
                    : set_names(rr, origin, e, type_token, message);
        if (r >= 0)
                r = zone_content_check(rr, e->line, message);
        if (r < 0) {
                ldns_rr_free(rr);
                return r;
        }
        *ret = rr;
        return 0;
}

/* Types whose fields we write ourselves, or that ldns writes without any freedom. */
static bool is_plain(uint16_t type) {
        static const uint16_t plain[] = { LDNS_RR_TYPE_A,    LDNS_RR_TYPE_AAAA, LDNS_RR_TYPE_NS,
                                          LDNS_RR_TYPE_SOA,  LDNS_RR_TYPE_MX,   LDNS_RR_TYPE_CNAME,
                                          LDNS_RR_TYPE_TXT,  LDNS_RR_TYPE_SRV,  LDNS_RR_TYPE_PTR,
                                          LDNS_RR_TYPE_CAA,  LDNS_RR_TYPE_SPF,  LDNS_RR_TYPE_TLSA,
                                          LDNS_RR_TYPE_DS,   LDNS_RR_TYPE_NSEC, LDNS_RR_TYPE_DNSKEY,
                                          LDNS_RR_TYPE_NSEC3 };

        return zone_type_is_one_of(type, plain, ARRAY_SIZE(plain));
}

static int unreadable(int error, const ZoneToken *type, unsigned line, DdnsMessage *message) {
        if (error == -ENOMEM)
                return ddns_fail(message, error, "out of memory");
        return ddns_fail(message, error, "line %u: bad %.*s record: it has no one reading", line,
                         (int) type->size, type->text);
}

/* ldns takes octets in RFC 3597 form that no record of a known type has, and writes some fields so that nobody can read them:
 * what it made must be readable as the same record. */
static int reread(const ldns_rr *rr, const ZoneToken *type, unsigned line, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_freep) char *rdata = NULL, *same = NULL;
        ddns_cleanup(zone_entry_done) ZoneEntry e = { 0 };
        ldns_rr *again = NULL;

        int r = zone_rdata_to_text(rr, &rdata);
        if (r < 0)
                return unreadable(r, type, line, message);
        ddns_buffer_append_format(&b, " %.*s ", (int) type->size, type->text);
        ddns_buffer_append_text(&b, rdata);
        if (ddns_buffer_status(&b) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");

        ZoneLexer lexer = { .p = b.data, .end = b.data + b.size, .line = line };
        r = zone_lexer_next(&lexer, &e, message);
        if (r >= 0)
                r = parse_once((uint16_t) ldns_rr_get_type(rr), ldns_rr_owner(rr), &e, 0, &again,
                               message);
        if (r < 0)
                return r;
        r = zone_rdata_to_text(again, &same);
        /* But for APL, whose octets ldns cuts otherwise, and with zeros at the end of an address that name servers leave away. */
        bool cut = ldns_rr_get_type(rr) == LDNS_RR_TYPE_APL;
        if (r >= 0 && (strcmp(rdata, same) != 0 || (!cut && !zone_rdata_is_same(rr, again))))
                r = -EBADMSG;
        ldns_rr_free(again);
        return r < 0 ? unreadable(r, type, line, message) : 0;
}

/* Without memory ldns says that the data is bad, or leaves out a field and says nothing. malloc(3) leaves it in errno, unless ldns
 * reads a number afterwards, which it does in records of a fixed number of fields. */
static bool memory_ran_out(const ldns_rr *rr, bool generic) {
        const ldns_rr_descriptor *d = rr ? ldns_rr_descript(ldns_rr_get_type(rr)) : NULL;

        return errno == ENOMEM ||
               (rr && !generic && ldns_rr_rd_count(rr) < ldns_rr_descriptor_minimum(d));
}

int zone_rdata_parse(uint16_t type, const ldns_rdf *origin, const ZoneEntry *e, size_t type_token,
                     ldns_rr **ret, DdnsMessage *message) {
        bool generic = is_generic(e, type_token);
        ldns_rr *rr = NULL;

        errno = 0;
        int r = parse_once(type, origin, e, type_token, &rr, message);
        if (r >= 0 && (!is_plain(type) || generic))
                r = reread(rr, &e->tokens[type_token], e->line, message);
        if (memory_ran_out(rr, generic))
                r = ddns_fail(message, -ENOMEM, "out of memory");
        if (r < 0) {
                ldns_rr_free(rr);
                return r;
        }
        *ret = rr;
        return 0;
}

static int append_field(DdnsBuffer *b, const ldns_rdf *rdf) {
        switch (ldns_rdf_get_type(rdf)) {
        case LDNS_RDF_TYPE_DNAME:
                zone_name_append(b, rdf);
                return 0;
        case LDNS_RDF_TYPE_STR:
                append_string(b, ldns_rdf_data(rdf) + 1, ldns_rdf_size(rdf) - 1, SPECIAL_IN_TEXT);
                return 0;
        case LDNS_RDF_TYPE_LONG_STR:
                append_string(b, ldns_rdf_data(rdf), ldns_rdf_size(rdf), SPECIAL_IN_TEXT);
                return 0;
        default:
                break;
        }

        /* ldns 1.8 makes too little room for SVCB parameters with escapes, and an assertion of its own ends the program: nothing
         * takes more than this, so it need not make any. */
        ddns_cleanup(buffer_freep) ldns_buffer *text = ldns_buffer_new(256 + 16 * ldns_rdf_size(rdf));
        if (!text)
                return -ENOMEM;
        if (ldns_rdf2buffer_str(text, rdf) != LDNS_STATUS_OK)
                return -EBADMSG;
        size_t size = ldns_buffer_position(text);
        const char *data = (const char *) ldns_buffer_begin(text);
        while (size > 0 && data[size - 1] == ' ') /* as behind the last type of an NSEC bitmap */
                size--;
        ddns_buffer_append(b, data, size);
        return 0;
}

int zone_rdata_to_text(const ldns_rr *rr, char **ret) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        /* ldns has no field for no octets of an unknown type, and other readers want the form of RFC 3597 */
        if (ldns_rr_rd_count(rr) == 0 &&
            zone_field_type(ldns_rr_descript((uint16_t) ldns_rr_get_type(rr)), 0) ==
                            LDNS_RDF_TYPE_UNKNOWN)
                ddns_buffer_append_text(&b, "\\# 0");
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
                if (i > 0)
                        ddns_buffer_append_byte(&b, ' ');
                int r = append_field(&b, ldns_rr_rdf(rr, i));
                if (r < 0)
                        return r;
        }
        char *text = ddns_buffer_take(&b, NULL);
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}
