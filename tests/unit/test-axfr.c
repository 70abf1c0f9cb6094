/* SPDX-License-Identifier: MIT */
/* Zone transfers from a real named: what was pushed comes back as it was. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "accepted-zones.h"
#include "basic/buffer.h"
#include "basic/clock.h"
#include "daemon.h"
#include "dns/axfr.h"
#include "named.h"
#include "test.h"
#include "zone/zone.h"

#define N_LARGE  100000
#define TYPES_AT 100 /* z0 … are the accepted zones, z100 … one for each of these */

static const DdnsZoneLimits zone_limits = { .max_records = N_LARGE + 100 };
static const DdnsAxfrLimits limits = { .silence_usec = 10 * USEC_PER_SEC,
                                       .total_usec = 60 * USEC_PER_SEC,
                                       .max_size = 64 << 20 };

#define HEX32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* Records of every type that the zone check and named both know. */
static const char *const types[] = {
        "a A 192.0.2.1\n",
        "a AAAA 2001:db8::1\n",
        "a AAAA ::ffff:192.0.2.1\n",
        "a AFSDB 1 Mixed.Case\n",
        "a TYPE260 \\# 2 0a00\n",
        "a APL 1:192.0.2.0/24 !2:2001:db8::/32\n",
        "a CAA 0 iodef \"mailto:a@b;c\\\"d\\\\e\"\n",
        "a CERT PGP 1 13 AAECAwQFBgcICQ==\n",
        "a CNAME Target.Example.\n",
        "@ CSYNC 66 3 A NS AAAA\n",
        "a DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=\n",
        "a DNAME target\n",
        "@ DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==\n",
        "@ DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==\n"
        "@ CDS 1 13 2 " HEX32 "\n"
        "@ CDNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==\n",
        "d NS ns.host.\nd DS 1 13 2 " HEX32 "\n",
        "a EUI48 00-00-5e-00-53-2a\n",
        "a EUI64 00-00-5e-ef-10-00-00-2a\n",
        "a GPOS 10.0 20.0 30.0\n",
        "a HINFO \"i 3\\\"86\" \"Linux;x\"\n",
        "a HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cI rvs1 rvs2.x.\n",
        "a HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2 port=8443\n",
        "a HTTPS 0 svc\n",
        "a IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==\n",
        "a IPSECKEY 10 3 2 gw AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==\n",
        "a IPSECKEY 10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==\n",
        "a ISDN \"150862028003217\" \"004\"\n",
        "a KX 10 kx\n",
        "a L32 10 10.1.2.0\n",
        "a L64 10 2001:0DB8:1140:1000\n",
        "a LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m\n",
        "a LOC 10 0 0.123 S 20 1 2.5 W 100m 1m 100m 1m\n",
        "a LP 10 l64\n",
        "a MB b\n",
        "a MG b\n",
        "a MINFO r e\n",
        "a MR b\n",
        "a MX 10 mail\na MX 20 .\n",
        "mail A 192.0.2.1\n@ MX 10 Mail\n@ MX 20 mAIL\n@ MX 30 x.TEST.\n@ MX 40 X.test.\nx CNAME MAIL\n",
        "a NAPTR 100 10 \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@x!i\" .\n",
        "a NAPTR 100 50 \"s\" \"z3950+I2L\" \"\" _z._tcp.gatech.edu.\n",
        "a NID 10 0014:4fff:ff20:ee64\n",
        "a NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00\n",
        "a NSEC b A MX RRSIG NSEC TYPE1234\n",
        "@ NSEC3PARAM 1 0 12 AABBCCDD\n",
        "@ NSEC3PARAM 1 0 0 -\n",
        "a OPENPGPKEY AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==\n",
        "a PTR host\n",
        "a PX 10 map822 mapx400\n",
        "a RP mbox txt\n",
        "a RRSIG A 13 3 60 20360101000000 20261123035111 30826 @ AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==\n",
        "a RT 10 relay\n",
        "a SMIMEA 3 1 1 " HEX32 "\n",
        "a SPF \"v=spf1 -all\"\n",
        "_x._tcp SRV 1 2 3 host\n",
        "a SSHFP 4 2 " HEX32 "\n",
        "a SVCB 16 foo.example.org. alpn=h2,h3 mandatory=alpn,ipv4hint ipv4hint=192.0.2.1\n",
        "a SVCB 1 foo key667=hello\n",
        "_443._tcp TLSA 3 1 1 " HEX32 "\n",
        "a TXT \"a\" \"\" \"b;c(d)\\\"e\\\\f\\000\\255\"\n",
        "a URI 10 1 \"https://x/?a=\\\"b;c\"\n",
        "a X25 \"311061700956\"\n",
        "@ ZONEMD 7 1 1 " HEX32 "00112233445566778899aabbccddeeff\n",
        "a TYPE65281 \\# 3 00ff10\n",
        "*.w A 192.0.2.1\n*.w MX 1 *.v\n",
        "odd\\.dot\\@at\\\"q\\\\b\\000n\\255 TXT x\n",
        "xn--bcher-kva A 192.0.2.1\nUPPER A 192.0.2.2\n_under A 192.0.2.3\n",
        "t 0 A 192.0.2.1\nu 2147483647 A 192.0.2.2\n",
};

typedef struct Fixture {
        Named named;
        bool is_there;
        DdnsBuffer config;
} Fixture;

#define REQUIRE_NAMED(f)            \
        do {                        \
                if (!(f)->is_there) \
                        skip();     \
        } while (0)

static DdnsHmacKey make_key(const char *name, const char *algorithm, const char *secret) {
        ddns_cleanup(ddns_freep) char *text = NULL;
        DdnsHmacKey key;

        assert_true(asprintf(&text, "key \"%s\" { algorithm %s; secret \"%s\"; };", name, algorithm,
                             secret) > 0);
        assert_int_equal(ddns_hmac_key_parse(text, &key, NULL), 0);
        return key;
}

/* The text with another apex. */
static char *moved(const char *text, const char *zone) {
        static const char old[] = "example.test";
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        const char *p;

        for (; (p = strstr(text, old)); text = p + strlen(old)) {
                ddns_buffer_append(&b, text, (size_t) (p - text));
                ddns_buffer_append_text(&b, zone);
        }
        ddns_buffer_append_text(&b, text);
        char *result = ddns_buffer_take(&b, NULL);
        assert_non_null(result);
        return result;
}

static void check(const char *zone, const char *text, size_t size, DdnsZone *ret) {
        DdnsMessage message = DDNS_MESSAGE_NULL;

        if (ddns_zone_check(zone, text, size, &zone_limits, ret, &message) < 0)
                fail_msg("%s: %s\n%.400s", zone, message.text, text);
}

static void add_zone(Fixture *f, const char *zone, const char *text, const char *options) {
        char file[64];

        (void) snprintf(file, sizeof file, "zones/%s.db", zone);
        if (text)
                daemon_write_file(f->named.root, file, text);
        ddns_buffer_append_format(&f->config,
                                  "zone \"%s\" { type primary; file \"%s\"; check-names ignore; %s };\n",
                                  zone, file, options);
}

/* As a push would come to named: through the zone check. */
static void add_pushed(Fixture *f, const char *zone, const char *text, const char *options) {
        ddns_cleanup(ddns_freep) char *own = moved(text, zone);
        ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;

        check(zone, own, strlen(own), &z);
        add_zone(f, zone, z.text, options);
}

static void type_zone(size_t i, char zone[32], char text[1024]) {
        (void) snprintf(zone, 32, "z%zu.test", TYPES_AT + i);
        (void) snprintf(text, 1024, HEAD "%s", types[i]);
}

static const struct {
        const char *name, *algorithm, *secret;
} keys[] = {
        { "md5.key", "hmac-md5", "c2VjcmV0IG51bWJlciBvbmU=" },
        { "sha1.key", "hmac-sha1", "c2VjcmV0IG51bWJlciB0d28=" },
        { "sha224.key", "hmac-sha224", "c2VjcmV0IG51bWJlciAz" },
        { "sha256.key", "hmac-sha256", "dGhpcyBpcyBub3QgYSBzZWNyZXQgYXQgYWxsISEhIQ==" },
        { "sha384.key", "hmac-sha384", "c2VjcmV0IG51bWJlciA1" },
        { "Mixed.SHA512", "hmac-sha512", "c2VjcmV0IG51bWJlciA2" },
};

static void add_large(Fixture *f) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        ddns_buffer_append_text(&b, HEAD);
        for (unsigned i = 0; i < N_LARGE; i++)
                ddns_buffer_append_format(&b, "h%u A 10.%u.%u.%u\n", i, i >> 16, i >> 8 & 255, i & 255);
        add_pushed(f, "large.test", b.data, "");
        add_pushed(f, "large-signed.test", b.data, "allow-transfer { key sha256.key; };");
}

/* As much as a record may have in a message, with its owner, the header and the question. */
static char *long_record(const char *type) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        ddns_buffer_append_format(&b, HEAD "t %s", type);
        if (strcmp(type, "TXT") == 0)
                for (unsigned i = 0; i < 254; i++)
                        ddns_buffer_append_format(&b, " \"%0255u\"", i);
        else
                ddns_buffer_append_format(&b, " %048000u", 0);
        ddns_buffer_append_byte(&b, '\n');
        char *text = ddns_buffer_take(&b, NULL);
        assert_non_null(text);
        return text;
}

static const char *const long_types[] = { "TXT", "OPENPGPKEY" };

static int start_named(void **state) {
        static Fixture fixture;
        Fixture *f = *state = &fixture;
        char zone[32], text[1024];

        f->is_there = named_open(&f->named);
        if (!f->is_there)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
                (void) snprintf(zone, sizeof zone, "z%zu.test", i);
                add_pushed(f, zone, accepted[i].zone, "");
        }
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                type_zone(i, zone, text);
                add_pushed(f, zone, text, "");
        }
        for (size_t i = 0; i < ARRAY_SIZE(long_types); i++) {
                ddns_cleanup(ddns_freep) char *record = long_record(long_types[i]);

                (void) snprintf(zone, sizeof zone, "l%zu.test", i);
                add_pushed(f, zone, record, "");
        }
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                ddns_buffer_append_format(&f->config, "key \"%s\" { algorithm %s; secret \"%s\"; };\n",
                                          keys[i].name, keys[i].algorithm, keys[i].secret);
                (void) snprintf(text, sizeof text, "allow-transfer { key \"%s\"; };", keys[i].name);
                (void) snprintf(zone, sizeof zone, "k%zu.test", i);
                add_pushed(f, zone, HEAD "a A 192.0.2.1\n", text);
        }
        add_pushed(f, "nobody.test", HEAD, "allow-transfer { none; };");
        add_zone(f, "missing.test", NULL, "");
        add_zone(f, "broken.test", "$TTL 60\n@ A 1.2.3\n", "");
        add_large(f);
        assert_int_equal(ddns_buffer_status(&f->config), 0);
        daemon_write_file(f->named.root, "zones.conf", f->config.data);
        named_start(&f->named, "include \"zones.conf\";\n");
        return 0;
}

static int stop_named(void **state) {
        Fixture *f = *state;

        if (f->is_there)
                named_close(&f->named);
        ddns_buffer_done(&f->config);
        return 0;
}

static int fetch(const Fixture *f, const char *zone, const DdnsHmacKey *key, DdnsBuffer *b,
                 DdnsMessage *message) {
        return ddns_axfr_fetch(&f->named.address, zone, key, &limits, b, message);
}

static void assert_comes_back(const Fixture *f, const char *zone, const char *pushed,
                              const DdnsHmacKey *key) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_zone_done) DdnsZone before = DDNS_ZONE_NULL, after = DDNS_ZONE_NULL;
        ddns_cleanup(ddns_freep) char *own = moved(pushed, zone);
        DdnsMessage message = DDNS_MESSAGE_NULL;

        check(zone, own, strlen(own), &before);
        if (fetch(f, zone, key, &b, &message) < 0)
                fail_msg("%s\n%.400s", message.text, before.text);
        check(zone, b.data, b.size, &after);
        if (strcmp(before.text, after.text) != 0)
                fail_msg("%.2000s\nbecame\n%.2000s", before.text, after.text);
        assert_memory_equal(before.digest, after.digest, DDNS_DIGEST_SIZE);
        assert_int_equal(after.n_dropped, 0);
}

static void every_accepted_zone_comes_back_as_it_was(void **state) {
        const Fixture *f = *state;
        char zone[32];

        REQUIRE_NAMED(f);
        for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
                (void) snprintf(zone, sizeof zone, "z%zu.test", i);
                assert_comes_back(f, zone, accepted[i].zone, NULL);
        }
}

static void records_of_every_type_come_back_as_they_were(void **state) {
        const Fixture *f = *state;
        char zone[32], text[1024];

        REQUIRE_NAMED(f);
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                type_zone(i, zone, text);
                assert_comes_back(f, zone, text, NULL);
        }
}

static void records_of_nearly_64_kib_come_back(void **state) {
        const Fixture *f = *state;
        char zone[32];

        REQUIRE_NAMED(f);
        for (size_t i = 0; i < ARRAY_SIZE(long_types); i++) {
                ddns_cleanup(ddns_freep) char *record = long_record(long_types[i]);

                (void) snprintf(zone, sizeof zone, "l%zu.test", i);
                assert_comes_back(f, zone, record, NULL);
        }
}

static void assert_large(const Fixture *f, const char *zone, const DdnsHmacKey *key) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;
        DdnsMessage message = DDNS_MESSAGE_NULL;

        if (fetch(f, zone, key, &b, &message) < 0)
                fail_msg("%s", message.text);
        check(zone, b.data, b.size, &z);
        assert_int_equal(z.n_records, N_LARGE + 2);
}

static void a_zone_of_many_messages_is_whole(void **state) {
        const Fixture *f = *state;
        DdnsHmacKey key = make_key(keys[3].name, keys[3].algorithm, keys[3].secret);

        REQUIRE_NAMED(f);
        assert_large(f, "large.test", NULL);
        assert_large(f, "large-signed.test", &key);
}

static void every_algorithm_signs(void **state) {
        const Fixture *f = *state;
        char zone[32];

        REQUIRE_NAMED(f);
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                DdnsHmacKey key = make_key(keys[i].name, keys[i].algorithm, keys[i].secret);

                (void) snprintf(zone, sizeof zone, "k%zu.test", i);
                assert_comes_back(f, zone, HEAD "a A 192.0.2.1\n", &key);
        }
}

static void a_zone_for_everybody_is_given_to_a_key_too(void **state) {
        const Fixture *f = *state;
        DdnsHmacKey key = make_key("MIXED.sha512", keys[5].algorithm, keys[5].secret);

        REQUIRE_NAMED(f);
        assert_comes_back(f, "z0.test", accepted[0].zone, &key);
}

static void refusals_of_named_are_told_apart(void **state) {
        static const struct {
                const char *zone, *key, *algorithm, *secret;
                int error;
                const char *message;
        } cases[] = {
                { "nowhere.test", NULL, NULL, NULL, -ENOENT, "NOTAUTH" },
                { "sub.z0.test", NULL, NULL, NULL, -ENOENT, "NOTAUTH" },
                { "missing.test", NULL, NULL, NULL, -EAGAIN, "SERVFAIL" },
                { "broken.test", NULL, NULL, NULL, -EAGAIN, "SERVFAIL" },
                { "nobody.test", NULL, NULL, NULL, -ENOENT, "REFUSED" },
                { "k3.test", NULL, NULL, NULL, -ENOENT, "REFUSED" },
                { "nowhere.test", "sha256.key", "hmac-sha256",
                  "dGhpcyBpcyBub3QgYSBzZWNyZXQgYXQgYWxsISEhIQ==", -ENOENT, "NOTAUTH" },
                { "k1.test", "sha256.key", "hmac-sha256",
                  "dGhpcyBpcyBub3QgYSBzZWNyZXQgYXQgYWxsISEhIQ==", -ENOENT, "REFUSED" },
                { "k3.test", "sha256.key", "hmac-sha256", "b3RoZXI=", -EKEYREJECTED, "BADSIG" },
                { "k3.test", "sha256.key", "hmac-sha512",
                  "dGhpcyBpcyBub3QgYSBzZWNyZXQgYXQgYWxsISEhIQ==", -EKEYREJECTED, "BADKEY" },
                { "k3.test", "other.key", "hmac-sha256",
                  "dGhpcyBpcyBub3QgYSBzZWNyZXQgYXQgYWxsISEhIQ==", -EKEYREJECTED, "BADKEY" },
                { "k3.test", "a..b", "hmac-sha256", "b3RoZXI=", -EKEYREJECTED, "no domain name" },
        };
        const Fixture *f = *state;

        REQUIRE_NAMED(f);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
                DdnsMessage message = DDNS_MESSAGE_NULL;
                DdnsHmacKey key;

                if (cases[i].key)
                        key = make_key(cases[i].key, cases[i].algorithm, cases[i].secret);
                ddns_buffer_append_text(&b, "before");
                int r = fetch(f, cases[i].zone, cases[i].key ? &key : NULL, &b, &message);
                if (r != cases[i].error || !strstr(message.text, cases[i].message))
                        fail_msg("%zu: %s gives %d, \"%s\"", i, cases[i].zone, r, message.text);
                assert_non_null(strstr(message.text, cases[i].zone));
                assert_non_null(strstr(message.text, "127.0.0.1"));
                assert_string_equal(b.data, "before");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_accepted_zone_comes_back_as_it_was),
                cmocka_unit_test(records_of_every_type_come_back_as_they_were),
                cmocka_unit_test(records_of_nearly_64_kib_come_back),
                cmocka_unit_test(a_zone_of_many_messages_is_whole),
                cmocka_unit_test(every_algorithm_signs),
                cmocka_unit_test(a_zone_for_everybody_is_given_to_a_key_too),
                cmocka_unit_test(refusals_of_named_are_told_apart),
        };

        return cmocka_run_group_tests(tests, start_named, stop_named);
}
