# SPDX-License-Identifier: MIT
"""Suite crash: what is delivered to while programs die, with a node of its own each, and what it holds."""

import contextlib
import glob
import os
import signal
import sqlite3
import tempfile

import builds
import coredns
import dns
import powerdns
from cases import same, wait_until
from crashpoint import CrashPoint
from directadmin import DirectAdmin
from network import LOOPBACK
from node import Node

PROGRAMS = ("ddns-receiver", "ddns-retry", "ddns-reconcile")

# Tries that a crash spoils must not use up the schedule, and the end must not wait for it.
QUEUE = {"linger": "500ms", "backoff": "200ms" + " 1s" * 15}

# Whose zones the reconciler looks after; all others have no master that lists them.
ORIGIN = "origin.example.com"


class Target:
    """A context manager. `files`: names in src/deliver of what works for it alone; `together`: its name server is a part of it."""

    together = True
    files = ()

    def __init__(self, origin):
        """`origin`: the name server from which the node fetches."""
        self._origin = origin
        self._stack = contextlib.ExitStack()
        self.node = self.listing = None

    def _options(self):
        """Of the node."""
        raise NotImplementedError

    def __enter__(self):
        directory = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="ddns-crash-"))
        self.points = {name: CrashPoint(os.path.join(directory, name)) for name in PROGRAMS}
        self.listing = self._stack.enter_context(DirectAdmin([]))
        master = {"name": "origin", "servername": ORIGIN, "url": self.listing.url, "username": self.listing.username,
                  "password-file": "login", "axfr": {"address": f"{LOOPBACK}@{self._origin.port}"}}
        options = {"named": False, **self._options()}
        credentials = {"login": "secret\n", **options.pop("credentials", {})}
        self.node = self._stack.enter_context(Node(
            builds.CRASH, queue=QUEUE, timer=0.5, restart=0.02, credentials=credentials,
            reconcile={"masters": [master], "patience": "0"},
            environments={name: point.environment for name, point in self.points.items()}, **options))
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def text(self, zone):
        """What the zone's TXT records say, all of them; None: there is no zone."""
        raise NotImplementedError

    def damage(self, zone):
        """Somebody changes it behind our back."""
        raise NotImplementedError

    def check_whole(self):
        """What is held is there, record for record, and nothing else."""
        raise NotImplementedError

    def wait_text(self, zone, text):
        wait_until(lambda: self.text(zone) == text, 30, f"{zone} says {text!r}")

    def end(self):
        """Ends the programs, and looks at how they ended and at the database."""
        same(sorted(set(self.node.stop()) - {-signal.SIGKILL}), [], "exit statuses")
        with contextlib.closing(sqlite3.connect(self.node.path("state", "ddns.db"))) as database:
            same(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "integrity_check")
            same(database.execute("PRAGMA foreign_key_check").fetchall(), [], "foreign_key_check")

    def held(self):
        return {row["zone"] for row in self.node.ctl("zones")}


class ZoneFiles(Target):
    name = "zone files"
    files = ("atomic-file.c", "zonedir.c")

    def _options(self):
        self._directory = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="ddns-crash-zones-"))
        return {"backends": [{"name": "files", "type": "zone-files", "zone-dir": self._directory}]}

    @property
    def directory(self):
        return self._directory

    def _path(self, zone):
        return os.path.join(self.directory, f"{zone}.db")

    def text(self, zone):
        try:
            with open(self._path(zone), encoding="utf-8") as f:
                return f.read().split("\tTXT\t")[1].split("\n")[0].strip('"')
        except FileNotFoundError:
            return None

    def damage(self, zone):
        with open(self._path(zone), "r+", encoding="utf-8") as f:
            f.truncate(len(f.read()) // 2)

    def check_whole(self):
        for zone in self.held():
            with open(self._path(zone), encoding="utf-8") as f:
                same(f.read(), self.node.cat(zone), f"the file of {zone}")
        same({os.path.basename(path)[:-3] for path in glob.glob(os.path.join(self.directory, "*.db"))}, self.held(), "zone files")
        self.node.end_retry()
        left = set(os.listdir(self.directory)) - {f"{zone}.db" for zone in self.held()}
        same({name for name in left if name.startswith(".")}, set(), "left-overs")


class Bind(ZoneFiles):
    name = "bind, addzone"
    files = (*ZoneFiles.files, "backend-bind.c", "bind-control.c")
    registration = "addzone"

    def _options(self):
        return {"named": True, "registration": self.registration}

    @property
    def directory(self):
        return self.node.path("zones")

    def text(self, zone):
        soa = self.node.nameserver.soa(zone)
        if soa is None or not soa.authoritative:
            return None
        return self.node.dig(zone, "TXT", "+short").strip().strip('"')

    def check_whole(self):
        super().check_whole()
        same(self.node.nameserver.zones(), self.held(), "zones that are served")
        for zone in self.held():
            same(self.node.axfr(zone), dns.records(zone, self.node.cat(zone)), f"records of {zone}")


class BindInclude(Bind):
    name = "bind, include"
    files = (*Bind.files, "bind-include.c")
    registration = "include"


class Coredns(Target):
    name = "coredns-mysql"
    files = ("sql-transaction.c",)
    together = False

    def __init__(self, origin, server):
        super().__init__(origin)
        self._server = server

    def _options(self):
        self._server.create(coredns.DATABASE, coredns.schema())
        return {"backends": [coredns.stanza("dc1", self._server)], "credentials": coredns.CREDENTIALS}

    def text(self, zone):
        rows = coredns.parse(self._server.sql(coredns.select(zone), coredns.DATABASE)).get(f"{zone}.")
        return None if rows is None else " ".join(coredns.texts(rows))

    def damage(self, zone):
        self._server.sql(f"DELETE r FROM records r JOIN zones z ON z.id = r.zone_id WHERE zone_name = '{zone}.' AND type = 'NS'",
                         coredns.DATABASE)

    def check_whole(self):
        coredns.check(self._server, self.node)


class Powerdns(Coredns):
    name = "powerdns-mysql"
    files = (*Coredns.files, "backend-powerdns-mysql.c")

    def _options(self):
        self.reader = self._stack.enter_context(powerdns.PowerDNS(self._server))
        stanza = powerdns.stanza("dc2", self._server, nameserver=f"{self.reader.address}@{self.reader.port}",
                                 control_socket=self.reader.control)
        return {"backends": [stanza], "credentials": coredns.CREDENTIALS}

    def text(self, zone):
        if self.reader.serial(zone) is None:
            return None
        return self.reader.dig(zone, "TXT", "+short").strip().strip('"')

    def damage(self, zone):
        self._server.sql("DELETE r FROM records r JOIN domains d ON d.id = r.domain_id "
                         f"WHERE d.name = '{zone}' AND r.type = 'NS'", powerdns.DATABASE)

    def check_whole(self):
        same(self.reader.zones(), self.held(), "zones in the database")
        for zone in self.held():
            same(self.reader.axfr(zone), dns.records(zone, self.node.cat(zone)), f"records of {zone}")


def all_of(origin, server):
    return [Bind(origin), BindInclude(origin), ZoneFiles(origin), Coredns(origin, server), Powerdns(origin, server)]
