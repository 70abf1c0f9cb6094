/* SPDX-License-Identifier: MIT */
/* The rows that PowerDNS gets of a zone. Zones of example.test, through the zone check; rows as "name|type|content|prio|auth|
 * ordername". What PowerDNS makes of them is test-backend-powerdns.c's business. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "basic/buffer.h"
#include "deliver/powerdns-rows.h"
#include "test.h"
#include "zone/zone.h"

#define HEAD  "$TTL 60\n@ SOA ns.Host. h.x 7 1 2 3 4\n@ NS ns.host.\n"
#define SOA   "example.test|SOA|ns.Host h.x.example.test 7 1 2 3 4|0|1|"
#define NS    "example.test|NS|ns.host|0|1|"
#define FIRST SOA "-\n" NS "-\n"

static const DdnsPowerdnsLimits wide = { 255, 10, 64000, 255 };

typedef struct Result {
        int error;
        DdnsSqlRows records, metadata;
        DdnsMessage warning, message;
        char *text;
} Result;

static void result_done(Result *r) {
        ddns_sql_rows_done(&r->records);
        ddns_sql_rows_done(&r->metadata);
        free(r->text);
}

static void append_cell(DdnsBuffer *b, const DdnsSqlRow *row, size_t cell, const char *null) {
        if (row->cells[cell].text)
                ddns_buffer_append(b, row->cells[cell].text, row->cells[cell].size);
        else
                ddns_buffer_append_text(b, null);
}

static char *print(const Result *r) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        static const size_t cells[] = { 0, 1, 2, 4, 7, 6 };

        for (size_t i = 0; i < r->records.n; i++)
                for (size_t k = 0; k < ARRAY_SIZE(cells); k++) {
                        append_cell(&b, &r->records.rows[i], cells[k], "-");
                        ddns_buffer_append_byte(&b, k + 1 < ARRAY_SIZE(cells) ? '|' : '\n');
                }
        for (size_t i = 0; i < r->metadata.n; i++) {
                append_cell(&b, &r->metadata.rows[i], 0, "-");
                ddns_buffer_append_byte(&b, '=');
                append_cell(&b, &r->metadata.rows[i], 1, "-");
                ddns_buffer_append_byte(&b, '\n');
        }
        return ddns_buffer_take(&b, NULL);
}

static void make(const char *zone, const DdnsPowerdnsLimits *limits, Result *ret) {
        static const DdnsZoneLimits zone_limits = { .max_records = 1000 };
        ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;
        DdnsMessage message;

        *ret = (Result){ 0 };
        if (ddns_zone_check("example.test", zone, strlen(zone), &zone_limits, &z, &message) < 0)
                fail_msg("%s: %s", zone, message.text);
        ret->error = ddns_powerdns_rows("example.test", z.text, limits, &ret->records, &ret->metadata,
                                        &ret->warning, &ret->message);
        ret->text = print(ret);
        assert_non_null(ret->text);
}

static void check(const char *what, const char *zone, const DdnsPowerdnsLimits *limits, const char *text,
                  const char *warning) {
        ddns_cleanup(result_done) Result r;

        make(zone, limits, &r);
        if (r.error != 0)
                fail_msg("%s: %s", what, r.message.text);
        if (strcmp(r.text, text) != 0)
                fail_msg("%s:\n%s\ninstead of\n%s", what, r.text, text);
        assert_string_equal(r.warning.text, warning);
}

static const struct {
        const char *rdata, *type, *content, *prio;
} contents[] = {
        { "A 192.0.2.1", "A", "192.0.2.1", "0" },
        { "AAAA 2001:DB8:0:0::1", "AAAA", "2001:db8::1", "0" },
        { "CNAME Mail", "CNAME", "Mail.example.test", "0" },
        { "CNAME z\\.z.\\\\b.q\\\"q.\\$x.a\\032b.\\200.", "CNAME", "z\\.z.\\\\b.q\"q.$x.a\\032b.\\200",
          "0" },
        { "MX 10 mail", "MX", "mail.example.test", "10" },
        { "MX 0 .", "MX", ".", "0" },
        { "SRV 10 60 5060 sip.", "SRV", "60 5060 sip", "10" },
        { "TXT a\\\"b \"c;d\\\\\" \\200", "TXT", "\"a\\034b\" \"c;d\\092\" \"\\200\"", "0" },
        { "NAPTR 1 2 \"S s\" \"\" \"!^.*$!s!\" x.", "NAPTR", "1 2 \"S s\" \"\" \"!^.*$!s!\" x", "0" },
        { "CAA 0 issue \"ca;x\"", "CAA", "0 issue \"ca;x\"", "0" },
        { "RP a. b.", "RP", "a b", "0" },
        { "AFSDB 1 h.", "AFSDB", "1 h", "0" },
        { "KX 1 h.", "KX", "1 h", "0" },
        { "LP 1 h.", "LP", "1 h", "0" },
        { "CERT PKIX 2 RSASHA1 AQPS", "CERT", "1 2 5 AQPS", "0" },
        { "CERT 1000 2 5 AQPS", "CERT", "1000 2 5 AQPS", "0" },
        { "LOC 51 6 0.123 N 5 54 0.000 E 4.00m 1.00m 10000.00m 10.00m", "LOC",
          "51 6 0.123 N 5 54 0.000 E 4.00m 1.00m 10000.00m 10.00m", "0" },
        { "APL 1:192.0.2.0/24 !2:2001:db8::/32", "APL", "1:192.0.2.0/24 !2:2001:db8::/32", "0" },
        { "IPSECKEY 10 1 2 192.0.2.1 AQNR", "IPSECKEY", "10 1 2 192.0.2.1 AQNR", "0" },
        { "IPSECKEY 10 3 2 gw. AQNR", "IPSECKEY", "10 3 2 gw AQNR", "0" },
        { "IPSECKEY 10 0 2 . AQNR", "IPSECKEY", "10 0 2 AQNR", "0" },
        { "CSYNC 66 3 A HIP TYPE65280", "CSYNC", "66 3 A TYPE55 TYPE65280", "0" },
        { "HTTPS 1 Foo. alpn=h2 ech=AAAA key65000=a", "HTTPS",
          "1 Foo alpn=h2 ech=\"AAAA\" key65000=\"a\"", "0" },
        { "SVCB 0 .", "SVCB", "0 .", "0" },
        { "SVCB 1 . key65001", "SVCB", "1 . key65001=\"\"", "0" },
        { "SVCB 1 . key7=/q{?dns}", "SVCB", "1 . key7=\"/q{?dns}\"", "0" },
        { "TYPE65534 \\# 2 0A0b", "TYPE65534", "\\# 2 0a0b", "0" },
        { "TYPE65400 \\# 1 00", "ADDR", "\\# 1 00", "0" },
        { "X25 \"3110\"", "TYPE19", "\\# 5 0433313130", "0" },
        { "RT 2 h.", "TYPE21", "\\# 5 0002016800", "0" },
        { "WKS 192.0.2.1 TCP 25", "TYPE11", "\\# 9 c00002010600000040", "0" },
};

static void content_is_as_powerdns_writes_it(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
                char zone[512], text[512];

                (void) snprintf(zone, sizeof zone, HEAD "a %s\n", contents[i].rdata);
                (void) snprintf(text, sizeof text, FIRST "a.example.test|%s|%s|%s|1|-\n",
                                contents[i].type, contents[i].content, contents[i].prio);
                check(contents[i].rdata, zone, &wide, text, "");
        }
}

static const struct {
        const char *what, *zone, *text;
} zones[] = {
        { "names as PowerDNS asks for them",
          HEAD "\\$y A 192.0.2.1\nz\\.z A 192.0.2.1\nq\\\\\\032\\200 A 192.0.2.1\n*.W A 192.0.2.1\n",
          FIRST "$y.example.test|A|192.0.2.1|0|1|-\nq\\\\\\032\\200.example.test|A|192.0.2.1|0|1|-\n"
                "w.example.test|-|-|-|1|-\n*.w.example.test|A|192.0.2.1|0|1|-\n"
                "z\\.z.example.test|A|192.0.2.1|0|1|-\n" },
        { "empty non-terminals, each once",
          HEAD "d.c.b A 192.0.2.1\ne.c.b A 192.0.2.1\nc.bb A 192.0.2.1\n",
          FIRST "b.example.test|-|-|-|1|-\nc.b.example.test|-|-|-|1|-\n"
                "d.c.b.example.test|A|192.0.2.1|0|1|-\ne.c.b.example.test|A|192.0.2.1|0|1|-\n"
                "bb.example.test|-|-|-|1|-\nc.bb.example.test|A|192.0.2.1|0|1|-\n" },
        { "an escaped dot parts no labels", HEAD "b A 192.0.2.1\na\\.b A 192.0.2.1\n",
          FIRST "a\\.b.example.test|A|192.0.2.1|0|1|-\nb.example.test|A|192.0.2.1|0|1|-\n" },
        { "delegations and what is below them",
          HEAD "s NS n.x.s\ns DS 1 13 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\ns TXT t\n"
               "n.x.s A 192.0.2.1\nt.s NS ns.host.\nso A 192.0.2.1\n",
          FIRST "s.example.test|NS|n.x.s.example.test|0|0|-\ns.example.test|TXT|\"t\"|0|0|-\n"
                "s.example.test|DS|1 13 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac|0|1|-\n"
                "t.s.example.test|NS|ns.host|0|0|-\nx.s.example.test|-|-|-|0|-\n"
                "n.x.s.example.test|A|192.0.2.1|0|0|-\nso.example.test|A|192.0.2.1|0|1|-\n" },
};

static void names_cuts_and_empty_nonterminals(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(zones); i++)
                check(zones[i].what, zones[i].zone, &wide, zones[i].text, "");
}

static const struct {
        const char *zone, *text, *warning;
} left_out[] = {
        { HEAD "a TYPE65402 \\# 1 00\n", FIRST "a.example.test|-|-|-|1|-\n",
          "left out: a.example.test. TYPE65402 (a type that PowerDNS does not just serve)" },
        { HEAD "a TYPE65401 \\# 1 00\na A 192.0.2.1\n", FIRST "a.example.test|A|192.0.2.1|0|1|-\n",
          "left out: a.example.test. TYPE65401 (a type that PowerDNS does not just serve)" },
        { HEAD "a IPSECKEY 10 3 0 gw. AQNR\nb IPSECKEY 10 0 3 . AQNR\n",
          FIRST "a.example.test|-|-|-|1|-\nb.example.test|-|-|-|1|-\n",
          "left out: a.example.test. IPSECKEY (PowerDNS has no text for it), and 1 more" },
        { HEAD "a APL 1:192.0.2.0/24\na APL\n", FIRST "a.example.test|-|-|-|1|-\n",
          "left out: a.example.test. APL (PowerDNS has no text for it)" }, /* the whole RRset */
        { HEAD "a LOC 51 N 5 W 0m 90000000m\n", FIRST "a.example.test|-|-|-|1|-\n",
          "left out: a.example.test. LOC (PowerDNS has no text for it)" },
        { HEAD "a HTTPS 0 . port=1\n", FIRST "a.example.test|-|-|-|1|-\n",
          "left out: a.example.test. HTTPS (PowerDNS has no text for it)" },
        { HEAD "a APL 1:192.0.2.1/24\n", FIRST "a.example.test|-|-|-|1|-\n",
          "left out: a.example.test. APL (PowerDNS has no text for it)" },
        { HEAD "a SVCB 1 . alpn=\"a\\\\,b\"\n", FIRST "a.example.test|-|-|-|1|-\n",
          "left out: a.example.test. SVCB (PowerDNS has no text for it)" },
        { HEAD "@ DNSKEY 256 3 13 AQPS\n@ RRSIG SOA 13 2 60 20360101000000 20261123035111 1 @ AAAA\n",
          FIRST,
          "left out: example.test. RRSIG (the zone has neither NSEC nor NSEC3 records), and 1 more" },
};

static void what_powerdns_cannot_serve_is_left_out_with_a_warning(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
                check(left_out[i].zone, left_out[i].zone, &wide, left_out[i].text, left_out[i].warning);
}

static void what_is_too_long_is_left_out_or_refused(void **state) {
        const DdnsPowerdnsLimits narrow = { 20, 6, 40, 255 };
        ddns_cleanup(result_done) Result r;

        check("long name", HEAD "b.aaaaaaaa A 192.0.2.1\nc A 192.0.2.1\n", &narrow,
              FIRST "c.example.test|A|192.0.2.1|0|1|-\n",
              "left out: b.aaaaaaaa.example.test. A (the name is longer than its column)");
        check("long content",
              HEAD "a TXT 0123456789012345678901234567890123456789\na TXT b\na A 192.0.2.1\n", &narrow,
              FIRST "a.example.test|A|192.0.2.1|0|1|-\n",
              "left out: a.example.test. TXT (the content is longer than its column)");
        check("long type", HEAD "a TYPE65280 \\# 1 00\n", &narrow, FIRST "a.example.test|-|-|-|1|-\n",
              "left out: a.example.test. TYPE65280 (the type is longer than its column)");
        make("@ 60 SOA ns.host. hhhhhhhhhhhhhhhhhhhhhhhhhhh 7 1 2 3 4\n@ 60 NS ns.host.\n", &narrow, &r);
        assert_int_equal(r.error, -EBADMSG);
        assert_string_equal(r.message.text, "PowerDNS can't serve the zone's own SOA (the content is "
                                            "longer than its column)");
}

/* ---- signed zones; nobody looks at the signatures here ---- */

#define SIG(name, type) name " RRSIG " type " 13 2 60 20360101000000 20261123035111 1 @ AAAA\n"
#define SIG_ROW(name, type) \
        name "|RRSIG|" type " 13 2 60 20360101000000 20261123035111 1 example.test AAAA|0|1|-\n"

#define NSEC_ZONE                                                                                          \
        HEAD SIG("@", "SOA") SIG(                                                                          \
                        "@",                                                                               \
                        "NSEC") "@ NSEC b.a.example.test. NS SOA RRSIG NSEC\n"                             \
                                "b.a A 192.0.2.1\nb.a NSEC s.example.test. A RRSIG NSEC\n"                 \
                                "s NS n.s\nn.s A 192.0.2.1\ns NSEC *.w.example.test. NS RRSIG NSEC\n" SIG( \
                                                "s",                                                       \
                                                "NSEC") "*.w A 192.0.2.1\n*.w NSEC example.test. A RRSIG NSEC\n"

static void a_zone_with_nsec_gets_its_order(void **state) {
        check("NSEC", NSEC_ZONE, &wide,
              SOA "\n" NS "\n" SIG_ROW("example.test", "SOA") SIG_ROW(
                              "example.test", "NSEC") "a.example.test|-|-|-|1|-\n"
                                                      "b.a.example.test|A|192.0.2.1|0|1|a b\n"
                                                      "s.example.test|NS|n.s.example.test|0|0|s\n"
                                                      "s.example.test|RRSIG|NSEC 13 2 60 20360101000000 "
                                                      "20261123035111 1 example.test AAAA|0|0|-\n"
                                                      "n.s.example.test|A|192.0.2.1|0|0|-\n"
                                                      "w.example.test|-|-|-|1|-\n"
                                                      "*.w.example.test|A|192.0.2.1|0|1|w *\n"
                                                      "PRESIGNED=1\n",
              "");
}

/* Of example.test, a.example.test and b.a.example.test, with salt aabb and 3 iterations. */
#define APEX "hlapcpqldrscc7tu3bocnri0pr4998kp"
#define A    "4o7oh8n3plfejiqdv1p8tbskg8n9iaa4"
#define BA   "hjnfa8kjp27tqh7b57l132rn0liud81d"

static void a_zone_with_nsec3_gets_hashes_and_parameters(void **state) {
        check("NSEC3",
              HEAD "@ NSEC3PARAM 1 0 3 aabb\nb.a A 192.0.2.1\n" A " NSEC3 1 0 3 aabb " BA "\n" BA
                   " NSEC3 1 0 3 aabb " APEX " A RRSIG\n" APEX " NSEC3 1 0 3 aabb " A
                   " NS SOA RRSIG NSEC3PARAM\n" SIG(APEX, "NSEC3"),
              &wide,
              SOA APEX
              "\n" NS APEX "\na.example.test|-|-|-|1|" A "\nb.a.example.test|A|192.0.2.1|0|1|" BA
              "\n" SIG_ROW(APEX ".example.test", "NSEC3") "PRESIGNED=1\nNSEC3PARAM=1 0 3 aabb\n",
              "");
}

static void opted_out_names_have_no_order(void **state) {
        check("opt-out",
              HEAD "@ NSEC3PARAM 1 0 3 aabb\nb.a NS ns.host.\n" APEX " NSEC3 1 1 3 aabb " APEX
                   " NS SOA RRSIG NSEC3PARAM\n" SIG(APEX, "NSEC3"),
              &wide,
              SOA APEX
              "\n" NS APEX "\na.example.test|-|-|-|0|-\nb.a.example.test|NS|ns.host|0|0|-\n" SIG_ROW(
                              APEX ".example.test", "NSEC3") "PRESIGNED=1\nNSEC3PARAM=1 1 3 aabb\n",
              "PowerDNS has no proof that a name below a.example.test. does not exist: all delegations there opted "
              "out of NSEC3");
}

static void the_operators_metadata_is_not_ours(void **state) {
        static const struct {
                const char *kind;
                bool ours;
        } kinds[] = { { "PRESIGNED", true },        { "NSEC3PARAM", true },      { "NSEC3NARROW", true },
                      { "ALLOW-AXFR-FROM", false }, { "NSEC3PARAMETER", false }, { "", false } };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                const DdnsSqlRow row = { .cells = { ddns_mysql_text(kinds[i].kind) } };

                assert_int_equal(ddns_powerdns_owns_metadata(&row), kinds[i].ours);
        }
        assert_false(ddns_powerdns_owns_metadata(&(DdnsSqlRow){ 0 }));
}

static const struct {
        const char *zone, *message;
} broken[] = {
        { HEAD "@ NSEC example.test. NS SOA RRSIG NSEC\na TYPE65402 \\# 1 00\n",
          "PowerDNS can't serve a.example.test. TYPE65402 (a type that PowerDNS does not just serve), "
          "and a signed zone must be whole" },
        { HEAD
          "@ NSEC A.example.test. NS SOA RRSIG NSEC\na A 192.0.2.1\na NSEC example.test. A RRSIG NSEC\n",
          "an NSEC record with capital letters points to the name at a.example.test." },
        { HEAD
          "@ NSEC b.example.test. NS SOA RRSIG NSEC\na A 192.0.2.1\na NSEC example.test. A RRSIG NSEC\n",
          "the NSEC record before does not point to the name at a.example.test." },
        { HEAD
          "@ NSEC a.example.test. NS SOA RRSIG NSEC\na A 192.0.2.1\na NSEC a.example.test. A RRSIG NSEC\n",
          "the last NSEC record does not point to the apex" },
        { HEAD "a A 192.0.2.1\na NSEC example.test. A RRSIG NSEC\n",
          "there is no NSEC record at example.test." },
        { HEAD "@ NSEC example.test. NS SOA MX RRSIG NSEC\n", "lists other types than there are" },
        { HEAD "@ NSEC example.test. SOA RRSIG NSEC\n", "lists other types than there are" },
        { HEAD "@ NSEC example.test. NS SOA NSEC\n", "lists other types than there are" },
        { HEAD "@ NSEC a\\.b.example.test. NS SOA RRSIG NSEC\na\\.b A 192.0.2.1\n"
               "a\\.b NSEC example.test. A RRSIG NSEC\n",
          "it sorts odd names otherwise" },
        { HEAD "@ NSEC example.test. NS SOA RRSIG NSEC\n"
               "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
          "both NSEC and NSEC3" },
        { HEAD "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
          "NSEC3 records, but no NSEC3PARAM" },
        { HEAD "@ NSEC3PARAM 1 0 0 -\n@ NSEC3PARAM 1 0 1 -\n"
               "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
          "more than one NSEC3PARAM" },
        { HEAD "@ NSEC3PARAM 1 0 501 -\n"
               "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 501 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
          "more than 500 iterations" },
        { HEAD "@ NSEC3PARAM 1 0 1 -\n"
               "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
          "an NSEC3 record with other parameters" },
        { HEAD "@ NSEC3PARAM 1 0 0 -\n"
               "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
          "an NSEC3 record of no name in the zone" },
        { HEAD "@ NSEC3PARAM 1 0 0 -\n"
               "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 1p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
          "the next NSEC3 record is missing" },
        { HEAD "@ NSEC3PARAM 1 0 0 -\n"
               "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 0 - 1p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
               "1p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 1 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
          "with and without opt-out" },
        { HEAD "@ NSEC3PARAM 1 0 0 -\nxyz NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
          "whose owner is no hash" },
};

static void signed_zones_that_powerdns_would_answer_bogus_are_refused(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
                ddns_cleanup(result_done) Result r;

                make(broken[i].zone, &wide, &r);
                if (r.error != -EBADMSG || !strstr(r.message.text, broken[i].message))
                        fail_msg("%s\ngives %d, \"%s\" instead of \"%s\"", broken[i].zone, r.error,
                                 r.message.text, broken[i].message);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(content_is_as_powerdns_writes_it),
                cmocka_unit_test(names_cuts_and_empty_nonterminals),
                cmocka_unit_test(what_powerdns_cannot_serve_is_left_out_with_a_warning),
                cmocka_unit_test(what_is_too_long_is_left_out_or_refused),
                cmocka_unit_test(a_zone_with_nsec_gets_its_order),
                cmocka_unit_test(a_zone_with_nsec3_gets_hashes_and_parameters),
                cmocka_unit_test(opted_out_names_have_no_order),
                cmocka_unit_test(signed_zones_that_powerdns_would_answer_bogus_are_refused),
                cmocka_unit_test(the_operators_metadata_is_not_ours),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
