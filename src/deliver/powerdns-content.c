/* SPDX-License-Identifier: MIT */
/* Rdata from canonical text to what PowerDNS 4.7 has in its column: the text that it would write for the record itself. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deliver/powerdns-internal.h"

#define LOC_SIZE_MAX 42949672.95 /* PowerDNS counts centimetres in 32 bits */

/* How each field is written; the last letter stands for all fields that follow. `as`: PowerDNS' name of the type, if it is
 * another one. */
typedef struct Form {
        const char *type, *fields, *as;
} Form;

#define AS_IS      't'
#define NAME       'n' /* without its last dot */
#define TYPE       'T' /* mnemonic of a type */
#define PRIORITY   'p' /* has a column of its own */
#define CERT_TYPE  'c'
#define LOC_FIELD  'l'
#define APL_PREFIX 'a'
#define SVC_PARAM  's'
#define DROPPED    'd'
#define REFUSED    'x'
#define GENERIC    "#" /* RFC 3597 */

/* All types that PowerDNS reads in a form of their own. ldns knows no mnemonic for RKEY, and those that PowerDNS acts on itself
 * are LUA, which is a program, and ALIAS, for which it asks a resolver. */
static const Form forms[] = {
        { "A", "t" },
        { "AAAA", "t" },
        { "AFSDB", "tn" },
        { "APL", "a" },
        { "CAA", "t" },
        { "CDNSKEY", "t" },
        { "CDS", "t" },
        { "CERT", "ct" },
        { "CNAME", "n" },
        { "CSYNC", "ttT" },
        { "DHCID", "t" },
        { "DLV", "t" },
        { "DNAME", "n" },
        { "DNSKEY", "t" },
        { "DS", "t" },
        { "EUI48", "t" },
        { "EUI64", "t" },
        { "HINFO", "t" },
        { "HTTPS", "tns" },
        { "IPSECKEY", "" },
        { "KEY", "t" },
        { "KX", "tn" },
        { "L32", "t" },
        { "L64", "t" },
        { "LOC", "l" },
        { "LP", "tn" },
        { "MB", "n" },
        { "MG", "n" },
        { "MINFO", "n" },
        { "MR", "n" },
        { "MX", "pn" },
        { "NAPTR", "tttttn" },
        { "NID", "t" },
        { "NS", "n" },
        { "OPENPGPKEY", "t" },
        { "PTR", "n" },
        { "RP", "n" },
        { "RRSIG", "Ttttttt"
                   "nt" },
        { "SIG", "#" },
        { "SMIMEA", "t" },
        { "SOA", "nnt" },
        { "SPF", "t" },
        { "SRV", "pttn" },
        { "SSHFP", "t" },
        { "SVCB", "tns" },
        { "TLSA", "t" },
        { "TXT", "t" },
        { "TYPE57", NULL },
        { "TYPE65400", "#", "ADDR" },
        { "TYPE65401", NULL },
        { "TYPE65402", NULL },
        { "URI", "t" },
        { "ZONEMD", "t" },
};

static int compare_form(const void *key, const void *item) {
        const DdnsRecord *r = key;
        const Form *form = item;
        int c = strncmp(r->type, form->type, r->type_size);

        return c != 0 ? c : -(form->type[r->type_size] != '\0');
}

const char *powerdns_token(const char **p, const char *end, size_t *ret_size) {
        const char *start = *p, *q = start;
        bool quoted = false;

        for (; q < end && (quoted || *q != ' '); q++)
                if (*q == '\\' && q + 1 < end)
                        q++;
                else if (*q == '"')
                        quoted = !quoted;
        *ret_size = (size_t) (q - start);
        *p = q < end ? q + 1 : q;
        return start;
}

/* Canonical text has each odd octet as \DDD; PowerDNS writes what can be printed as it is. */
void powerdns_append_name(DdnsBuffer *b, const char *name, size_t size) {
        if (size > 1)
                size--;
        for (size_t i = 0; i < size; i++) {
                unsigned c;

                if (name[i] != '\\' || i + 3 >= size) {
                        ddns_buffer_append_byte(b, name[i]);
                        continue;
                }
                c = (unsigned) (100 * (name[i + 1] - '0') + 10 * (name[i + 2] - '0') + name[i + 3] -
                                '0');
                i += 3;
                if (c == '.' || c == '\\')
                        ddns_buffer_append_byte(b, '\\');
                if (c > ' ' && c < 0x7f)
                        ddns_buffer_append_byte(b, (char) c);
                else
                        ddns_buffer_append_format(b, "\\%03u", c);
        }
}

/* ---- fields of one type each ---- */

/* A mnemonic that PowerDNS does not know stands as TYPEnnn. */
static int append_type(DdnsBuffer *b, const char *token, size_t size) {
        const DdnsRecord r = { .type = token, .type_size = size };
        const Form *form = bsearch(&r, forms, ARRAY_SIZE(forms), sizeof *forms, compare_form);

        if ((form && form->fields) || (size > 3 && memcmp(token, "NSEC", 4) == 0) ||
            (size > 4 && memcmp(token, "TYPE", 4) == 0))
                ddns_buffer_append(b, token, size);
        else
                ddns_buffer_append_format(b, "TYPE%u", ddns_record_type_number(&r));
        return 0;
}

/* RFC 4398, 2.1, as ldns names them. PowerDNS wants numbers, and not 0. */
static int append_cert_type(DdnsBuffer *b, const char *token, size_t size) {
        static const struct {
                const char *name;
                unsigned number;
        } types[] = { { "PKIX", 1 }, { "SPKI", 2 },   { "PGP", 3 },     { "IPKIX", 4 }, { "ISPKI", 5 },
                      { "IPGP", 6 }, { "ACPKIX", 7 }, { "IACPKIX", 8 }, { "URI", 253 }, { "OID", 254 } };

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (strlen(types[i].name) == size && memcmp(types[i].name, token, size) == 0) {
                        ddns_buffer_append_format(b, "%u", types[i].number);
                        return 0;
                }
        if (!isdigit((unsigned char) token[0]) || token[0] == '0')
                return -EBADMSG;
        ddns_buffer_append(b, token, size);
        return 0;
}

/* Minutes without a zero before them, lengths with two decimals. */
static int append_loc_field(DdnsBuffer *b, const char *token, size_t size) {
        char number[32];

        if (size == 2 && token[0] == '0' && isdigit((unsigned char) token[1])) {
                ddns_buffer_append_byte(b, token[1]);
                return 0;
        }
        if (token[size - 1] != 'm') {
                ddns_buffer_append(b, token, size);
                return 0;
        }
        if (size > sizeof number)
                return -EBADMSG;
        memcpy(number, token, size - 1);
        number[size - 1] = '\0';
        double length = strtod(number, NULL);
        if (length > LOC_SIZE_MAX)
                return -EBADMSG;
        ddns_buffer_append_format(b, "%.2fm", length);
        return 0;
}

static bool has_bits_behind(const uint8_t *address, size_t size, unsigned long prefix) {
        for (size_t bit = prefix; bit < 8 * size; bit++)
                if (address[bit / 8] & (0x80 >> bit % 8))
                        return true;
        return false;
}

/* "!2:2001:0db8:…:0000/32": PowerDNS writes addresses in short, and clears bits behind the prefix. */
static int append_apl_prefix(DdnsBuffer *b, const char *token, size_t size) {
        const char *colon = memchr(token, ':', size), *slash = memrchr(token, '/', size);
        char text[INET6_ADDRSTRLEN];
        uint8_t address[sizeof(struct in6_addr)];

        if (!colon || colon == token || !slash || slash < colon)
                return -EBADMSG;
        const bool v6 = colon[-1] == '2';
        const int family = v6 ? AF_INET6 : AF_INET;
        size_t n = (size_t) (slash - colon - 1);
        if (n >= sizeof text)
                return -EBADMSG;
        memcpy(text, colon + 1, n);
        text[n] = '\0';
        if (inet_pton(family, text, address) != 1 ||
            has_bits_behind(address, v6 ? 16 : 4, strtoul(slash + 1, NULL, 10)) ||
            !inet_ntop(family, address, text, sizeof text))
                return -EBADMSG;
        ddns_buffer_append(b, token, (size_t) (colon + 1 - token));
        ddns_buffer_append_text(b, text);
        ddns_buffer_append(b, slash, (size_t) (token + size - slash));
        return 0;
}

static bool is_key(const char *key, size_t size, const char *name) {
        return strlen(name) == size && memcmp(name, key, size) == 0;
}

/* Parameters that PowerDNS 4.7 knows stand as they are, but for ech; all others as keyNNN with a quoted value. */
static int append_svc_param(DdnsBuffer *b, const char *token, size_t size) {
        static const char *const known[] = { "mandatory", "alpn", "port", "ipv4hint", "ipv6hint" };
        const char *equals = memchr(token, '=', size);
        const char *value = equals ? equals + 1 : token + size, *end = token + size;
        size_t key = equals ? (size_t) (equals - token) : size;
        bool quoted = value < end && *value == '"';

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (is_key(token, key, known[i])) {
                        ddns_buffer_append(b, token, size);
                        /* it unescapes lists once less than others */
                        return value == end || memchr(value, '\\', (size_t) (end - value)) ? -EBADMSG
                                                                                           : 0;
                }
        if (is_key(token, key, "no-default-alpn")) {
                ddns_buffer_append(b, token, size);
                return equals ? -EBADMSG : 0;
        }
        if (is_key(token, key, "dohpath"))
                ddns_buffer_append_text(b, "key7");
        else if ((is_key(token, key, "ech") && value < end) || (key > 3 && memcmp(token, "key", 3) == 0))
                ddns_buffer_append(b, token, key);
        else
                return -EBADMSG;

        ddns_buffer_append_text(b, quoted ? "=" : "=\"");
        ddns_buffer_append(b, value, (size_t) (end - value));
        if (!quoted)
                ddns_buffer_append_byte(b, '"');
        return 0;
}

/* ---- records ---- */

/* "PRECEDENCE GATEWAY-TYPE ALGORITHM GATEWAY KEY": PowerDNS has no gateway for type 0, and algorithms 1 and 2 only. */
static const char *ipseckey_fields(const DdnsRecord *r) {
        const char *p = r->rdata, *end = p + r->rdata_size, *gateway, *algorithm;
        size_t gateway_size, algorithm_size, size;

        (void) powerdns_token(&p, end, &size);
        gateway = powerdns_token(&p, end, &gateway_size);
        algorithm = powerdns_token(&p, end, &algorithm_size);
        if (gateway_size != 1 || algorithm_size != 1 || (*algorithm != '1' && *algorithm != '2'))
                return NULL;
        switch (*gateway) {
        case '0':
                return "tttdt";
        case '1':
        case '2':
                return "t";
        case '3':
                return "tttnt";
        default:
                return NULL;
        }
}

/* PowerDNS takes no parameters with priority 0. */
static const char *svcb_fields(const DdnsRecord *r) {
        return r->rdata_size > 1 && memcmp(r->rdata, "0 ", 2) == 0 ? "tnx" : "tns";
}

static const char *choose_fields(const Form *form, const DdnsRecord *r) {
        if (!form)
                return GENERIC;
        if (ddns_record_is_type(r, "IPSECKEY"))
                return ipseckey_fields(r);
        if (ddns_record_is_type(r, "HTTPS") || ddns_record_is_type(r, "SVCB"))
                return svcb_fields(r);
        return form->fields;
}

static int append_field(PowerdnsContent *c, char field, const char *token, size_t size) {
        switch (field) {
        case NAME:
                powerdns_append_name(&c->text, token, size);
                return 0;
        case TYPE:
                return append_type(&c->text, token, size);
        case CERT_TYPE:
                return append_cert_type(&c->text, token, size);
        case LOC_FIELD:
                return append_loc_field(&c->text, token, size);
        case APL_PREFIX:
                return append_apl_prefix(&c->text, token, size);
        case SVC_PARAM:
                return append_svc_param(&c->text, token, size);
        case PRIORITY:
                if (size >= sizeof c->prio)
                        return -EBADMSG;
                memcpy(c->prio, token, size);
                c->prio[size] = '\0';
                return 0;
        case REFUSED:
                return -EBADMSG;
        default:
                ddns_buffer_append(&c->text, token, size);
                return 0;
        }
}

static int append_fields(const DdnsRecord *r, const char *fields, PowerdnsContent *c) {
        const char *p = r->rdata, *end = p + r->rdata_size;

        if (r->rdata_size == 0)
                return -EBADMSG;
        while (p < end) {
                size_t size;
                const char *token = powerdns_token(&p, end, &size);

                if (*fields != DROPPED) {
                        if (c->text.size > 0)
                                ddns_buffer_append_byte(&c->text, ' ');
                        int error = size > 0 ? append_field(c, *fields, token, size) : -EBADMSG;
                        if (error < 0)
                                return error;
                }
                if (fields[1])
                        fields++;
        }
        return ddns_buffer_status(&c->text);
}

/* "\# n hex", with whatever octets the record has on the wire. */
static int append_generic(const DdnsRecord *r, PowerdnsContent *c) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer wire = DDNS_BUFFER_NULL;
        int error = ddns_record_append_wire(r, &wire);

        if (error < 0)
                return error;
        ddns_buffer_append_format(&c->text, wire.size > 0 ? "\\# %zu " : "\\# %zu", wire.size);
        for (size_t i = 0; i < wire.size; i++)
                ddns_buffer_append_format(&c->text, "%02x", (unsigned char) wire.data[i]);
        return ddns_buffer_status(&c->text);
}

int powerdns_content(const DdnsRecord *r, PowerdnsContent *ret, const char **ret_why) {
        const Form *form = bsearch(r, forms, ARRAY_SIZE(forms), sizeof *forms, compare_form);
        const char *fields = choose_fields(form, r);
        int error;

        ddns_buffer_reset(&ret->text);
        strcpy(ret->prio, "0");
        if (form)
                (void) snprintf(ret->type, sizeof ret->type, "%s", form->as ? form->as : form->type);
        else
                (void) snprintf(ret->type, sizeof ret->type, "TYPE%u", ddns_record_type_number(r));

        if (form && !form->fields) {
                *ret_why = "a type that PowerDNS does not just serve";
                return -EBADMSG;
        }
        if (!fields)
                error = -EBADMSG;
        else
                error = strcmp(fields, GENERIC) == 0 ? append_generic(r, ret)
                                                     : append_fields(r, fields, ret);
        if (error == -EBADMSG)
                *ret_why = "PowerDNS has no text for it";
        return error;
}
