/* SPDX-License-Identifier: MIT */
/* What CoreDNS' plugin gets of a zone, what not, and what is said about it. Zones of example.test. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "deliver/coredns-rows.h"
#include "test.h"
#include "zone/zone.h"

#define HEAD "$TTL 1h\n@ SOA Ns.host. H 7 1d 2h3m 4w 300\n@ NS Ns.Host.\n"
#define NS   "@ NS ns.host. 3600\n"
#define SOA  "@ SOA ns.host. h.example.test. 7 86400 7380 2419200 300 3600\n"

static const DdnsZoneLimits zone_limits = { .max_records = 1000 };
static const DdnsCorednsLimits wide = { .hostname = 512, .type = 10, .data = 1024, .utf8 = true };

typedef struct Result {
        DdnsZone zone;
        DdnsSqlRows rows;
        DdnsMessage warning, message;
        int r;
} Result;

static void result_done(Result *r) {
        ddns_zone_done(&r->zone);
        ddns_sql_rows_done(&r->rows);
}

static void make(Result *r, const char *zone, const DdnsCorednsLimits *limits) {
        *r = (Result){ .warning = { "as it was" } };
        if (ddns_zone_check("example.test", zone, strlen(zone), &zone_limits, &r->zone, &r->message) < 0)
                fail_msg("%s", r->message.text);
        r->r = ddns_coredns_rows("example.test", r->zone.text, limits, &r->rows, &r->warning,
                                 &r->message);
}

static bool is(const DdnsMysqlValue *v, const char *text) {
        return v->size == strlen(text) && memcmp(v->text, text, v->size) == 0;
}

/* "hostname type data ttl" a line. */
static void assert_rows(const char *what, const DdnsSqlRows *rows, const char *want) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer got = DDNS_BUFFER_NULL;

        for (size_t i = 0; i < rows->n; i++) {
                const DdnsMysqlValue *cells = rows->rows[i].cells;

                assert_int_equal(rows->rows[i].id, 0);
                assert_true(is(&cells[4], "1"));
                for (size_t k = 0; k < 4; k++) {
                        ddns_buffer_append(&got, cells[k].text, cells[k].size);
                        ddns_buffer_append_byte(&got, k < 3 ? ' ' : '\n');
                }
        }
        if (strcmp(got.data, want) != 0)
                fail_msg("%s:\n%s\ninstead of\n%s", what, got.data, want);
}

/* What becomes of the records behind HEAD, in the rows' order. */
static const struct {
        const char *what, *zone, *rows, *warning;
} cases[] = {
        { "hostnames are relative",
          HEAD "@ A 192.0.2.1\nWWW A 192.0.2.2\na.b A 192.0.2.3\n* A 192.0.2.4\n",
          "* A 192.0.2.4 3600\n@ A 192.0.2.1 3600\n" NS SOA
          "a.b A 192.0.2.3 3600\nwww A 192.0.2.2 3600\n",
          "" },
        { "hostnames are spelled as a query's name is",
          HEAD "\\@x A 192.0.2.1\na\\ \\.\\(\\)\\;\\\"\\\\\\'\\000\\255\\$\\#= A 192.0.2.2\n",
          NS SOA "\\@x A 192.0.2.1 3600\na\\ \\.\\(\\)\\;\\\"\\\\\\'\\000\\255$#= A 192.0.2.2 3600\n",
          "" },
        { "names in rdata are absolute, in lower case and spelled likewise",
          HEAD
          "a CNAME A\\@b.X.\nb MX 10 Mail\nc SRV 10 60 5060 Sip.X.\nd PTR .\ne NAPTR 1 2 \"S\" \"\" "
          "\"!^.* X$!S!\" Rep.X.\n",
          NS SOA "a CNAME a\\@b.x. 3600\nb MX 10 mail.example.test. 3600\nc SRV 10 60 5060 sip.x. 3600\n"
                 "d PTR . 3600\ne NAPTR 1 2 \"S\" \"\" \"!^.* X$!S!\" rep.x. 3600\n",
          "" },
        { "strings keep their case, quotes and backslashes are escaped, UTF-8 stands as it is",
          HEAD "t TXT Foo \"b\\\"\\\\; (x)\" \"\" \"\xc3\xbc\" \"\\195\\188\\001\"\n",
          NS SOA "t TXT \"Foo\" \"b\\\"\\\\; (x)\" \"\" \"\xc3\xbc\" \"\xc3\xbc\\001\" 3600\n", "" },
        { "what is not UTF-8 as a whole is escaped",
          HEAD "t TXT \"\xc3\xbc\\255\" \\192\\128 \\237\\160\\128 \\244\\144\\128\\128 \\195\n",
          NS SOA "t TXT \"\\195\\188\\255\" \"\\192\\128\" \"\\237\\160\\128\" \"\\244\\144\\128\\128\" "
                 "\"\\195\" 3600\n",
          "" },
        { "records that differ in the case of a name are one row",
          HEAD
          "a SVCB 1 Foo. key65000=A\na SVCB 1 Foo. key65000=a\na SVCB 1 foo. key65000=A\na SVCB 1 foo. "
          "key65000=a\n",
          NS SOA "a SVCB \\# 12 000103666f6f00fde8000141 3600\na SVCB \\# 12 000103666f6f00fde8000161 "
                 "3600\n",
          "" },
        { "types without a name there are looked up by number, those without one here by name",
          HEAD "a NSAP 0x47\nb TYPE65534 \\# 2 0A0B\nc TYPE65534 \\# 0\nd TYPE103 \\# 1 01\n",
          NS SOA "a TYPE22 \\# 1 47 3600\nb TYPE65534 \\# 2 0a0b 3600\nc TYPE65534 \\# 0 3600\nd UNSPEC "
                 "\\# 1 01 3600\n",
          "" },
        { "one TTL for an RRset", HEAD "a 5 A 192.0.2.1\na A 192.0.2.2\n",
          NS SOA "a A 192.0.2.1 5\na A 192.0.2.2 5\n", "" },
        { "records of DNSSEC are left out, but not a DS",
          HEAD "d NS ns.host.\nd DS 1 13 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\n"
               "@ RRSIG A 13 3 60 20360101000000 20261123035111 30826 @ AAAA\n@ NSEC a A\n",
          NS SOA "d DS 1 13 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac 3600\nd NS ns.host. 3600\n",
          "left out, so the zone is served unsigned: 2 RRsets (first: example.test. RRSIG); delegations, "
          "not answered with referrals: 1 RRset (first: d.example.test. NS)" },
        { "what the library does not read is left out, as an RRset",
          HEAD
          "a APL 1:192.0.2.0/24\nb HTTPS 1 . ipv6hint=::ffff:1.2.3.4\nb HTTPS 2 . port=53\nc TYPE65535 "
          "\\# 0\nd TYPE258 \\# 1 00\n",
          NS SOA, "left out, CoreDNS can't read such records: 4 RRsets (first: a.example.test. APL)" },
        { "wildcards that are not below the apex", HEAD "*.w A 192.0.2.1\n*.w AAAA ::1\n",
          "*.w A 192.0.2.1 3600\n*.w AAAA ::1 3600\n" NS SOA,
          "wildcards not directly below the apex, never matched: 2 RRsets (first: *.w.example.test. A)" },
        { "aliases that are not followed", HEAD "* CNAME x\nd DNAME X.\nw CNAME y.\n",
          "* CNAME x.example.test. 3600\n" NS SOA "d DNAME x. 3600\nw CNAME y. 3600\n",
          "wildcard CNAMEs, not followed: 1 RRset (first: *.example.test. CNAME); DNAMEs, not followed: 1 "
          "RRset (first: d.example.test. DNAME)" },
};

static void zones_become_rows(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_cleanup(result_done) Result r;

                make(&r, cases[i].zone, &wide);
                assert_int_equal(r.r, 0);
                assert_rows(cases[i].what, &r.rows, cases[i].rows);
                assert_string_equal(r.warning.text, cases[i].warning);
        }
}

static void a_column_without_utf8_gets_escapes(void **state) {
        DdnsCorednsLimits ascii = wide;
        ddns_cleanup(result_done) Result r;

        ascii.utf8 = false;
        make(&r, HEAD "t TXT \"\xc3\xbc\"\n", &ascii);
        assert_rows("escapes", &r.rows, NS SOA "t TXT \"\\195\\188\" 3600\n");
}

static void an_rrset_is_stored_whole_or_not_at_all(void **state) {
        static const char zone[] =
                        HEAD "a TXT \"12345678\"\na TXT \"123456789012345678901234567890123456789012345"
                             "6789012\"\na.bcdefgh A 192.0.2.1\nt TYPE65534 \\# 0\n";
        ddns_cleanup(result_done) Result r, s;
        DdnsCorednsLimits narrow = wide;

        narrow.data = 54; /* what the longer string needs, which is more than the SOA does */
        make(&r, zone, &narrow);
        assert_string_equal(r.warning.text, "");
        assert_int_equal(r.rows.n, 6);

        narrow = (DdnsCorednsLimits){ .hostname = 8, .type = 8, .data = 53, .utf8 = true };
        make(&s, zone, &narrow);
        assert_rows("too long", &s.rows, NS SOA);
        assert_string_equal(
                        s.warning.text,
                        "left out, longer than the column of host names: 1 RRset (first: "
                        "a.bcdefgh.example.test. A); left out, longer than the column of types: 1 RRset "
                        "(first: t.example.test. TYPE65534); left out, longer than the column of data: 1 "
                        "RRset (first: a.example.test. TXT)");
}

static void widths_are_in_characters(void **state) {
        DdnsCorednsLimits narrow = wide;

        narrow.data = 62;
        for (int euros = 60; euros <= 61; euros++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer zone = DDNS_BUFFER_NULL;
                ddns_cleanup(result_done) Result r;

                ddns_buffer_append_text(&zone, HEAD "t TXT \"");
                for (int i = 0; i < euros; i++)
                        ddns_buffer_append_text(&zone, "\xe2\x82\xac");
                ddns_buffer_append_text(&zone, "\"\n");
                make(&r, zone.data, &narrow);
                assert_int_equal(r.rows.n, euros == 60 ? 3 : 2);
        }
}

static void a_zone_without_soa_or_ns_is_not_stored(void **state) {
        ddns_cleanup(result_done) Result r, s;
        DdnsCorednsLimits narrow = wide;

        narrow.data = 20;
        make(&r, HEAD, &narrow);
        assert_int_equal(r.r, -EBADMSG);
        assert_string_equal(r.message.text, "SOA of the apex: left out, longer than the column of data");

        narrow.data = 60;
        make(&s,
             HEAD
             "@ NS a\na A 192.0.2.1\n@ NS a23456789012345678901234567890123456789012345678901234567890."
             "host.\n",
             &narrow);
        assert_int_equal(s.r, -EBADMSG);
        assert_string_equal(s.message.text, "NS of the apex: left out, longer than the column of data");
}

static void warnings_that_find_no_room_are_left_to_a_word(void **state) {
        ddns_cleanup(result_done) Result r;

        make(&r,
             HEAD
             "* CNAME x\n*.averyveryverylongowner-averyveryverylongowner.averyveryverylongowner A "
             "192.0.2.1\nd DNAME x\nns.averyveryverylongowner-averyveryverylongowner NS x.\n@ RRSIG A 13 "
             "3 60 20360101000000 20261123035111 30826 @ AAAA\na APL 1:192.0.2.0/24\n",
             &wide);
        assert_non_null(strstr(r.warning.text, "; and more"));
        assert_int_equal(strlen(strstr(r.warning.text, "; and more")), strlen("; and more"));
        assert_ptr_equal(strstr(r.warning.text, "left out, so the zone is served unsigned"),
                         r.warning.text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(zones_become_rows),
                cmocka_unit_test(a_column_without_utf8_gets_escapes),
                cmocka_unit_test(an_rrset_is_stored_whole_or_not_at_all),
                cmocka_unit_test(widths_are_in_characters),
                cmocka_unit_test(a_zone_without_soa_or_ns_is_not_stored),
                cmocka_unit_test(warnings_that_find_no_room_are_left_to_a_word),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
