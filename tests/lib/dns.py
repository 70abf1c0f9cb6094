# SPDX-License-Identifier: MIT
"""What a name server really serves: SOA queries, zone transfers, its own list of zones."""

import base64
import json
import os
import random
import socket
import struct
import subprocess
import tempfile
import urllib.request
from typing import NamedTuple, Optional

TYPE_SOA = 6


class Soa(NamedTuple):
    rcode: int
    authoritative: bool
    serial: Optional[int]  # None: no SOA of this name in the answer


def _skip_name(message, at):
    while message[at]:
        if message[at] & 0xC0:
            return at + 2
        at += message[at] + 1
    return at + 1


def _parse_soa(message):
    _, flags, questions, answers = struct.unpack_from("!HHHH", message)
    at, serial = 12, None
    for _ in range(questions):
        at = _skip_name(message, at) + 4
    for _ in range(answers):
        at = _skip_name(message, at)
        rtype, _, _, length = struct.unpack_from("!HHIH", message, at)
        at += 10
        if rtype == TYPE_SOA:
            serial = struct.unpack_from("!I", message, _skip_name(message, _skip_name(message, at)))[0]
        at += length
    return Soa(flags & 15, bool(flags & 0x0400), serial)


class NameServer:
    """A name server at an address; `statistics`: port of BIND's statistics channel, for zones()."""

    def __init__(self, address, port, statistics):
        self.address, self.port, self.statistics = address, port, statistics

    def soa(self, zone, timeout=1.0):
        """One UDP query; None if nothing answers in time."""
        ident = random.randrange(65536)
        name = b"".join(bytes([len(label)]) + label.encode() for label in zone.split(".")) + b"\0"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            s.connect((self.address, self.port))
            try:
                s.send(struct.pack("!HHHHHH", ident, 0, 1, 0, 0, 0) + name + struct.pack("!HH", TYPE_SOA, 1))
                while True:
                    message = s.recv(4096)
                    if message[:2] == struct.pack("!H", ident):
                        return _parse_soa(message)
            except OSError:
                return None

    def serial(self, zone):
        """The serial it answers with authority; None if it does not."""
        soa = self.soa(zone)
        return soa.serial if soa and soa.rcode == 0 and soa.authoritative else None

    def dig(self, *arguments):
        command = ["dig", f"@{self.address}", "-p", str(self.port), "+time=2", "+tries=2", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    def axfr(self, zone):
        """All records, as records() gives them."""
        return records(zone, self.dig(zone, "AXFR", "+noall", "+answer", "+onesoa", "+nosplit"))

    def zones(self):
        """Names of all zones loaded in the default view, by the server's own account."""
        with urllib.request.urlopen(f"http://{self.address}:{self.statistics}/json/v1/zones", timeout=10) as answer:
            views = json.load(answer).get("views", {})
        return {zone["name"].lower() for zone in views.get("_default", {}).get("zones", [])}


def rndc_key():
    """Text of an rndc.key, as rndc-confgen writes it."""
    secret = base64.b64encode(os.urandom(32)).decode()
    return f'key "rndc-key" {{\n\talgorithm hmac-sha256;\n\tsecret "{secret}";\n}};\n'


def records(zone, text):
    """The sorted records of a zone file in BIND's own spelling, so that two spellings of one record compare equal."""
    with tempfile.NamedTemporaryFile("w", prefix="ddns-zone-", delete=False) as f:
        f.write(text)
    try:
        result = subprocess.run(
            ["named-compilezone", "-i", "none", "-k", "ignore", "-n", "ignore", "-m", "ignore", "-r", "ignore",
             "-S", "ignore", "-W", "ignore", "-s", "full", "-f", "text", "-F", "text", "-o", "-", zone, f.name],
            capture_output=True, text=True, timeout=30, check=False)
    finally:
        os.unlink(f.name)
    if result.returncode != 0:
        raise ValueError(f"{zone}: {result.stdout} {result.stderr}")
    return sorted(" ".join(line.split()) for line in result.stdout.splitlines() if line and not line.startswith(";"))
