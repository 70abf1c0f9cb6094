# SPDX-License-Identifier: MIT
"""The wall clock is an hour late, a year ahead, or in 1971: retries neither wait for it nor run wild, and what was accepted last
is what is served in the end."""

import argparse
import itertools
import os
import random
import time

from cases import same, wait_until
from clock import USEC
from directadmin import DirectAdmin
from fault.fixture import check_all, node, push, query
from push import HOSTNAME
from storm import DELETED, Storm

HOUR, YEAR = 3600, 365 * 86400
JUMPS = (("an hour back", -HOUR), ("a year ahead", YEAR), ("a year back", -YEAR), ("to 1971", None))


def jump(n, seconds):
    n.clock.advance(seconds if seconds is not None else YEAR - n.clock.usec() / USEC)


def files(**options):
    """A node that writes zone files and has no name server, which would have to have the same clock."""
    return node(named=False, clock=True, queue={"linger": "500ms"}, **options)


def connect(n):
    n.settings["backends"] = [{"name": "files", "type": "zone-files", "zone-dir": n.path("zones")}]
    n.write_config()
    n.restart_retry()


def failures(n):
    return query(n, "SELECT failures FROM backend")[0][0]


def is_written(n, zone):
    try:
        with open(n.path("zones", zone + ".db"), encoding="utf-8") as f:
            return f.read() == n.cat(zone)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False


def check_written(n, *zones):
    """In the end each zone is written as it is held, and no other is."""
    n.wait_delivered(30)
    same([zone for zone in zones if not is_written(n, zone)], [], "zones that are not as they are held")
    same({name for name in os.listdir(n.path("zones")) if name.endswith(".db")}, {f"{zone}.db" for zone in zones}, "files")


def outage(seconds):
    """The backend is away, and the next try some time ahead, when the clock is set."""
    def check():
        with files() as n:
            connect(n)
            push(n, "a.test")
            n.wait_delivered()
            os.rename(n.path("zones"), n.path("away"))
            n.restart_retry()
            push(n, "a.test", serial=2)
            wait_until(lambda: failures(n) > 0, 20, "the outage is on record")
            jump(n, seconds)
            n.restart_retry()
            # It may be tried again at once, and then waits as its schedule says.
            begin, tries, serial = time.monotonic(), failures(n), itertools.count(1)
            while time.monotonic() - begin < 2:
                push(n, "b.test", serial=next(serial))
                time.sleep(0.05)
            same(failures(n) - tries <= 2, True, f"a try or two within moments: {tries}, then {failures(n)}")
            os.rename(n.path("away"), n.path("zones"))
            # Nobody waits longer than the longest pause of the schedule.
            n.clock.advance(1800)
            n.restart_retry()
            check_written(n, "a.test", "b.test")
    return check


def deferred(seconds):
    """One zone waits for its next try."""
    def check():
        with files() as n:
            connect(n)
            obstacle = n.path("zones", "bad.test.db")
            os.mkdir(obstacle)
            push(n, "a.test", "bad.test")
            wait_until(lambda: query(n, "SELECT tries FROM retry") == [(1,)], 20, "the first try has failed")
            jump(n, seconds)
            n.restart_retry()
            push(n, "a.test", serial=2)
            wait_until(lambda: is_written(n, "a.test"), 10, "another zone is written")
            # Due long ago, or later than the schedule has it: either way it is tried.
            wait_until(lambda: query(n, "SELECT tries FROM retry") == [(2,)], 20, "the second try has failed")
            os.rmdir(obstacle)
            n.clock.advance(1800)
            n.restart_retry()
            check_written(n, "a.test", "bad.test")
    return check


def storm():
    """It is set again and again while masters push; the serials go their own way."""
    with files() as n:
        connect(n)
        steps = [(name, lambda seconds=seconds: jump(n, seconds) or True) for name, seconds in JUMPS]
        options = argparse.Namespace(kills=40, pushes=600, clients=4, seed=random.randrange(1 << 32))
        pushes = Storm(n, options, steps)
        pushes.run()
        print(f"# clock set: {pushes.kills}; seed {options.seed}", flush=True)
        n.clock.advance(0)
        held = dict(query(n, "SELECT name, CAST(content AS TEXT) FROM zone JOIN version USING (generation) WHERE zone.deleted = 0"))
        wrong = [zone for zone, allowed in pushes.ledger().items()
                 if not any(zone not in held if content == DELETED else zone in held and f'"{content}"' in held[zone]
                            for content in allowed)]
        same(wrong, [], "zones that are not what was accepted last")
        same([status for _, status in n.receiver.exits if status], [], "bad ends of the receiver")
        check_written(n, *held)


def change_after_back():
    """named believes that a file is not newer than what it loaded; it is served all the same, also after a restart."""
    with node(clock=True) as n:
        for serial, seconds in enumerate((0, -HOUR, YEAR, -YEAR, -HOUR, 0), 1):
            n.clock.advance(seconds)
            push(n, "a.test", serial=serial)
            n.wait_served("a.test", serial, 10)
        n.stop_named()
        n.start_named()
        n.wait_served("a.test", serial, 10)
        check_all(n, "a.test")


def refused_master():
    """A master that refused the login is asked again, whatever the clock said; a year that passes deletes none of its zones."""
    with DirectAdmin(["a.test"]) as server:
        entry = {"name": "da1", "servername": HOSTNAME, "url": server.url, "username": "admin", "password-file": "login"}
        with files(reconcile={"masters": [entry]}, credentials={"login": "secret\n"}) as n:
            push(n, "a.test", "orphan.test")
            same(n.reconcile().status, 0, "exit status of the first pass")
            n.clock.advance(YEAR)
            server.password = "another"
            n.reconcile()
            same(n.ctl("status")["asked"][0]["state"] != "listed", True, "whether the login was refused")
            n.clock.advance(-YEAR - HOUR)
            server.password = "secret"
            same(n.reconcile().status, 0, "exit status of a pass")
            same(n.ctl("status")["asked"][0]["state"], "listed", "the master")
            n.clock.advance(YEAR)
            same(n.reconcile().status, 0, "exit status of a pass a year later")
            same(query(n, "SELECT count(*) FROM version WHERE zone = 'a.test' AND deleted"), [(0,)], "deletes of what is listed")


CASES = [
    *((f"the clock is set {name} during an outage", outage(seconds)) for name, seconds in JUMPS),
    *((f"the clock is set {name} while a zone waits for its next try", deferred(seconds)) for name, seconds in JUMPS),
    ("the clock is set during a storm", storm),
    ("the clock is set between changes of a zone", change_after_back),
    ("the clock is set between passes", refused_master),
]


def run(cases, options):
    for name, check in CASES:
        if options.wanted(name):
            with cases.case(name):
                check()
