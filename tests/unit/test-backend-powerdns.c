/* SPDX-License-Identifier: MIT */
/* The backend for PowerDNS' database against a real MariaDB and a real PowerDNS: what is served, and what is left alone. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "basic/domain.h"
#include "basic/file.h"
#include "deliver/powerdns-control.h"
#include "powerdns.h"
#include "test.h"

static Powerdns fixture;
static bool installed;

static int set_up(void **state) {
        if (!installed)
                skip();
        powerdns_reset(&fixture);
        *state = &fixture;
        return 0;
}

static void write_zone(Powerdns *p, const char *zone, const char *text) {
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone(zone, text);
        DdnsTask task = powerdns_save(zone, &z);

        powerdns_write(p, &task);
        assert_string_equal(task.warning.text, "");
}

static void assert_says(const char *what, const char *output, const char *want) {
        if (!strstr(output, want))
                fail_msg("%s: no \"%s\" in\n%s", what, want, output);
}

static void assert_answers(Powerdns *p, const char *name, const char *type, const char *want) {
        ddns_cleanup(ddns_freep) char *answer = powerdns_ask(p, name, type);

        assert_says(name, answer, want);
}

/* A transfer shows NSEC3PARAM with the TTL of negative answers, whatever its own was. */
static void assert_transfers(Powerdns *p, const char *zone, const char *want) {
        ddns_cleanup(ddns_freep) char *got = powerdns_transfer(p, zone);
        char *ours = got ? strstr(got, "\tIN\tNSEC3PARAM\t") : NULL;
        const char *theirs = ours ? strstr(want, "\tIN\tNSEC3PARAM\t") : NULL;

        if (!got)
                fail_msg("%s is not transferred", zone);
        if (theirs) {
                ddns_cleanup(ddns_freep) char *text = NULL;
                const char *ttl = memrchr(want, '\t', (size_t) (theirs - want));
                char *start = memrchr(got, '\t', (size_t) (ours - got));

                assert_true(asprintf(&text, "%.*s%.*s%s", (int) (start - got), got, (int) (theirs - ttl),
                                     ttl, ours) >= 0);
                free(got);
                got = TAKE_PTR(text);
        }
        if (strcmp(got, want) != 0)
                fail_msg("%s is served as\n%s\ninstead of\n%s", zone, got, want);
}

/* ---- unsigned zones ---- */

#define HEAD "$TTL 1h\n@ SOA ns.host. h\\.x 7 1d 2h3m 4w 300\n@ NS ns.host.\n"
#define KEY  "AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=="
#define HASH "49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac"

/* Every type that ldns knows, and owners and targets that are no host names. */
static const char all_types[] = HEAD
                "@ NS NS.Upper.test.\n@ A 192.0.2.1\naaaa AAAA 2001:db8::1\naaab AAAA ::\n@ MX 10 Mail\nmx0 MX 0 .\n"
                "a TXT foo \"b\\\"a;r(\" \"\xc3\xbc\\\\092\" \\195\\188 \"\" \"tab\\009x\\000y\"\n"
                "mb MB host\nmg MG host\nmr MR host\nnull TYPE10 \\# 3 010203\nwks WKS 192.0.2.1 TCP 25 80\n"
                "ptr PTR Host.x.\nhinfo HINFO \"PC x\" \"Linux\\\"q\"\nminfo MINFO a b\nrp RP a.b. c\n"
                "afsdb AFSDB 1 host\nx25 X25 \"311061700956\"\nisdn ISDN \"150862028003217\" \"004\"\nrt RT 2 host\n"
                "nsap NSAP 0x47000580ffff000000321099991111222233334444\n"
                "sig SIG A 5 3 60 20360101000000 20261123035111 30826 @ AAAA\nkey KEY 256 3 5 AQPS\n"
                "px PX 10 map.a. map.b.\ngpos GPOS 1.0 2.0 3.0\n"
                "loc LOC 51 6 0.123 N 5 54 0.000 W -4.05m 1.00m 10000.00m 10.00m\neid EID e32c6f78163a9348\n"
                "nimloc NIMLOC e32c6f78163a9348\n_s._tcp SRV 10 60 5060 sip\n_t._tcp SRV 0 0 0 .\n"
                "naptr NAPTR 1 2 \"S\" \"\" \"!^(.*)$!s\\\\1!\" .\nnaptr NAPTR 1 2 \"u\" \"E2U+\\200\" \"\" x.Y\n"
                "kx KX 1 host\ncert CERT 1 2 3 AQPS\ncert CERT OID 0 253 AQPS\n"
                "dname DNAME Other.x.\napl APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32\n"
                "sshfp SSHFP 1 1 " HASH "\nip1 IPSECKEY 10 1 2 192.0.2.38 " KEY
                "\nip2 IPSECKEY 10 2 1 2001:db8::1 " KEY "\nip3 IPSECKEY 10 3 2 mygw.X. " KEY
                "\nip0 IPSECKEY 10 0 2 . " KEY "\ndhcid DHCID AAIBY2/AuCccgoJb\n"
                "_25._tcp.mail TLSA 3 1 1 " HASH "abababababababababababab\nmail A 192.0.2.9\n"
                "smimea SMIMEA 3 0 0 ab\nhip HIP 2 200100107B1A74DF365639CC39F1D578 AAAA rvs.x.\nt54 TYPE54 \\# 2 0102\n"
                "talink TALINK a b\nopenpgpkey OPENPGPKEY AAIBY2/AuCccgoJb\ncsync CSYNC 66 3 A NS AAAA HIP TYPE65280\n"
                "zonemd ZONEMD 2018031500 1 1 " HASH HASH "abababababababab\n"
                "svcb SVCB 1 foo.x. alpn=\"h2,h3\" port=53 ipv4hint=192.0.2.1 ech=AAAA key65000=\"a b\"\n"
                "svc0 SVCB 0 foo.x.\nsvc2 SVCB 1 . key65000=a\\\"b\\\\c key65001=\"\\200\\001\"\nsvc3 SVCB 1 . key65001\n"
                "https HTTPS 16 Foo.x. alpn=h2 no-default-alpn mandatory=alpn ipv6hint=::1,2001:db8::2 port=443\n"
                "dohpath SVCB 1 . key7=/dns-query{?dns}\nspf SPF \"v=spf1 -all\"\nt100 TYPE100 \\# 2 0102\n"
                "nid NID 10 0014:4fff:ff20:ee64\nl32 L32 10 10.1.2.0\nl64 L64 10 2001:0DB8:1140:1000\nlp LP 10 host\n"
                "eui48 EUI48 00-00-5e-00-53-2a\neui64 EUI64 00-00-5e-ef-10-00-00-2a\n"
                "uri URI 10 1 \"http://x/\\\"q\\\"?a=b;c\\200\"\ncaa CAA 0 issue \"ca;x\"\ncaa CAA 128 iodef \"mailto:a\\\"b@x\"\n"
                "t260 TYPE260 \\# 2 0a00\nta TYPE32768 \\# 24 00010101" HASH "\ndlv DLV 1 13 1 " HASH
                "\n"
                "t65280 TYPE65280 \\# 4 0A0B0C0D\nt65400 TYPE65400 \\# 4 0A0B0C0D\n"
                "odd1 CNAME z\\.z.x.\nodd2 CNAME q\\032q\\200\\;\\@\\$.\\\\x.\n*.w A 192.0.2.5\n"
                "sub NS ns.sub\nsub NS ns.deep.sub\nns.sub A 192.0.2.1\nns.deep.sub AAAA ::1\nx.y.z.ent A 192.0.2.1\n"
                "d.only.here NS ns.host.\nd.two.there NS ns.host.\nd.two.there DS 1 13 1 " HASH "\n"
                "un\\200q TXT x\nz\\.z TXT x\nq\\\"q TXT x\nq\\\\q TXT x\nq\\032q TXT x\n\\@x TXT x\n\\$y TXT x\n0/25 TXT x\n";

static void every_type_is_served_as_it_was_pushed(void **state) {
        Powerdns *p = *state;
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("all.example", all_types);
        ddns_cleanup(ddns_freep) char *complaints = NULL;
        DdnsTask task = powerdns_save("all.example", &z);

        powerdns_write(p, &task);
        assert_string_equal(task.warning.text, "");
        assert_transfers(p, "all.example", z.text);
        complaints = powerdns_check_zone(p, "all.example");
        assert_string_equal(complaints, "");
        powerdns_assert(p, "SELECT name, type FROM domains", "all.example|NATIVE");
}

static void hostile_strings_arrive_unchanged(void **state) {
        Powerdns *p = *state;
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;

        ddns_buffer_append_text(&b, HEAD "big TXT");
        for (unsigned i = 0; i < 120; i++) { /* 30 KiB */
                ddns_buffer_append_text(&b, " \"");
                for (unsigned k = 0; k < 250; k++)
                        ddns_buffer_append_byte(&b, (char) ('a' + (i + k) % 26));
                ddns_buffer_append_byte(&b, '"');
        }
        ddns_buffer_append_text(
                        &b,
                        "\nsql TXT \"'; DROP TABLE records; -- \\000 \\092' \\\" ` %s \\255\"\nbin TXT");
        for (unsigned c = 0; c < 256; c++)
                ddns_buffer_append_format(&b, "%s\\%03u", c % 64 ? "" : " ", c);
        ddns_buffer_append_byte(&b, '\n');
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("evil.example", b.data);
        write_zone(p, "evil.example", b.data);
        assert_transfers(p, "evil.example", z.text);
}

static void what_has_no_place_is_left_out_and_nothing_answers_for_it(void **state) {
        Powerdns *p = *state;
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone(
                        "part.example", HEAD "lua TYPE65402 \\# 1 00\n* A 192.0.2.1\nb TXT b\n");
        DdnsTask task = powerdns_save("part.example", &z);

        powerdns_write(p, &task);
        assert_says("warning", task.warning.text, "left out: lua.part.example. TYPE65402");
        assert_answers(p, "x.part.example", "A", "192.0.2.1");
        assert_answers(p, "lua.part.example", "A", "ANSWER: 0, AUTHORITY: 1");
        assert_answers(p, "lua.part.example", "TYPE65402", "status: NOERROR");
}

static const struct {
        const char *name, *type, *want[2];
} answers[] = {
        { "www.one.example", "A", { "flags: qr aa;", "192.0.2.1" } },
        { "ent.one.example",
          "A",
          { "status: NOERROR", "flags: qr aa; QUERY: 1, ANSWER: 0, AUTHORITY: 1" } },
        { "y.ent.one.example", "TXT", { "status: NOERROR", "ANSWER: 0, AUTHORITY: 1" } },
        { "nope.one.example", "A", { "status: NXDOMAIN", "flags: qr aa;" } },
        { "z.ent.one.example", "A", { "status: NXDOMAIN", "flags: qr aa;" } },
        { "sub.one.example",
          "A",
          { "flags: qr; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 2", "192.0.2.7" } },
        { "a.sub.one.example",
          "MX",
          { "flags: qr; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 2", "192.0.2.7" } },
        { "ns.sub.one.example", "A", { "flags: qr; QUERY: 1, ANSWER: 0", "192.0.2.7" } },
        { "d.far.one.example", "A", { "flags: qr; QUERY: 1, ANSWER: 0, AUTHORITY: 1", "ns.host." } },
        { "far.one.example",
          "A",
          { "status: NOERROR", "flags: qr aa; QUERY: 1, ANSWER: 0, AUTHORITY: 1" } },
        { "a.b.w.one.example", "A", { "flags: qr aa;", "192.0.2.5" } },
        { "w.one.example", "A", { "status: NOERROR", "ANSWER: 0, AUTHORITY: 1" } },
        { "one.example", "MX", { "flags: qr aa;", "10 mail.one.example." } },
        { "_s._tcp.one.example", "SRV", { "flags: qr aa;", "10 60 5060 sip.one.example." } },
};

static void answers_are_those_of_an_authority(void **state) {
        Powerdns *p = *state;

        write_zone(p, "one.example",
                   HEAD
                   "www A 192.0.2.1\nx.y.ent A 192.0.2.2\nsub NS ns.sub\nns.sub A 192.0.2.7\n"
                   "d.far NS ns.host.\n*.w A 192.0.2.5\n@ MX 10 mail\n_s._tcp SRV 10 60 5060 sip\n");
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
                for (size_t k = 0; k < ARRAY_SIZE(answers[i].want); k++)
                        assert_answers(p, answers[i].name, answers[i].type, answers[i].want[k]);
}

/* Signatures of a delegation stand below it for PowerDNS' own check; a wildcard and opt-out are the zone's doing. */
static void assert_no_complaint_but_of_signatures(Powerdns *p, const char *zone) {
        ddns_cleanup(ddns_freep) char *all = powerdns_check_zone(p, zone);
        char *rest = NULL;

        for (char *line = strtok_r(all, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (!(strstr(line, "|RRSIG' in zone") && strstr(line, "is occluded by a delegation")) &&
                    !strstr(line, "' is insecure") && !strstr(line, "opt-out zones"))
                        fail_msg("%s: %s", zone, line);
}

/* ---- pushes of DirectAdmin ---- */

/* The zone of a request's body, if it is one. */
static bool read_push(const char *path, char zone[256], DdnsZone *ret) {
        static const DdnsZoneLimits limits = { .max_records = 10000 };
        ddns_cleanup(ddns_freep) char *text = NULL;
        size_t size;

        assert_int_equal(ddns_file_read(path, 1 << 20, &text, &size, NULL), 0);
        const char *domain = strstr(text, "domain="), *body = strstr(text, "\r\n\r\n");
        if (!strstr(text, "action=rawsave") || !domain || !body || domain > body)
                return false;
        (void) snprintf(zone, 256, "%.*s", (int) strcspn(domain + 7, "& "), domain + 7);
        return strcspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZ%") == strlen(zone) &&
               ddns_zone_check(zone, body + 4, size - (size_t) (body + 4 - text), &limits, ret, NULL) ==
                               0;
}

static void pushes_of_directadmin_are_served_as_they_came(void **state) {
        Powerdns *p = *state;
        struct dirent **files;
        unsigned n_zones = 0;
        int n = scandir(WIRE, &files, NULL, alphasort);

        assert_true(n > 0);
        for (int i = 0; i < n; i++) {
                ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;
                char path[512], zone[256];

                (void) snprintf(path, sizeof path, WIRE "/%s", files[i]->d_name);
                bool push = strstr(files[i]->d_name, ".http") && read_push(path, zone, &z);
                free(files[i]);
                if (!push)
                        continue;
                DdnsTask task = powerdns_save(zone, &z);
                powerdns_write(p, &task);
                assert_transfers(p, zone, z.text);
                assert_no_complaint_but_of_signatures(p, zone);
                n_zones++;
        }
        free(files);
        assert_true(n_zones > 10);
}

/* ---- signed zones ---- */

#define DS "1 13 2 " HASH "abababababababababababab"

static const char to_sign[] =
                "$TTL 1h\n@ SOA ns h 7 1d 2h3m 4w 300\n@ NS ns\nns A 192.0.2.1\n@ MX 10 www\nwww A 192.0.2.3\n"
                "alias CNAME www\n*.w A 192.0.2.5\nx.y.ent A 192.0.2.6\nun NS ns.un\nns.un A 192.0.2.7\n"
                "se NS ns.se\nse DS " DS
                "\nns.se A 192.0.2.8\nd.un2.here NS ns.host.\nd.se2.there NS ns.host.\n"
                "d.se2.there DS " DS "\n_x._tcp SRV 0 0 1 www\nodd TYPE65280 \\# 2 0102\nhip HIP 2 "
                "200100107B1A74DF365639CC39F1D578 AAAA rvs.x.\n0\\/1 TXT x\n";

#define YES "; fully validated"
#define NO  "; negative response, fully validated"

static const struct {
        const char *name, *type, *want, *opted_out;
} validations[] = {
        { "", "SOA", YES, YES },
        { "", "DNSKEY", YES, YES },
        { "www.", "A", YES, YES },
        { "alias.", "A", YES, YES },
        { "odd.", "TYPE65280", YES, YES },
        { "hip.", "HIP", YES, YES },
        { "", "TXT", NO, NO },
        { "www.", "TXT", NO, NO },
        { "nope.", "A", NO, NO },
        { "a.b.nope.", "A", NO, NO },
        { "nope.www.", "A", NO, NO },
        { "x.w.", "A", YES, "; unsigned answer" }, /* RFC 5155, 7.1: opt-out may hide a closer name */
        { "x.y.w.", "A", YES, "; unsigned answer" },
        { "x.w.", "TXT", NO, NO },
        { "w.", "A", NO, NO },
        { "*.w.", "A", YES, YES },
        { "ent.", "A", NO, NO },
        { "y.ent.", "TXT", NO, NO },
        { "_tcp.", "SRV", NO, NO },
        { "un.", "DS", NO, NO },
        { "se.", "DS", YES, YES },
        { "d.un2.here.", "DS", NO, NO },
        { "un2.here.", "A", NO, NO },
        { "here.", "A", NO, NO },
        { "there.", "A", NO, NO },
        { "d.se2.there.", "DS", YES, YES },
};

static void assert_validates(Powerdns *p, const char *zone, bool opt_out) {
        for (size_t i = 0; i < ARRAY_SIZE(validations); i++) {
                ddns_cleanup(ddns_freep) char *verdict = NULL;
                char name[128];

                (void) snprintf(name, sizeof name, "%s%s", validations[i].name, zone);
                verdict = powerdns_validate(p, zone, name, validations[i].type);
                assert_says(name, verdict, opt_out ? validations[i].opted_out : validations[i].want);
        }
}

static void serve_signed(Powerdns *p, const char *zone, const char *options, bool opt_out) {
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_sign(p, zone, to_sign, options);
        DdnsTask task = powerdns_save(zone, &z);

        powerdns_write(p, &task);
        if (opt_out)
                assert_says(zone, task.warning.text, "PowerDNS has no proof that a name below here.");
        else
                assert_string_equal(task.warning.text, "");
        assert_transfers(p, zone, z.text);
        assert_no_complaint_but_of_signatures(p, zone);
        assert_validates(p, zone, opt_out);
}

static void a_zone_with_nsec_validates(void **state) {
        serve_signed(*state, "nsec.example", "", false);
}

static void a_zone_with_nsec3_validates(void **state) {
        serve_signed(*state, "nsec3.example", "-3 -", false);
        powerdns_assert(*state, "SELECT kind, content FROM domainmetadata ORDER BY kind",
                        "NSEC3PARAM|1 0 0 -\nPRESIGNED|1");
        assert_answers(*state, "nsec3.example", "NSEC3PARAM", "1 0 0 -");
}

static void a_zone_with_salt_and_iterations_validates(void **state) {
        serve_signed(*state, "salt.example", "-3 AABBCCDD -H 5", false);
        powerdns_assert(*state, "SELECT content FROM domainmetadata WHERE kind='NSEC3PARAM'",
                        "1 0 5 aabbccdd");
}

static void a_zone_with_opt_out_validates(void **state) {
        serve_signed(*state, "optout.example", "-3 AB -H 1 -A", true);
        powerdns_assert(*state, "SELECT content FROM domainmetadata WHERE kind='NSEC3PARAM'",
                        "1 1 1 ab");
        assert_answers(*state, "optout.example", "NSEC3PARAM", "1 0 1 AB");
}

static void serve_unsigned(Powerdns *p, const char *zone) {
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone(zone, to_sign);
        DdnsTask task = powerdns_save(zone, &z);

        powerdns_write(p, &task);
        assert_transfers(p, zone, z.text);
        powerdns_assert(p, "SELECT COUNT(*) FROM records WHERE ordername IS NOT NULL", "0");
        powerdns_assert(p, "SELECT COUNT(*) FROM domainmetadata", "0");
        assert_answers(p, "nope.way.example", "A +dnssec", "AUTHORITY: 1, ADDITIONAL: 1");
}

static void a_zone_changes_between_nsec_nsec3_and_unsigned(void **state) {
        static const struct {
                const char *options; /* of dnssec-signzone; NULL: unsigned */
                bool opt_out;
        } ways[] = { { NULL },    { "" },  { NULL }, { "-3 AA" }, { "" }, { "-3 AB -A", true },
                     { "-3 AB" }, { NULL } };

        for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
                if (ways[i].options)
                        serve_signed(*state, "way.example", ways[i].options, ways[i].opt_out);
                else
                        serve_unsigned(*state, "way.example");
        powerdns_assert(*state, "SELECT COUNT(*) FROM domains", "1");
}

static void a_signed_zone_that_lost_a_record_keeps_the_old_version(void **state) {
        Powerdns *p = *state;
        ddns_cleanup(ddns_zone_done) DdnsZone good =
                        powerdns_sign(p, "hole.example", HEAD "a A 192.0.2.1\n", "");
        ddns_cleanup(ddns_zone_done) DdnsZone bad =
                        powerdns_sign(p, "hole.example", HEAD "a TYPE65402 \\# 1 00\n", "");
        DdnsTask tasks[] = { powerdns_save("hole.example", &good), powerdns_save("hole.example", &bad) };

        powerdns_write(p, &tasks[0]);
        assert_int_equal(ddns_backend_powerdns_mysql.apply(p->backend, &tasks[1], 1, &p->message), 0);
        assert_int_equal(tasks[1].state, DDNS_TASK_FAILED);
        assert_says("message", tasks[1].message.text, "a signed zone must be whole");
        assert_transfers(p, "hole.example", good.text);
}

/* ---- others' things ---- */

static void a_delete_takes_all_of_the_zone_and_nothing_else(void **state) {
        Powerdns *p = *state;
        DdnsTask task = powerdns_delete("gone.example");

        serve_signed(p, "gone.example", "", false);
        write_zone(p, "stays.example", HEAD "a A 192.0.2.1\n");
        powerdns_run(p, "INSERT INTO comments (domain_id,name,type,modified_at,comment)"
                        " SELECT id,name,'A',1,'x' FROM domains;"
                        "INSERT INTO domainmetadata (domain_id,kind,content)"
                        " SELECT id,'ALLOW-AXFR-FROM','127.0.0.1' FROM domains;"
                        "INSERT INTO cryptokeys (domain_id,flags,active,content)"
                        " SELECT id,257,1,'x' FROM domains");
        powerdns_write(p, &task);
        assert_answers(p, "gone.example", "SOA", "status: REFUSED");
        assert_answers(p, "a.stays.example", "A", "192.0.2.1");
        powerdns_assert(p,
                        "SELECT (SELECT COUNT(*) FROM comments),(SELECT COUNT(*) FROM domainmetadata),"
                        "(SELECT COUNT(*) FROM cryptokeys),(SELECT COUNT(*) FROM domains),"
                        "(SELECT COUNT(*) FROM records)",
                        "1|1|1|1|3");
        task = powerdns_delete("gone.example");
        powerdns_write(p, &task);
}

static void the_operators_metadata_comments_and_kind_stay(void **state) {
        Powerdns *p = *state;
        static const char theirs[] = "SELECT type,account,kind,content FROM domains JOIN domainmetadata"
                                     " ON domain_id=domains.id";

        write_zone(p, "one.example", HEAD "a A 192.0.2.1\n");
        powerdns_run(p, "UPDATE domains SET type='MASTER', account='me';"
                        "INSERT INTO domainmetadata (domain_id,kind,content)"
                        " SELECT id,'ALLOW-AXFR-FROM','127.0.0.1' FROM domains");
        write_zone(p, "one.example", HEAD "a A 192.0.2.2\n");
        powerdns_assert(p, theirs, "MASTER|me|ALLOW-AXFR-FROM|127.0.0.1");
}

static void a_new_zone_gets_the_kind_that_is_configured(void **state) {
        Powerdns *p = *state;

        p->config.domain_type = DDNS_DOMAIN_TYPE_MASTER;
        powerdns_reconnect(p);
        write_zone(p, "one.example", HEAD);
        powerdns_assert(p, "SELECT type FROM domains", "MASTER");
}

static void assert_refused(Powerdns *p, DdnsTask task, const char *want) {
        assert_int_equal(ddns_backend_powerdns_mysql.apply(p->backend, &task, 1, &p->message), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_says("message", task.message.text, want);
}

static void zones_that_powerdns_fetches_from_elsewhere_are_left_alone(void **state) {
        Powerdns *p = *state;
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("theirs.example", HEAD);

        powerdns_run(p,
                     "INSERT INTO domains (name,type,master) VALUES ('theirs.example','SLAVE','192.0.2.1');"
                     "INSERT INTO records (domain_id,name,type,content) SELECT id,name,'TXT','\"x\"' FROM domains");
        assert_refused(p, powerdns_save("theirs.example", &z), "PowerDNS has this zone as SLAVE");
        assert_refused(p, powerdns_delete("theirs.example"), "PowerDNS has this zone as SLAVE");
        powerdns_assert(p, "SELECT type,content FROM records", "TXT|\"x\"");
}

static void zones_that_powerdns_signs_itself_are_left_alone(void **state) {
        Powerdns *p = *state;
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("live.example", HEAD "b A 192.0.2.9\n");
        ddns_cleanup(ddns_freep) char *rows = NULL;
        static const char all[] = "SELECT name,type,content,ordername,auth FROM records ORDER BY id";
        DdnsTask task = powerdns_delete("live.example");

        write_zone(p, "live.example", HEAD "a A 192.0.2.1\n");
        free(powerdns_output("pdnsutil --config-dir=%s secure-zone live.example", p->root));
        rows = mariadb_query(&p->database, "pdns", all);
        assert_refused(p, powerdns_save("live.example", &z), "PowerDNS has keys for this zone");
        powerdns_assert(p, all, rows);
        write_zone(p, "other.example", HEAD);

        powerdns_write(p, &task);
        powerdns_assert(p, "SELECT COUNT(*) FROM cryptokeys", "0");
}

/* ---- the control socket ---- */

static void changes_are_seen_at_once(void **state) {
        Powerdns *p = *state;
        DdnsTask task = powerdns_delete("one.example");

        assert_answers(p, "www.one.example", "A", "status: REFUSED"); /* and remembers it */
        write_zone(p, "one.example", HEAD "www A 192.0.2.1\n");
        assert_answers(p, "www.one.example", "A", "192.0.2.1");
        assert_answers(p, "b.one.example", "A", "status: NXDOMAIN");
        write_zone(p, "one.example", HEAD "www A 192.0.2.2\nb A 192.0.2.3\n");
        assert_answers(p, "www.one.example", "A", "192.0.2.2");
        assert_answers(p, "b.one.example", "A", "192.0.2.3");
        powerdns_write(p, &task);
        assert_answers(p, "www.one.example", "A", "status: REFUSED");
        write_zone(p, "one.example", HEAD "www A 192.0.2.4\n"); /* with another id */
        assert_answers(p, "www.one.example", "A", "192.0.2.4");
}

static void a_crash_before_the_command_is_made_good_by_the_next_run(void **state) {
        Powerdns *p = *state;
        static const char text[] = HEAD "www A 192.0.2.1\n";

        assert_answers(p, "www.one.example", "A", "status: REFUSED");
        p->config.control_socket = NULL; /* as if killed behind COMMIT */
        write_zone(p, "one.example", text);
        p->config.control_socket = p->control_socket;
        assert_answers(p, "www.one.example", "A", "status: REFUSED");
        powerdns_reconnect(p);
        write_zone(p, "one.example", text);
        assert_answers(p, "www.one.example", "A", "192.0.2.1");
}

/* Twice with other contents; a question for each zone's `www` in between fills PowerDNS' caches. */
static void write_batches(Powerdns *p, char (*names)[DDNS_ZONE_NAME_MAX + 1], size_t n) {
        ddns_cleanup(ddns_freep) DdnsTask *tasks = calloc(n, sizeof *tasks);
        ddns_cleanup(ddns_freep) DdnsZone *zones = calloc(n, sizeof *zones);

        for (unsigned round = 1; round <= 2; round++) {
                char address[32];

                for (size_t i = 0; i < n; i++) {
                        char text[256];

                        (void) snprintf(text, sizeof text, HEAD "www A 192.0.2.%u\n", round);
                        zones[i] = powerdns_zone(names[i], text);
                        tasks[i] = powerdns_save(names[i], &zones[i]);
                }
                assert_int_equal(ddns_backend_powerdns_mysql.apply(p->backend, tasks, n, &p->message),
                                 0);
                (void) snprintf(address, sizeof address, "192.0.2.%u", round);
                for (size_t i = 0; i < n; i++) {
                        char name[DDNS_ZONE_NAME_MAX + 8];

                        assert_int_equal(tasks[i].state, DDNS_TASK_WRITTEN);
                        assert_string_equal(tasks[i].warning.text, "");
                        ddns_zone_done(&zones[i]);
                        (void) snprintf(name, sizeof name, "www.%s", names[i]);
                        if (i % (n / 10) == 0 || i + 1 == n)
                                assert_answers(p, name, "A", address);
                }
        }
}

static void zones_with_long_names_are_purged_in_several_commands(void **state) {
        static char names[90][DDNS_ZONE_NAME_MAX + 1];

        for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
                (void) snprintf(names[i], sizeof names[i], "%060u.%060u.%060u.example", i, i, i);
        write_batches(*state, names, ARRAY_SIZE(names));
}

static void many_zones_are_purged_in_no_time(void **state) {
        static char names[2000][DDNS_ZONE_NAME_MAX + 1];
        const char *zones[ARRAY_SIZE(names)];
        Powerdns *p = *state;

        for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
                (void) snprintf(names[i], sizeof names[i], "number%u.example", i);
                zones[i] = names[i];
        }
        write_batches(p, names, 400);
        uint64_t start = ddns_monotonic_usec();
        assert_int_equal(ddns_powerdns_purge(p->control_socket, zones, ARRAY_SIZE(names), USEC_PER_SEC,
                                             NULL),
                         0);
        assert_true(ddns_monotonic_usec() - start < USEC_PER_SEC / 2);
}

static void a_missing_control_socket_is_a_warning_until_it_is_there(void **state) {
        Powerdns *p = *state;
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_zone("one.example", HEAD "www A 192.0.2.1\n");
        DdnsTask task = powerdns_save("one.example", &z);

        assert_answers(p, "one.example", "SOA", "status: REFUSED");
        p->config.control_socket = (char *) "/nonexistent/pdns.controlsocket";
        powerdns_write(p, &task);
        assert_string_equal(
                        task.warning.text,
                        "written, but the control socket /nonexistent/pdns.controlsocket: No such file or "
                        "directory: PowerDNS will see it within 20 to 60 s, a new zone within 300 s");
        powerdns_assert(p, "SELECT COUNT(*) FROM domains", "1");

        p->config.control_socket = p->control_socket;
        task = powerdns_save("one.example", &z);
        powerdns_write(p, &task);
        assert_string_equal(task.warning.text, "");
        assert_answers(p, "www.one.example", "A", "192.0.2.1");
}

static void a_control_socket_that_is_silent_costs_seconds_and_no_zone(void **state) {
        Powerdns *p = *state;
        ddns_cleanup(ddns_zone_done) DdnsZone z =
                        powerdns_zone("one.example", HEAD "t TYPE65402 \\# 1 00\n");
        DdnsTask task = powerdns_save("one.example", &z);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        ddns_cleanup(ddns_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s/silent", p->root);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
        assert_int_equal(listen(fd, 1), 0);
        p->config.control_socket = address.sun_path;
        uint64_t start = ddns_monotonic_usec();
        powerdns_write(p, &task);
        assert_true(ddns_monotonic_usec() - start < 9 * USEC_PER_SEC);
        assert_says("warning", task.warning.text, "left out: t.one.example. TYPE65402");
        assert_says("warning", task.warning.text, "; written, but the control socket");
        assert_says("warning", task.warning.text, "PowerDNS did not answer in time");

        /* The next batches don't wait for it. */
        start = ddns_monotonic_usec();
        task = powerdns_save("one.example", &z);
        powerdns_write(p, &task);
        assert_true(ddns_monotonic_usec() - start < 3 * USEC_PER_SEC);
        assert_says("warning", task.warning.text, "PowerDNS did not answer in time");
}

static void a_control_socket_of_another_group_says_what_helps(void **state) {
        Powerdns *p = *state;
        DdnsMessage why = DDNS_MESSAGE_NULL;

        if (geteuid() != 0)
                skip(); /* nobody else can be somebody else */
        assert_int_equal(seteuid(65534), 0);
        int r = ddns_powerdns_ping(p->control_socket, USEC_PER_SEC, &why);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(r, -EACCES);
        assert_says("why", why.text,
                    "Permission denied; the service needs its group: see ddns-mysql(7)");
}

typedef struct Findings {
        unsigned good, warnings, bad;
        char text[4096];
} Findings;

static void take_finding(DdnsFinding finding, const char *text, void *userdata) {
        Findings *f = userdata;
        size_t used = strlen(f->text);

        f->good += finding == DDNS_FINDING_GOOD;
        f->warnings += finding == DDNS_FINDING_WARNING;
        f->bad += finding == DDNS_FINDING_BAD;
        (void) snprintf(f->text + used, sizeof f->text - used, "%s\n", text);
}

static void the_check_finds_nothing_wrong_and_leaves_no_trace(void **state) {
        Powerdns *p = *state;
        Findings f = { 0 };

        assert_int_equal(ddns_backend_powerdns_mysql.check(p->backend, take_finding, &f, &p->message),
                         0);
        if (f.bad + f.warnings > 0)
                fail_msg("%s", f.text);
        assert_says("findings", f.text, "PowerDNS answers on its control socket");
        powerdns_assert(p, "SELECT (SELECT COUNT(*) FROM domains)+(SELECT COUNT(*) FROM records)", "0");

        p->config.control_socket = NULL;
        f = (Findings){ 0 };
        assert_int_equal(ddns_backend_powerdns_mysql.check(p->backend, take_finding, &f, &p->message),
                         0);
        assert_int_equal(f.warnings, 1);
        assert_says("findings", f.text, "there is no `control-socket`");
}

static void check(Powerdns *p, Findings *ret) {
        *ret = (Findings){ 0 };
        assert_int_equal(ddns_backend_powerdns_mysql.check(p->backend, take_finding, ret, &p->message),
                         0);
}

/* The connection stays the one that there is. */
static void no_control_socket_is_missed_for_a_database_on_another_machine(void **state) {
        Powerdns *p = *state;
        char *host = p->config.mysql.host, *socket = p->config.mysql.socket;
        Findings local, loopback, remote;

        p->config.control_socket = NULL;
        check(p, &local);
        p->config.mysql.socket = NULL;
        p->config.mysql.host = (char *) "192.0.2.1";
        check(p, &remote);
        p->config.mysql.host = (char *) "127.0.0.2";
        check(p, &loopback);
        p->config.mysql.host = host;
        p->config.mysql.socket = socket;

        assert_says("findings", local.text, "there is no `control-socket`");
        assert_says("findings", loopback.text, "there is no `control-socket`");
        assert_says("findings", remote.text,
                    "the database is on another machine, and a `control-socket`");
        assert_null(strstr(remote.text, "there is no `control-socket`"));
}

/* Empty non-terminals are rows of NULLs. */
static void what_the_check_tells_to_help_leaves_room_for_null(void **state) {
        static const char change[] = "ALTER TABLE `records` MODIFY ";
        static const char table[] =
                        "SELECT COLUMN_NAME,IS_NULLABLE,COLLATION_NAME FROM information_schema.COLUMNS "
                        "WHERE TABLE_SCHEMA=DATABASE() AND TABLE_NAME='records' AND COLUMN_NAME IN "
                        "('type','content','ordername') ORDER BY COLUMN_NAME";
        static const char wanted[] = "content|YES|latin1_swedish_ci\nordername|YES|latin1_bin\n"
                                     "type|YES|latin1_swedish_ci";
        Powerdns *p = *state;
        ddns_cleanup(ddns_zone_done) DdnsZone z =
                        powerdns_zone("null.example", HEAD "a.b 300 IN A 192.0.2.1\n");
        DdnsTask task = powerdns_save("null.example", &z);
        Findings f;

        powerdns_run(p, "ALTER TABLE records MODIFY content VARCHAR(100),"
                        "  MODIFY ordername VARCHAR(100) COLLATE latin1_bin");
        check(p, &f);
        assert_int_equal(f.warnings, 2);
        for (const char *sql = f.text; (sql = strstr(sql, change)); sql++) {
                ddns_cleanup(ddns_freep) char *line = strndup(sql, strcspn(sql, "\n"));
                powerdns_run(p, line);
        }
        powerdns_assert(p, table, wanted);
        check(p, &f);
        assert_int_equal(f.warnings + f.bad, 0);

        powerdns_run(p,
                     "ALTER TABLE records MODIFY content VARCHAR(64000) NOT NULL, MODIFY prio INT NOT NULL");
        check(p, &f);
        assert_int_equal(f.bad, 2);
        assert_says("findings", f.text, "column content of table records does not take NULL");
        for (const char *sql = f.text; (sql = strstr(sql, change)); sql++) {
                ddns_cleanup(ddns_freep) char *line = strndup(sql, strcspn(sql, "\n"));
                powerdns_run(p, line);
        }
        powerdns_assert(p, table, wanted);
        powerdns_write(p, &task);
}

static void an_unchanged_zone_writes_nothing(void **state) {
        Powerdns *p = *state;
        ddns_cleanup(ddns_freep) char *before = NULL;
        static const char written[] =
                        "SELECT CAST(SUM(VARIABLE_VALUE) AS INT) FROM information_schema.GLOBAL_STATUS"
                        " WHERE VARIABLE_NAME IN ('HANDLER_WRITE','HANDLER_UPDATE','HANDLER_DELETE')";
        ddns_cleanup(ddns_zone_done) DdnsZone z = powerdns_sign(p, "same.example", to_sign, "-3 AB");
        DdnsTask task = powerdns_save("same.example", &z);

        powerdns_write(p, &task);
        before = mariadb_query(&p->database, "pdns", written);
        assert_true(atoi(before) > 80);
        for (unsigned i = 0; i < 2; i++) {
                task = powerdns_save("same.example", &z);
                powerdns_write(p, &task);
                powerdns_reconnect(p);
        }
        powerdns_assert(p, written, before);
}

static int open_fixture(void **state) {
        installed = powerdns_open(&fixture);
        return 0;
}

static int close_fixture(void **state) {
        if (installed)
                powerdns_close(&fixture);
        return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(every_type_is_served_as_it_was_pushed),
                TEST(hostile_strings_arrive_unchanged),
                TEST(what_has_no_place_is_left_out_and_nothing_answers_for_it),
                TEST(answers_are_those_of_an_authority),
                TEST(pushes_of_directadmin_are_served_as_they_came),
                TEST(a_zone_with_nsec_validates),
                TEST(a_zone_with_nsec3_validates),
                TEST(a_zone_with_salt_and_iterations_validates),
                TEST(a_zone_with_opt_out_validates),
                TEST(a_zone_changes_between_nsec_nsec3_and_unsigned),
                TEST(a_signed_zone_that_lost_a_record_keeps_the_old_version),
                TEST(a_delete_takes_all_of_the_zone_and_nothing_else),
                TEST(the_operators_metadata_comments_and_kind_stay),
                TEST(a_new_zone_gets_the_kind_that_is_configured),
                TEST(zones_that_powerdns_fetches_from_elsewhere_are_left_alone),
                TEST(zones_that_powerdns_signs_itself_are_left_alone),
                TEST(changes_are_seen_at_once),
                TEST(a_crash_before_the_command_is_made_good_by_the_next_run),
                TEST(zones_with_long_names_are_purged_in_several_commands),
                TEST(many_zones_are_purged_in_no_time),
                TEST(a_missing_control_socket_is_a_warning_until_it_is_there),
                TEST(a_control_socket_that_is_silent_costs_seconds_and_no_zone),
                TEST(a_control_socket_of_another_group_says_what_helps),
                TEST(the_check_finds_nothing_wrong_and_leaves_no_trace),
                TEST(no_control_socket_is_missed_for_a_database_on_another_machine),
                TEST(what_the_check_tells_to_help_leaves_room_for_null),
                TEST(an_unchanged_zone_writes_nothing),
        };

        return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
