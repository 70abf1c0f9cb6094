# SPDX-License-Identifier: MIT
"""How fast pushes are acknowledged and served by BIND, beside bare commits, files and control commands; and what it takes."""

import statistics
import time

from cases import wait_until
from node import Node

# On such a machine the program that users have today acknowledges that many pushes a second with 1 and 32 connections,
# takes that many seconds for 1,000 new zones and for one changed zone, and has that many MiB at rest.
PREDECESSOR = {"acknowledged-1": 160, "acknowledged-32": 230, "new-zones": 78, "changed-zone": 0.091, "changed-zone-p99": 0.147,
               "memory-rest": 80}

CONNECTIONS = (32, 64)
ROUNDS = 5  # of a rate and its floors in turn, of which the best counts: the others say what else the machine did
MANY = {"max-connections-per-address": 256}
IDLE = 1  # seconds


def p99(values):
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)]


def twentieth(values):
    """What the fastest twentieth of them takes at most: when the disk and the rest of the machine leave it alone."""
    values = sorted(values)
    return values[len(values) // 20]


POSSIBLE = "the same; floor: bare connections with a commit"
CHECKED = "the same; floor: bare connections with a zone check and a commit"
QUANTILES = (("", "median", statistics.median), ("-p99", "p99", p99))

# Whether ddns-retry is there or is started for each change: key, what it is called, queue.linger, seconds granted more.
LINGERING = (("", "", "30s", 0.0), ("-started", ", started for it", "0s", 0.05))


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
        self._serial = 0
        self._changed_of = {}  # (key of LINGERING, key of QUANTILES): seconds with the smaller number of zones

    def run(self):
        self._alone()
        self._delivered()
        self._sizes()
        self._idle()

    def _add(self, key, what, unit, value, floor, **more):
        ratio = floor / value if unit == "/s" else value / floor
        self._add_row(key, what, unit, value, floor, ratio, predecessor=PREDECESSOR.get(key), **more)

    def _file(self, node):
        self._files += 1
        return node.path(f"floor-{self._files}.db")

    def _next_serial(self):
        self._serial += 1000
        return self._serial

    def _commits(self, node):
        """Seconds of bare commits, and in the end of all."""
        return self._measure("bench-floor", "commits", self._file(node), self._options.pushes, 1)

    def _exchanges(self, node, what):
        """Of bare connections with a bare commit ("exchanges"), and with a zone check too ("checks"), likewise."""
        return self._measure("bench-floor", what, self._file(node), self._options.pushes)

    def _single(self, node):
        """Of pushes likewise."""
        pushes = self._options.pushes
        return self._push(node, "each", 1, pushes, max(pushes // 10, 1), self._next_serial())

    def _one_core(self, node, connections):
        """Zone checks and commits of groups on one core."""
        rows = self._options.pushes
        return rows / self._measure("bench-one-core", self._file(node), rows, max(rows // 10, 1), connections)[0]

    def _acknowledge(self, node, connections):
        """Pushes of zones that change with each round."""
        pushes = self._options.pushes
        return pushes / self._push(node, "all", connections, pushes, max(pushes // 10, 1), self._next_serial())[0]

    @staticmethod
    def _best(*rates):
        """Of each of the functions."""
        return map(max, zip(*([rate() for rate in rates] for _ in range(ROUNDS))))

    def _acknowledged(self, node, key, what, goal_of_one, goal_of_many):
        # starts the receiver, which checks the password's slow hash once
        self._push(node, "all", 1, 1, 1, self._next_serial())
        rounds = [(self._single(node), self._commits(node), self._exchanges(node, "exchanges"), self._exchanges(node, "checks"))
                  for _ in range(ROUNDS)]
        pushes, commits, exchanges, checks = (self._options.pushes / min(times[-1] for times in kind) for kind in zip(*rounds))
        quiet = [twentieth(seconds for times in kind for seconds in times[:-1]) for kind in zip(*rounds)]
        commits = max(commits, exchanges)  # the latter have a commit in them
        self._add("acknowledged-1" + key, "pushes acknowledged, 1 connection" + what, "/s", pushes, commits, **goal_of_one)
        self._add("acknowledged-1-possible" + key, POSSIBLE, "/s", pushes, exchanges)
        self._add("acknowledged-1-checked" + key, CHECKED, "/s", pushes, checks)
        self._add("quiet" + key, "a push in a quiet moment, 1 connection" + what, "s", quiet[0], quiet[1], **goal_of_one)
        self._add("quiet-possible" + key, POSSIBLE, "s", quiet[0], quiet[2])
        self._add("quiet-checked" + key, CHECKED, "s", quiet[0], quiet[3])
        for connections in CONNECTIONS:
            core, pushes = self._best(lambda n=connections: self._one_core(node, n),
                                      lambda n=connections: self._acknowledge(node, n))
            self._add(f"acknowledged-{connections}" + key, f"pushes acknowledged, {connections} connections" + what, "/s", pushes,
                      core, **goal_of_many)

    def _alone(self):
        """Without delivery: the machine is the receiver's alone."""
        with Node(self._build, receiver=MANY, timer=None) as node:
            node.settings["backends"] = []
            node.write_config()
            self._push(node, "all", 1, 1, 1, self._next_serial())
            self._add("memory-rest", "memory of the receiver at rest, its own", "MiB", memory(node.receiver.pid, "RssAnon"), 8,
                      goal=1)
            self._acknowledged(node, "", "", {"goal": 2}, {"goal": 1.25, "least": 10000})
            self._add("memory-load", "memory of the receiver at most, with libraries", "MiB",
                      memory(node.receiver.pid, "VmHWM"), 32, goal=1)

    def _delivered(self):
        zones = self._options.zones
        with Node(self._build, queue={"linger": "30s"}, receiver=MANY) as node:
            floor, = self._floor(node, "addzone", zones)
            _, seconds = self._push(node, "all", 1, zones, zones, self._next_serial(), served=True)
            self._add("new-zones", f"{zones:,} new zones, until BIND serves the last", "s", seconds, floor, goal=2)
            self._changed(node, "", zones)
            node.wait_delivered()
            self._acknowledged(node, "-delivering", ", with delivery", {}, {})
            node.wait_delivered(600)

    def _restart_named(self, node):
        """Without the commands that it was given so far: it remembers them for 15 minutes and looks at all with each further one.
        Then ddns-retry has compared what it serves."""
        loaded = "all zones loaded"
        before = node.log("named").count(loaded)
        node.stop_named()
        node.start_named()
        wait_until(lambda: node.log("named").count(loaded) > before, 600, "named has loaded all zones")
        self._linger(node, "0s")
        self._push(node, "all", 1, 1, 1, self._next_serial(), served=True)
        wait_until(lambda: node.retry.pid is None, 600, "ddns-retry ends", interval=0.01)

    @staticmethod
    def _linger(node, linger):
        node.settings["queue"]["linger"] = linger
        node.write_config()
        node.end_retry()

    def _changed(self, node, key, zones):
        """One changed zone at a time."""
        changes = self._options.changes
        commit = min(self._commits(node)[-1] for _ in range(ROUNDS)) / self._options.pushes
        node.wait_delivered(600)
        self._restart_named(node)
        floor = self._floor(node, "reload", changes)
        for anew, how, linger, more in reversed(LINGERING):  # so that it lingers for what comes then
            self._restart_named(node)
            self._linger(node, linger)
            self._push(node, "all", 1, changes, changes, self._next_serial(), served=True)
            times = (self._each_started if anew else self._each)(node, changes)
            for suffix, name, of in QUANTILES:
                bare = commit + of(floor)
                self._add("changed-zone" + anew + key + suffix,
                          f"1 changed zone of {zones:,} until served{how}, {name}", "s", of(times), bare,
                          goal=3 + more / bare)
                self._beside_fewer(key, anew, suffix, f"the same; floor: of {self._options.zones:,}", of(times))

    def _each(self, node, changes):
        """Seconds of one change after the other."""
        return self._push(node, "each", 1, changes, changes, self._next_serial(), served=True)

    def _each_started(self, node, changes):
        """The same, when ddns-retry has ended: the next change must not come before."""
        serial = self._next_serial()
        times = []
        for i in range(changes):
            wait_until(lambda: node.retry.pid is None, 30, "ddns-retry ends", interval=0.001)
            times += self._push(node, "each", 1, 1, 1, serial + i, served=True)
        return times

    def _beside_fewer(self, key, anew, suffix, what, seconds):
        """The first of two sizes is the floor of the second."""
        fewer = self._changed_of.setdefault((anew, suffix), seconds)
        if key:
            self._add("changed-zone" + anew + "-sizes" + suffix, what, "s", seconds, fewer, goal=1.3)

    def _sizes(self):
        """First loads of nodes of several sizes, and one changed zone on the last but one of them."""
        each = []
        for i, zones in enumerate(self._options.sizes):
            with Node(self._build, queue={"linger": "30s"}, receiver=MANY) as node:
                _, seconds = self._push(node, "all", 1, zones, zones, self._next_serial(), served=True)
                each.append(seconds / zones)
                self._add(f"load-{zones}", f"first load of {zones:,} zones, each; floor: of the smallest", "s",
                          each[i], each[0], goal=1.3)
                if i == len(self._options.sizes) - 1:
                    self._add(f"load-{zones}-bare", "the same; floor: bare files and addzone of as many", "s", seconds,
                              self._bare_load(zones))
                    self._add("memory-retry", f"memory of ddns-retry at most, {zones:,} zones", "MiB",
                              memory(node.retry.pid, "VmHWM"), 64, goal=1)
                if i == len(self._options.sizes) - 2:
                    self._changed(node, "-many", zones)
                node.wait_delivered(600)

    def _bare_load(self, zones):
        with Node(self._build, timer=None) as node:
            return self._floor(node, "addzone", zones)[0]

    def _idle(self):
        """Nobody pushes any more."""
        with Node(self._build, queue={"linger": f"{IDLE}s"}, receiver={"idle-timeout": f"{IDLE}s"}, timer=None) as node:
            self._push(node, "all", 1, 1, 1, self._next_serial(), served=True)
            start = time.monotonic()
            wait_until(lambda: node.receiver.pid is None and node.retry.pid is None, 60, "no process is left", interval=0.01)
            self._add("idle", "nothing to do until no process is left; floor: idle-timeout", "s",
                      time.monotonic() - start, IDLE, most=3 * IDLE)
