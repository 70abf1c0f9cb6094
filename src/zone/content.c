/* SPDX-License-Identifier: MIT */
/* Fields of records as octets: sizes and relations that BIND insists on. */
#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "basic/cleanup.h"
#include "zone/fields.h"

/* Digests whose size follows from a number before them. */
static const struct {
        uint16_t type;
        uint8_t field, number, size;
} digests[] = {
        { LDNS_RR_TYPE_SSHFP, 1, 1, 20 },  { LDNS_RR_TYPE_SSHFP, 1, 2, 32 },
        { LDNS_RR_TYPE_DS, 2, 1, 20 },     { LDNS_RR_TYPE_DS, 2, 2, 32 },
        { LDNS_RR_TYPE_DS, 2, 4, 48 },     { LDNS_RR_TYPE_CDS, 2, 1, 20 },
        { LDNS_RR_TYPE_CDS, 2, 2, 32 },    { LDNS_RR_TYPE_CDS, 2, 4, 48 },
        { LDNS_RR_TYPE_DLV, 2, 1, 20 },    { LDNS_RR_TYPE_DLV, 2, 2, 32 },
        { LDNS_RR_TYPE_DLV, 2, 4, 48 },    { LDNS_RR_TYPE_ZONEMD, 2, 1, 48 },
        { LDNS_RR_TYPE_ZONEMD, 2, 2, 64 },
};
#define ZONEMD_DIGEST_MIN 12 /* RFC 8976, 2.2.4 */

static const char *check_digest(const ldns_rr *rr) {
        uint16_t type = (uint16_t) ldns_rr_get_type(rr);
        size_t size, n = ldns_rr_rd_count(rr);

        if (n < 3)
                return NULL;
        size = ldns_rdf_size(ldns_rr_rdf(rr, n - 1));
        for (size_t i = 0; i < ARRAY_SIZE(digests); i++)
                if (digests[i].type == type &&
                    digests[i].number == *ldns_rdf_data(ldns_rr_rdf(rr, digests[i].field)) &&
                    digests[i].size != size)
                        return "the digest is not as long as its kind";
        return type == LDNS_RR_TYPE_ZONEMD && size < ZONEMD_DIGEST_MIN ? "the digest is too short"
                                                                       : NULL;
}

/* RFC 2535, 3.1.2: both bits mean that there is no key. */
static const char *check_key(const ldns_rr *rr) {
        if (ldns_rr_rd_count(rr) > 3 && *ldns_rdf_data(ldns_rr_rdf(rr, 0)) >> 6 == 3 &&
            ldns_rdf_size(ldns_rr_rdf(rr, 3)) > 0)
                return "its flags say that it has no key";
        return NULL;
}

/* RFC 4034, 3.1.3: a signature covers names of its signer's zone. */
static const char *check_rrsig(const ldns_rr *rr) {
        if (ldns_rr_rd_count(rr) > 7 &&
            *ldns_rdf_data(ldns_rr_rdf(rr, 2)) < ldns_dname_label_count(ldns_rr_rdf(rr, 7)))
                return "fewer labels than its signer";
        return NULL;
}

static const char *check_nsec(const ldns_rr *rr) {
        return ldns_rr_rd_count(rr) < 2 || ldns_rdf_size(ldns_rr_rdf(rr, 1)) == 0 ? "it names no type"
                                                                                  : NULL;
}

/* RFC 3402, 3.2: delimiter, extended regular expression, delimiter, replacement, delimiter, "i". */
static bool is_substitution(const char *p) {
        ddns_cleanup(ddns_freep) char *pattern = NULL;
        char delimiter = *p++;
        regex_t regex;
        size_t n = 0;

        if (delimiter == '\\' || delimiter == 'i' || (delimiter >= '1' && delimiter <= '9'))
                return false;
        pattern = malloc(strlen(p) + 1);
        if (!pattern)
                return false;
        for (; *p && *p != delimiter; p++) {
                if (p[0] == '\\' && p[1] == delimiter)
                        p++;
                else if (p[0] == '\\' && p[1])
                        pattern[n++] = *p++;
                pattern[n++] = *p;
        }
        pattern[n] = '\0';
        if (*p++ != delimiter || n == 0 || regcomp(&regex, pattern, REG_EXTENDED) != 0)
                return false;
        size_t groups = regex.re_nsub;
        regfree(&regex);

        for (; *p && *p != delimiter; p++) {
                if (*p != '\\')
                        continue;
                p++; /* what is escaped: a group, or any other character */
                if (!*p || (isdigit((unsigned char) *p) && (*p == '0' || (size_t) (*p - '0') > groups)))
                        return false;
        }
        return *p++ == delimiter && p[strspn(p, "i")] == '\0';
}

static const char *check_naptr(const ldns_rr *rr) {
        char text[256] = "";

        if (ldns_rr_rd_count(rr) < 5)
                return NULL;
        const uint8_t *data = ldns_rdf_data(ldns_rr_rdf(rr, 4)); /* a length, and as many octets */
        memcpy(text, data + 1, *data);
        if (*data > 0 && (strlen(text) < *data || !is_substitution(text)))
                return "its regular expression can't be read";
        return NULL;
}

/* A parameter of SVCB and HTTPS (RFC 9460, 2.2). */
typedef struct Parameter {
        unsigned key;
        const uint8_t *value;
        size_t size;
} Parameter;

static unsigned read_u16(const uint8_t *p) {
        return (unsigned) p[0] << 8 | p[1];
}

/* Moves `*p` behind the parameter. */
static bool next_parameter(const uint8_t **p, const uint8_t *end, Parameter *ret) {
        if (end - *p < 4 || (size_t) (end - *p - 4) < read_u16(*p + 2))
                return false;
        *ret = (Parameter){ read_u16(*p), *p + 4, read_u16(*p + 2) };
        *p += 4 + ret->size;
        return true;
}

static bool has_key(const ldns_rdf *parameters, unsigned key) {
        const uint8_t *p = ldns_rdf_data(parameters), *end = p + ldns_rdf_size(parameters);
        Parameter found;

        while (next_parameter(&p, end, &found))
                if (found.key == key)
                        return true;
        return false;
}

static bool is_alpn(const Parameter *v) {
        size_t at = 0;

        while (at < v->size && v->value[at] > 0)
                at += 1 + (size_t) v->value[at];
        return v->size > 0 && at == v->size;
}

/* RFC 9461, 5: a template of a path with the variable "dns". */
static bool is_dohpath(const Parameter *v) {
        return v->size > 0 && v->value[0] == '/' && memmem(v->value, v->size, "{?dns}", 6);
}

static bool is_mandatory(const ldns_rdf *parameters, const Parameter *v) {
        for (size_t i = 0; i + 1 < v->size; i += 2)
                if (read_u16(v->value + i) == 0 || !has_key(parameters, read_u16(v->value + i)) ||
                    (i > 0 && read_u16(v->value + i) <= read_u16(v->value + i - 2)))
                        return false;
        return v->size > 0 && v->size % 2 == 0;
}

static const char *check_svcb(const ldns_rr *rr) {
        const ldns_rdf *parameters = ldns_rr_rd_count(rr) > 2 ? ldns_rr_rdf(rr, 2) : NULL;
        Parameter v;
        long last = -1;

        if (!parameters)
                return NULL;
        const uint8_t *p = ldns_rdf_data(parameters), *end = p + ldns_rdf_size(parameters);
        while (next_parameter(&p, end, &v)) {
                if (v.key <= last)
                        return "a parameter is there twice";
                last = (long) v.key;
                if ((v.key == 0 && !is_mandatory(parameters, &v)) || (v.key == 1 && !is_alpn(&v)) ||
                    (v.key == 2 && (v.size > 0 || !has_key(parameters, 1))) ||
                    (v.key == 3 && v.size != 2) || (v.key == 4 && (v.size == 0 || v.size % 4 != 0)) ||
                    (v.key == 6 && (v.size == 0 || v.size % 16 != 0)) || (v.key == 7 && !is_dohpath(&v)))
                        return "its parameters contradict each other";
        }
        return p == end ? NULL : "its parameters are cut";
}

/* ---- types that ldns keeps as octets, and BIND reads ---- */

enum {
        TYPE_NINFO = 56,
        TYPE_RKEY = 57,
        TYPE_AVC = 258,
        TYPE_DOA = 259,
        TYPE_AMTRELAY = 260,
        TYPE_TA = 32768
};

typedef struct Octets {
        const uint8_t *data;
        size_t size;
} Octets;

static Octets octets_of(const ldns_rr *rr) {
        const ldns_rdf *all = ldns_rr_rd_count(rr) > 0 ? ldns_rr_rdf(rr, 0) : NULL;

        return all ? (Octets){ ldns_rdf_data(all), ldns_rdf_size(all) } : (Octets){ NULL, 0 };
}

static bool is_name(const uint8_t *data, size_t size) {
        size_t i = 0;

        while (i < size && data[i] > 0 && data[i] <= LDNS_MAX_LABELLEN)
                i += 1u + data[i];
        return i < size && data[i] == 0 && i + 1 == size && size <= LDNS_MAX_DOMAINLEN;
}

static const char *check_strings(const ldns_rr *rr) {
        const Octets o = octets_of(rr);
        size_t i = 0;

        while (i < o.size)
                i += 1u + o.data[i];
        return o.size > 0 && i == o.size ? NULL : "its octets are no strings";
}

/* draft-reid-dnsext-rkey: a KEY without flags. */
static const char *check_rkey(const ldns_rr *rr) {
        const Octets o = octets_of(rr);

        return o.size > 4 && o.data[0] == 0 && o.data[1] == 0 ? NULL : "it is no key, or has flags";
}

/* draft-durand-doa-over-dns: enterprise, type, location, a string, and anything. */
static const char *check_doa(const ldns_rr *rr) {
        const Octets o = octets_of(rr);

        return o.size >= 10 && o.data[9] <= o.size - 10 ? NULL : "it is too short";
}

/* RFC 8777, 4.2: precedence, the relay's kind, and the relay. */
static const char *check_amtrelay(const ldns_rr *rr) {
        static const size_t sizes[] = { 2, 2 + 4, 2 + 16 };
        const Octets o = octets_of(rr);
        unsigned kind = o.size >= 2 ? o.data[1] & 0x7fu : 0;

        if (kind < ARRAY_SIZE(sizes) ? o.size == sizes[kind]
                                     : kind > 3 || is_name(o.data + 2, o.size - 2))
                return NULL;
        return "its relay is not of its kind";
}

/* As a DS. */
static const char *check_ta(const ldns_rr *rr) {
        static const size_t sizes[] = { [1] = 4 + 20, [2] = 4 + 32, [4] = 4 + 48 };
        const Octets o = octets_of(rr);
        unsigned kind = o.size >= 4 ? o.data[3] : 0;

        if (o.size > 4 && (kind >= ARRAY_SIZE(sizes) || sizes[kind] == 0 || o.size == sizes[kind]))
                return NULL;
        return "the digest is not as long as its kind";
}

int zone_content_check(const ldns_rr *rr, unsigned line, DdnsMessage *message) {
        static const struct {
                uint16_t type;
                const char *(*check)(const ldns_rr *rr); /* what is wrong, or NULL */
        } checks[] = {
                { LDNS_RR_TYPE_SSHFP, check_digest },
                { LDNS_RR_TYPE_DS, check_digest },
                { LDNS_RR_TYPE_CDS, check_digest },
                { LDNS_RR_TYPE_DLV, check_digest },
                { LDNS_RR_TYPE_ZONEMD, check_digest },
                { LDNS_RR_TYPE_RRSIG, check_rrsig },
                { LDNS_RR_TYPE_NSEC, check_nsec },
                { LDNS_RR_TYPE_NAPTR, check_naptr },
                { LDNS_RR_TYPE_KEY, check_key },
                { LDNS_RR_TYPE_SVCB, check_svcb },
                { LDNS_RR_TYPE_HTTPS, check_svcb },
                { TYPE_NINFO, check_strings },
                { TYPE_AVC, check_strings },
                { TYPE_RKEY, check_rkey },
                { TYPE_DOA, check_doa },
                { TYPE_AMTRELAY, check_amtrelay },
                { TYPE_TA, check_ta },
        };

        for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
                const char *wrong = checks[i].type == ldns_rr_get_type(rr) ? checks[i].check(rr) : NULL;

                if (wrong) {
                        ddns_cleanup(ddns_freep) char *type = ldns_rr_type2str(ldns_rr_get_type(rr));

                        return ddns_fail(message, -EBADMSG, "line %u: bad %s record: %s", line,
                                         type ? type : "", wrong);
                }
        }
        return 0;
}
