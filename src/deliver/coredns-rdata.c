/* SPDX-License-Identifier: MIT */
/* Rdata for CoreDNS' mysql plugin, which puts owner, TTL, type and our text together and has miekg/dns parse the line.
 *
 * One line that does not parse takes its whole RRset away, so text form is only for the common types, of which every field
 * was compared with that parser. RFC 3597 form is read for known types too, and leaves nothing to be read in two ways. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "deliver/coredns-rdata.h"

#define STRING_MAX \
        255 /* written octets of a token of a TXT record; what is behind them becomes a string of its own */
#define TOKEN_MAX 2000 /* 2048 is too long for any token */
#define VALUE_MAX 1024 /* octets of a CAA value or URI target that it can still send */

/* All types that miekg/dns has a name for: under that one a query is looked up, and under TYPEnnn for all others. The first
 * are the most frequent.
 *
 * Unreadable: APL (host bits are cut off, trailing zeros refused); NSAP-PTR (a string for ldns, a name there); those whose
 * rdata ldns does not know and so nobody has checked; 65535, which has a name that its parser does not take. */
static const DdnsCorednsType types[] = {
        { 1, DDNS_COREDNS_TEXT, "A" },
        { 16, DDNS_COREDNS_STRINGS, "TXT" },
        { 15, DDNS_COREDNS_NAME, "MX" },
        { 5, DDNS_COREDNS_NAME, "CNAME" },
        { 2, DDNS_COREDNS_NAME, "NS" },
        { 28, DDNS_COREDNS_TEXT, "AAAA" },
        { 6, DDNS_COREDNS_TWO_NAMES, "SOA" },
        { 33, DDNS_COREDNS_NAME, "SRV" },
        { 257, DDNS_COREDNS_LAST_STRING, "CAA" },
        { 12, DDNS_COREDNS_NAME, "PTR" },
        { 46, DDNS_COREDNS_DNSSEC, "RRSIG" },
        { 47, DDNS_COREDNS_DNSSEC, "NSEC" },
        { 50, DDNS_COREDNS_DNSSEC, "NSEC3" },
        { 51, DDNS_COREDNS_DNSSEC, "NSEC3PARAM" },
        { 48, DDNS_COREDNS_DNSSEC, "DNSKEY" },
        { 59, DDNS_COREDNS_DNSSEC, "CDS" },
        { 60, DDNS_COREDNS_DNSSEC, "CDNSKEY" },
        { 39, DDNS_COREDNS_NAME, "DNAME" },
        { 43, DDNS_COREDNS_TEXT, "DS" },
        { 44, DDNS_COREDNS_TEXT, "SSHFP" },
        { 52, DDNS_COREDNS_TEXT, "TLSA" },
        { 35, DDNS_COREDNS_NAME, "NAPTR" },
        { 99, DDNS_COREDNS_STRINGS, "SPF" },
        { 256, DDNS_COREDNS_LAST_STRING, "URI" },
        { 7, DDNS_COREDNS_HEX, "MB" },
        { 8, DDNS_COREDNS_HEX, "MG" },
        { 9, DDNS_COREDNS_HEX, "MR" },
        { 10, DDNS_COREDNS_HEX, "NULL" },
        { 13, DDNS_COREDNS_HEX, "HINFO" },
        { 14, DDNS_COREDNS_HEX, "MINFO" },
        { 17, DDNS_COREDNS_HEX, "RP" },
        { 18, DDNS_COREDNS_HEX, "AFSDB" },
        { 19, DDNS_COREDNS_HEX, "X25" },
        { 20, DDNS_COREDNS_HEX, "ISDN" },
        { 21, DDNS_COREDNS_HEX, "RT" },
        { 23, DDNS_COREDNS_UNREADABLE, "NSAP-PTR" },
        { 24, DDNS_COREDNS_HEX, "SIG" },
        { 25, DDNS_COREDNS_HEX, "KEY" },
        { 26, DDNS_COREDNS_HEX, "PX" },
        { 27, DDNS_COREDNS_HEX, "GPOS" },
        { 29, DDNS_COREDNS_HEX, "LOC" },
        { 31, DDNS_COREDNS_HEX, "EID" },
        { 32, DDNS_COREDNS_HEX, "NIMLOC" },
        { 36, DDNS_COREDNS_HEX, "KX" },
        { 37, DDNS_COREDNS_HEX, "CERT" },
        { 42, DDNS_COREDNS_UNREADABLE, "APL" },
        { 49, DDNS_COREDNS_HEX, "DHCID" },
        { 53, DDNS_COREDNS_HEX, "SMIMEA" },
        { 55, DDNS_COREDNS_HEX, "HIP" },
        { 56, DDNS_COREDNS_UNREADABLE, "NINFO" },
        { 57, DDNS_COREDNS_UNREADABLE, "RKEY" },
        { 58, DDNS_COREDNS_HEX, "TALINK" },
        { 61, DDNS_COREDNS_HEX, "OPENPGPKEY" },
        { 62, DDNS_COREDNS_HEX, "CSYNC" },
        { 63, DDNS_COREDNS_HEX, "ZONEMD" },
        { 64, DDNS_COREDNS_HEX, "SVCB" },
        { 65, DDNS_COREDNS_HEX, "HTTPS" },
        { 100, DDNS_COREDNS_UNREADABLE, "UINFO" },
        { 101, DDNS_COREDNS_UNREADABLE, "UID" },
        { 102, DDNS_COREDNS_UNREADABLE, "GID" },
        { 103, DDNS_COREDNS_HEX, "UNSPEC" },
        { 104, DDNS_COREDNS_HEX, "NID" },
        { 105, DDNS_COREDNS_HEX, "L32" },
        { 106, DDNS_COREDNS_HEX, "L64" },
        { 107, DDNS_COREDNS_HEX, "LP" },
        { 108, DDNS_COREDNS_HEX, "EUI48" },
        { 109, DDNS_COREDNS_HEX, "EUI64" },
        { 258, DDNS_COREDNS_UNREADABLE, "AVC" },
        { 32768, DDNS_COREDNS_UNREADABLE, "TA" },
        { 32769, DDNS_COREDNS_HEX, "DLV" },
        { 65535, DDNS_COREDNS_UNREADABLE, "TYPE65535" },
};

void ddns_coredns_type(const DdnsRecord *r, DdnsCorednsType *ret) {
        uint16_t number;

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (ddns_record_is_type(r, types[i].name)) {
                        *ret = types[i];
                        return;
                }

        number = ddns_record_type_number(r); /* ldns may have another name for it, or none */
        *ret = (DdnsCorednsType){ .number = number, .form = DDNS_COREDNS_HEX };
        (void) snprintf(ret->name, sizeof ret->name, "TYPE%u", number);
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (types[i].number == number)
                        *ret = types[i];
}

/* The octet at `*p`, which may be written as \DDD (canonical text has no other escapes); moves `*p` behind it. */
static unsigned char next_octet(const char **p) {
        const char *c = *p;

        if (c[0] != '\\') {
                (*p)++;
                return (unsigned char) c[0];
        }
        *p += 4;
        return (unsigned char) ((c[1] - '0') * 100 + (c[2] - '0') * 10 + (c[3] - '0'));
}

void ddns_coredns_append_name(DdnsBuffer *b, const char *name, size_t size) {
        for (const char *p = name, *end = name + size; p < end;) {
                bool escaped = *p == '\\';
                unsigned char c = next_octet(&p);

                if (c < ' ' || c > '~')
                        ddns_buffer_append_format(b, "\\%03u", c);
                else {
                        if (escaped && strchr(". '@;()\"\\", c))
                                ddns_buffer_append_byte(b, '\\');
                        ddns_buffer_append_byte(b, (char) tolower(c));
                }
        }
}

/* Size of the UTF-8 sequence at `data`; 0: there is none. */
static size_t utf8_size(const unsigned char *data, size_t size) {
        static const struct {
                unsigned char first, mask;
                uint32_t min;
        } kinds[] = {
                { 0x00, 0x80, 0 }, { 0xc0, 0xe0, 0x80 }, { 0xe0, 0xf0, 0x800 }, { 0xf0, 0xf8, 0x10000 }
        };

        for (size_t n = 1; n <= ARRAY_SIZE(kinds) && n <= size; n++) {
                const uint32_t mask = kinds[n - 1].mask;
                uint32_t c = data[0] & ~mask;

                if ((data[0] & mask) != kinds[n - 1].first)
                        continue;
                for (size_t i = 1; i < n; i++) {
                        if ((data[i] & 0xc0) != 0x80)
                                return 0;
                        c = c << 6 | (data[i] & 0x3f);
                }
                return c < kinds[n - 1].min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
        }
        return 0;
}

/* How many of the first octets are written as they are. Mostly all; one by one they would cost a fifth of a first load. */
static size_t count_plain(const unsigned char *data, size_t size) {
        size_t n = 0;

        while (n < size && data[n] >= ' ' && data[n] <= '~' && data[n] != '"' && data[n] != '\\')
                n++;
        return n;
}

static bool is_utf8(const unsigned char *data, size_t size) {
        for (size_t n; size > 0; data += n, size -= n) {
                n = data[0] < 0x80 ? 1 : utf8_size(data, size);
                if (n == 0)
                        return false;
        }
        return true;
}

/* One string of a TXT record. Its parser cuts every token behind STRING_MAX written octets, whatever stands there: so it is cut
 * before, where nothing is torn. 1 if it was. */
static int append_string(DdnsBuffer *b, const unsigned char *data, size_t size, bool utf8) {
        size_t written = 0;
        int cut = 0;

        utf8 = utf8 && is_utf8(data, size);
        ddns_buffer_append_byte(b, '"');
        for (size_t i = 0, n; i < size; i += n) {
                const size_t left = STRING_MAX - written;
                char unit[8];
                int length = 0;

                n = count_plain(data + i, size - i < left ? size - i : left);
                if (n > 0) {
                        ddns_buffer_append(b, data + i, n);
                        written += n;
                        continue;
                }
                n = utf8 ? utf8_size(data + i, size - i) : 1;
                if (n > 1) {
                        memcpy(unit, data + i, n);
                        length = (int) n;
                } else if (data[i] < ' ' || data[i] > '~')
                        length = snprintf(unit, sizeof unit, "\\%03u", data[i]);
                else {
                        if (data[i] == '"' || data[i] == '\\')
                                unit[length++] = '\\';
                        unit[length++] = (char) data[i];
                }

                if (written + (size_t) length > STRING_MAX) {
                        ddns_buffer_append_text(b, "\" \"");
                        written = 0;
                        cut = 1;
                }
                ddns_buffer_append(b, unit, (size_t) length);
                written += (size_t) length;
        }
        ddns_buffer_append_byte(b, '"');
        return cut;
}

static int append_strings(DdnsBuffer *b, const DdnsRecord *r, bool utf8) {
        int cut = 0;

        for (const char *p = r->rdata, *end = p + r->rdata_size; p < end;) {
                unsigned char string[256];
                size_t size = 0;

                if (*p++ != '"')
                        return -EBADMSG;
                while (p < end && *p != '"') {
                        if (size == sizeof string)
                                return -EBADMSG;
                        string[size++] = next_octet(&p);
                }
                cut |= append_string(b, string, size, utf8);
                p += 2; /* quote and blank */
                if (p < end)
                        ddns_buffer_append_byte(b, ' ');
        }
        return cut;
}

/* Keys of SVCB that its parser takes in this order only, and with values of these sizes only; the same goes for sending. */
static bool is_good_parameter(unsigned key, const unsigned char *value, size_t size) {
        static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

        switch (key) {
        case 0: /* mandatory */
                return size % 2 == 0;
        case 1: /* alpn */
                for (size_t i = 0; i < size; i += 1 + (size_t) value[i])
                        if (value[i] == 0 || i + 1 + value[i] > size)
                                return false;
                return true;
        case 2: /* no-default-alpn */
                return size == 0;
        case 3: /* port */
                return size == 2;
        case 4: /* ipv4hint */
                return size > 0 && size % 4 == 0;
        case 6: /* ipv6hint */
                for (size_t i = 0; i + 16 <= size; i += 16)
                        if (memcmp(value + i, mapped, sizeof mapped) == 0)
                                return false;
                return size > 0 && size % 16 == 0;
        default:
                return key != 65535;
        }
}

static bool is_good_svcb(const unsigned char *p, size_t size) {
        const unsigned char *end = p + size;
        int last = -1;

        if (size < 3)
                return false;
        for (p += 2; p < end && *p != 0;) /* the name behind the priority */
                p += 1 + *p;
        for (p++; p < end;) {
                if (end - p < 4)
                        return false;
                int key = p[0] << 8 | p[1];
                size_t n = (size_t) (p[2] << 8 | p[3]);

                p += 4;
                if ((size_t) (end - p) < n || key <= last || !is_good_parameter((unsigned) key, p, n))
                        return false;
                last = key;
                p += n;
        }
        return true;
}

/* Reading RFC 3597 form it takes the octets of these two for text with escapes. */
static bool is_good_value(const unsigned char *wire, size_t size, size_t start) {
        return start <= size && size - start <= VALUE_MAX && !memchr(wire + start, '\\', size - start);
}

static bool is_readable(uint16_t type, const unsigned char *wire, size_t size) {
        switch (type) {
        case 64:
        case 65:
                return is_good_svcb(wire, size);
        case 256:
                return is_good_value(wire, size, 4);
        case 257:
                return size >= 2 && is_good_value(wire, size, 2 + (size_t) wire[1]);
        default:
                return true;
        }
}

static int append_hex(DdnsBuffer *b, const DdnsRecord *r, uint16_t type) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer wire = DDNS_BUFFER_NULL;
        static const char digits[] = "0123456789abcdef";
        int result = ddns_record_append_wire(r, &wire);

        if (result < 0)
                return result;
        if (wire.size > 0 && !is_readable(type, (const unsigned char *) wire.data, wire.size))
                return -EBADMSG;
        ddns_buffer_append_format(b, "\\# %zu", wire.size);
        for (size_t i = 0; i < wire.size; i++) {
                unsigned char c = (unsigned char) wire.data[i];

                if (i % (TOKEN_MAX / 2) == 0)
                        ddns_buffer_append_byte(b, ' ');
                ddns_buffer_append_byte(b, digits[c >> 4]);
                ddns_buffer_append_byte(b, digits[c & 15]);
        }
        return ddns_buffer_status(b);
}

/* The end of the field that begins at `p`; strings with blanks stand behind the names only. */
static const char *field_end(const char *p, const char *end) {
        const char *blank = memchr(p, ' ', (size_t) (end - p));

        return blank ? blank : end;
}

static int append_text(DdnsBuffer *b, const DdnsRecord *r, DdnsCorednsForm form) {
        const char *p = r->rdata, *end = p + r->rdata_size;

        if (form == DDNS_COREDNS_NAME) {
                const char *blank = memrchr(p, ' ', r->rdata_size), *name = blank ? blank + 1 : p;

                ddns_buffer_append(b, p, (size_t) (name - p));
                ddns_coredns_append_name(b, name, (size_t) (end - name));
                p = end;
        }
        for (int i = 0; form == DDNS_COREDNS_TWO_NAMES && i < 2; i++) {
                const char *next = field_end(p, end);

                ddns_coredns_append_name(b, p, (size_t) (next - p));
                if (next < end)
                        ddns_buffer_append_byte(b, ' ');
                p = next < end ? next + 1 : end;
        }
        ddns_buffer_append(b, p, (size_t) (end - p));
        return ddns_buffer_status(b);
}

/* Between the quotes of the last field. */
static bool is_short_string(const DdnsRecord *r) {
        const char *quote = memchr(r->rdata, '"', r->rdata_size);

        return quote && (size_t) (r->rdata + r->rdata_size - quote) <= STRING_MAX + 2;
}

int ddns_coredns_append_rdata(DdnsBuffer *b, const DdnsRecord *r, const DdnsCorednsType *type,
                              bool utf8) {
        int result;

        if (type->form == DDNS_COREDNS_STRINGS) {
                result = append_strings(b, r, utf8);
                return ddns_buffer_status(b) < 0 ? -ENOMEM : result;
        }
        if (type->form >= DDNS_COREDNS_HEX || r->rdata_size > TOKEN_MAX ||
            (type->form == DDNS_COREDNS_LAST_STRING && !is_short_string(r)))
                return append_hex(b, r, type->number);
        return append_text(b, r, type->form);
}
