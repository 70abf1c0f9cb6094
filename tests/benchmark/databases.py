# SPDX-License-Identifier: MIT
"""How fast zones get into databases, each figure beside what bare statements need on this machine."""

import contextlib
import os
import statistics
import time

import coredns
import mariadb
import network
import powerdns
from cases import wait_until
from node import Node, free_ports

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


def kind_of(module, name, server, database):
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
        self._node.settings["backends"] = [kind_of(module, f"load{self._loads}-{i}", server, database)
                                           for i, server in enumerate(servers, 1)]
        self._node.write_config()
        self._node.end_retry()

    def _cpu(self):
        return Cpu({"ddns-retry": lambda: self._node.retry.pid,
                    **{f"mariadbd {i}": lambda server=server: server.pid for i, server in enumerate(self._servers, 1)}})

    def _wait_pending(self):
        wait_until(lambda: self._node.undelivered() == 0, 600, "everything delivered", interval=0.05)

    def _load(self, module, database, *servers):
        """Seconds from the start of ddns-retry until each server has all zones, and who was busy meanwhile."""
        zones = self._options.database_zones
        count = f"SELECT COUNT(*) FROM {TABLES[module][0]}"
        self._backends(module, database, *servers)
        with contextlib.ExitStack() as stack:
            sessions = [stack.enter_context(server.session(database)) for server in servers]
            with self._cpu() as cpu:
                start = time.monotonic()
                self._node.wake_retry()
                for session in sessions:
                    wait_until(lambda session=session: int(session.run(count)[0][0]) == zones, 600, "all zones", interval=0.02)
                seconds = time.monotonic() - start
                self._wait_pending()
            for session in sessions:
                records = int(session.run(f"SELECT COUNT(*) FROM {TABLES[module][1]}")[0][0])
                if records < RECORDS * zones:
                    raise RuntimeError(f"{records} records of {zones} zones")
        return seconds, cpu.seconds

    def _load_floor(self, module, database):
        """Of the rows that are in `database` of the first server now."""
        server = self._servers[0]
        server.create("floor", module.schema())
        seconds, = self._floor("load", server.port, database, "floor", *TABLES[module], BATCH)
        return seconds

    # ---- figures

    def first_load(self):
        """The best of some: one delivery to a server must not be held against another one's bad moment."""
        ones, pairs, floors = [], [], []
        for _ in range(self._options.rounds):
            ones.append(self._load(coredns, "one", self._servers[0]))
            floors.append(self._load_floor(coredns, "one"))
            pairs.append(self._load(coredns, "pair", *self._servers))
        (one, cpu_of_one), (pair, cpu_of_pair), floor = min(ones), min(pairs), min(floors)
        zones = self._options.database_zones
        self._add("first-load", f"first load of {zones} zones into one MariaDB", "s", one, floor, one / floor, goal=2, cpu=cpu_of_one)
        self._add("first-load-two", "the same into two at once; floor: into one", "s", pair, one, pair / one, goal=1.2,
                  cpu=cpu_of_pair)

    def _written(self):
        """Rows that the first server has ever written."""
        status = dict(self._servers[0].sql("SHOW GLOBAL STATUS WHERE Variable_name IN "
                                           "('Innodb_rows_inserted', 'Innodb_rows_updated', 'Innodb_rows_deleted')"))
        return {name: int(value) for name, value in status.items()}

    def resync(self):
        zones = self._options.database_zones
        before = self._written()
        with self._cpu() as cpu:
            start = time.monotonic()
            self._node.ctl("resync", self._node.settings["backends"][0]["name"])
            self._wait_pending()
            seconds = time.monotonic() - start
        if self._written() != before:
            raise RuntimeError(f"a resync of unchanged zones wrote rows: {before}, then {self._written()}")
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
        floor = self._load_floor(powerdns, "pdns")
        self._add("first-load-powerdns", f"first load of {self._options.database_zones} zones for PowerDNS", "s", seconds, floor,
                  seconds / floor, cpu=cpu)
