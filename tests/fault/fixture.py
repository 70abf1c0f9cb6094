# SPDX-License-Identifier: MIT
"""What the parts of suite fault share: a node whose database and zones lie where a case wants them."""

import contextlib
import os
import signal
import sqlite3
import tempfile

import builds
import network
from cases import same, wait_until
from dns import records
from node import CLEAN, Node
from push import zone_text

OK = (200, "error=0")

# Tries that a fault spoils must not use up the schedule, and nobody waits long for the next one.
QUEUE = {"linger": "500ms", "backoff": "200ms 500ms" + " 1s" * 14}


@contextlib.contextmanager
def disk(size="8m", inodes=None):
    """A small file system of its own."""
    path = tempfile.mkdtemp(prefix="ddns-disk-")
    network.mount_tmpfs(path, size if inodes is None else f"{size},nr_inodes={inodes}")
    try:
        yield path
    finally:
        network.unmount(path)
        os.rmdir(path)


@contextlib.contextmanager
def fill(path):
    """No octet is free on the file system of `path` meanwhile."""
    name = os.path.join(path, "filler")
    with open(name, "wb", buffering=0) as f:
        for size in (1 << 16, 1 << 12, 1 << 6, 1):
            with contextlib.suppress(OSError):
                while f.write(b"x" * size) == size:
                    pass
    try:
        yield
    finally:
        os.unlink(name)


@contextlib.contextmanager
def fill_inodes(path):
    """Nor is an inode."""
    names = []
    with contextlib.suppress(OSError):
        while True:
            name = os.path.join(path, f"filler{len(names)}")
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
            names.append(name)
    try:
        yield
    finally:
        for name in names:
            os.unlink(name)


@contextlib.contextmanager
def node(state=None, zones=None, settings=None, killed=False, **options):
    """A node on which nobody crashes. `state`, `zones`: directories of its database and zone files, if not its own; `settings`:
    more of section state. `killed`: the case kills programs."""
    database = {"database": os.path.join(state, "ddns.db")} if state else {}
    if zones:
        options["backend"] = {"zone-dir": zones, **options.get("backend", {})}
    options.setdefault("queue", QUEUE)
    options.setdefault("timer", 0.5)
    with Node(builds.PLAIN, state={"busy-timeout": "300ms", **database, **(settings or {})}, **options) as n:
        yield n
        allowed = (*CLEAN, -signal.SIGKILL) if killed else CLEAN
        statuses = [status for program in (n.receiver, n.retry) for _, status in program.exits]
        same([status for status in statuses if status < 0 and status not in allowed], [], "signals that ended programs")


def database_of(n):
    return n.settings["state"]["database"]


def query(n, sql, *parameters):
    with contextlib.closing(sqlite3.connect(database_of(n), timeout=10)) as connection:
        return connection.execute(sql, parameters).fetchall()


def push(n, *zones, serial=1, records=()):
    for zone in zones:
        same(n.push(zone, zone_text(zone, serial, *records)), OK, f"push of {zone}")


def refused(n, zone, serial, text):
    """A push that can not be kept is answered with 503 and why; afterwards what was there before is there."""
    status, body = n.push(zone, zone_text(zone, serial))
    same((status, body.split("&")[0]), (503, "error=1"), f"the answer {body!r}")
    if text.replace(" ", "%20") not in body:
        raise AssertionError(f"{body!r} does not say {text!r}")


def served(n, zone, serial):
    same(n.nameserver.serial(zone), serial, f"serial of {zone} that is served")


def check_all(n, *zones):
    """In the end the database is sound, and each zone is served as it is held."""
    n.wait_delivered(30)
    same(query(n, "PRAGMA integrity_check"), [("ok",)], "integrity_check")
    same(query(n, "PRAGMA foreign_key_check"), [], "foreign_key_check")
    same(n.nameserver.zones(), set(zones), "zones that are served")
    for zone in zones:
        same(n.axfr(zone), records(zone, n.cat(zone)), f"records of {zone}")


def wait_log(n, program, text, timeout=20):
    wait_until(lambda: text in n.log(program), timeout, f"{program} says {text!r}")
