# SPDX-License-Identifier: MIT
"""Databases of other versions: an older one is brought up to date with all that is in it, and a newer one is left alone."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import tempfile

import builds
from cases import same, wait_until
from fault.fixture import node, push, query, wait_log
from node import CLEAN, find_program
from push import HOSTNAME, zone_text

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schema")
STEPS = len(os.listdir(SCHEMA))
APPLICATION_ID = 1684303475
ZONES = [f"z{i:03}.test" for i in range(300)]
NOW = 1_700_000_000_000_000


def content(zone, serial):
    return (f"{zone}.\t3600\tIN\tSOA\tns1.host.example. hostmaster.{zone}. {serial} 3600 3600 1209600 86400\n"
            f"{zone}.\t3600\tIN\tNS\tns1.host.example.\n").encode()


def kind(i):
    """Whether the zone is the backend's already, deferred, dead, deleted, urgent, or still in the log."""
    return ("delivered", "deferred", "dead", "deleted", "urgent", "pending")[i % 6]


def make(path, steps, target):
    """A database as an older version left it in the middle of its work; its zones come with three versions each."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        for step in range(1, steps + 1):
            with open(os.path.join(SCHEMA, f"{step}.sql"), encoding="utf-8") as f:
                db.executescript(f.read())
        db.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {steps}; PRAGMA journal_mode = WAL;")
        add = db.execute
        order = sorted(enumerate(ZONES), key=lambda item: kind(item[0]) not in ("delivered", "deferred", "dead"))
        for serial in (1, 2, 3):
            for i, zone in order:
                deleted = kind(i) == "deleted" and serial == 3
                data = None if deleted else content(zone, serial)
                add("INSERT INTO version (zone, deleted, serial, digest, hostname, username, master, client, at_usec, content)"
                    " VALUES (?, ?, ?, ?, ?, 'admin', 'da1', '192.0.2.1', ?, ?)",
                    (zone, deleted, serial, data and hashlib.sha256(data).digest(), HOSTNAME, NOW + serial, data))
        for i, zone in order:
            generation = add("SELECT max(generation) FROM version WHERE zone = ?", (zone,)).fetchone()[0]
            add("INSERT INTO zone (name, generation, deleted, urgent, hostname, username) VALUES (?, ?, ?, ?, ?, 'admin')",
                (zone, generation, kind(i) == "deleted", kind(i) == "urgent", HOSTNAME))
        cursor = max(add("SELECT generation FROM zone WHERE name = ?", (zone,)).fetchone()[0]
                     for i, zone in order if kind(i) in ("delivered", "deferred", "dead"))
        add("INSERT INTO backend (id, name, target, cursor) VALUES (1, 'files', ?, ?)", (target, cursor))
        for i, zone in order:
            if kind(i) in ("deferred", "dead"):
                add("INSERT INTO retry (backend, zone, generation, tries, due_usec, error) SELECT 1, name, generation, 2, ?, 'no'"
                    " FROM zone WHERE name = ?", (NOW if kind(i) == "deferred" else None, zone))
        add("INSERT INTO master (name, hostname, client, contact_usec, accepted) VALUES ('da1', ?, '192.0.2.1', ?, 9)",
            (HOSTNAME, NOW))
        add("INSERT INTO rejected (at_usec, zone, reason) VALUES (?, 'bad.test', 'line 1: bad')", (NOW,))
        if steps >= 2:
            add("INSERT INTO warning (backend, zone, text) VALUES (1, ?, 'something')", (ZONES[0],))
        if steps >= 3:
            add("INSERT INTO listing (master, failures, refused, since_usec, due_usec) VALUES ('da1', 0, 0, ?, 0)", (NOW,))
        db.commit()


def rows(path):
    """All that no delivery changes."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        return [db.execute(sql).fetchall() for sql in (
            "SELECT generation, zone, deleted, serial, digest, hostname, username, master, client, at_usec, content FROM version",
            "SELECT name, generation, deleted, urgent, hostname, username FROM zone ORDER BY name",
            "SELECT zone, reason FROM rejected", "SELECT name, hostname FROM master")]


def schema_of(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        tables = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        return ({name: db.execute(f"PRAGMA table_xinfo({name})").fetchall() for name in tables},
                db.execute("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' ORDER BY name").fetchall(),
                db.execute("PRAGMA user_version").fetchone())


@contextlib.contextmanager
def directories():
    with tempfile.TemporaryDirectory(prefix="ddns-upgrade-") as path:
        os.mkdir(os.path.join(path, "zones"))
        yield path, os.path.join(path, "zones"), os.path.join(path, "ddns.db")


def files_node(path, zones, **options):
    return node(state=path, named=False, backends=[{"name": "files", "type": "zone-files", "zone-dir": zones}], **options)


def upgrade(steps):
    def check():
        with directories() as (path, zones, database):
            make(database, steps, f"zone-files {zones}")
            before = rows(database)
            # With nobody who delivers: what is there must be the same, row by row.
            with files_node(path, zones, settings={"wake": os.path.join(path, "nobody")}) as n:
                n.retry.close()
                same(n.exists(ZONES[0])[0], 200, "status of a question")
                after = rows(database)
                same([len(table) for table in after], [len(table) for table in before], "rows")
                same(after == before, True, "whether all rows are as they were")
            with files_node(path, zones) as n:
                n.wake_retry()
                wait_until(lambda: not query(n, "SELECT 1 FROM zone z, backend b WHERE z.generation > b.cursor"), 30, "deliveries")
                wait_until(lambda: query(n, "SELECT count(*) FROM retry") == [(len(ZONES) // 6,)], 30, "retries, but for the dead")
                same({name for name in os.listdir(zones) if name.endswith(".db")},
                     {f"{zone}.db" for i, zone in enumerate(ZONES) if kind(i) in ("deferred", "urgent", "pending")}, "files")
                n.ctl_text("retry")
                n.ctl_text("resync", "files")
                n.wait_delivered(30)
                for i, zone in enumerate(ZONES):
                    if kind(i) == "deleted":
                        continue
                    with open(os.path.join(zones, f"{zone}.db"), "rb") as f:
                        same(f.read(), content(zone, 3), f"the file of {zone}")
                same(len(n.ctl("history", ZONES[0])), 3, "versions in the history")
                push(n, ZONES[0], serial=4)
                n.wait_delivered(30)
            with directories() as (other, new_zones, fresh), files_node(other, new_zones) as n:
                push(n, ZONES[0])
                same(schema_of(database), schema_of(fresh), "the schema, and that of a new database")
    return check


def digests(path):
    found = {}
    for name in sorted(os.listdir(path)):
        if name in ("ddns.db", "ddns.db-wal"):
            with open(os.path.join(path, name), "rb") as f:
                found[name] = hashlib.sha256(f.read()).hexdigest()
    return found


def newer():
    """It may even have a log that is not in its place yet."""
    with directories() as (path, zones, database), tempfile.TemporaryDirectory() as old:
        make(os.path.join(old, "ddns.db"), STEPS, f"zone-files {zones}")
        with contextlib.closing(sqlite3.connect(os.path.join(old, "ddns.db"))) as db:
            db.executescript(f"PRAGMA user_version = {STEPS + 1}; CREATE TABLE future (x);")
            for name in ("ddns.db", "ddns.db-wal"):
                shutil.copy(os.path.join(old, name), path)
        before = digests(path)
        same(sorted(before), ["ddns.db", "ddns.db-wal"], "files")
        with files_node(path, zones, reconcile={"masters": []}) as n:
            try:
                n.push(ZONES[0], zone_text(ZONES[0], 9), timeout=1)
            except TimeoutError:
                pass
            else:
                raise AssertionError("a push was answered")
            for program in ("ddns-receiver", "ddns-retry"):
                wait_log(n, program, "made by a newer ddns")
            done = n.reconcile()
            same((done.status, "made by a newer ddns" in done.log), (1, True), f"ddns-reconcile: {done.log}")
            ctl = subprocess.run([find_program(builds.PLAIN, "ddnsctl"), "--config=" + n.path("ddns.yaml"), "status"],
                                 capture_output=True, text=True, check=False, timeout=30)
            same((ctl.returncode, "made by a newer ddns" in ctl.stderr), (1, True), f"ddnsctl: {ctl.stderr}")
            n.receiver.close()
            n.retry.close()
            same({status for program in (n.receiver, n.retry) for _, status in program.exits if status not in CLEAN}, {1},
                 "exit statuses")
        same(digests(path), before, "the files of the database")


CASES = [
    *((f"a database of schema {steps} with a full log is brought up to date, and deliveries go on", upgrade(steps))
      for steps in range(1, STEPS + 1)),
    ("a newer database is refused by all programs and stays as it is", newer),
]


def run(cases, options):
    for name, check in CASES:
        if options.wanted(name):
            with cases.case(name):
                check()
