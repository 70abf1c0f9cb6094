# SPDX-License-Identifier: MIT
"""Random zone files: records of all types, in every spelling that a master file may have, and some that it may not."""

import base64

import rrtypes

# What we accept and BIND looks into.
NUMBERS = sorted([number for name, number in rrtypes.known().items() if name not in rrtypes.REFUSED] +
                 [int(name[4:]) for name in rrtypes.RECORDS if name.startswith("TYPE")])
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Maker:
    """Makes zones from a random.Random."""

    def __init__(self, rng):
        self._r = rng

    # ---- fields

    def _label(self):
        r = self._r
        kind = r.random()
        if kind < 0.7:
            return "".join(r.choice(LETTERS + "0123456789-_") for _ in range(r.randint(1, 8))).strip("-") or "x"
        if kind < 0.78:
            return "".join(r.choice(LETTERS) for _ in range(r.choice((62, 63))))
        if kind < 0.84:
            return "xn--" + "".join(r.choice(LETTERS) for _ in range(6))
        if kind < 0.9:
            return r.choice(("UPPER", "MiXed", "*", "_sip", "_dmarc", "0", "1/2"))
        return r.choice(("a\\.b", "\\097", "\\@", "\\$x", "q\\\"q", "\\;s", "\\(p", "sp\\032ace", "\\200", "b\\\\s"))

    def name(self):
        """A name in rdata or an owner: relative, absolute, the apex, or far away."""
        r = self._r
        kind = r.random()
        if kind < 0.1:
            return "@"
        if kind < 0.6:
            return ".".join(self._label() for _ in range(r.choice((1, 1, 1, 2, 3))))
        if kind < 0.7:
            return self._label() + ".{zone}."
        if kind < 0.72:
            return ".".join("".join(r.choice(LETTERS) for _ in range(60)) for _ in range(4))
        return r.choice(("ns.host.test.", "mail.Example.", "x.y.z.example.org.", "."))

    def number(self, most):
        r = self._r
        if r.random() < 0.003:
            return r.choice((str(most + 1), "-1", "+1", "1x"))
        return str(r.choice((0, 1, most, r.randint(0, most))))

    def hexadecimal(self, size):
        return "".join(self._r.choice("0123456789abcdefABCDEF") for _ in range(2 * size))

    def base64(self, size):
        return base64.b64encode(self._r.randbytes(size)).decode()

    def ipv4(self):
        return ".".join(self.number(255) for _ in range(4))

    def ipv6(self):
        return self._r.choice(("2001:db8::1", "::", "::ffff:192.0.2.1", "fe80::1:2", "2001:DB8:0:0:0:0:0:A",
                               ":".join(f"{self._r.randint(0, 65535):x}" for _ in range(8))))

    def string(self):
        r = self._r
        text = "".join(r.choice(LETTERS + " =;()\\'@$%&*") if r.random() < 0.9 else r.choice(("\\\"", "\\\\", "\\000", "\\255", "é"))
                       for _ in range(r.choice((0, 3, 12, 200, 255))))
        text = text.replace("\\ ", "\\\\ ").rstrip("\\") if r.random() < 0.9 else text
        return f'"{text}"' if r.random() < 0.85 else (text.replace(" ", "").replace(";", "").replace("(", "").replace(")", "") or "x")

    def ttl(self):
        r = self._r
        return r.choice(("0", "5", "3600", "1h", "1h30m", "2D", "1w2d3h4m5s", "86400", "2147483647", str(r.randint(0, 100000))))

    # ---- records

    def rdata(self):
        """(type, rdata)"""
        r = self._r
        n, h, b = self.number, self.hexadecimal, self.base64
        makers = {
            "A": self.ipv4, "AAAA": self.ipv6, "NS": self.name, "PTR": self.name, "CNAME": self.name, "DNAME": self.name,
            "MX": lambda: f"{n(65535)} {self.name()}", "KX": lambda: f"{n(65535)} {self.name()}",
            "RT": lambda: f"{n(65535)} {self.name()}", "AFSDB": lambda: f"{n(65535)} {self.name()}",
            "TXT": lambda: " ".join(self.string() for _ in range(r.randint(1, 3))),
            "SPF": lambda: self.string(), "HINFO": lambda: f"{self.string()} {self.string()}",
            "SRV": lambda: f"{n(65535)} {n(65535)} {n(65535)} {self.name()}",
            "CAA": lambda: f'{n(255)} {r.choice(("issue", "issuewild", "iodef"))} "{r.choice(("ca.test", ";", "mailto:a@b"))}"',
            "TLSA": lambda: f"{n(255)} {n(255)} {n(255)} {h(32)}", "SMIMEA": lambda: f"{n(255)} {n(255)} {n(255)} {h(32)}",
            "SSHFP": lambda: f"{r.choice((1, 2, 3, 4))} {r.choice((1, 2))} {h(20)}",
            "DS": lambda: f"{n(65535)} 13 2 {h(32)}", "CDS": lambda: f"{n(65535)} 13 2 {h(32)}",
            "DNSKEY": lambda: f"256 3 13 {b(64)}", "KEY": lambda: f"256 3 13 {b(64)}",
            "NAPTR": lambda: f'{n(65535)} {n(65535)} "{r.choice("SAUP")}" "E2U+sip" "!^.*$!sip:a@b!" {self.name()}',
            "RP": lambda: f"{self.name()} {self.name()}", "MINFO": lambda: f"{self.name()} {self.name()}",
            "PX": lambda: f"{n(65535)} {self.name()} {self.name()}",
            "LOC": lambda: r.choice(("52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", "42 21 54 N 71 06 18 W -24m 30m", "0 N 0 E 0m", "1 2 3 S 4 5 E 0m", "42 21 54 N 71 W 1m",
                                    "42 21 N 71 W 1m 2m")),
            "CERT": lambda: f"{r.choice(('PKIX', '1', '65534'))} {n(65535)} {r.choice(('RSASHA256', '8', '0'))} {b(20)}",
            "X25": lambda: '"311061700956"', "ISDN": lambda: r.choice(('"150862028003217" "004"', '"150862028003217"')),
            "NSAP": lambda: "0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00",
            "GPOS": lambda: '"-32.6882" "116.8652" "10.0"',
            "APL": lambda: r.choice(("1:192.0.2.0/24", "!1:192.0.2.0/25 2:2001:db8::/32", "")),
            "IPSECKEY": lambda: r.choice((f"10 0 2 . {b(16)}", f"10 1 2 192.0.2.1 {b(16)}", f"10 3 2 {self.name()} {b(16)}")),
            "DHCID": lambda: b(35), "OPENPGPKEY": lambda: b(40), "EUI48": lambda: "00-00-5e-00-53-2a",
            "EUI64": lambda: "00-00-5e-ef-10-00-00-2a", "NID": lambda: f"{n(65535)} 0014:4fff:ff20:ee64",
            "L32": lambda: f"{n(65535)} {self.ipv4()}", "L64": lambda: f"{n(65535)} 2001:0db8:1140:1000",
            "LP": lambda: f"{n(65535)} {self.name()}", "URI": lambda: f'{n(65535)} {n(65535)} "ftp://a.test/{self._label()[:3]}"',
            "CSYNC": lambda: f"{n(65535)} {r.choice((0, 1, 3))} A NS AAAA", "ZONEMD": lambda: f"7 1 1 {h(48)}",
            "HTTPS": lambda: r.choice((f"0 {self.name()}", f"1 . alpn=h2,h3 port={r.randint(1, 65535)}", "1 . ipv4hint=192.0.2.1")),
            "SVCB": lambda: r.choice((f"0 {self.name()}", f"16 {self.name()} mandatory=alpn alpn=h2")),
            "TYPE65280": lambda: f"\\# {4} {h(4)}", "TYPE1": lambda: "\\# 4 c0000201", "TYPE16": lambda: "\\# 3 026162",
            "NSEC3PARAM": lambda: f"1 0 {n(100)} {r.choice(('-', 'aabbccdd'))}",
            "RRSIG": lambda: f"A 13 {r.choice((2, 3, 3, 3, 3, 4))} 300 20360101000000 20260101000000 {n(65535)} {{zone}}. {b(64)}",
            "NSEC": lambda: f"{self.name()} A RRSIG NSEC TYPE65280",
        }
        rtype = r.choice([*makers, None])
        return (rtype, makers[rtype]()) if rtype else self.octets()

    def octets(self):
        """Of any type, in the form of RFC 3597; small ones, which are lengths, types and names more often than others."""
        r = self._r
        data = bytes(r.choice((0, 0, 0, 1, 1, 2, 3, 4, 32, 64, r.randrange(256))) for _ in range(r.choice((1, 2, 3, 4, 5, 6, 8, 9, 16, 17, 22))))
        return f"TYPE{r.choice(NUMBERS)}", rrtypes.generic(data)

    def _layout(self, owner, rtype, rdata, first):
        """One record as a line, or several."""
        r = self._r
        blank = r.choice((" ", "\t", "  ", "\t\t"))
        head = []
        if r.random() < 0.6:
            head.append(self.ttl())
        if r.random() < 0.6:
            head.append(r.choice(("IN", "in")))
        if r.random() < 0.3:
            head.reverse()
        rtype = rtype if r.random() < 0.85 else rtype.lower()
        if not first and r.random() < 0.15:
            owner = ""
        if r.random() < 0.15 and " " in rdata and '"' not in rdata and "\\" not in rdata:
            rdata = "( " + rdata.replace(" ", r.choice((" ", "\n\t", " ; c (\n ")), 1) + " )"
        end = r.choice(("", "", "", " ", " ; comment", "\t;\"(", "\r"))
        return blank.join([owner, *head, rtype, rdata]) + end + "\n" + ("\n" if r.random() < 0.1 else "")

    def _head(self):
        r = self._r
        ttl = r.choice(("", "$TTL 3600\n", "$TTL 1h ; one\n", "$ttl 300\n", "$TTL 2147483647\n"))
        serial = r.choice((0, 1, 2026112901, 4294967295))
        soa = r.choice((
            f"@ IN SOA ns.host.test. h.{{zone}}. {serial} 3600 600 86400 300\n",
            f"{{zone}}. 3600 SOA ns.host.test. h ( {serial} 1h\n 10m ; x\n 1D 5m )\n",
            f"@\tIN\tSOA\tns.host.test.\th\\.x.test. (\n\t\t{serial}\n\t3600 3600 1209600 86400 )\n"))
        ns = r.choice(("@ NS ns.host.test.\n", "{zone}.\t3600\tIN\tNS\tns.host.test.\n", " IN NS ns.host.test.\n"))
        return "\n" * r.choice((0, 0, 13)) + ttl + soa + ns

    def _mutate(self, text):
        r = self._r
        for _ in range(r.randint(1, 3)):
            at = r.randrange(len(text))
            kind = r.random()
            if kind < 0.3:
                text = text[:at] + r.choice("\"\\();.@$ \t\n*0a-/:#") + text[at:]
            elif kind < 0.55:
                text = text[:at] + text[at + r.randint(1, 3):]
            elif kind < 0.75:
                text = text[:at] + r.choice("\"\\();.@ \n9z") + text[at + 1:]
            else:
                words = text.split(" ")
                i = r.randrange(len(words))
                words[i:i + 1] = r.choice(([], [words[i]] * 2, [words[i], "x"], ["99999"]))
                text = " ".join(words)
        return text

    def zone(self, zone):
        """The text of a zone of that name."""
        r = self._r
        text = self._head()
        for _ in range(r.randint(0, 6)):
            if r.random() < 0.05:
                text += r.choice(("$ORIGIN sub\n", "$ORIGIN a.b.{zone}.\n", "$ORIGIN {zone}.\n", "$TTL 60\n"))
            owner = self.name() if r.random() < 0.95 else r.choice(("{zone}.", "sub.{zone}.", "elsewhere.test."))
            text += self._layout(owner, *self.rdata(), first=False)
        text = text.replace("{zone}", zone)
        if r.random() < 0.3:
            text = self._mutate(text)
        return text.encode("utf-8", "replace")
