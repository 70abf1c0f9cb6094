/* SPDX-License-Identifier: MIT */
/* Zones of example.test that the zone check accepts, and what it makes of them. */
#pragma once

#define HEAD "$TTL 1h\n@ SOA ns.host. h 7 1d 2h3m 4w 300\n@ NS ns.host.\n"
#define SOA  "example.test.\t3600\tIN\tSOA\tns.host. h.example.test. 7 86400 7380 2419200 300\n"
#define NS   "example.test.\t3600\tIN\tNS\tns.host.\n"

/* The canonical text behind SOA and NS. */
static const struct {
        const char *what, *zone, *text;
} accepted[] = {
        { "an owner relative, absolute, at the origin, blank",
          HEAD "a A 192.0.2.1\nB.example.test. A 192.0.2.2\n A 192.0.2.3\n@ A 192.0.2.4\n",
          "example.test.\t3600\tIN\tA\t192.0.2.4\n" NS "a.example.test.\t3600\tIN\tA\t192.0.2.1\n"
          "b.example.test.\t3600\tIN\tA\t192.0.2.2\nb.example.test.\t3600\tIN\tA\t192.0.2.3\n" },
        { "class and TTL in either order, or neither",
          HEAD "a 5 IN A 192.0.2.1\nb in 6 a 192.0.2.2\nc 7 A 192.0.2.3\nd IN A 192.0.2.4\ne 1w2d A "
               "192.0.2.5\n",
          NS "a.example.test.\t5\tIN\tA\t192.0.2.1\nb.example.test.\t6\tIN\tA\t192.0.2.2\n"
             "c.example.test.\t7\tIN\tA\t192.0.2.3\nd.example.test.\t3600\tIN\tA\t192.0.2.4\n"
             "e.example.test.\t777600\tIN\tA\t192.0.2.5\n" },
        { "$ORIGIN, relative too, and names below it",
          HEAD "$ORIGIN sub\na MX 10 b\n$ORIGIN example.test.\nc MX 0 @\n",
          NS "c.example.test.\t3600\tIN\tMX\t0 example.test.\na.sub.example.test.\t3600\tIN\tMX\t10 "
             "b.sub.example.test.\n" },
        { "parentheses, comments, CRLF, blanks at the end, no last newline",
          HEAD "a TXT ( \"1\" ; one\r\n\t\"2\" )  \r\nb A 192.0.2.1 ; x (\"\r\n   ; only a comment\n   "
               "\nc A 192.0.2.2",
          NS "a.example.test.\t3600\tIN\tTXT\t\"1\" \"2\"\nb.example.test.\t3600\tIN\tA\t192.0.2.1\n"
             "c.example.test.\t3600\tIN\tA\t192.0.2.2\n" },
        { "strings: escapes, UTF-8, semicolons, parentheses, an empty one, unquoted ones",
          HEAD "a TXT foo \"b\\\"a;r(\" \"\xc3\xbc\\092\" \\195\\188 \"\"\n",
          NS "a.example.test.\t3600\tIN\tTXT\t\"foo\" \"b\\034a;r(\" \"\\195\\188\\092\" \"\\195\\188\" "
             "\"\"\n" },
        { "odd owners come out with one reading only",
          HEAD "\\@x A 192.0.2.1\n\\$y A 192.0.2.2\nz\\.z A 192.0.2.3\nq\\\"q A 192.0.2.4\n*.w A "
               "192.0.2.5\n0/25 A 192.0.2.6\n",
          NS
          "\\036y.example.test.\t3600\tIN\tA\t192.0.2.2\n0/25.example.test.\t3600\tIN\tA\t192.0.2.6\n"
          "\\064x.example.test.\t3600\tIN\tA\t192.0.2.1\nq\\034q.example.test.\t3600\tIN\tA\t192.0.2.4\n"
          "*.w.example.test.\t3600\tIN\tA\t192.0.2.5\nz\\046z.example.test.\t3600\tIN\tA\t192.0.2.3\n" },
        { "one TTL for an RRset: the first that was written",
          HEAD "rr 60 A 192.0.2.9\nrr 90 A 192.0.2.2\nrr 30 TXT x\n",
          NS "rr.example.test.\t60\tIN\tA\t192.0.2.2\nrr.example.test.\t60\tIN\tA\t192.0.2.9\n"
             "rr.example.test.\t30\tIN\tTXT\t\"x\"\n" },
        { "duplicates are one record, names whatever their case, strings not",
          HEAD "a MX 10 Mail\na MX 10 mail\na TXT x\na TXT X\na TXT x\n",
          NS
          "a.example.test.\t3600\tIN\tMX\t10 Mail.example.test.\na.example.test.\t3600\tIN\tTXT\t\"X\"\n"
          "a.example.test.\t3600\tIN\tTXT\t\"x\"\n" },
        { "no TTL after one that was written, without $TTL",
          "@ 3600 SOA ns.host. h 7 1d 2h3m 4w 300\n@ NS ns.host.\na 5 A 192.0.2.1\nb A 192.0.2.2\n",
          NS "a.example.test.\t5\tIN\tA\t192.0.2.1\nb.example.test.\t5\tIN\tA\t192.0.2.2\n" },
        { "unknown types and known ones in RFC 3597 form",
          HEAD "t TYPE65534 \\# 4 0A0B 0C0D\nu A \\# 4 C0000201\n",
          NS "t.example.test.\t3600\tIN\tTYPE65534\t\\# 4 "
             "0a0b0c0d\nu.example.test.\t3600\tIN\tA\t192.0.2.1\n" },
        { "no octets of an unknown type", HEAD "t TYPE65534 \\# 0\n",
          NS "t.example.test.\t3600\tIN\tTYPE65534\t\\# 0\n" },
        { "hex and base64 in pieces", HEAD "k SSHFP 1 1 abcdef0123456789abcd ef0123456789abcdef01\n",
          NS "k.example.test.\t3600\tIN\tSSHFP\t1 1 abcdef0123456789abcdef0123456789abcdef01\n" },
        { "HTTPS with quoted parameters", HEAD "h HTTPS 1 . alpn=\"h2,h3\" port=53\n",
          NS "h.example.test.\t3600\tIN\tHTTPS\t1 . alpn=h2,h3 port=53\n" },
        { "SRV, CAA, NAPTR",
          HEAD
          "_s._tcp SRV 10 60 5060 sip\nc CAA 0 issue \"ca;x\"\nn NAPTR 1 2 \"S\" \"\" \"!^.*$!s!\" .\n",
          NS "_s._tcp.example.test.\t3600\tIN\tSRV\t10 60 5060 sip.example.test.\n"
             "c.example.test.\t3600\tIN\tCAA\t0 issue \"ca;x\"\n"
             "n.example.test.\t3600\tIN\tNAPTR\t1 2 \"S\" \"\" \"!^.*$!s!\" .\n" },
        { "RRSIGs of several types are several RRsets, and may stand beside a CNAME",
          HEAD "a 60 CNAME b\na 60 RRSIG CNAME 13 3 60 20360101000000 20261123035111 30826 @ AAAA\n"
               "a 90 NSEC b CNAME RRSIG NSEC\na 90 RRSIG NSEC 13 3 90 20360101000000 20261123035111 "
               "30826 @ AAAA\n",
          NS "a.example.test.\t60\tIN\tCNAME\tb.example.test.\n"
             "a.example.test.\t60\tIN\tRRSIG\tCNAME 13 3 60 20360101000000 20261123035111 30826 "
             "example.test. AAAA\n"
             "a.example.test.\t90\tIN\tRRSIG\tNSEC 13 3 90 20360101000000 20261123035111 30826 "
             "example.test. AAAA\n"
             "a.example.test.\t90\tIN\tNSEC\tb.example.test. CNAME RRSIG NSEC\n" },
        { "an escaped @ is a name like any other", HEAD "a MX 10 \\@.b\n",
          NS "a.example.test.\t3600\tIN\tMX\t10 \\064.b.example.test.\n" },
        { "HIP, whose first field spans three tokens",
          HEAD "h HIP 2 200100107B1A74DF365639CC39F1D578 AAAA rvs.x.\n",
          NS "h.example.test.\t3600\tIN\tHIP\t2 200100107b1a74df365639cc39f1d578 AAAA rvs.x.\n" },
        { "IPSECKEY, whose gateway is a name as any other",
          HEAD "a IPSECKEY 1 3 2 gw AAAA\nb IPSECKEY 1 3 2 @ AAAA\nc IPSECKEY 1 3 2 gw.x. AAAA\nd "
               "IPSECKEY 1 1 2 192.0.2.1 AAAA\n",
          NS "a.example.test.\t3600\tIN\tIPSECKEY\t1 3 2 gw.example.test. AAAA\n"
             "b.example.test.\t3600\tIN\tIPSECKEY\t1 3 2 example.test. AAAA\n"
             "c.example.test.\t3600\tIN\tIPSECKEY\t1 3 2 gw.x. AAAA\n"
             "d.example.test.\t3600\tIN\tIPSECKEY\t1 1 2 192.0.2.1 AAAA\n" },
        { "LOC without minutes and seconds", HEAD "a LOC 42 21 54 N 71 W 1m\nb LOC 1 2 S 4 5 E 0m 1m\n",
          NS "a.example.test.\t3600\tIN\tLOC\t42 21 54.000 N 71 00 0.000 W 1m 1m 10000m 10m\n"
             "b.example.test.\t3600\tIN\tLOC\t01 02 0.000 S 04 05 0.000 E 0m 1m 10000m 10m\n" },
        { "numbers at their limits, services by name",
          HEAD "a MX 65535 b\na CAA 255 issue x\na SRV 0 65535 65535 b\nw WKS 192.0.2.1 TCP smtp 80\n"
               "l LOC 90 0 0.000 S 180 0 0 W -100000m 90000000m\nx X25 3110\n"
               "s SVCB 1 . mandatory=port,alpn port=1 alpn=h2 no-default-alpn dohpath=/q{?dns}\n"
               "n NAPTR 1 1 \"u\" \"x\" \"/^(.*)$/sip:\\\\1@x/i\" .\n",
          NULL },
        { "the end of signatures, told the zone above", HEAD "@ CDS 0 0 0 00\n@ CDNSKEY 0 3 0 AA==\n",
          NULL },
        { "a DS of a delegation",
          HEAD "d NS ns.host.\nd DS 1 13 1 49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac\n", NULL },
        { "a name server of its own, with its address", HEAD "@ NS ns\nns A 192.0.2.1\n", NULL },
        { "a name server found by a wildcard", HEAD "@ NS ns.w\n*.w AAAA ::1\n", NULL },
        { "a name server behind a delegation", HEAD "@ NS ns.sub\nsub NS ns.host.\n", NULL },
        { "glue below a delegation", HEAD "sub NS ns.sub\nns.sub A 192.0.2.1\n", NULL },
        { "the zone itself as its name server", HEAD "@ NS @\n@ A 192.0.2.1\n", NULL },
};
