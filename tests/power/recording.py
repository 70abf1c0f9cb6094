# SPDX-License-Identifier: MIT
"""Suite power: one run of a node whose writes are recorded, with what masters pushed and were told in the same record."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import sqlite3
import threading

import builds
import disk
from cases import same, wait_until
from node import Node, find_program
from push import Master, zone_text

OK = (200, "error=0")
CLIENTS = 6
ZONES_EACH = 8
DELETED = 0  # in the place of a push's number
INCLUDE = "ddns.zones.conf"
NEW_ZONES = "_default.nzd"  # what named notes of zones that are added to it

# Numbers of Place.roots, each of them a file system of its own.
STATE, ZONES, FILES, NAMED = range(4)

QUEUE = {"linger": "500ms", "backoff": "200ms" + " 1s" * 15}


def source(client):
    """A master's own address, by which the record knows whom an acknowledgement went to."""
    return f"127.0.1.{client + 1}"


def number_of(content):
    """Of the push that a zone's text came by."""
    numbers = set(re.findall(r'"push (\d+)"', content))
    if len(numbers) != 1:
        raise AssertionError(f"a mixture: {sorted(numbers)}")
    return int(numbers.pop())


def text(zone, number):
    """Of several sectors, and of various sizes."""
    names = ["@", *(f"host{i}" for i in range(5 + number % 40))]
    return zone_text(zone, number, *(f'{name}\t60\tIN\tTXT\t"push {number}"' for name in names))


class Place:
    """Where a node's database and zones lie, whichever node it is: zones are known to name servers by their paths."""

    def __init__(self, directory, registration):
        self.registration = registration
        self.roots = [os.path.join(directory, name) for name in ("state", "zones", "files", "named")]
        self.state, self.zones, self.files, self.named = self.roots
        for root in self.roots:
            os.makedirs(root)
        if registration == "include":
            with open(self.include, "w", encoding="utf-8"):
                pass

    @property
    def include(self):
        return os.path.join(self.zones, INCLUDE)

    @property
    def database(self):
        return os.path.join(self.state, "ddns.db")

    def node(self, **more):
        files = {"name": "files", "type": "zone-files", "zone-dir": self.files}
        return Node(builds.PLAIN, queue=QUEUE, timer=0.5, state={"database": self.database, "history": 1000},
                    backend={"zone-dir": self.zones, "registration": self.registration}, backends=[files],
                    **({"named_more": f'include "{self.include}";'} if self.registration == "include" else
                       {"named_options": f'new-zones-directory "{self.named}";'}), **more)


class Client(threading.Thread):
    """A master that pushes one change after the other, and says so in the record before."""

    def __init__(self, run, client, count):
        super().__init__(daemon=True)
        self._run, self._client, self._count = run, client, count
        self._random = random.Random(f"{run.seed}/{client}/{run.pushed}")
        self._master = Master(run.node.master.address, hostname=f"server{client}.example.com", source=source(client))
        self.error = None

    def run(self):
        try:
            for _ in range(self._count):
                self._push(f"z{self._random.randrange(ZONES_EACH)}.client{self._client}.example")
        except Exception as error:  # noqa: BLE001: the case reports it
            self.error = error

    def _push(self, zone):
        number = self._run.next_push()
        delete = self._random.random() < 0.12
        self._run.recorder.mark(zone=zone, client=self._client, number=DELETED if delete else number)
        push = self._master.delete(zone) if delete else self._master.push(zone, text(zone, number), self._random.random() < 0.2)
        same(push, OK, f"push of {zone}")


class Run:
    """A recorded run of `rounds` rounds; what it left is in `versions`: zone to {generation: content, or None of a delete}."""

    def __init__(self, directory, registration, rounds, seed):
        self.seed, self.pushed = seed, 0
        self.place = Place(os.path.join(directory, "place"), registration)
        self.recorder = disk.Recorder(find_program(builds.PLAIN, "libdiskrecord.so"), os.path.join(directory, "record"),
                                      self.place.roots)
        self._lock = threading.Lock()
        environments = dict.fromkeys(("ddns-receiver", "ddns-retry", "ddnsctl", "named"), self.recorder.environment)
        with self.place.node(environments=environments) as self.node:
            for i in range(rounds):
                self._round(i)
            self.node.wait_delivered(120)
            same(self.node.stop(), [], "exits that failed")
            self.node.stop_named()
        self.recorder.close()
        self.versions = self._read_versions()
        self.records = disk.records(self.recorder.path)

    def next_push(self):
        with self._lock:
            self.pushed += 1
            return self.pushed

    def _round(self, i):
        clients = [Client(self, client, 6) for client in range(CLIENTS)]
        for client in clients:
            client.start()
        if i % 3 == 1:
            self.node.ctl("resync", "bind")
        for client in clients:
            client.join()
            same(client.error, None, "what ended a client")
        if i % 2 == 0:
            self.node.wait_delivered(120)
        if i % 4 == 3:  # who closes the database last removes its log
            self.node.end_retry()
            old = self.node.receiver.pid
            self.node.kill_receiver(signal.SIGTERM)
            wait_until(lambda: self.node.receiver.pid != old, 30, "the receiver ends")

    def _read_versions(self):
        versions = {}
        with contextlib.closing(sqlite3.connect(self.place.database)) as database:
            for zone, generation, deleted, content in database.execute("SELECT zone, generation, deleted, content FROM version"):
                content = content.decode() if isinstance(content, bytes) else content
                versions.setdefault(zone, {})[generation] = None if deleted else content
        return versions


class Ledger:
    """What may be held of each zone: the newest content acknowledged, and one that is on its way."""

    def __init__(self):
        self._acknowledged, self._under_way = {}, {}
        self.acknowledgements = 0

    def play(self, kind, data):
        if kind == disk.MARK:
            mark = json.loads(data)
            self._under_way[source(mark["client"])] = mark
        elif kind == disk.ANSWER and (mark := self._under_way.pop(socket.inet_ntoa(data), None)):
            self._acknowledged[mark["zone"]] = mark["number"]
            self.acknowledgements += 1

    def allowed(self):
        result = {zone: {number} for zone, number in self._acknowledged.items()}
        for mark in self._under_way.values():
            result.setdefault(mark["zone"], {DELETED}).add(mark["number"])
        return result
