# SPDX-License-Identifier: MIT
"""Records of every type that ldns knows, at the edges of what their data can be."""

import ctypes
import ctypes.util

class _Descriptor(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("name", ctypes.c_char_p)]  # and more


def known():
    """The types that ldns has a name for: name to number."""
    ldns = ctypes.CDLL(ctypes.util.find_library("ldns"))
    ldns.ldns_rr_descript.restype = ctypes.POINTER(_Descriptor)
    descriptors = (ldns.ldns_rr_descript(number).contents for number in range(1, 65536))
    return {d.name.decode(): d.type for d in descriptors if d.type and d.name and not d.name.startswith(b"TYPE")}


def octets(count, first=0):
    """As hexadecimal."""
    return bytes((first + i) & 255 for i in range(count)).hex()


def generic(data):
    """In the form of RFC 3597."""
    return f"\\# {len(data)} {data.hex()}".rstrip()


NAMES = ["@", ".", "rel", "Mixed.CASE.Example.", "*.wild", "_under._score", "a\\.b.c\\\\d", "\\000\\255\\032\\\"\\;\\(\\@.x",
         "xn--bcher-kva", "l" * 63, ".".join(["m" * 63] * 3 + ["n" * 61]) + "."]
STRINGS = ['""', '"a"', '"blank and\ttab"', '"; ( ) \' @ $ ="', '"\\"\\\\\\000\\127\\255"', '"\u00fc\u20ac"',
           '"' + "s" * 255 + '"', '"' + "\\255" * 255 + '"', "bare", "b\\;are\\ \\032\\(", "7"]
KEY = "3q2+7/8A" * 8 + "AQ=="
SIGNATURE = "13 4 3600 20360101000000 20260101000000 12345 {zone}. " + "QUJD" * 21 + "QQ=="
BITMAPS = ["A", "A NS SOA MX TXT AAAA RRSIG NSEC DNSKEY CAA", "TYPE1 TYPE255 TYPE256 TYPE65280 TYPE65535", "NSEC"]
ADDRESSES = ["0.0.0.0", "255.255.255.255", "192.0.2.1"]
ADDRESSES6 = ["::", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:192.0.2.1", "2001:DB8::A", "2001:db8:0:0:1:0:0:1",
              "64:ff9b::c000:201"]
DIGESTS = ["0 0 0 00", "65535 255 255 " + octets(1), "12345 8 1 " + octets(20), "12345 13 2 " + octets(32).upper(),
           "12345 14 4 " + octets(48), "1 13 2 " + octets(16) + " " + octets(16)]
KEYS = ["0 3 0 AA==", "65535 255 255 " + KEY, f"256 3 13 {KEY}", f"257 3 8 ( {KEY[:8]}\n {KEY[8:]} )", "256 3 RSASHA256 AQAB"]
TLSA = ["0 0 0 00", "255 255 255 " + octets(1), "3 1 1 " + octets(32).upper(), "2 0 2 " + octets(64), "3 0 0 " + octets(1500),
        "3 1 1 " + octets(8) + " " + octets(24)]
SVCB = ["0 .", "0 Alias.Example.", "65535 .", "1 @", "1 . alpn=h2", "1 . alpn=\"h2,h3\" port=0",
        "1 . port=65535 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1,::",
        "16 t mandatory=alpn,port alpn=h2 no-default-alpn port=53", "1 . alpn=h2 ech=AEj+DQ==", "1 . dohpath=/q{?dns}",
        "1 . key667=hello", "1 . key65534", "1 . key667=\"a\\210b\""]
LARGE = [generic(bytes(size)) for size in (1, 255, 256, 4096)] + [generic(b"\xff" * 32760)]


def numbered(count, *values):
    """Smallest, largest and other numbers of 16 bits before each of the values."""
    return [" ".join([number] * count + [value]) for number, value in zip(["0", "65535", "1", "256"] * len(values), values)]


# Type to rdata. "{zone}" stands for the zone's name. Of a type that only RFC 3597 can write, that.
RECORDS = {
    "A": ADDRESSES, "AAAA": ADDRESSES6, "NS": NAMES[2:4] + NAMES[8:], "CNAME": NAMES, "DNAME": NAMES, "PTR": NAMES, "MB": NAMES,
    "MG": NAMES, "MR": NAMES,
    "SOA": ["ns.host.test. h 0 0 0 0 0", ". . 4294967295 2147483647 2147483647 2147483647 2147483647",
            "NS.Host.test. first\\.last.{zone}. ( 2026112901 ; serial\n 1W 1D1H\n 5w6d7h8m9s 300 )",
            "ns.host.test. " + NAMES[10] + " 1 2 3 4 5"],
    "MX": numbered(1, *NAMES), "KX": numbered(1, *NAMES), "RT": numbered(1, *NAMES), "AFSDB": numbered(1, *NAMES),
    "LP": numbered(1, *NAMES),
    "SRV": numbered(3, *NAMES), "RP": [f"{name} {name}" for name in NAMES[:10]] + [". " + NAMES[10]],
    "MINFO": [f"{name} ." for name in NAMES],
    "PX": [f"0 {name} ." for name in NAMES] + ["65535 a b"], "TALINK": [". .", "a B.Example."],
    "TXT": STRINGS + [" ".join(STRINGS), " ".join(['""'] * 300), " ".join(['"' + "t" * 255 + '"'] * 200),
                      " ".join(['"' + "\\200" * 255 + '"'] * 60),
                      '( "v=DKIM1; k=rsa; p=' + "M" * 230 + '"\n\t"' + "I" * 200 + '" )'],
    "SPF": STRINGS[1:] + ['"v=spf1 " "-all"'], "HINFO": [f"{s} {s}" for s in STRINGS],
    "X25": ['"0000"', "311061700956", '"' + "1" * 255 + '"'],
    "ISDN": ['"150862028003217"', '"150862028003217" "004"', '"" ""', '"' + "1" * 255 + '" "' + "2" * 255 + '"'],
    "GPOS": ['"-90" "-180" "0.0"', "32.6882 116.8652 10.0"],
    "NULL": [generic(b""), generic(b"\0"), generic(bytes(range(256)))],
    "WKS": ["192.0.2.1 tcp 25 80", "0.0.0.0 udp 53", "255.255.255.255 tcp 0 65535", "192.0.2.1 tcp smtp domain"],
    "NSAP": ["0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00", "0x00", "0x" + octets(255)],
    "SIG": ["A " + SIGNATURE, "NXT " + SIGNATURE], "KEY": [KEYS[0], "16383 255 255 " + KEY, *KEYS[2:-1]],
    "LOC": ["0 N 0 E 0m", "90 S 180 W -100000.00m 0m 0m 0m", "52 22 23.001 N 4 53 32.999 E 42849672.95m 90000000.00m 10000m 10m",
            "1 2 3 S 4 5 E 0.99m 0.01m", "59 59 59.999 N 179 59 59.999 W 1.5m 2m 3m"],
    "EID": ["00", octets(255)], "NIMLOC": ["00", octets(255).upper()],
    "NAPTR": ['0 0 "" "" "" .', '65535 65535 "S" "SIP+D2U" "" _sip._udp', '100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@x.test!i" .',
              '1 1 "A" "' + "s" * 255 + '" "" Mixed.Example.', '1 1 "\\000" "\\255" "" x'],
    "CERT": ["1 0 0 AA==", "65535 65535 255 " + KEY, "PKIX 1 RSASHA256 AQAB", "URI 0 0 aHR0cA==", "254 1 8 " + "QUJD" * 1000],
    "APL": ["1:0.0.0.0/0", "1:192.0.2.0/24 !1:192.0.2.128/25", "2:2001:db8::/32", "2:::/0", "!2:ffff::/128",
            "1:255.255.255.255/32"],
    "DS": DIGESTS, "CDS": DIGESTS, "DLV": DIGESTS, "DNSKEY": KEYS, "CDNSKEY": KEYS,
    "SSHFP": ["0 0 00", "255 255 ff", "1 1 " + octets(20), "4 2 " + octets(32).upper(), "4 2 " + octets(16) + " " + octets(16)],
    "IPSECKEY": [f"10 0 2 . {KEY}", f"255 1 255 255.255.255.255 {KEY}", f"10 2 2 2001:db8::1 {KEY}", f"10 3 2 Gate.way {KEY}",
                 f"10 3 2 @ {KEY}"],
    "RRSIG": [covered + " " + SIGNATURE for covered in ("A", "MX", "NSEC", "TYPE65280", "CAA")],
    "NSEC": [f"{name} {bitmap}" for name, bitmap in zip(NAMES, BITMAPS * 3)],
    "NSEC3": [f"1 0 0 - {octets(20)[:32].upper()} A", "1 1 65535 " + octets(255) + " " + "0V" * 16 + " A RRSIG",
              "1 0 10 AABBCCDD " + "vv" * 16 + " TYPE65280", "1 0 0 - " + "00" * 16],
    "NSEC3PARAM": ["0 0 0 -", "1 0 65535 aabb", "255 255 1 " + octets(255)],
    "DHCID": ["AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", "AAAA"], "TLSA": TLSA, "SMIMEA": TLSA,
    "HIP": ["2 200100107B1A74DF365639CC39F1D578 " + KEY, "255 00 AQAB a.b. Rendez.Vous c"],
    "OPENPGPKEY": ["AA==", "QUJD" * 2000, KEY],
    "CSYNC": ["0 0 A", "4294967295 65535 " + BITMAPS[2], "66 3 A NS AAAA"],
    "ZONEMD": ["0 0 0 " + octets(12), "4294967295 1 1 " + octets(48), "1 1 2 " + octets(64).upper(), "1 255 240 " + octets(255)],
    "SVCB": SVCB, "HTTPS": SVCB, "NID": ["0 0000:0000:0000:0000", "65535 ffff:FFFF:ffff:ffff", "10 14:4fff:ff20:ee64"],
    "L32": numbered(1, *ADDRESSES),
    "L64": ["0 0:0:0:0", "65535 ffff:FFFF:ffff:ffff", "10 2001:0DB8:1140:1000"],
    "EUI48": ["00-00-00-00-00-00", "FF-ff-ff-ff-ff-ff"],
    "EUI64": ["00-00-00-00-00-00-00-00", "FF-ff-ff-ff-ff-ff-ff-ff"],
    "URI": ['0 0 "x"', '65535 65535 "https://a.test/?q=\\"\\\\;( )#"', '1 1 "' + "u" * 2000 + '"', '1 1 "\\000\\255"'],
    "CAA": ['0 issue ""', '255 iodef "mailto:a@b.test"', '128 issuewild "ca.test; account=230123"', '0 issue "' + "v" * 1000 + '"',
            '1 A1b2 "\\"\\000\\255"', "0 issue ca.test"],
    # No name in ldns, and names in BIND that ddns-protocol(7) has: NINFO, RKEY, AVC, DOA, AMTRELAY, TA.
    "TYPE56": [generic(b"\1a")], "TYPE57": [generic(b"\0\0\3\x0d" + bytes(64))], "TYPE258": [generic(b"\1a\0")], "TYPE259": [generic(bytes(9) + b"\0x")],
    "TYPE260": [generic(b"\x0a\0"), generic(b"\x0a\1\xc0\0\2\1")],
    "TYPE32768": [generic(b"\0\1\x0d\2" + bytes(32))],
    # Not assigned, private, and the last one.
    "TYPE3333": LARGE[:3], "TYPE65280": [generic(b""), "\\# 0", "\\# 4 C0 000 201", *LARGE], "TYPE65534": LARGE[:3],
    "TYPE65535": [generic(b"\0")],
}

# Types that stand in no zone, or that ldns misreads, each with one that is well written.
REFUSED = {
    "MD": "host", "MF": "host", "NXT": "next A NXT", "A6": generic(b"\0" + bytes(range(16))), "OPT": generic(b""), "TKEY": generic(bytes(26)), "TSIG": generic(bytes(26)),
    "NSAP-PTR": "host", "SINK": generic(b"\1\2\3abc"), "ATMA": generic(b"\x00123"),
}


def zone(name, rtype, variants):
    """Text of a zone with a record of each of these data; owners are fit for NSEC3, too."""
    soa = variants[0] if rtype == "SOA" else "ns.host.test. hostmaster 1 3600 600 86400 300"
    lines = ["$TTL 3600", f"@ IN SOA {soa}", "@ IN NS ns.host.test."]
    lines += [f"{i:032} {i} IN {rtype} {rdata}" for i, rdata in enumerate(variants) if rtype != "SOA"]
    return "\n".join(lines).replace("{zone}", name) + "\n"
