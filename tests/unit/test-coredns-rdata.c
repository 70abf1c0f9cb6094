/* SPDX-License-Identifier: MIT */
/* Rdata of CoreDNS' rows: reads as what was pushed, whatever it holds. Zones of example.test. */
#include <ldns/ldns.h>
#include <string.h>

#include "deliver/coredns-rows.h"
#include "test.h"
#include "zone/canonical.h"
#include "zone/zone.h"

#define HEAD "$TTL 1h\n@ SOA ns.host. h 7 1d 2h3m 4w 300\n@ NS ns.host.\n"

static const DdnsZoneLimits zone_limits = { .max_records = 1000 };
static const DdnsCorednsLimits wide = { .hostname = 512, .type = 10, .data = 1024, .utf8 = true };

typedef struct Result {
        DdnsZone zone;
        DdnsSqlRows rows;
        DdnsMessage warning, message;
} Result;

static void result_done(Result *r) {
        ddns_zone_done(&r->zone);
        ddns_sql_rows_done(&r->rows);
}

static void make(Result *r, const char *zone, const DdnsCorednsLimits *limits) {
        *r = (Result){ 0 };
        if (ddns_zone_check("example.test", zone, strlen(zone), &zone_limits, &r->zone, &r->message) < 0)
                fail_msg("%s", r->message.text);
        assert_int_equal(ddns_coredns_rows("example.test", r->zone.text, limits, &r->rows, &r->warning,
                                           &r->message),
                         0);
}

static void values_that_can_not_be_cut_go_in_hexadecimal_or_not_at_all(void **state) {
        for (int size = 255; size <= 256; size++)
                for (int backslash = 0; backslash < 2; backslash++) {
                        ddns_cleanup(ddns_buffer_done) DdnsBuffer zone = DDNS_BUFFER_NULL;
                        ddns_cleanup(result_done) Result r;
                        int escapes = 4 * backslash;

                        ddns_buffer_append_text(&zone, HEAD "a CAA 0 issue \"");
                        for (int i = 0; i < size - escapes; i++)
                                ddns_buffer_append_byte(&zone, 'x');
                        ddns_buffer_append_text(&zone, backslash ? "\\092\"\n" : "\"\n");
                        make(&r, zone.data, &wide);
                        assert_int_equal(r.rows.n, size == 255 || !backslash ? 3 : 2);
                        if (r.rows.n == 3)
                                assert_int_equal(r.rows.rows[2].cells[2].text[0] == '\\', size == 256);
                        else
                                assert_non_null(strstr(r.warning.text, "can't read"));
                }
}

static const struct {
        const char *record;
        bool stored;
} parameters[] = {
        { "a HTTPS 1 . alpn=h2,h3 port=53 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1 key7=/q{?dns} key65000=x",
          true },
        { "a HTTPS 0 foo.", true },
        { "a HTTPS 1 . mandatory=port port=53 no-default-alpn alpn=h2", true },
        { "a SVCB 1 . key65535=x", false },
        { "a SVCB 1 . ipv6hint=::ffff:192.0.2.1", false },
};

static void parameters_that_its_parser_refuses_are_left_out(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer zone = DDNS_BUFFER_NULL;
                ddns_cleanup(result_done) Result r;

                ddns_buffer_append_text(&zone, HEAD);
                ddns_buffer_append_text(&zone, parameters[i].record);
                make(&r, zone.data, &wide);
                if ((r.rows.n == 3) != parameters[i].stored)
                        fail_msg("%s: %s", parameters[i].record, r.warning.text);
        }
}

/* A key in full, as in a record of TLSA: its parser takes no token of more than 2,047 octets. */
static void long_rdata_goes_in_several_tokens(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer zone = DDNS_BUFFER_NULL;
        ddns_cleanup(result_done) Result r;
        size_t token = 0;

        ddns_buffer_append_text(&zone, HEAD "a TLSA 3 0 0 ");
        for (int i = 0; i < 5000; i++)
                ddns_buffer_append_text(&zone, "a5");
        make(&r, zone.data, &(DdnsCorednsLimits){ 512, 10, 65535, true });
        assert_int_equal(r.rows.n, 3);
        const DdnsMysqlValue *data = &r.rows.rows[2].cells[2];
        for (size_t i = 0; i < data->size; i++) {
                token = data->text[i] == ' ' ? 0 : token + 1;
                assert_true(token < 2048);
        }
}

/* The octets of strings on the wire, one after the other. */
static void append_octets(DdnsBuffer *b, const unsigned char *wire, size_t size) {
        for (size_t i = 0; i < size; i += 1 + (size_t) wire[i])
                ddns_buffer_append(b, wire + i + 1, wire[i]);
}

/* The rdata of a row as ldns reads it, by itself. */
static void parse_again(const DdnsSqlRow *row, DdnsBuffer *ret, uint16_t *ret_type) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer line = DDNS_BUFFER_NULL;
        const DdnsMysqlValue *c = row->cells;
        ldns_rr *rr = NULL;

        ddns_buffer_append_format(&line, "%.*s.example.test. %.*s IN %.*s ", (int) c[0].size, c[0].text,
                                  (int) c[3].size, c[3].text, (int) c[1].size, c[1].text);
        ddns_buffer_append(&line, c[2].text, c[2].size);
        ldns_status status = ldns_rr_new_frm_str(&rr, line.data, 0, NULL, NULL);
        if (status != LDNS_STATUS_OK)
                fail_msg("%s: %s", line.data, ldns_get_errorstr_by_id(status));
        ldns_buffer *wire = ldns_buffer_new(4096);
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
                assert_int_equal(ldns_rdf2buffer_wire(wire, ldns_rr_rdf(rr, i)), LDNS_STATUS_OK);
        ddns_buffer_append(ret, ldns_buffer_begin(wire), ldns_buffer_position(wire));
        *ret_type = (uint16_t) ldns_rr_get_type(rr);
        ldns_buffer_free(wire);
        ldns_rr_free(rr);
}

/* The record of the row stands in the zone's text. */
static bool is_in(const char *text, const DdnsSqlRow *row) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer got = DDNS_BUFFER_NULL;
        DdnsRecord r;
        uint16_t type;

        parse_again(row, &got, &type);
        while (ddns_record_next(&text, &r)) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer wire = DDNS_BUFFER_NULL;

                assert_int_equal(ddns_record_append_wire(&r, &wire), 0);
                if (ddns_record_type_number(&r) == type && wire.size == got.size &&
                    (got.size == 0 || memcmp(wire.data, got.data, got.size) == 0))
                        return true;
        }
        return false;
}

/* A record of every type that ldns reads from text, and what it reads otherwise than it writes. */
static const char every_type[] = HEAD
                "d1 A 192.0.2.1\nd1 AAAA ::1\nd1 AAAA ::ffff:192.0.2.1\nd2 CNAME Foo.x.\nd3 DNAME Other.Test.\n"
                "d4 MX 10 Mail\nd5 TXT \"a\\\"b\\\\c\" \"\" \"\\195\\188\" \"\\000\\255\"\nd6 SRV 10 60 5060 Sip\n"
                "d7 CAA 0 issue \"ca;x\"\nd7 CAA 128 iodef \"mailto:a\\\\b@c\"\nd9 PTR A.b.\n"
                "d8 NAPTR 1 2 \"S s\" \"\" \"!^.*\\\\$!s!\" Rep.x.\n"
                "d10 DS 1 13 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\n"
                "d11 SSHFP 1 1 abcdef0123456789abcdef0123456789abcdef01\nd12 TLSA 3 1 1 abcdef01\n"
                "d13 HINFO \"a b\" \"c d\"\nd14 MINFO A.b. C.d.\nd15 RP A.b. C.d.\nd16 AFSDB 1 A.b.\n"
                "d17 X25 \"311061700956\"\nd18 ISDN \"150862028003217\" \"004\"\nd19 RT 2 Relay.x.\n"
                "d20 NSAP 0x47000580005a0000000001e133ffffff00016100\nd21 KEY 256 3 5 AQPSKmynfzW4kyBv\n"
                "d22 PX 10 A.b. C.d.\nd23 GPOS -32.6882 116.8652 10.0\n"
                "d24 LOC 60 9 0.000 N 24 39 0.000 E 10.00m 20m 2000m 20m\nd25 KX 10 Kx.x.\n"
                "d26 CERT 1 12179 3 AQPSKmynfzW4kyBv\nd27 IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2Bk\n"
                "d27 IPSECKEY 10 3 2 Gw.x. AQNRU3mG7TVTO2Bk\nd28 DHCID AAIBY2/AuCccgoJbsaxcQc9T\n"
                "d29 SMIMEA 3 1 1 abcdef01\nd30 HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdx Rvs.x.\n"
                "d31 TALINK A.b. C.d.\nd32 OPENPGPKEY AQPSKmynfzW4kyBv\nd33 CSYNC 66 3 A NS AAAA TYPE700\n"
                "d34 ZONEMD 7 1 1 abcdef0123456789abcdef0123456789abcdef01abcdef0123456789abcdef01abcdef0123456789abcd"
                "ef0123456789\nd35 SVCB 1 Foo.x. alpn=h2,h3 port=53 ipv4hint=192.0.2.1 key65000=abc\n"
                "d36 HTTPS 1 . alpn=h2,h3 ech=AEX+DQBB ipv6hint=2001:db8::1\nd36 HTTPS 0 Svc.x.\n"
                "d37 SPF \"v=spf1 -all\"\nd38 NID 10 0014:4fff:ff20:ee64\nd39 L32 10 10.1.2.0\n"
                "d40 L64 10 2001:0DB8:1140:1000\nd41 LP 10 L64.x.\nd42 EUI48 00-00-5e-00-53-2a\n"
                "d43 EUI64 00-00-5e-ef-10-00-00-2a\nd44 URI 10 1 \"ftp://ftp1.example.com/public\"\n"
                "d45 DLV 1 13 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\nd46 MB A.b.\nd47 MG A.b.\nd48 MR A.b.\n"
                "d49 EID \\# 4 01020304\nd50 NIMLOC \\# 4 01020304\nd52 NULL \\# 4 01020304\n"
                "d53 WKS 192.0.2.1 tcp 25\nd54 TYPE65534 \\# 4 0A0B0C0D\nd55 TYPE65534 \\# 0\n"
                "d56 SIG A 13 3 60 20360101000000 20261123035111 30826 @ AAAA\n";

static void rows_of_every_type_are_read_back_as_what_was_pushed(void **state) {
        ddns_cleanup(result_done) Result r;

        make(&r, every_type, &wide);
        assert_string_equal(r.warning.text,
                            "DNAMEs, not followed: 1 RRset (first: d3.example.test. DNAME)");
        assert_int_equal(r.rows.n, r.zone.n_records);
        for (size_t i = 0; i < r.rows.n; i++)
                if (!is_in(r.zone.text, &r.rows.rows[i]))
                        fail_msg("%.*s reads otherwise", (int) r.rows.rows[i].cells[1].size,
                                 r.rows.rows[i].cells[1].text);
}

/* Tokens between quotes: none is longer than 255 written octets, and none begins or ends within something. */
static void assert_pieces(const DdnsMysqlValue *data) {
        size_t size = 0;
        bool quoted = false;

        for (size_t i = 0; i < data->size; i++) {
                unsigned char c = (unsigned char) data->text[i];

                if (c == '"') {
                        assert_true(size <= 255);
                        quoted = !quoted;
                        size = 0;
                        assert_true(!quoted || ((unsigned char) data->text[i + 1] & 0xc0) != 0x80);
                        continue;
                }
                assert_true(quoted || c == ' ');
                size++;
                if (c == '\\') {
                        size_t n = data->text[i + 1] >= '0' && data->text[i + 1] <= '9' ? 3 : 1;

                        for (size_t k = 1; k <= n; k++)
                                assert_true(n == 1 ? strchr("\"\\", data->text[i + k]) != NULL
                                                   : data->text[i + k] >= '0' &&
                                                                            data->text[i + k] <= '9');
                        i += n;
                        size += n;
                }
        }
        assert_false(quoted);
}

static uint32_t next_random(uint32_t *seed) {
        *seed = *seed * 1664525 + 1013904223;
        return *seed >> 16;
}

/* Octets of one of several kinds: anything, mostly what must be escaped, UTF-8. */
static size_t random_string(uint32_t *seed, size_t size, unsigned char *ret) {
        static const char *const letters[] = { "a",        "\"",           "\\",
                                               "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                               "\x01" };
        uint32_t kind = next_random(seed) % 3;
        size_t n = 0;

        while (n < size)
                if (kind == 0)
                        ret[n++] = (unsigned char) next_random(seed);
                else if (kind == 1)
                        ret[n++] = (unsigned char) "\"\\\0\377a"[next_random(seed) % 5];
                else {
                        const char *letter = letters[next_random(seed) % ARRAY_SIZE(letters)];

                        if (n + strlen(letter) > size)
                                break;
                        n += (size_t) (stpcpy((char *) ret + n, letter) - ((char *) ret + n));
                }
        return n;
}

static void strings_of_all_octets_and_lengths_come_out_whole(void **state) {
        uint32_t seed = 20260723;

        for (size_t i = 0; i < 256 * 12; i++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer zone = DDNS_BUFFER_NULL,
                                                          wire = DDNS_BUFFER_NULL,
                                                          got = DDNS_BUFFER_NULL;
                ddns_cleanup(result_done) Result r;
                unsigned char octets[300];
                size_t size = random_string(&seed, i % 256, octets);
                uint16_t type;

                ddns_buffer_append_text(&zone, HEAD "t TXT \"");
                for (size_t k = 0; k < size; k++)
                        ddns_buffer_append_format(&zone, "\\%03u", octets[k]);
                ddns_buffer_append_text(&zone, "\"\n");
                make(&r, zone.data, &(DdnsCorednsLimits){ 512, 10, 4096, i % 2 == 0 });
                assert_int_equal(r.rows.n, 3);

                assert_pieces(&r.rows.rows[2].cells[2]);
                parse_again(&r.rows.rows[2], &wire, &type);
                append_octets(&got, (const unsigned char *) wire.data, wire.size);
                assert_int_equal(got.size, size);
                if (size > 0)
                        assert_memory_equal(got.data, octets, size);
                assert_int_equal(wire.size == size + 1, r.warning.text[0] == '\0');
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_that_can_not_be_cut_go_in_hexadecimal_or_not_at_all),
                cmocka_unit_test(parameters_that_its_parser_refuses_are_left_out),
                cmocka_unit_test(long_rdata_goes_in_several_tokens),
                cmocka_unit_test(rows_of_every_type_are_read_back_as_what_was_pushed),
                cmocka_unit_test(strings_of_all_octets_and_lengths_come_out_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
