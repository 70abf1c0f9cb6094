# SPDX-License-Identifier: MIT
"""How fast ddns-reconcile fills an empty node from a master's name server, and how long a pass takes when all is right."""

import os
import statistics
import threading
import time
from typing import NamedTuple

from cases import wait_until
from node import Node
from origin import Origin
from push import HOSTNAME


def p95(values):
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


class Run(NamedTuple):
    """A pass that ended, and the comparisons that it asked for."""
    seconds: float
    mebibytes: float  # at most, of ddns-reconcile


class Reconciliation:
    """As Databases: each measurement adds a row by `add`; `push_each(node, changes, serial)`: the seconds from each push until it
    is served; `floor(node, zones)`: those of bare files and addzone."""

    def __init__(self, build, options, push_each, floor, add):
        self._build, self._options = build, options
        self._push_each, self._floor, self._add = push_each, floor, add
        self._serial = 0

    def run(self):
        self._names = [f"f{i:06}.test" for i in range(self._options.pass_zones)]
        with Origin(HOSTNAME, self._names[:self._options.fetched_zones]) as origin, \
             Node(self._build, reconcile={"masters": [origin.stanza("da1")]}, queue={"linger": "10s"},
                  credentials={"login": origin.listing.password + "\n"}) as node:
            self._origin, self._node = origin, node
            self.first_load()
            self.all_right()

    def _pass(self):
        start = time.monotonic()
        process = self._node.start_reconcile()
        log = []
        reader = threading.Thread(target=lambda: log.append(process.stdout.read()))
        reader.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        reader.join()
        if process.returncode != 0:
            raise RuntimeError(f"a pass ended with {process.returncode}: {log[0][-2000:]}")
        self._node.wait_compared(600)
        return Run(time.monotonic() - start, usage.ru_maxrss / 1024)

    def _wait_pending(self):
        wait_until(lambda: self._node.undelivered() == 0, 1800, "everything delivered", interval=0.05)

    def first_load(self):
        zones = self._options.fetched_zones
        floor, = self._floor(self._node, zones)
        start = time.monotonic()
        self._pass()
        self._wait_pending()
        seconds = time.monotonic() - start
        if self._node.nameserver.serial(self._names[zones - 1]) != 1 or self._node.ctl("status")["zones"] != zones:
            raise RuntimeError("not all zones are there")
        self._add("fetched", f"first load of {zones} zones by AXFR, until BIND serves them", "/s", zones / seconds, zones / floor,
                  seconds / floor, least=500)

    def _push(self):
        self._serial += 1
        return self._push_each(self._node, self._options.changes, self._serial)

    def _fill(self):
        """All zones, and those that are pushed meanwhile."""
        self._push()
        self._wait_pending()
        pushed = [row["zone"] for row in self._node.ctl("zones") if row["zone"] not in self._origin.zones]
        self._origin.zones = dict.fromkeys([*self._names, *pushed], (1,))
        self._origin.publish()
        self._pass()
        self._wait_pending()
        self._pass()
        self._wait_pending()

    def all_right(self):
        self._fill()
        self._push()
        idle = self._push()
        alone = self._pass()
        self._wait_pending()
        busy, runs = [], []
        thread = threading.Thread(target=lambda: runs.append(self._pass()))
        thread.start()
        while thread.is_alive():
            busy += self._push()
        thread.join()
        zones = self._options.pass_zones
        self._add("pass", f"a pass over {zones} zones that are right", "s", alone.seconds, zones / 5000, alone.seconds / (zones / 5000),
                  most=60, memory=alone.mebibytes)
        for key, name, of in (("pass-pushed", "median", statistics.median), ("pass-pushed-p95", "95th percentile", p95)):
            self._add(key, f"a push until BIND serves it during a pass, {name}; floor: without one", "s", of(busy), of(idle),
                      of(busy) / of(idle), goal=2)
