# SPDX-License-Identifier: MIT
"""How fast pushes are acknowledged and served by BIND, beside bare commits, files and control commands; and what it takes."""

import statistics

from node import Node

# On such a machine the program that users have today acknowledges that many pushes a second with 1 and 32 connections,
# takes that many seconds for 1,000 new zones and for one changed zone, and has that many MiB at rest.
PREDECESSOR = {"acknowledged-1": 160, "acknowledged-32": 230, "new-zones": 78, "changed-zone": 0.091, "changed-zone-p99": 0.147,
               "memory-rest": 80}

CONNECTIONS = (32, 64)
MANY = {"max-connections-per-address": 256}


def p99(values):
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)]


QUANTILES = (("", "median", statistics.median), ("-p99", "99th percentile", p99))


def memory(pid, key):
    """MiB of a process: `key` of /proc/PID/status, as "VmHWM" (at most, so far) or "RssAnon" (its own, now)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key + ":")) / 1024


class Pushes:
    """The measurements; each adds rows by `add(key, what, unit, value, floor, ratio, **more)`. `measure(program, *arguments)` gives
    what a measuring program prints; `push(node, mode, connections, pushes, zones, serial, served=False)` pushes;
    `floor(node, mode, zones)` is what bare files and control commands take."""

    def __init__(self, build, options, measure, push, floor, add):
        self._build, self._options = build, options
        self._measure, self._push, self._floor = measure, push, floor
        self._add_row = add
        self._files = 0

    def run(self):
        self._alone()
        self._delivered()
        self._started_anew()
        self._sizes()

    def _add(self, key, what, unit, value, floor, **more):
        ratio = floor / value if unit == "/s" else value / floor
        self._add_row(key, what, unit, value, floor, ratio, predecessor=PREDECESSOR.get(key), **more)

    def _file(self, node):
        self._files += 1
        return node.path(f"floor-{self._files}.db")

    def _commits(self, node):
        """Bare commits a second: the best of three, since a floor is what is possible."""
        rows = self._options.pushes
        return rows / min(self._measure("bench-floor", "commits", self._file(node), rows, 1)[0] for _ in range(3))

    def _one_core(self, node, connections):
        """Zone checks and commits of groups on one core."""
        rows = self._options.pushes
        return rows / min(self._measure("bench-one-core", self._file(node), rows, max(rows // 10, 1), connections)[0]
                          for _ in range(3))

    def _acknowledge(self, node, connections, serial):
        pushes = self._options.pushes
        return pushes / self._push(node, "all", connections, pushes, max(pushes // 10, 1), serial)[0]

    def _acknowledged(self, node, key, what, **more):
        """Pushes of zones that change with each round, by one connection and by many; `more`: of the first."""
        commits = self._commits(node)
        self._push(node, "all", 1, 1, 1, 1)  # starts the receiver, which checks the password's slow hash once
        self._add("acknowledged-1" + key, "pushes acknowledged, 1 connection" + what, "/s", self._acknowledge(node, 1, 1000), commits,
                  **more)
        for connections in CONNECTIONS:
            self._add(f"acknowledged-{connections}" + key, f"pushes acknowledged, {connections} connections" + what, "/s",
                      self._acknowledge(node, connections, 1000 * connections), self._one_core(node, connections),
                      **({"goal": 1.25} if more else {}))

    def _alone(self):
        """Without delivery: the machine is the receiver's alone."""
        with Node(self._build, receiver=MANY, timer=None) as node:
            node.settings["backends"] = []
            node.write_config()
            self._push(node, "all", 1, 1, 1, 1)
            self._add("memory-rest", "memory of the receiver at rest, of its own", "MiB", memory(node.receiver.pid, "RssAnon"), 8)
            self._acknowledged(node, "", "", goal=2)
            self._add("memory-load", "memory of the receiver at most, with its libraries", "MiB",
                      memory(node.receiver.pid, "VmHWM"), 32)

    def _delivered(self):
        zones = self._options.zones
        with Node(self._build, queue={"linger": "30s"}, receiver=MANY) as node:
            floor, = self._floor(node, "addzone", zones)
            _, seconds = self._push(node, "all", 1, zones, zones, 1, served=True)
            self._add("new-zones", f"{zones} new zones, from the first push until BIND serves the last", "s", seconds, floor, goal=2)
            self._changed(node, "", f"of {zones}", 10)
            node.wait_delivered()
            self._acknowledged(node, "-delivering", ", with delivery")
            node.wait_delivered(600)

    def _changed(self, node, key, which, serial, more=0.0):
        """One changed zone at a time. `more`: seconds that are granted on top of three times the floor."""
        changes = self._options.changes
        commit = 1 / self._commits(node)
        floor = self._floor(node, "reload", changes)
        self._push(node, "all", 1, changes, changes, serial, served=True)
        times = self._push(node, "each", 1, changes, changes, serial + 1, served=True)
        for suffix, name, of in QUANTILES:
            bare = commit + of(floor)
            self._add("changed-zone" + key + suffix, f"one changed zone {which}, from the push until BIND serves it, {name}", "s",
                      of(times), bare, goal=3 + more / bare)

    def _started_anew(self):
        """ddns-retry ends after each delivery, so that each push starts it."""
        with Node(self._build, queue={"linger": "0s"}, receiver=MANY) as node:
            self._push(node, "all", 1, 1, 1, 1, served=True)
            self._changed(node, "-started", "with ddns-retry started for it", 10, more=0.05)

    def _sizes(self):
        """First loads of nodes of several sizes, and one changed zone on the last but one of them."""
        each = []
        for i, zones in enumerate(self._options.sizes):
            with Node(self._build, queue={"linger": "30s"}, receiver=MANY) as node:
                _, seconds = self._push(node, "all", 1, zones, zones, 1, served=True)
                each.append(seconds / zones)
                self._add(f"load-{zones}", f"a first load of {zones} zones, for each zone; floor: the smallest of these loads", "s",
                          each[i], each[0], goal=1.3)
                if i == len(self._options.sizes) - 2:
                    self._changed(node, "-many", f"of {zones}", 10)
                if i == len(self._options.sizes) - 1:
                    self._add("memory-retry", f"memory of ddns-retry at most, {zones} zones delivered", "MiB",
                              memory(node.retry.pid, "VmHWM"), 64)
                node.wait_delivered(600)
