# SPDX-License-Identifier: MIT
"""What the cases of suite reconcile stand on: nodes that ask masters which a test plays."""

import contextlib
import signal
import sqlite3

import builds
from cases import same
from directadmin import DirectAdmin
from node import Node
from push import HOSTNAME, zone_text

OK = (200, "error=0")
SERVERS = (HOSTNAME, "server2.example.com", "server3.example.com")
ZONES = [f"zone{i:02}.test" for i in range(30)]

# A try every second or so, for as long as a case may take.
PATIENT = {"backoff": "300ms" + " 1s" * 15}
CREDENTIALS = {"login": "secret\n"}


def stanza(server, servername=HOSTNAME, name="da1", **more):
    """The entry of a DirectAdmin in reconcile.masters."""
    return {"name": name, "servername": servername, "url": server.url, "username": server.username, "password-file": "login",
            **more}


@contextlib.contextmanager
def node(*masters, settings=None, killed=False, build=builds.PLAIN, **options):
    """A node that asks `masters` (entries of reconcile.masters), and on which nobody crashes. `settings`: others of section
    reconcile. `killed`: the case kills programs."""
    options.setdefault("queue", PATIENT)
    options.setdefault("timer", 0.5)
    credentials = {**CREDENTIALS, **options.pop("credentials", {})}
    with Node(build, reconcile={"masters": [*masters], "patience": "0", **(settings or {})}, credentials=credentials, **options) as n:
        yield n
        same([status for status in n.stop() if not killed or status != -signal.SIGKILL], [], "exits that failed")
        same(n.sanitizer_reports(), [], "what sanitizers say")


@contextlib.contextmanager
def asked(zones=ZONES, masters=1, settings=None, **options):
    """A node and masters that list `zones`, all of which the first one pushed."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(DirectAdmin(zones)) for _ in range(masters)]
        entries = [stanza(server, name, f"da{i}") for i, (server, name) in enumerate(zip(servers, SERVERS), 1)]
        with node(*entries, settings=settings, **options) as n:
            push(n, *zones)
            yield n, *servers


def push(n, *zones, serial=1, records=(), hostname=HOSTNAME):
    for zone in zones:
        same(n.push(zone, zone_text(zone, serial, *records), hostname=hostname), OK, f"push of {zone}")


def run(n, *arguments):
    """A pass that ends well; what it says."""
    done = n.reconcile(*arguments)
    same(done.status, 0, f"exit status of a pass that says {done.log!r}")
    return done.log


def says(log, *words):
    """Some line has them all."""
    if not any(all(word in line for word in words) for line in log.splitlines()):
        raise AssertionError(f"no line with {words} in {log!r}")


def silent(log, *words):
    for line in log.splitlines():
        if all(word in line for word in words):
            raise AssertionError(f"{line!r} has {words}")


def held(n):
    return {row["zone"] for row in n.ctl("zones")}


def holds(n, zones):
    same(held(n), set(zones), "zones that are held")


def owner(n, zone):
    return n.ctl("show", zone)["hostname"]


@contextlib.contextmanager
def database(n):
    connection = sqlite3.connect(n.path("state", "ddns.db"), timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def query(n, sql, *parameters):
    with database(n) as connection:
        return connection.execute(sql, parameters).fetchall()


def deletes(n):
    """How many there were, of any zone, since the beginning."""
    return query(n, "SELECT count(*) FROM version WHERE deleted = 1")[0][0]


def newest(n):
    return query(n, "SELECT max(generation) FROM version")[0][0]


def state(n, columns="name, generation, deleted, hostname, username"):
    """What is kept of zones, to be compared."""
    return query(n, "SELECT * FROM version ORDER BY 1") + query(n, f"SELECT {columns} FROM zone ORDER BY 1")


def check_database(n):
    same(query(n, "PRAGMA integrity_check"), [("ok",)], "integrity_check")
    same(query(n, "PRAGMA foreign_key_check"), [], "foreign_key_check")


def check_served(n):
    """What is held is served, and nothing else."""
    n.wait_delivered()
    same(n.nameserver.zones(), held(n), "zones that are served")
