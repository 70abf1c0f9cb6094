# SPDX-License-Identifier: MIT
"""What bad clients do: each is a function that yields bytes to send, seconds to pause, HALF (the sending side is closed), RESET
or DEAF (it reads no more). At its end the client waits until it is cut, and begins anew.

`ATTACKS` has those of strangers, `INSIDERS` and `HOARDERS` those of somebody who has a password."""

import base64
import random
from typing import Callable, NamedTuple

import push

HALF, RESET, DEAF = object(), object(), object()
MIB = 1 << 20
FORGED = "forged"  # in whatever might make a line of a log

ADMIN = b"/CMD_API_DNS_ADMIN"
SAVE = b"POST " + ADMIN + b"?action=rawsave&domain=attack.example&hostname=evil.example HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /CMD_API_LOGIN_TEST HTTP/1.1\r\nHost: x\r\n"
ZONE = push.zone_text("attack.example", 1).encode()
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(32)) + b"\x20" + bytes(64)


def basic(credentials):
    return b"Authorization: Basic " + base64.b64encode(credentials) + b"\r\n"


WRONG = basic(b"ddns:wrong")
RIGHT = basic(f"{push.USERNAME}:{push.PASSWORD}".encode())


def length(size):
    return b"Content-Length: %d\r\n" % size


def idle(_):
    return iter(())


def drip(beginning, pause=0.3, piece=b"x"):
    """Says `piece` again and again behind `beginning`."""
    def script(_):
        yield beginning
        while True:
            yield pause
            yield piece
    return script


def say(*parts):
    """The parts, with nothing behind them."""
    return lambda _: iter(parts)


def flood(head, size, piece, pause=0.5):
    """A body of that many octets; some time passes before it."""
    def script(_):
        yield head
        yield pause
        for _ in range(size // len(piece)):
            yield piece
    return script


def noise(r):
    yield r.randbytes(r.randrange(1, 4000))


def noise_half_closed(r):
    yield r.randbytes(r.randrange(1, 4000))
    yield HALF


def deaf(_):
    """Asks for ever, and takes no answer."""
    yield DEAF
    while True:
        yield (GET + b"\r\n") * 50


def reset(r):
    yield (SAVE + length(len(ZONE)) + b"\r\n" + ZONE)[:r.randrange(1, 400)]
    yield RESET


def guess(r):
    yield b"GET /CMD_API_LOGIN_TEST HTTP/1.0\r\n" + basic(b"ddns:%d" % r.randrange(1 << 32)) + b"\r\n"


def odd_credentials(r):
    yield GET + b"Authorization: " + r.choice((
        b"Basic !!!!", b"Basic", b"Basic ", b"Digest x", b"basic =", b"Basic " + b"A" * 65536, b"Basic " + b"A" * 12000,
        b"Basic " + base64.b64encode(b"no colon"), b"Basic " + base64.b64encode(b"ddns\0:x"), b"Basic " + base64.b64encode(b":"),
        b"Basic " + base64.b64encode(b"\n<3>" + FORGED.encode() + b": x\xff\x1b[2J\x9b2J:x"), b"\0",
        b"Basic \xff\xfe")) + b"\r\n\r\n"


PUSH = SAVE + WRONG + length(len(ZONE)) + b"\r\n" + ZONE
CHUNK = b"100000\r\n" + bytes(MIB) + b"\r\n"


class Attack(NamedTuple):
    name: str
    count: int  # connections at a time
    script: Callable
    tls: bool = False  # on that port, in the clear


ATTACKS = (
    Attack("idle", 1000, idle),
    Attack("one byte of headers at a time", 40, drip(GET + b"X: ")),
    Attack("one byte of the first line at a time", 20, drip(b"P")),
    Attack("header lines without end", 10, drip(GET, piece=b"X: y\r\n")),
    Attack("a body that drips", 40, drip(SAVE + length(100000) + b"\r\n")),
    Attack("chunks that drip", 20, drip(SAVE + b"Transfer-Encoding: chunked\r\n\r\n", piece=b"1\r\nx\r\n")),
    Attack("half-closed", 10, say(HALF)),
    Attack("half-closed behind the headers", 10, say(SAVE + length(100) + b"\r\n", HALF)),
    Attack("half-closed behind a request", 10, say(PUSH, HALF)),
    Attack("deaf", 10, deaf),
    Attack("reset", 10, reset),
    Attack("a true body of 20 MiB", 2, flood(SAVE + length(20 * MIB) + b"\r\n", 20 * MIB, bytes(MIB))),
    Attack("a true body of 20 MiB and a wrong password", 1,
           flood(SAVE + WRONG + length(20 * MIB) + b"\r\n", 20 * MIB, bytes(MIB))),
    Attack("half of a body of 20 MiB", 2, say(SAVE + length(20 * MIB) + b"\r\n" + bytes(MIB))),
    Attack("20 MiB in chunks", 1, flood(SAVE + b"Transfer-Encoding: chunked\r\n\r\n", 20 * len(CHUNK), CHUNK)),
    Attack("a chunk of 2^70", 4, say(SAVE + b"Transfer-Encoding: chunked\r\n\r\n4" + b"0" * 17 + b"\r\nx")),
    Attack("a negative length", 4, say(SAVE + b"Content-Length: -1\r\n\r\n" + PUSH)),
    Attack("a huge length", 4, say(SAVE + b"Content-Length: 1" + b"0" * 30 + b"\r\n\r\n" + PUSH)),
    Attack("two lengths", 4, say(SAVE + length(5) + length(500) + b"\r\nhello" + PUSH)),
    Attack("a length and chunks", 4, say(SAVE + length(5) + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + PUSH)),
    Attack("chunks and a length", 4, say(SAVE + b"Transfer-Encoding: chunked\r\n" + length(5) + b"\r\n0\r\n\r\n" + PUSH)),
    Attack("an unknown transfer encoding", 4, say(SAVE + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + PUSH)),
    Attack("pipelined", 4, say(PUSH * 20)),
    Attack("bare LF", 4, say(PUSH.replace(b"\r\n", b"\n"))),
    Attack("bare CR", 4, say(GET.replace(b"\r\n", b"\r") + b"\r\r" + PUSH)),
    Attack("obs-fold", 4, say(GET + b"X: a\r\n b\r\n\tc\r\n" + WRONG.replace(b"Basic ", b"Basic\r\n ") + b"\r\n")),
    Attack("NUL in headers", 4, say(GET + b"X: a\0b\r\nY\0: c\r\n" + WRONG + b"\r\n")),
    Attack("NUL in the target", 4, say(b"GET /CMD\0_API HTTP/1.1\r\nHost: x\r\n\r\n")),
    Attack("an absolute URI", 4, say(b"GET http://x/CMD_API_LOGIN_TEST HTTP/1.1\r\nHost: y\r\n\r\nGET * HTTP/1.1\r\n\r\n")),
    Attack("100-continue, and nothing behind it", 4, say(SAVE + b"Expect: 100-continue\r\n" + length(100) + b"\r\n")),
    Attack("100-continue for 20 MiB", 4, say(SAVE + b"Expect: 100-continue\r\n" + length(20 * MIB) + b"\r\n")),
    Attack("5,000 header lines", 4, say(GET + b"X: y\r\n" * 5000 + b"\r\n")),
    Attack("a header line of 100 kB", 4, say(GET + b"X: " + b"y" * 100000 + b"\r\n\r\n")),
    Attack("a target of 100 kB", 4, say(b"GET /" + b"y" * 100000 + b" HTTP/1.1\r\n\r\n")),
    Attack("a target of 8 kB", 4, say(b"GET /" + b"y" * 8000 + b" HTTP/1.1\r\n\r\n")),
    Attack("bad UTF-8 and escapes", 4, say(b"GET /\xff\xfe%zz%%%00?a=%&b=\xc0\xaf HTTP/1.1\r\nHost: \xff\r\n\r\n")),
    Attack("a line that no method begins", 4, say(b"\r\n\r\n\r\nGET\r\n\r\nSSH-2.0-scan\r\n")),
    Attack("an unknown version", 4, say(b"GET / HTTP/9.9\r\n\r\n")),
    Attack("noise", 10, noise),
    Attack("noise, half-closed", 10, noise_half_closed),
    Attack("a TLS hello", 10, say(TLS_HELLO)),
    Attack("guesses", 20, guess),
    Attack("odd credentials", 20, odd_credentials),
    Attack("idle on the TLS port", 500, idle, tls=True),
    Attack("HTTP on the TLS port", 10, say(GET + b"\r\n"), tls=True),
    Attack("a TLS hello and silence", 10, say(TLS_HELLO), tls=True),
    Attack("noise on the TLS port", 10, noise, tls=True),
    Attack("noise behind a TLS header", 10, drip(b"\x16\x03\x01\x40\x00"), tls=True),
)


def form(body, content=b""):
    return say(b"POST " + ADMIN + b" HTTP/1.1\r\nHost: x\r\n" + RIGHT + content + length(len(body)) + b"\r\n" + body)


INSIDERS = (
    Attack("a true body of 20 MiB", 2, flood(SAVE + RIGHT + length(20 * MIB) + b"\r\n", 20 * MIB, bytes(MIB))),
    Attack("a body that drips", 4, drip(SAVE + RIGHT + length(100000) + b"\r\n")),
    Attack("many form fields", 2, form(b"action=delete&" + b"&".join(b"select%d=a%d.example" % (i, i) for i in range(100000)))),
    Attack("huge field names", 2, form(b"x" * 1000000 + b"=y&action=delete&select0=" + b"z" * 1000000)),
    Attack("bad escapes", 2, form(b"action=delete&select0=%zz%")),
    Attack("bad UTF-8", 2, form(b"action=rawsave&domain=\xff\xfe\x9b2J&zone_file=\xff")),
    Attack("lines for the log", 2, say(
        *(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + RIGHT + b"\r\n" for path in (
            b"/%0a<3>forged", b"/\x01\x7f\x1b[2J", b"/\x9b2J", b"/\xc2\x9b2J", b"/\xff\xfe", b"/" + b"\xc3\xa4" * 500,
            ADMIN + b"?action=rawsave&domain=a%0a%3c3%3eforged&hostname=x%0aforged",
            ADMIN + b"?action=delete&domain=a.example&hostname=%1b%9b%0aforged",
            ADMIN + b"?action=\n<3>forged")))),
    Attack("zones that make texts", 2, say(
        *(SAVE + RIGHT + length(len(text)) + b"\r\n" + text for text in (
            ZONE + b"\n\x9b2J\xff A 1\n", ZONE + b"x\tIN\tA\t\x1b[2J\n<3>forged\n", b"\xff" * 5000,
            ZONE + b"x\\010y\tIN\tCNAME\tz\nx\\010y A 192.0.2.1\n")))),
    Attack("unknown methods", 2, say(
        b"F\x9bRGED / HTTP/1.1\r\nHost: x\r\n" + RIGHT + b"\r\n", b"X" * 3000 + b" / HTTP/1.1\r\nHost: x\r\n" + RIGHT + b"\r\n")),
)

# A save that two readers understand differently, with a right login: nothing of it may be stored.
UNCLEAR = {
    "two lengths": length(len(ZONE)) * 2,
    "a length and chunks": length(len(ZONE)) + b"Transfer-Encoding: chunked\r\n",
    "a length with a plus": b"Content-Length: +%d\r\n" % len(ZONE),
    "a length with a blank before the colon": b"Content-Length : %d\r\n" % len(ZONE) + length(0),
    "a length in a folded name": b"Content-Len: %d\r\n gth\r\n" % len(ZONE),
    "a length behind a bare LF": b"X: y\n" + length(len(ZONE)),
    "an unknown transfer encoding": b"Transfer-Encoding: identity\r\n",
    "two hosts": b"Host: y\r\n" + length(len(ZONE)),
}
INSIDERS += tuple(Attack(name, 1, say(SAVE + RIGHT + headers + b"\r\n" + ZONE, HALF)) for name, headers in UNCLEAR.items())

# Who has a password may fill the memory that receiver.max-memory-mib allows.
HOARDERS = (Attack("20 MiB in chunks", 1, flood(SAVE + RIGHT + b"Transfer-Encoding: chunked\r\n\r\n", 20 * len(CHUNK), CHUNK)),)


def populations():
    """Who attacks, and how."""
    return {"strangers": ATTACKS, **{name: [attack._replace(name=f"{name}: {attack.name}") for attack in attacks]
                                     for name, attacks in (("insiders", INSIDERS), ("hoarders", HOARDERS))}}


def random_for(attack, seed):
    return random.Random(f"{attack.name}/{seed}")
