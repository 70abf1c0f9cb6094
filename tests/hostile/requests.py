# SPDX-License-Identifier: MIT
"""The recorded requests, changed at random: each gets an answer that is one, or the end of its connection, and `error=0` never
without exactly that change in the store. With a receiver that sanitizers look into."""

import base64
import collections
import contextlib
import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
import urllib.parse

import builds
import wire
from answers import answers
from cases import DIE_WITH_US, Cases, same
from hostile.guesses import CHEAP_HASH, CHEAP_PASSWORD
from judging import judge
from node import Node, find_program
from push import USERNAME

TIMEOUT = 20
RECEIVERS = 6
RIGHT = base64.b64encode(f"{USERNAME}:{CHEAP_PASSWORD}".encode())
TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"\r\n ", b"%", b"%00", b"%0a", b"%zz", b"&", b"=", b"?", b"+", b";", b"..", b"\xff",
    b"\xc0\xaf", b"\x9b", b"Content-Length: 0\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n",
    b"Connection: keep-alive\r\n", b"Content-Type: application/x-www-form-urlencoded\r\n", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9",
    b"GET ", b"POST ", b"HEAD ", b"http://x/", b"domain=", b"&domain=other.example", b"action=delete", b"action=rawsave",
    b"&select0=other.example", b"zone_file=", b"\r\n\r\n", b"0\r\n\r\n", b"A" * 300, b"A" * 20000, b"x" * 70000,
)


def credentials(r):
    """What may stand behind "Authorization:"."""
    decoded = bytearray(f"{USERNAME}:{CHEAP_PASSWORD}".encode())
    for _ in range(r.randrange(3)):
        at = r.randrange(len(decoded) + 1)
        decoded[at:at + r.randrange(2)] = r.choice((b"", b":", b"\0", b"\n", b"x", b"\xff", b"y" * 3000))
    encoded = bytearray(base64.b64encode(bytes(decoded)))
    if encoded and r.random() < 0.5:
        at = r.randrange(len(encoded))
        encoded[at:at + r.randrange(3)] = r.choice((b"", b"=", b"*", b" ", b"\0", b"-_", b"A"))
    return r.choice((b"Basic ", b"basic ", b"Basic", b"Basic  ", b"Bearer ", b"", b"Basic\t", b"Digest ")) + bytes(encoded)


def changed(r, recorded):
    """One of them, with a few changes; or two, behind one another or into each other."""
    raw = bytearray(r.choice(recorded))
    if r.random() < 0.15:
        raw = bytearray(re.sub(rb"(?m)^Authorization: [^\r]*", lambda _: b"Authorization: " + credentials(r), bytes(raw)))
    for _ in range(r.choice((0, 1, 1, 1, 2, 3, 8))):
        # most of what matters is at the beginning
        at = r.randrange(min(len(raw), r.choice((60, 300, 1 << 20))) or 1)
        kind = r.randrange(7)
        if kind == 0 and raw:
            raw[at % len(raw)] ^= 1 << r.randrange(8)
        elif kind == 1:
            del raw[at:at + r.choice((1, 2, 10, 100))]
        elif kind == 2:
            raw[at:at] = r.choice(TOKENS)
        elif kind == 3:
            raw[at:at + 1] = r.choice(TOKENS)
        elif kind == 4:
            raw[at:at] = raw[at:at + r.choice((1, 5, 50))]
        elif kind == 5:
            lines = bytes(raw).split(b"\r\n")
            lines.insert(r.randrange(len(lines)), r.choice(lines))
            raw = bytearray(b"\r\n".join(lines))
        else:
            other = r.choice(recorded)
            raw = bytearray(bytes(raw) + other if r.random() < 0.5 else bytes(raw[:at]) + other[r.randrange(len(other)):])
    return bytes(raw)


def exchange(address, raw):
    """All that comes back until the other side closes; it is told that nothing follows."""
    came = b""
    with socket.create_connection(address, TIMEOUT) as s:
        try:
            s.sendall(raw)
            s.shutdown(socket.SHUT_WR)
            while data := s.recv(65536):
                came += data
        except (ConnectionResetError, BrokenPipeError):
            pass
        except OSError as error:
            if not isinstance(error, TimeoutError):
                return came  # not connected any more
            raise AssertionError(f"neither an answer nor an end within {TIMEOUT} s: {raw!r}") from None
    return came


class Store:
    """What the receiver has accepted, read from behind it."""

    def __init__(self, path):
        self._database = sqlite3.connect(path, timeout=30, isolation_level=None)

    def generation(self):
        return self._database.execute("SELECT coalesce(max(generation), 0) FROM version").fetchone()[0]

    def since(self, generation):
        """(zone, content or None if it is deleted) of each later change."""
        return self._database.execute("SELECT zone, content FROM version WHERE generation > ? ORDER BY generation",
                                      (generation,)).fetchall()

    def content(self, zone):
        """Of the newest, None if it is deleted or was never there."""
        row = self._database.execute("SELECT content FROM version WHERE zone = ? ORDER BY generation DESC LIMIT 1",
                                     (zone,)).fetchone()
        return row[0] if row else None

    def close(self):
        self._database.close()


def texts(raw):
    """Whatever of the request could be the text of a zone: from any place on where a body may begin, undecoded, chunked, or in
    a form. It is the receiver's word against that of somebody who does not know how to read a request, so that is generous."""
    for begin in re.finditer(rb"\r?\n\r?\n", raw):
        body = raw[begin.end():]
        yield body
        for size in re.findall(rb"(?i)content-length:\s*(\d{1,6})", raw):
            yield body[:int(size)]
        pieces, rest = b"", body
        while (head := re.match(rb"([0-9a-fA-F]{1,6})[^\r\n]*\r?\n", rest)) and int(head.group(1), 16) > 0:
            size = int(head.group(1), 16)
            pieces += rest[head.end():head.end() + size]
            rest = rest[head.end() + size:].lstrip(b"\r\n")
        if pieces:
            yield pieces
        sizes = [int(size) for size in re.findall(rb"(?i)content-length:\s*(\d{1,6})", raw)]
        for form in (body, pieces, *(body[:size] for size in sizes)):
            for field in re.findall(rb"zone_file=([^&]*)", form):
                yield urllib.parse.unquote_to_bytes(field.replace(b"+", b" "))


class Trial:
    """Sends them, and notes what has to be compared."""

    def __init__(self, node, store):
        self._address, self._store = node.master.address, store
        self.answered = collections.Counter()
        self.saves = []  # (request, (zone, content that is stored for it)s, one of which it must have made)

    def one(self, raw):
        before = self._store.generation()
        found = answers(exchange(self._address, raw))
        self.answered.update([answer.status for answer in found] or ["none"])
        done = sum(answer.body == "error=0" for answer in found)
        changes = self._store.since(before)
        # a delete may name several, and a push that changes nothing is no change
        deletes, saves = [zone for zone, content in changes if content is None], [c for c in changes if c[1] is not None]
        same(len(saves) + bool(deletes) <= done, True, f"{changes!r} are as many as {done} times error=0")
        for zone in deletes:
            same(zone.encode() in urllib.parse.unquote_to_bytes(raw).lower(), True, f"{zone}, deleted, is in the request")
        self.saves += [(raw, [save]) for save in saves]
        if done > len(saves) + bool(deletes):
            self._unchanged(raw)

    def _unchanged(self, raw):
        """`error=0` and no change: what was asked for is as it was asked for; or a delete of what is another's, or not there."""
        names = re.findall(rb"(?i)domain=([a-z0-9.-]+)", urllib.parse.unquote_to_bytes(raw))
        zones = [name.decode().lower().rstrip(".") for name in names]
        if b"delete" in urllib.parse.unquote_to_bytes(raw).lower():
            return
        held = [(zone, content) for zone in zones if (content := self._store.content(zone)) is not None]
        same(bool(held), True, "error=0 without anything in the store")
        self.saves += [(raw, held)]

    def wrong(self, program):
        """Requests whose zone is stored with a content that nothing in them makes."""
        zones, owners = [], []
        for number, (raw, stored) in enumerate(self.saves):
            for text in texts(raw):
                zones += [(zone, text) for zone, _ in stored]
                owners += [(number, zone) for zone, _ in stored]
        made = collections.defaultdict(set)
        for owner, verdict in zip(owners, judge(program, zones)):
            if verdict.accepted:
                made[owner].add(verdict.text)
        return [(raw, stored) for number, (raw, stored) in enumerate(self.saves)
                if not any(content.decode() in made[number, zone] for zone, content in stored)]


def recorded():
    """The requests, with the login of a password whose hash is quickly made."""
    return [re.sub(rb"(?m)^Authorization: Basic [A-Za-z0-9+/=]*", b"Authorization: Basic " + RIGHT, request.raw)
            for request in wire.requests() if request.status != 401]


def try_all(cases, node, seed, count):
    """`count` of them through one receiver, one after the other, so that it is known which one made a change."""
    r = random.Random(seed)
    node.write_credential("da1.hash", CHEAP_HASH)
    same(answers(exchange(node.master.address, recorded()[0]))[0].status, 200, "status of a login")
    with contextlib.closing(Store(node.path("state", "ddns.db"))) as store:
        trial = Trial(node, store)
        with cases.case(f"{count} requests changed at random get an answer that is one, or the connection ends"):
            requests = recorded()
            for _ in range(count):
                raw = changed(r, requests)
                try:
                    trial.one(raw)
                except (AssertionError, ValueError) as error:
                    raise AssertionError(f"seed {seed}: {raw[:2000]!r}: {error}") from error
        print(f"# seed {seed}, {len(trial.saves)} saves, answers: {dict(trial.answered)}", flush=True)
        with cases.case("error=0 is said of exactly the zone that is stored"):
            same(len(trial.saves) > 0, True, "there are saves")
            same(trial.wrong(find_program(builds.PLAIN, "zone-judge"))[:1], [], f"seed {seed}: requests")


def one_receiver(seed, count):
    cases = Cases(f"requests {seed}")
    with Node(builds.ASAN, receiver={"login-delay": 0, "request-timeout": "200ms"}, named=False) as node:
        try_all(cases, node, seed, count)
        failures = node.stop()
        with cases.case("no sanitizer has anything to say of them"):
            same(node.sanitizer_reports(), [], "reports")
            same(failures, [], "exits that failed")
        if cases.failed:
            node.save_logs()
    return cases.failed


def run(options):
    """Several receivers, as most of the time is that of requests which are not whole: those wait for a deadline."""
    program = [sys.executable, os.path.abspath(sys.argv[0]), "--part=requests", "--alone",
               f"--requests={options.requests // RECEIVERS}"]
    if options.alone:
        return one_receiver(options.seed, options.requests)
    running = [subprocess.Popen([*DIE_WITH_US, "TERM", *program, f"--seed={options.seed + number}"])
               for number in range(RECEIVERS)]
    return sum(process.wait() != 0 for process in running)
