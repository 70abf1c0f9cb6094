# SPDX-License-Identifier: MIT
"""How fast zones get into databases, each figure beside what bare statements need on this machine."""

import concurrent.futures
import contextlib
import os
import statistics
import time

import coredns
import mariadb
import network
import powerdns
from cases import wait_until
from network import free_ports
from node import Node

CONNECTIONS = 32
RECORDS = 15
BATCH = 200  # zones a transaction: ddns' own default

# As the distribution's packages have it, unlike what tests are content with.
SERVER = ("--innodb-log-file-size=96M", "--innodb-buffer-pool-size=128M")

TICKS = os.sysconf("SC_CLK_TCK")


def p99(values):
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)]


def cpu_seconds(pid):
    """Of a process, all its threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Cpu:
    """Who was busy in a block of code, and for how long: `seconds` by name."""

    def __init__(self, pids):
        self._pids, self.seconds = pids, {}

    def __enter__(self):
        self._start = {name: cpu_seconds(pid()) for name, pid in self._pids.items() if pid()}
        return self

    def __exit__(self, *_):
        self.seconds = {name: round(cpu_seconds(pid()) - self._start.get(name, 0), 2)
                        for name, pid in self._pids.items() if pid()}


def stanza(module, name, server, database):
    """A backend of the configuration: `module` is coredns or powerdns."""
    return module.stanza(name, server, port=server.port, database=database, timeout={"connect": "5s", "read": "5s", "write": "5s"})


# Tables of zones and of records, and what the latter call a zone's id; as arguments of bench-mysql-floor.
TABLES = {coredns: ("zones", "records", "zone_id"), powerdns: ("domains", "records", "domain_id")}


class Databases:
    """The measurements; each adds rows by `add(key, what, unit, value, floor, ratio, **more)`. `measure(program, *arguments,
    stdin)` gives what a measuring program prints, `push(node, mode, connections, pushes, zones, serial)` pushes."""

    def __init__(self, build, options, measure, push, credentials, add):
        self._build, self._options = build, options
        self._measure, self._push, self._credentials, self._add = measure, push, credentials, add
        self._loads = 0

    def run(self):
        with contextlib.ExitStack() as stack:
            self._servers = [stack.enter_context(mariadb.Server(network.Here, port=port, options=SERVER)) for port in free_ports(2)]
            # Nothing is delivered while the log fills.
            self._node = stack.enter_context(Node(self._build, named=False, timer=None, credentials=coredns.CREDENTIALS,
                                                  queue={"linger": "10s", "batch": BATCH},
                                                  receiver={"max-connections-per-address": 256}))
            zones = self._options.database_zones
            self._push(self._node, "fill", CONNECTIONS, zones, zones, 1)
            self.first_load()
            self.resync()
            self.changed_record()
            self.powerdns()

    # ---- what all share

    def _floor(self, *arguments):
        return self._measure("bench-mysql-floor", *arguments, stdin=mariadb.PASSWORD + "\n")

    def _backends(self, module, database, *servers):
        """New backends, on databases that are new as well. ddns-retry does not run then."""
        for server in servers:
            server.create(database, module.schema())
        self._loads += 1
        self._node.settings["backends"] = [stanza(module, f"load{self._loads}-{i}", server, database)
                                           for i, server in enumerate(servers, 1)]
        self._node.write_config()
        self._node.end_retry()

    def _cpu(self):
        return Cpu({"ddns-retry": lambda: self._node.retry.pid,
                    **{f"mariadbd {i}": lambda server=server: server.pid for i, server in enumerate(self._servers, 1)}})

    def _wait_pending(self):
        wait_until(lambda: self._node.undelivered() == 0, 600, "everything delivered", interval=0.05)

    @staticmethod
    def _last_id(session, module):
        """Of a zone; costs the server less than to count them, and is the same in tables that are new."""
        return int(session.run(f"SELECT COALESCE(MAX(id), 0) FROM {TABLES[module][0]}")[0][0])

    def _load(self, module, database, *servers):
        """Seconds from the start of ddns-retry until each server has all zones, and who was busy meanwhile."""
        zones = self._options.database_zones
        self._backends(module, database, *servers)
        with contextlib.ExitStack() as stack:
            sessions = [stack.enter_context(server.session(database)) for server in servers]
            with self._cpu() as cpu:
                start = time.monotonic()
                self._node.wake_retry()
                for session in sessions:
                    wait_until(lambda session=session: self._last_id(session, module) >= zones, 600, "all zones", interval=0.02)
                seconds = time.monotonic() - start
                self._wait_pending()
            for session in sessions:
                counts = [int(session.run(f"SELECT COUNT(*) FROM {table}")[0][0]) for table in TABLES[module][:2]]
                if counts[0] != zones or counts[1] < RECORDS * zones:
                    raise RuntimeError(f"{counts[1]} records of {counts[0]} zones are there, {zones} zones were pushed")
        return seconds, cpu.seconds

    def _load_floor(self, module, database, *servers):
        """Bare inserts of the rows that are in `database` now, in all servers at once."""
        for server in servers:
            server.create("floor", module.schema())
        with concurrent.futures.ThreadPoolExecutor() as pool:
            return max(pool.map(lambda server: self._floor("load", server.port, database, "floor", *TABLES[module], BATCH)[0],
                                servers))

    # ---- figures

    def first_load(self):
        """The best of some: one delivery to a server must not be held against another one's bad moment. How much longer two
        bare loads take than one shows what the machine has for a second one."""
        one, pair = self._servers[:1], self._servers
        loads, floors = {1: [], 2: []}, {1: [], 2: []}
        for _ in range(self._options.rounds):
            for database, servers in (("one", one), ("pair", pair)):
                loads[len(servers)].append(self._load(coredns, database, *servers))
                floors[len(servers)].append(self._load_floor(coredns, database, *servers))
        (seconds, cpu), (seconds_two, cpu_two) = (min(tries, key=lambda load: load[0]) for tries in loads.values())
        floor, floor_two = min(floors[1]), min(floors[2])
        self._add("first-load", f"first load of {self._options.database_zones} zones into one MariaDB", "s", seconds, floor,
                  seconds / floor, goal=2, cpu=cpu)
        self._add("first-load-two", "the same into two at once; ratio: to one", "s", seconds_two, floor_two,
                  seconds_two / seconds, goal=1.2, cpu=cpu_two, bare=floor_two / floor)

    def resync(self):
        zones = self._options.database_zones
        before = self._servers[0].written()
        with self._cpu() as cpu:
            start = time.monotonic()
            self._node.ctl("resync", self._node.settings["backends"][0]["name"])
            self._wait_pending()
            seconds = time.monotonic() - start
        if written := self._servers[0].written() - before:
            raise RuntimeError(f"a resync of unchanged zones wrote {written} rows")
        floor, = self._floor("read", self._servers[0].port, "pair", *TABLES[coredns][:2])
        self._add("resync", f"resync of {zones} unchanged zones, which writes nothing", "/s", zones / seconds, zones / floor,
                  seconds / floor, least=5000, cpu=cpu.seconds)

    def changed_record(self):
        """The program that pushes asks the databases, too: no process has to be started meanwhile."""
        changes, ports = self._options.database_changes, [server.port for server in self._servers]
        floor, times, busy = [], [], []
        for number in range(self._options.rounds):
            floor += self._floor("update", *ports, "pair", changes)
            with self._cpu() as cpu:
                times += self._measure("bench-mysql-change", self._node.master.address[1], *ports, "pair", changes, 1000 + number,
                                       stdin=self._credentials + mariadb.PASSWORD + "\n")
            busy.append(cpu.seconds)
        acknowledged, shown = times[0::2], times[1::2]
        delivery = [b - a for a, b in zip(acknowledged, shown)]
        for key, name, of in (("changed-record", "median", statistics.median), ("changed-record-p99", "99th percentile", p99)):
            # The receiver's part is not the databases' matter.
            self._add(key, f"one changed record, from the push until two databases show it, {name}", "s", of(shown), of(floor),
                      of(delivery) / of(floor), goal=3 if of is p99 else None, acknowledged=of(acknowledged),
                      cpu=busy[0] if of is statistics.median else {})

    def powerdns(self):
        seconds, cpu = self._load(powerdns, "pdns", self._servers[0])
        floor = self._load_floor(powerdns, "pdns", self._servers[0])
        self._add("first-load-powerdns", f"first load of {self._options.database_zones} zones for PowerDNS", "s", seconds, floor,
                  seconds / floor, cpu=cpu)
