/* SPDX-License-Identifier: MIT */
/* The zone check: what is refused and why, what becomes of the rest. Zones of example.test. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "accepted-zones.h"
#include "basic/buffer.h"
#include "test.h"
#include "zone/zone.h"

static const DdnsZoneLimits limits = { .max_records = 1000 };

static void accepted_zones_come_out_canonical(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
                ddns_cleanup(ddns_zone_done) DdnsZone zone = DDNS_ZONE_NULL;
                DdnsMessage message = DDNS_MESSAGE_NULL;

                if (ddns_zone_check("example.test", accepted[i].zone, strlen(accepted[i].zone), &limits,
                                    &zone, &message) < 0)
                        fail_msg("%s: %s", accepted[i].what, message.text);
                if (!accepted[i].text)
                        continue;
                assert_memory_equal(zone.text, SOA, strlen(SOA));
                if (strcmp(zone.text + strlen(SOA), accepted[i].text) != 0)
                        fail_msg("%s:\n%s\ninstead of\n%s", accepted[i].what, zone.text + strlen(SOA),
                                 accepted[i].text);
                assert_int_equal(zone.serial, 7);
                assert_int_equal(zone.size, strlen(zone.text));
        }
}

static void canonical_text_is_its_own_canonical_text(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
                ddns_cleanup(ddns_zone_done) DdnsZone once = DDNS_ZONE_NULL, twice = DDNS_ZONE_NULL;

                assert_int_equal(ddns_zone_check("example.test", accepted[i].zone,
                                                 strlen(accepted[i].zone), &limits, &once, NULL),
                                 0);
                assert_int_equal(ddns_zone_check("example.test", once.text, once.size, &limits, &twice,
                                                 NULL),
                                 0);
                assert_string_equal(once.text, twice.text);
                assert_memory_equal(once.digest, twice.digest, DDNS_DIGEST_SIZE);
        }
}

static const struct {
        const char *zone, *message;
} refused[] = {
        { "", "the zone has no SOA record" },
        { "\n\n   \n; x\n", "the zone has no SOA record" },
        { "<html><body>login</body></html>\n", "line 1: no record type" },
        { "<!DOCTYPE html>\n", "line 1: \"html>\" is no type" },
        { "$TTL 300\n@ NS ns.host.\n", "the zone has no SOA record" },
        { "$TTL 300\n@ SOA ns.host. h 7 1 2 3 4\n", "the zone has no NS record at its apex" },
        { "@ SOA ns.host. h 7 1 2 3 4\n",
          "the zone has no NS record at its apex" }, /* TTL: its own minimum */
        { "@ NS ns.host.\n", "line 1: no TTL" },
        { " A 192.0.2.1\n", "line 1: no owner name" },
        { HEAD "@ SOA ns.host. h 8 1 2 3 4\n", "line 4: more than one SOA at example.test" },
        { HEAD "x SOA ns.host. h 7 1 2 3 4\n", "line 4: an SOA below the apex at x.example.test" },
        { HEAD "www A 192.0.2.1\nwww CNAME @\n", "line 5: CNAME and other data at www.example.test" },
        { HEAD "@ CNAME x\n", "CNAME and other data at example.test" },
        { HEAD "a CNAME x\na CNAME y\n", "more than one CNAME at a.example.test" },
        { HEAD "a DNAME x\na DNAME y\n", "more than one DNAME at a.example.test" },
        { HEAD "*.a NS ns.host.\n", "NS or NSEC3 record of a wildcard" },
        { HEAD "a CNAME \"b.example.test.\"\n", "line 4: \"b.example.test.\" stands in quotes" },
        { HEAD "a A \"192.0.2.1\"\n", "stands in quotes" },
        { HEAD "\"a\" A 192.0.2.1\n", "line 4: the name \"a\" stands in quotes" },
        { HEAD "a A 1.2.3\n", "line 4: bad A record" },
        { HEAD "a A 192.0.2.1 192.0.2.2\n", "line 4: bad A record" },
        { HEAD "a A\n", "line 4: bad A record" },
        { HEAD "a BOGUS x\n", "line 4: \"BOGUS\" is no type" },
        { HEAD "a ANY x\n", "is no type" },
        { HEAD "a TYPE255 \\# 0\n", "is no type" },
        { HEAD "a OPT x\n", "is no type" },
        { HEAD "a MD b\n", "is no type" },
        { HEAD "a NXT b A\n", "is no type" },
        { HEAD "a NSAP-PTR b\n", "is no type" },
        { HEAD "a TYPE40 \\# 4 01020303\n", "is no type" }, /* SINK */
        { HEAD "a ATMA \\# 2 0139\n", "is no type" },
        { HEAD "a A6 \\# 3 80016100\n", "is no type" },
        { HEAD "a TYPE56 \\# 0\n", "line 4: bad TYPE56 record: its octets are no strings" },
        { HEAD "a TYPE56 \\# 3 036100\n", "its octets are no strings" },
        { HEAD "a TYPE258 \\# 3 016102\n", "line 4: bad TYPE258 record: its octets are no strings" },
        { HEAD "a TYPE57 \\# 4 00000305\n", "line 4: bad TYPE57 record: it is no key" },
        { HEAD "a TYPE57 \\# 5 00010305aa\n", "it is no key, or has flags" },
        { HEAD "a TYPE259 \\# 9 000000000000000000\n", "line 4: bad TYPE259 record: it is too short" },
        { HEAD "a TYPE259 \\# 10 00000000000000000001\n",
          "line 4: bad TYPE259 record: it is too short" },
        { HEAD "a TYPE260 \\# 1 0a\n", "line 4: bad TYPE260 record: its relay is not of its kind" },
        { HEAD "a TYPE260 \\# 3 0a0000\n", "its relay is not of its kind" },
        { HEAD "a TYPE260 \\# 5 0a01c00002\n", "its relay is not of its kind" },
        { HEAD "a TYPE260 \\# 2 0a03\n", "its relay is not of its kind" },
        { HEAD "a TYPE260 \\# 4 0a030161\n", "its relay is not of its kind" },
        { HEAD "a TYPE260 \\# 6 0a0301610000\n", "its relay is not of its kind" },
        { HEAD "a TYPE32768 \\# 4 00010d03\n",
          "line 4: bad TYPE32768 record: the digest is not as long" },
        { HEAD "a TYPE32768 \\# 5 00010d02aa\n", "the digest is not as long" },
        { HEAD "@ DS 1 13 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\n",
          "line 4: a DS record, which belongs" },
        { HEAD "@ CDS 1 13 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\n",
          "line 4: a CDS or CDNSKEY record" },
        { HEAD "@ NSEC3PARAM 2 0 1 -\n", "line 4: an NSEC3PARAM record with no hash that is known" },
        { HEAD "@ TYPE51 \\# 5 0003010400\n", "line 4: an NSEC3PARAM record with no hash" },
        { HEAD "u URI 10 1 http://x/\n", "line 4: the target of a URI record stands in quotes" },
        { HEAD "a MX \\# @uu\n", "line 4: \\# needs a number" },
        { HEAD "a TYPE65534 \\# 2 zz\n", "line 4: \\# needs a number" },
        { HEAD "a TYPE65534 \\# 2 aabbcc\n", "line 4: \\# needs a number" },
        { HEAD "a TYPE65534 \\# 99999999999999999999 aa\n", "line 4: \\# needs a number" },
        { HEAD "a TXT \\# 0\n", "line 4: bad TXT record" },
        { HEAD "a MX \\# 3 000102\n", "line 4: bad MX record" },
        { HEAD "a A \\# 3 000102\n", "line 4: bad A record" },
        { HEAD "a A \\# 5 c000020100\n", "line 4: bad A record: it has not the octets of its type" },
        { HEAD "a MX \\# 8 000a0178000178 00\n", "line 4: bad MX record: it has not the octets" },
        { HEAD "a NS \\# 2 c000\n", "line 4: bad NS record" },
        { HEAD "a CSYNC \\# 16 e3000203040400020002200100940020\n",
          "line 4: bad CSYNC record: it has no one reading" },
        { HEAD "a HTTPS \\# 8 0001000002000161\n", "line 4: bad HTTPS record" },
        { HEAD "a MX 10 \\# 0\n", "line 4: \\# stands within a record" },
        { "$TTL 1h\n@ SOA ns.host. h \\# 0 86400\n@ NS ns.host.\n",
          "line 2: \\# stands within a record" },
        { HEAD "a SVCB 2 x.y. port=53 key65000=\"a(b\"\n", "line 4: '(' is never closed" },
        { HEAD "a RRSIG A 13 3 60 20360101000000 2000000000000000000000 1 @ AAAA\n",
          "line 4: bad RRSIG record" },
        { HEAD "a CH A 192.0.2.1\n", "line 4: the class is not IN" },
        { HEAD "a 2147483648 A 192.0.2.1\n", "line 4: the TTL is above 2147483647" },
        { HEAD "a 99999999999999999999 A 192.0.2.1\n", "line 4: the TTL is above" },
        { "$TTL 4294967296\n", "line 1: the TTL is above" },
        { "$TTL\n", "line 1: $TTL needs one value" },
        { "$TTL x\n", "line 1: $TTL is no number" },
        { "$TTL 1h30\n", "line 1: $TTL is no number" },
        { HEAD "$INCLUDE /etc/passwd\n", "line 4: $INCLUDE is not accepted" },
        { HEAD "$include /etc/passwd\n", "line 4: $include is not accepted" },
        { HEAD "$GENERATE 1-9 h$ A 192.0.2.$\n", "line 4: $GENERATE is not accepted" },
        { HEAD "$ORIGIN\n", "line 4: $ORIGIN needs one value" },
        { HEAD "$X y\n", "line 4: unknown directive \"$X\"" },
        { HEAD "a TXT \"x\n", "line 4: a quoted string does not end on its line" },
        { HEAD "a TXT (\n\"x\"\n", "line 4: '(' is never closed" },
        { HEAD "a TXT \"x\" )\n", "line 4: ')' without '('" },
        { HEAD "a TXT x\ry\n", "line 4: a carriage return within the line" },
        { HEAD "a TXT \"\\25\"\n", "line 4: bad escape" },
        { HEAD "a TXT \"\\256\"\n", "line 4: bad escape" },
        { HEAD "a..b A 192.0.2.1\n", "line 4: \"a..b\" is no domain name" },
        { HEAD "@ NS ns\n", "line 4: the name server of this zone has no address in it" },
        { HEAD "@ NS ns\nx.ns A 192.0.2.1\n",
          "line 4: the name server of this zone has no address in it" },
        { HEAD "@ NS ns\nns CNAME x\nx A 192.0.2.1\n",
          "line 4: the name server of this zone is an alias" },
        { HEAD "@ NS ns.d\nd DNAME x\n", "line 4: the name server of this zone is an alias" },
        { HEAD "@ NS @\n", "line 4: the name server of this zone has no address in it" },
        { HEAD "a MX 65536 b\n", "line 4: bad MX record: \"65536\" can't stand there" },
        { HEAD "a MX -5 b\n", "line 4: bad MX record: \"-5\"" },
        { HEAD "a MX +5 b\n", "line 4: bad MX record: \"+5\"" },
        { HEAD "a CAA 256 issue x\n", "line 4: bad CAA record: \"256\"" },
        { HEAD "a SRV 1 65536 1 b\n", "line 4: bad SRV record: \"65536\"" },
        { HEAD "a TLSA 256 1 1 ab\n", "line 4: bad TLSA record: \"256\"" },
        { HEAD "a CERT 1 65536 1 AAAA\n", "line 4: bad CERT record: \"65536\"" },
        { HEAD "a CERT 1 1 256 AAAA\n", "line 4: bad CERT record: \"256\"" },
        { HEAD "a CSYNC 4294967296 1 A\n", "line 4: bad CSYNC record: \"4294967296\"" },
        { HEAD "a NSEC b A AAA\n", "line 4: bad NSEC record: \"AAA\"" },
        { HEAD "a NSEC b TYPE65536\n", "line 4: bad NSEC record: \"TYPE65536\"" },
        { HEAD "a NSEC b\n", "line 4: bad NSEC record: it names no type" },
        { HEAD "a RRSIG NOPE 13 3 60 20360101000000 20260101000000 1 @ AAAA\n",
          "line 4: bad RRSIG record: \"NOPE\"" },
        { HEAD "a RRSIG A 300 3 60 20360101000000 20260101000000 1 @ AAAA\n",
          "line 4: bad RRSIG record: \"300\"" },
        { HEAD "a RRSIG A 13 3 60 203601010000 20260101000000 1 @ AAAA\n",
          "line 4: bad RRSIG record: \"203601010000\"" },
        { HEAD "a RRSIG A 13 3 60 4294967296 20260101000000 1 @ AAAA\n",
          "line 4: bad RRSIG record: \"4294967296\"" },
        { HEAD "a RRSIG A 13 1 60 20360101000000 20260101000000 1 @ AAAA\n",
          "line 4: bad RRSIG record: fewer labels than its signer" },
        { HEAD "a TYPE65280# \\# 0\n", "is no type" },
        { HEAD "a SSHFP 1 2 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\n",
          "line 4: bad SSHFP record: the digest" },
        { HEAD "a SSHFP 1 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4\n",
          "line 4: bad SSHFP record: the digest" },
        { HEAD "d DS 1 13 2 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\n",
          "line 4: bad DS record: the digest" },
        { HEAD "d DS 1 13 4 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\n",
          "line 4: bad DS record: the digest" },
        { HEAD "a SSHFP \\# 3 010101\n", "line 4: bad SSHFP record: the digest" },
        { HEAD "@ ZONEMD 7 1 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\n",
          "line 4: bad ZONEMD record: the digest" },
        { HEAD "@ ZONEMD 7 1 9 ab\n", "line 4: bad ZONEMD record: the digest is too short" },
        { HEAD "a TLSA 1 1 1 abc\n", "line 4: bad TLSA record: half an octet" },
        { HEAD "a KEY 65535 3 5 AQPSKmynfzW4kyBv\n", "line 4: bad KEY record: its flags" },
        { HEAD "a X25 311\n", "line 4: bad X25 record" },
        { HEAD "a X25 31a1\n", "line 4: bad X25 record" },
        { HEAD "a NSAP 0x4\n", "line 4: bad NSAP record" },
        { HEAD "a NSAP 0x\n", "line 4: bad NSAP record" },
        { HEAD "a APL 1:192.0.2.0/33\n", "line 4: bad APL record" },
        { HEAD "a IPSECKEY 10- 3 2 b AAAA\n", "line 4: bad IPSECKEY record" },
        { HEAD "a IPSECKEY 10 3 256 b AAAA\n", "line 4: bad IPSECKEY record" },
        { HEAD "a WKS 192.0.2.1 6 smtp\n", "line 4: bad WKS record" },
        { HEAD "a WKS 192.0.2.1 tcp nothing\n", "line 4: bad WKS record" },
        { HEAD "a LOC 91 N 0 E 0m\n", "line 4: bad LOC record" },
        { HEAD "a LOC 0 60 N 0 E 0m\n", "line 4: bad LOC record" },
        { HEAD "a LOC 0 0 60 N 0 E 0m\n", "line 4: bad LOC record" },
        { HEAD "a LOC 90 0 1 N 0 E 0m\n", "line 4: bad LOC record" },
        { HEAD "a LOC 0 N 181 E 0m\n", "line 4: bad LOC record" },
        { HEAD "a LOC 0 N 0 E\n", "line 4: bad LOC record" },
        { HEAD "a LOC 0 0 1.2345 N 0 E 0m\n", "line 4: bad LOC record" },
        { HEAD "a LOC 0 N 0 E 42849673m\n", "line 4: bad LOC record" },
        { HEAD "a LOC 0 N 0 E 0m 90000001m\n", "line 4: bad LOC record" },
        { HEAD "a LOC 0 N 0 E 0m 1m 1m 1m 1m\n", "line 4: bad LOC record" },
        { HEAD "a NAPTR 1 1 \"u\" \"x\" \"y\" .\n", "line 4: bad NAPTR record: its regular expression" },
        { HEAD "a NAPTR 1 1 \"u\" \"x\" \"!(a)!\\\\2!\" .\n",
          "line 4: bad NAPTR record: its regular expression" },
        { HEAD "a NAPTR 1 1 \"u\" \"x\" \"!a!b!g\" .\n",
          "line 4: bad NAPTR record: its regular expression" },
        { HEAD "a NAPTR 1 1 \"u\" \"x\" \"!(a!b!\" .\n",
          "line 4: bad NAPTR record: its regular expression" },
        { HEAD "a NAPTR 1 1 \"u\" \"x\" \"!!b!\" .\n",
          "line 4: bad NAPTR record: its regular expression" },
        { HEAD "a SVCB 1 . dohpath=/q\n", "line 4: bad SVCB record: its parameters contradict" },
        { HEAD "a SVCB 1 . port=53 port=54\n", "line 4: bad SVCB record" },
        { HEAD "a SVCB 1 . port=53 port=53\n", "line 4: bad SVCB record" },
        { HEAD "a SVCB 0 b\"x\"\n", "line 4: bad SVCB record" },
        { HEAD "a TYPE65280\n", "line 4: bad TYPE65280 record: it has no data" },
        { HEAD "a APL 2-:2001:db8::/32\n", "line 4: bad APL record" },
        { HEAD "a SVCB 1 . key3\n", "line 4: bad SVCB record" },
        { HEAD "a SVCB 1 . key1=h2\n", "line 4: bad SVCB record" },
        { HEAD "a HTTPS 1 . mandatory=port\n", "line 4: bad HTTPS record: its parameters contradict" },
        { HEAD "a HTTPS 1 . no-default-alpn\n", "line 4: bad HTTPS record: its parameters contradict" },
        { "$TTL 300\n@ SOA ns.host. h 7 1x 2 3 4\n", "line 2: bad SOA record: \"1x\"" },
        { "$TTL 300\n@ SOA ns.host. h 7 1 2 3 300-\n", "line 2: bad SOA record: \"300-\"" },
        { "$TTL 300\n@ SOA ns.host. h 4294967296 1 2 3 4\n", "line 2: bad SOA record: \"4294967296\"" },
};

static void refusals_say_where_and_why(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                DdnsZone zone = { .serial = 42 };
                DdnsMessage message = DDNS_MESSAGE_NULL;
                int r = ddns_zone_check("example.test", refused[i].zone, strlen(refused[i].zone),
                                        &limits, &zone, &message);

                if (r != -EBADMSG || !strstr(message.text, refused[i].message))
                        fail_msg("%s\ngives %d, \"%s\" instead of \"%s\"", refused[i].zone, r,
                                 message.text, refused[i].message);
                assert_int_equal(zone.serial, 42);
        }
}

/* 254 strings of 255 octets and their quotes and blanks are 65,532 characters, to which the last one adds `length` + 3. */
static char *zone_of_64_kib(int length) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        size_t size;

        ddns_buffer_append_text(&b, HEAD "t TXT");
        for (int i = 0; i < 255; i++) {
                ddns_buffer_append_text(&b, " \"");
                for (int k = 0; k < (i < 254 ? 255 : length); k++)
                        ddns_buffer_append_byte(&b, 'a');
                ddns_buffer_append_byte(&b, '"');
        }
        ddns_buffer_append_byte(&b, '\n');
        char *text = ddns_buffer_take(&b, &size);
        assert_non_null(text);
        return text;
}

static void records_of_64_kib_are_whole_or_refused(void **state) {
        for (int length = 0; length < 3; length++) {
                ddns_cleanup(ddns_freep) char *text = zone_of_64_kib(length);
                ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;
                DdnsMessage message;
                int r = ddns_zone_check("example.test", text, strlen(text), &limits, &z, &message);

                if (length == 0) {
                        assert_int_equal(r, 0);
                        assert_non_null(strstr(z.text, strstr(text, "\"aaa")));
                } else {
                        assert_int_equal(r, -EBADMSG);
                        assert_non_null(strstr(message.text, "line 4: TXT record data longer"));
                }
        }
}

/* 127 records of two strings of 255 octets are 65,278 octets with the sizes before them, and the last one is `length` + 3. */
static void an_rrset_is_no_larger_than_a_message(void **state) {
        for (int length = 231; length <= 232; length++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
                ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;
                DdnsMessage message;

                ddns_buffer_append_text(&b, HEAD);
                for (int i = 0; i < 127; i++)
                        ddns_buffer_append_format(&b, "t TXT %0255d %0255d\n", i, i);
                ddns_buffer_append_format(&b, "t TXT %0*d\n", length, 0);
                int r = ddns_zone_check("example.test", b.data, b.size, &limits, &z, &message);
                assert_int_equal(r, length == 231 ? 0 : -EBADMSG);
                if (r < 0)
                        assert_non_null(strstr(message.text,
                                               "than fit into a message at t.example.test"));
        }
}

static void long_strings_and_names_meet_their_limits(void **state) {
        char zone[2048], string[300];
        DdnsMessage message;

        memset(string, 'a', sizeof string);
        for (int length = 255; length <= 256; length++) {
                ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;

                (void) snprintf(zone, sizeof zone, HEAD "t TXT \"%.*s\"\n", length, string);
                assert_int_equal(ddns_zone_check("example.test", zone, strlen(zone), &limits, &z,
                                                 &message),
                                 length == 255 ? 0 : -EBADMSG);
        }
        assert_non_null(strstr(message.text, "line 4: a string is longer than 255 octets"));
        for (int length = 63; length <= 64; length++) {
                ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;

                (void) snprintf(zone, sizeof zone, HEAD "%.*s A 192.0.2.1\n", length, string);
                assert_int_equal(ddns_zone_check("example.test", zone, strlen(zone), &limits, &z,
                                                 &message),
                                 length == 63 ? 0 : -EBADMSG);
        }
        (void) snprintf(zone, sizeof zone, HEAD "%.60s.%.60s.%.60s.%.60s A 192.0.2.1\n", string, string,
                        string, string);
        DdnsZone z = DDNS_ZONE_NULL;
        assert_int_equal(ddns_zone_check("example.test", zone, strlen(zone), &limits, &z, &message),
                         -EBADMSG);
}

static void parameters_full_of_escapes_do_not_end_the_program(void **state) {
        char value[240], zone[512];

        memset(value, '\xac', sizeof value);
        for (int size = 1; size <= (int) sizeof value; size++) {
                ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;

                (void) snprintf(zone, sizeof zone,
                                HEAD "h HTTPS 1 . alpn=\"h2,%.*s,h3\" ipv4hint=192.0.2.1\n", size,
                                value);
                (void) ddns_zone_check("example.test", zone, strlen(zone), &limits, &z, NULL);
        }
}

static void nul_octets_are_refused_with_their_line(void **state) {
        static const char zone[] = HEAD "f\0p A 192.0.2.1\n";
        DdnsZone z = DDNS_ZONE_NULL;
        DdnsMessage message;

        assert_int_equal(ddns_zone_check("example.test", zone, sizeof zone - 1, &limits, &z, &message),
                         -EBADMSG);
        assert_string_equal(message.text, "line 4: a NUL octet");
}

static void owners_outside_are_dropped_with_a_warning(void **state) {
        static const char zone[] =
                        HEAD "other.org. A 192.0.2.1\nmyexample.test. A 192.0.2.2\nb A 192.0.2.3\n";
        ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;

        assert_int_equal(ddns_zone_check("example.test", zone, sizeof zone - 1, &limits, &z, NULL), 0);
        assert_int_equal(z.n_dropped, 2);
        assert_string_equal(z.warning.text, "line 4: other.org. is outside the zone, left out");
        assert_string_equal(z.text, SOA NS "b.example.test.\t3600\tIN\tA\t192.0.2.3\n");
}

static void the_number_of_records_is_bounded(void **state) {
        static const char zone[] = HEAD "a A 192.0.2.1\n";
        const DdnsZoneLimits two = { .max_records = 2 };
        DdnsZone z = DDNS_ZONE_NULL;
        DdnsMessage message;

        assert_int_equal(ddns_zone_check("example.test", zone, sizeof zone - 1, &two, &z, &message),
                         -EBADMSG);
        assert_string_equal(message.text, "line 4: more than 2 records");
}

static void an_soa_without_ttl_or_dollar_ttl_gives_its_minimum_to_what_follows(void **state) {
        static const char zone[] =
                        "@ SOA ns.host. h 7 1 2 3 300\n@ NS ns.host.\na 5 A 192.0.2.1\nb A 192.0.2.2\n";
        ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;

        assert_int_equal(ddns_zone_check("example.test", zone, sizeof zone - 1, &limits, &z, NULL), 0);
        assert_non_null(strstr(z.text, "example.test.\t300\tIN\tSOA"));
        assert_non_null(strstr(z.text, "b.example.test.\t300\tIN\tA"));
}

static void the_serial_is_the_soas(void **state) {
        static const char zone[] = "$TTL 60\n@ NS ns.host.\n@ SOA ns.host. h 4294967295 1 2 3 4\n";
        ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;

        assert_int_equal(ddns_zone_check("example.test", zone, sizeof zone - 1, &limits, &z, NULL), 0);
        assert_int_equal(z.serial, UINT32_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accepted_zones_come_out_canonical),
                cmocka_unit_test(canonical_text_is_its_own_canonical_text),
                cmocka_unit_test(refusals_say_where_and_why),
                cmocka_unit_test(an_rrset_is_no_larger_than_a_message),
                cmocka_unit_test(long_strings_and_names_meet_their_limits),
                cmocka_unit_test(records_of_64_kib_are_whole_or_refused),
                cmocka_unit_test(parameters_full_of_escapes_do_not_end_the_program),
                cmocka_unit_test(nul_octets_are_refused_with_their_line),
                cmocka_unit_test(owners_outside_are_dropped_with_a_warning),
                cmocka_unit_test(the_number_of_records_is_bounded),
                cmocka_unit_test(an_soa_without_ttl_or_dollar_ttl_gives_its_minimum_to_what_follows),
                cmocka_unit_test(the_serial_is_the_soas),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
