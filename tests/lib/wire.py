# SPDX-License-Identifier: MIT
"""The requests of tests/wire: plays them, and says what must be held and served after them."""

import os
import re
from typing import NamedTuple

from cases import same
from dns import records

WIRE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "wire")


class Request(NamedTuple):
    file: str
    raw: bytes
    status: int
    body: str  # "*" in it stands for any text
    effect: str

    @property
    def name(self):
        return self.file.removesuffix(".http")

    def field(self, key):
        """A parameter of the request, from its query string or its form; None if it has none."""
        head, _, body = self.raw.partition(b"\r\n\r\n")
        for text in (head.split(b"\r\n")[0].split(b" ")[1], body):
            found = re.search(rb"(?:[?&]|^)" + key.encode() + rb"=([^&\s]*)", text)
            if found:
                return found.group(1).decode()
        return None


def requests():
    """All of them in order."""
    with open(os.path.join(WIRE, "expected.tsv"), encoding="utf-8") as f:
        for line in f:
            file, status, body, effect = line.rstrip("\n").split("\t")
            with open(os.path.join(WIRE, file), "rb") as raw:
                yield Request(file, raw.read(), int(status), body, effect)


def _check(request, answer):
    same(answer.status, request.status, "status")
    pattern = ".*".join(map(re.escape, request.body.split("*")))
    if not re.fullmatch(pattern, answer.body, re.DOTALL):
        raise AssertionError(f"body {answer.body!r}, expected {request.body!r}")
    if request.status == 401 and not answer.headers.get("www-authenticate", "").startswith("Basic"):
        raise AssertionError(f"WWW-Authenticate: {answer.headers.get('www-authenticate')!r}, expected Basic")


def play(cases, master):
    """Sends every request over a connection of its own: a case each."""
    for request in requests():
        with cases.case(f"wire/{request.name}"):
            if request.status == 0:
                master.exchange(request.raw, wait=False)
            else:
                _check(request, master.exchange(request.raw, timeout=20))


def remaining():
    """The zones that must be held after all requests: name to serial, or to None where expected.tsv names none."""
    held = {}
    for request in requests():
        effect = re.match(r"(save|delete) ([a-z.-]+)(?: (\d+))?", request.effect)
        if not effect:
            continue
        change, zone, serial = effect.groups()
        zone = zone.rstrip(".")
        if change == "delete":
            held.pop(zone, None)
        else:
            held[zone] = int(serial) if serial else None
    return held


def check_served(cases, running):
    """After play(): ddns holds exactly what remains, and the name server serves it record for record."""
    expected = remaining()
    with cases.case("every change is delivered"):
        running.wait_delivered()
    with cases.case("exactly the zones that remain are held"):
        same({row["zone"] for row in running.ctl("zones")}, set(expected), "zones")
    with cases.case("the name server serves exactly the zones that remain"):
        same(running.nameserver.zones(), set(expected), "zones")
    for zone, serial in expected.items():
        with cases.case(f"{zone} is served record for record"):
            if serial is not None:
                same(running.nameserver.serial(zone), serial, "serial")
            same(running.axfr(zone), records(zone, running.cat(zone)), "records")

