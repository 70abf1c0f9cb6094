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

from cases import same

TYPE_SOA = 6
TYPE_AXFR = 252


class Soa(NamedTuple):
    rcode: int
    authoritative: bool
    serial: Optional[int]  # None: no SOA of this name in the answer


def _query(ident, zone, rtype):
    name = b"".join(bytes([len(label)]) + label.encode() for label in zone.split(".")) + b"\0"
    return struct.pack("!HHHHHH", ident, 0, 1, 0, 0, 0) + name + struct.pack("!HH", rtype, 1)


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


class Record(NamedTuple):
    """As it goes over the wire; names are not compressed."""
    owner: bytes  # lower case
    rtype: int
    rclass: int
    ttl: int
    rdata: bytes


# Types whose data may have compressed names (RFC 3597, 4): octets before them, and how many they are.
COMPRESSED = {2: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1), 8: (0, 1), 9: (0, 1), 12: (0, 1), 14: (0, 2), 15: (2, 1)}


def _expand_name(message, at):
    """The name that begins there, without compression, and where the next field is."""
    end, name = _skip_name(message, at), b""
    while message[at]:
        if message[at] & 0xC0:
            at = struct.unpack_from("!H", message, at)[0] & 0x3FFF
        else:
            name += message[at:at + 1 + message[at]]
            at += 1 + message[at]
    return name + b"\0", end


def _expand_rdata(message, rtype, at, end):
    before, names = COMPRESSED.get(rtype, (0, 0))
    rdata, at = message[at:at + before], at + before
    for _ in range(names):
        name, at = _expand_name(message, at)
        rdata += name
    return rdata + message[at:end]


def _answers(message):
    """The records in the answer section."""
    _, flags, questions, answers = struct.unpack_from("!HHHH", message)
    if flags & 15:
        raise ValueError(f"rcode {flags & 15}")
    at = 12
    for _ in range(questions):
        at = _skip_name(message, at) + 4
    for _ in range(answers):
        owner, at = _expand_name(message, at)
        rtype, rclass, ttl, length = struct.unpack_from("!HHIH", message, at)
        at += 10
        yield Record(owner.lower(), rtype, rclass, ttl, _expand_rdata(message, rtype, at, at + length))
        at += length


def _receive(s, size):
    data = b""
    while len(data) < size:
        more = s.recv(size - len(data))
        if not more:
            raise EOFError("the connection ended within a message")
        data += more
    return data


def compiled(zone, text):
    """The sorted Records of a zone file, as BIND's named-compilezone reads it."""
    with tempfile.TemporaryDirectory(prefix="ddns-zone-") as directory:
        source, raw = os.path.join(directory, "zone"), os.path.join(directory, "raw")
        with open(source, "wb") as f:
            f.write(text.encode())
        done = subprocess.run(["named-compilezone", "-i", "none", "-k", "ignore", "-n", "ignore", "-m", "ignore", "-r", "ignore",
                               "-S", "ignore", "-W", "ignore", "-F", "raw", "-o", raw, zone, source],
                              stdout=subprocess.PIPE, text=True, errors="replace", timeout=30, check=False)
        if done.returncode != 0:
            raise ValueError(f"{zone}: {done.stdout}")
        with open(raw, "rb") as f:
            data = f.read()
    same(data[:8], struct.pack("!II", 2, 1), "the raw format and its version")
    result, at = [], 24
    while at < len(data):  # RRsets: size, class, type, covered type, TTL, number of records, size of the name
        size, rclass, rtype, _, ttl, count, name_size = struct.unpack_from("!IHHHIIH", data, at)
        place = at + 20
        owner = data[place:place + name_size].lower()
        place += name_size
        for _ in range(count):
            length, = struct.unpack_from("!H", data, place)
            result.append(Record(owner, rtype, rclass, ttl, data[place + 2:place + 2 + length]))
            place += 2 + length
        at += size
        same(place, at, "the end of an RRset in the raw format")
    return sorted(result)


class NameServer:
    """A name server at an address; `statistics`: port of BIND's statistics channel, for zones()."""

    def __init__(self, address, port, statistics):
        self.address, self.port, self.statistics = address, port, statistics

    def soa(self, zone, timeout=1.0):
        """One UDP query; None if nothing answers in time."""
        ident = random.randrange(65536)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            s.connect((self.address, self.port))
            try:
                s.send(_query(ident, zone, TYPE_SOA))
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

    def wire(self, zone):
        """All records by a zone transfer, as sorted Records."""
        query = _query(random.randrange(65536), zone, TYPE_AXFR)
        found = []
        with socket.create_connection((self.address, self.port), 10) as s:
            s.sendall(struct.pack("!H", len(query)) + query)
            while sum(record.rtype == TYPE_SOA for record in found) < 2:
                size, = struct.unpack("!H", _receive(s, 2))
                message = _receive(s, size)
                same(message[:2], query[:2], "the message's number")
                found += _answers(message)
        return sorted(found[:-1])

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
