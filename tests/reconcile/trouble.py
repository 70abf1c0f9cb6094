# SPDX-License-Identifier: MIT
"""Passes that are killed, two at once, and a database that was restored from an old backup."""

import contextlib
import random
import signal
import sqlite3
import subprocess
import time

from cases import same
from reconcile.fixture import OK, ZONES, asked, check_database, check_served, database, deletes, held, holds, push, run
from reconcile.missed import TEXT, check_equal, fed


def two_at_once():
    """One works, the other one says so and leaves."""
    with asked(named=False) as (n, master):
        master.zones = ZONES[1:]
        run(n)
        inside = []
        master.after_page = lambda page: inside or inside.append(n.reconcile())
        log = run(n)
        same(len(inside), 1, "passes within the pass")
        master.after_page = lambda page: None
        same((deletes(n), held(n)), (1, set(ZONES[1:])), f"deletes and zones: {log!r}, {inside!r}")
        if "another pass" not in inside[0].log:
            raise AssertionError(f"the second one says {inside[0].log!r}")


def at_once_many():
    """Started in the same moment, again and again."""
    with asked(named=False) as (n, master):
        for i in range(1, 6):
            master.zones = ZONES[i:]
            for _ in range(2):
                for process in [n.start_reconcile() for _ in range(3)]:
                    n.end_reconcile(process)
            run(n)
            run(n)
            same((deletes(n), held(n)), (i, set(ZONES[i:])), "deletes and zones")
        check_database(n)


class Kills:
    """Passes that are killed while a master's zones come and go; what it lists all the time is never deleted."""

    def __init__(self, n, origin, seed):
        self._n, self._origin = n, origin
        self._random = random.Random(seed)
        self._length = 0.0
        self.kills = 0

    def _change(self):
        """Two go, and two others come."""
        listed = set(self._origin.listing.zones)
        gone = self._random.sample(sorted(listed & set(SPARE)), 2)
        come = self._random.sample(sorted(set(SPARE) - listed), 2)
        self._origin.listing.zones = sorted(listed - {*gone} | {*come})

    def _pass(self):
        """Killed at a random moment of its life; it may have ended before."""
        process = self._n.start_reconcile()
        try:
            process.wait(self._random.uniform(0, self._length))
        except subprocess.TimeoutExpired:
            process.kill()
            self.kills += 1
        self._n.end_reconcile(process)

    def run(self, kills):
        began = time.monotonic()
        run(self._n)
        self._length = (time.monotonic() - began) * 1.2
        while self.kills < kills:
            self._change()
            for _ in range(4):
                self._pass()
            same(set(ZONES) - held(self._n), set(), "zones that are listed and gone")


SPARE = [f"spare{i:02}.test" for i in range(24)]


def killed(options):
    def check():
        with fed([*ZONES, *SPARE], settings={"brake-percent": 100}) as (n, origin):
            origin.listing.zones = sorted([*ZONES, *SPARE[:12]])
            kills = Kills(n, origin, options.seed)
            kills.run(options.kills)
            run(n)
            run(n)
            holds(n, origin.listing.zones)
            check_served(n)
            check_database(n)
            print(f"# {kills.kills} passes killed, {deletes(n)} zones deleted; seed {options.seed}", flush=True)
            same(deletes(n) > 12, True, "zones were deleted and fetched meanwhile")
    return check


def old_backup():
    """Days are lost: what came since is fetched, what went since goes after two passes, and nothing else does."""
    with fed(ZONES) as (n, origin):
        with database(n) as live, contextlib.closing(sqlite3.connect(n.path("backup.db"))) as backup:
            live.backup(backup)
        for zone in ZONES[:5]:
            origin.change(zone, TEXT)
            push(n, zone, serial=2, records=(TEXT,))
        for i in range(5):
            origin.zones[f"new{i}.test"] = (3,)
            push(n, f"new{i}.test", serial=3)
        for zone in ZONES[-5:]:
            del origin.zones[zone]
            same(n.delete(zone), OK, "delete")
        n.wait_delivered()
        origin.publish()
        n.kill_receiver(signal.SIGTERM)
        n.end_retry()
        with database(n) as live, contextlib.closing(sqlite3.connect(n.path("backup.db"))) as backup:
            backup.backup(live)
        holds(n, ZONES)
        n.restart_retry()
        run(n)
        holds(n, {*ZONES, *origin.zones})
        same(deletes(n), 0, "deletes after one pass")
        run(n)
        check_equal(n, origin)
        same(deletes(n), 5, "deletes")
        check_database(n)


def cases(options):
    return [
        ("of two passes one works, and the other one leaves", two_at_once),
        ("passes started in the same moment do what one does", at_once_many),
        (f"{options.kills} passes are killed at random moments", killed(options)),
        ("a database that is restored from an old backup loses nothing", old_backup),
    ]
