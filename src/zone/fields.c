/* SPDX-License-Identifier: MIT */
/* Fields of records as they are written: numbers within their range and nothing behind them, types that exist. */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "basic/cleanup.h"
#include "zone/fields.h"
#include "zone/text.h"

bool zone_seconds_parse(const ZoneToken *t, uint64_t *ret) {
        static const struct {
                char letter;
                uint32_t seconds;
        } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
        uint64_t total = 0;

        if (t->quoted || t->size == 0 || t->size > 32)
                return false;
        for (size_t i = 0; i < t->size;) {
                size_t start = i, u = 0;
                uint64_t n = 0;

                for (; i < t->size && t->text[i] >= '0' && t->text[i] <= '9'; i++)
                        if (n <= UINT32_MAX)
                                n = n * 10 + (uint64_t) (t->text[i] - '0');
                if (i == start)
                        return false;
                if (i == t->size) {
                        *ret = n;
                        return start == 0; /* a bare number stands alone, as BIND reads it */
                }
                while (u < ARRAY_SIZE(units) && units[u].letter != (t->text[i] | 0x20))
                        u++;
                if (u == ARRAY_SIZE(units))
                        return false;
                total += n * units[u].seconds;
                i++;
        }
        *ret = total;
        return true;
}

bool zone_number_parse(const ZoneToken *t, uint64_t max, uint64_t *ret) {
        uint64_t n = 0;

        if (t->quoted || t->size == 0)
                return false;
        for (size_t i = 0; i < t->size; i++) {
                if (t->text[i] < '0' || t->text[i] > '9')
                        return false;
                n = n * 10 + (uint64_t) (t->text[i] - '0');
                if (n > max)
                        return false;
        }
        *ret = n;
        return true;
}

static bool is_number(const ZoneToken *t, uint64_t max) {
        uint64_t n;

        return zone_number_parse(t, max, &n);
}

/* Mnemonics are ldns' matter. */
static bool is_number_or_word(const ZoneToken *t, uint64_t max) {
        return t->size > 0 && isalpha((unsigned char) t->text[0]) ? true : is_number(t, max);
}

bool zone_type_is_one_of(uint16_t type, const uint16_t types[], size_t n) {
        for (size_t i = 0; i < n; i++)
                if (types[i] == type)
                        return true;
        return false;
}

bool zone_type_parse(const ZoneToken *t, uint16_t *ret) {
        char name[32];
        uint64_t number;

        if (t->quoted || t->size >= sizeof name)
                return false;
        if (t->size > 4 &&
            strncasecmp(t->text, "TYPE", 4) == 0) { /* ldns takes what follows the digits */
                if (!zone_number_parse(&(ZoneToken){ t->text + 4, t->size - 4, false }, UINT16_MAX,
                                       &number))
                        return false;
                *ret = (uint16_t) number;
                return true;
        }
        memcpy(name, t->text, t->size);
        name[t->size] = '\0';
        *ret = (uint16_t) ldns_get_rr_type_by_name(name);
        return *ret != 0;
}

static bool is_type(const ZoneToken *t) {
        uint16_t type;

        return zone_type_parse(t, &type);
}

/* RFC 4034, 3.2: YYYYMMDDHHmmSS, or seconds. */
static bool is_time(const ZoneToken *t) {
        return t->size == 14 ? is_number(t, INT64_MAX) : t->size <= 10 && is_number(t, UINT32_MAX);
}

static bool is_seconds(const ZoneToken *t) {
        uint64_t n;

        return zone_seconds_parse(t, &n) && n <= UINT32_MAX;
}

static bool is_field(ldns_rdf_type field, const ZoneToken *t) {
        switch (field) {
        case LDNS_RDF_TYPE_INT8:
        case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
        case LDNS_RDF_TYPE_SELECTOR:
        case LDNS_RDF_TYPE_MATCHING_TYPE:
                return is_number(t, UINT8_MAX);
        case LDNS_RDF_TYPE_INT16:
                return is_number(t, UINT16_MAX);
        case LDNS_RDF_TYPE_INT32:
                return is_number(t, UINT32_MAX);
        case LDNS_RDF_TYPE_ALG:
                return is_number_or_word(t, UINT8_MAX);
        case LDNS_RDF_TYPE_CERT_ALG:
                return is_number_or_word(t, UINT16_MAX);
        case LDNS_RDF_TYPE_TIME:
                return is_time(t);
        case LDNS_RDF_TYPE_PERIOD:
                return is_seconds(t);
        case LDNS_RDF_TYPE_TYPE:
        case LDNS_RDF_TYPE_NSEC:
                return is_type(t);
        default:
                return true;
        }
}

/* Digits with at most `decimals` behind the point, up to `max` hundredths or thousandths; an "m" may follow in metres. */
static bool is_decimal(const ZoneToken *t, bool metres, unsigned decimals, int64_t min, int64_t max) {
        size_t size = t->size, i = 0, digits = 0;
        int64_t n = 0;
        int behind = -1;

        if (metres && size > 0 && t->text[size - 1] == 'm')
                size--;
        bool negative = metres && size > 0 && t->text[0] == '-';
        for (i = negative ? 1 : 0; i < size && n <= max; i++)
                if (t->text[i] == '.' && behind < 0)
                        behind = 0;
                else if (isdigit((unsigned char) t->text[i])) {
                        if (behind >= 0 && ++behind > (int) decimals)
                                return false;
                        n = n * 10 + (t->text[i] - '0');
                        digits++;
                } else
                        return false;
        for (behind = behind < 0 ? 0 : behind; behind < (int) decimals && n <= max; behind++)
                n *= 10;
        return digits > 0 && (negative ? -n >= min : n <= max);
}

static bool is_zero(const ZoneToken *t) {
        size_t i = 0;

        while (i < t->size && (t->text[i] == '0' || t->text[i] == '.'))
                i++;
        return i == t->size;
}

/* One side of LOC's position: degrees [minutes [seconds]] and one of two letters. Moves `*i` behind it. */
static bool is_angle(const ZoneEntry *e, size_t *i, uint64_t degrees, const char *letters) {
        uint64_t n = 0;
        size_t k = 0;

        for (;; (*i)++, k++) {
                if (*i >= e->n)
                        return false;
                const ZoneToken *t = &e->tokens[*i];
                if (k > 0 && t->size == 1 && strchr(letters, toupper((unsigned char) t->text[0])))
                        break;
                if (k > 2 || (k == 0 && !zone_number_parse(t, degrees, &n)) ||
                    (k == 1 && !is_number(t, 59)) || (k == 2 && !is_decimal(t, false, 3, 0, 59999)))
                        return false;
                if (k > 0 && n == degrees && !is_zero(t))
                        return false;
        }
        (*i)++;
        return true;
}

/* RFC 1876, 3. */
static bool is_loc(const ZoneEntry *e, size_t i) {
        if (!is_angle(e, &i, 90, "NS") || !is_angle(e, &i, 180, "EW") || i >= e->n || e->n - i > 4)
                return false;
        if (!is_decimal(&e->tokens[i++], true, 2, -10000000, INT64_C(4284967295)))
                return false;
        for (; i < e->n; i++)
                if (!is_decimal(&e->tokens[i], true, 2, 0, INT64_C(9000000000)))
                        return false;
        return true;
}

/* ldns takes a service that it does not know, or whose protocol is a number, for port 0. */
static bool is_wks(const ZoneEntry *e, size_t i) {
        const char *protocol = NULL;

        if (i + 1 < e->n)
                protocol = zone_token_is(&e->tokens[i + 1], "tcp")   ? "tcp"
                           : zone_token_is(&e->tokens[i + 1], "udp") ? "udp"
                                                                     : NULL;
        if (!protocol)
                return false;
        for (i += 2; i < e->n; i++) {
                const ZoneToken *t = &e->tokens[i];
                struct servent service, *found = NULL;
                char name[64], buffer[2048];

                if (is_number(t, UINT16_MAX))
                        continue;
                if (t->size >= sizeof name)
                        return false;
                memcpy(name, t->text, t->size);
                name[t->size] = '\0';
                if (getservbyname_r(name, protocol, &service, buffer, sizeof buffer, &found) != 0 ||
                    !found)
                        return false;
        }
        return true;
}

static bool is_apl(const ZoneEntry *e, size_t i) {
        for (; i < e->n; i++) {
                const ZoneToken *t = &e->tokens[i];
                const char *slash = memchr(t->text, '/', t->size);
                size_t sign = t->size > 0 && t->text[0] == '!';

                if (!slash || slash - t->text < 3 || t->text[sign + 1] != ':' ||
                    (t->text[sign] != '1' && t->text[sign] != '2'))
                        return false;
                ZoneToken prefix = { slash + 1, (size_t) (t->text + t->size - slash - 1), false };
                if (!is_number(&prefix, t->text[sign] == '1' ? 32 : 128))
                        return false;
        }
        return true;
}

static bool is_ipseckey(const ZoneEntry *e, size_t i) {
        return i + 2 < e->n && is_number(&e->tokens[i], UINT8_MAX) && is_number(&e->tokens[i + 1], 3) &&
               is_number(&e->tokens[i + 2], UINT8_MAX);
}

/* RFC 1706, 5. */
static bool is_nsap(const ZoneEntry *e, size_t i) {
        size_t digits = 0;

        for (size_t k = 2; i < e->n && k < e->tokens[i].size; k++)
                digits += isxdigit((unsigned char) e->tokens[i].text[k]) != 0;
        return digits > 0 && digits % 2 == 0;
}

static bool is_x25(const ZoneEntry *e, size_t i) {
        size_t size = i < e->n ? e->tokens[i].size : 0, digits = 0;

        while (digits < size && isdigit((unsigned char) e->tokens[i].text[digits]))
                digits++;
        return digits == size && digits >= 4;
}

/* "key" and the number of no parameter with a name: ldns reads the text of those, BIND the octets. */
static bool is_unnamed_key(const ZoneToken *t) {
        size_t end = 3;
        uint64_t n;

        while (end < t->size && isdigit((unsigned char) t->text[end]))
                end++;
        return zone_number_parse(&(ZoneToken){ t->text + 3, end - 3, false }, UINT16_MAX, &n) && n > 6;
}

/* Where the key ends that stands before a value. */
static size_t key_size(const ZoneToken *t) {
        const char *equals = memchr(t->text, '=', t->size);

        return equals ? (size_t) (equals - t->text) : t->size;
}

#define PARAMETERS_MAX 100 /* it bounds the search for the same one */

/* The lexer parts key="value" at the quote. ldns takes a value behind anything, and a parameter that is there twice for one. */
static bool is_svcb(const ZoneEntry *e, size_t i) {
        size_t first = i + 2;

        for (i = first; i < e->n; i++) {
                const ZoneToken *t = &e->tokens[i];

                if (t->quoted) {
                        if (i == first || t[-1].quoted || t[-1].size == 0 ||
                            t[-1].text[t[-1].size - 1] != '=')
                                return false;
                        continue;
                }
                if (i - first > PARAMETERS_MAX ||
                    (t->size > 3 && strncasecmp(t->text, "key", 3) == 0 && !is_unnamed_key(t)))
                        return false;
                for (const ZoneToken *o = &e->tokens[first]; o < t; o++)
                        if (!o->quoted && key_size(o) == key_size(t) &&
                            strncasecmp(o->text, t->text, key_size(t)) == 0)
                                return false;
        }
        return true;
}

/* Types whose rdata is one field to ldns. */
static const struct {
        uint16_t type;
        bool (*is_good)(const ZoneEntry *e, size_t first);
} whole[] = {
        { LDNS_RR_TYPE_LOC, is_loc },   { LDNS_RR_TYPE_WKS, is_wks },
        { LDNS_RR_TYPE_APL, is_apl },   { LDNS_RR_TYPE_IPSECKEY, is_ipseckey },
        { LDNS_RR_TYPE_NSAP, is_nsap }, { LDNS_RR_TYPE_X25, is_x25 },
        { LDNS_RR_TYPE_SVCB, is_svcb }, { LDNS_RR_TYPE_HTTPS, is_svcb },
};

int zone_fields_check(uint16_t type, const ZoneEntry *e, size_t type_token, DdnsMessage *message) {
        const ldns_rr_descriptor *d = ldns_rr_descript(type);
        const ZoneToken *name = &e->tokens[type_token];
        size_t digits = 0;

        if (type_token + 1 == e->n && zone_field_type(d, 0) == LDNS_RDF_TYPE_UNKNOWN)
                return ddns_fail(message, -EBADMSG, "line %u: bad %.*s record: it has no data", e->line,
                                 (int) name->size, name->text);
        for (size_t i = type_token + 1; i < e->n; i++) {
                const ZoneToken *t = &e->tokens[i];
                ldns_rdf_type field = zone_field_type(d, i - type_token - 1);

                /* ldns would take what follows for the rest of the rdata */
                if (field != LDNS_RDF_TYPE_STR && field != LDNS_RDF_TYPE_LONG_STR &&
                    zone_token_is(t, "\\#"))
                        return ddns_fail(message, -EBADMSG, "line %u: \\# stands within a record",
                                         e->line);
                digits += field == LDNS_RDF_TYPE_HEX ? t->size : 0;
                if (!is_field(field, t))
                        return ddns_fail(message, -EBADMSG,
                                         "line %u: bad %.*s record: \"%.*s\" can't stand there", e->line,
                                         (int) name->size, name->text,
                                         (int) (t->size < 100 ? t->size : 100), t->text);
        }
        if (digits % 2 != 0) /* ldns puts a zero behind them */
                return ddns_fail(message, -EBADMSG,
                                 "line %u: bad %.*s record: half an octet in hexadecimal", e->line,
                                 (int) name->size, name->text);
        for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
                if (whole[i].type == type && !whole[i].is_good(e, type_token + 1))
                        return ddns_fail(message, -EBADMSG,
                                         "line %u: bad %.*s record: a field is out of its range",
                                         e->line, (int) name->size, name->text);
        return 0;
}
