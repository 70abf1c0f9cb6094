# SPDX-License-Identifier: MIT
"""Zones that are signed elsewhere, and what a validating resolver says of their answers."""

import os
import re
import subprocess
import tempfile

# A wildcard, names without records between others, delegations with and without DS, glue.
ZONE = """
$TTL 3600
@               IN SOA   ns1.{zone}. hostmaster.{zone}. 7 3600 600 86400 300
@               IN NS    ns1
@               IN NS    ns2.elsewhere.example.
ns1             IN A     192.0.2.1
@               IN MX    10 mail
mail            IN A     192.0.2.2
www             IN CNAME mail
a.b.c           IN TXT   "below names without records"
*.wild          IN TXT   "any"
x.y.wild        IN A     192.0.2.3
insecure        IN NS    ns.insecure
ns.insecure     IN A     192.0.2.4
secure          IN NS    ns.elsewhere.example.
secure          IN DS    12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
_sip._tcp       IN SRV   0 0 5060 mail
"""

# What is asked, and what must be answered: "positive" or "negative", validated. One of each kind: a record, a wildcard, no such
# type, no such name, a delegation that is not signed.
KINDS = [
    ("mail.{zone}", "A", "positive"), ("any.wild.{zone}", "TXT", "positive"), ("mail.{zone}", "AAAA", "negative"),
    ("nothing.{zone}", "A", "negative"), ("insecure.{zone}", "DS", "negative"),
]
QUESTIONS = KINDS + [
    ("{zone}", "SOA", "positive"), ("{zone}", "DNSKEY", "positive"), ("www.{zone}", "CNAME", "positive"),
    ("deep.any.wild.{zone}", "TXT", "positive"), ("secure.{zone}", "DS", "positive"),
    ("{zone}", "A", "negative"), ("any.wild.{zone}", "A", "negative"),
    ("c.{zone}", "A", "negative"), ("b.c.{zone}", "TXT", "negative"), ("y.wild.{zone}", "A", "negative"),
    ("_tcp.{zone}", "A", "negative"), ("zzz.b.c.{zone}", "A", "negative"), ("0.{zone}", "MX", "negative"),
    ("nothing.y.wild.{zone}", "A", "negative"),
]


def questions(zone, opt_out=False, brief=False):
    """QUESTIONS or KINDS for a zone. With opt-out nobody can prove that no name is closer than a wildcard with data
    (RFC 5155, 9.2)."""
    return [(name.format(zone=zone), rtype, "unsigned" if opt_out and wanted == "positive" and "any.wild" in name else wanted)
            for name, rtype, wanted in (KINDS if brief else QUESTIONS)]


def sign(zone, *options, algorithm="ECDSAP256SHA256"):
    """Text of ZONE as `zone`, signed by dnssec-signzone with `options`, with new keys of that algorithm."""
    with tempfile.TemporaryDirectory(prefix="ddns-sign-") as directory:
        def run(*command):
            subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=True)

        with open(os.path.join(directory, "zone"), "w", encoding="utf-8") as f:
            f.write(ZONE.format(zone=zone))
        for flags in ([], ["-f", "KSK"]):
            run("dnssec-keygen", "-a", algorithm, *flags, zone)
        run("dnssec-signzone", "-S", "-o", zone, "-O", "full", "-f", "signed", "-e", "20360101000000", *options, "zone")
        with open(os.path.join(directory, "signed"), encoding="utf-8") as f:
            return f.read()


def key(text):
    """The key that signs keys, of a zone's text: data of its DNSKEY."""
    return re.search(r"DNSKEY\s+(257 3 \d+ .*)", text).group(1)


def delv(nameserver, zone, trusted, name, rtype):
    """What delv says with `trusted` (DNSKEY data) as the only anchor: "positive", "negative", "unsigned", or its whole output."""
    flags, protocol, algorithm, *data = trusted.split()
    with tempfile.NamedTemporaryFile("w", suffix=".keys") as anchor:
        anchor.write(f'trust-anchors {{ {zone}. static-key {flags} {protocol} {algorithm} "{"".join(data)}"; }};\n')
        anchor.flush()
        command = ["delv", f"@{nameserver.address}", "-p", str(nameserver.port), "-a", anchor.name, f"+root={zone}",
                   name, rtype]
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                                check=False).stdout
    if "; negative response, fully validated" in output:
        return "negative"
    if output.startswith(("; unsigned answer", "; negative response, unsigned answer")):
        return "unsigned"
    return "positive" if "; fully validated" in output else output
