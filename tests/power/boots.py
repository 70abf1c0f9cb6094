# SPDX-License-Identifier: MIT
"""Suite power: named, and behind it ddns, are started on what the disk held when the power went. Nobody does anything by hand, but
a master pushes."""

import contextlib
import functools
import glob
import os
import shutil
import signal
import sqlite3

import disk
import dns
from cases import same, wait_until
from power.recording import DELETED, NAMED, NEW_ZONES, OK, number_of, text

NEW = "after.example"

compiled = functools.lru_cache(None)(dns.compiled)


# What happens beside to what named goes by: functions of a Boots and a random source.

def _lose_zones(boots, _):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(boots.new_zones)


def _lose_file(boots, rng):
    if paths := sorted(glob.glob(os.path.join(boots.place.zones, "*.db"))):
        os.unlink(rng.choice(paths))


def _swap_zones(boots, rng):
    """It has zones that ddns does not have, or deleted, and others not."""
    disk.write_tree(boots.place.named, rng.choice(boots.left).tree[NAMED])


def _tear_zones(boots, rng):
    if os.path.exists(boots.new_zones):
        os.truncate(boots.new_zones, rng.choice((512, 4096)))


# The third: the only registration with which it can be.
MISHAPS = [
    ("nothing else", None, None),
    ("named lost a zone file", _lose_file, None),
    ("named lost its zones", _lose_zones, "addzone"),
    ("named has its zones of another time", _swap_zones, "addzone"),
    ("named's file of zones is torn, and removed", _tear_zones, "addzone"),
]


def _read_zones(directory):
    """Zone to the content of its file."""
    result = {}
    for path in glob.glob(os.path.join(directory, "*.db")):
        with open(path, encoding="utf-8") as f:
            result[os.path.basename(path)[:-3]] = f.read()
    return result


class Boots:
    """A node that is started again and again, on one thing that was `left` (cycles.Left) after the other; a context manager."""

    def __init__(self, run, left):
        self.place, self.left = run.place, left
        self.new_zones = os.path.join(run.place.named, NEW_ZONES)
        self._run, self._node = run, run.place.node()
        self._end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._node.close()

    def _end(self):
        exits = self._node.stop()
        self._node.stop_named(signal.SIGKILL)
        return exits

    def boot(self, left, mishap, rng):
        for root, content in zip(self.place.roots, left.tree):
            shutil.rmtree(root)
            disk.write_tree(root, content)
        if mishap:
            mishap(self, rng)
        try:
            self._start_named(left, mishap)
            self._look(left, mishap)
            self._node.start()
            self._check(left.allowed, mishap)
        except BaseException:
            self._node.save_logs()
            raise
        finally:
            exits = self._end()
        same(exits, [], "exits that failed")

    def _start_named(self, left, mishap):
        """What named makes at its very first start is not synced before the first zone is added."""
        try:
            self._node.start_named()
            self._node.nameserver.zones()  # it answers before it has read its configuration
        except (RuntimeError, OSError):
            may_be_torn = mishap == _tear_zones or not any(left.delivered.values())
            if not may_be_torn or "MDB_INVALID" not in self._node.log("named")[-2000:]:
                raise
            self._node.stop_named(signal.SIGKILL)
            os.unlink(self.new_zones)
            self._node.start_named()

    # ---- before ddns is there

    def _look(self, left, mishap):
        """Whatever has a file is served, as a whole. Without a mishap that is what was delivered, but for the last change that named
        noted: it syncs each with the next one only."""
        if not mishap and (self.place.registration == "include" or NEW_ZONES in left.tree[NAMED]):
            most = 1 if self.place.registration == "addzone" else 0
            wait_until(lambda: len(self._astray(left.delivered)) <= most, 30, "named has what was delivered")
        files = _read_zones(self.place.zones)
        for zone in self._node.nameserver.zones() & files.keys():
            self._wait_served(zone, files[zone])

    def _astray(self, delivered):
        """Zones that named lost, and such that it deleted in vain."""
        known = self._node.nameserver.zones()
        return [zone for zone, content in delivered.items() if (zone in known) == (content is None)]

    def _is_served(self, zone):
        soa = self._node.nameserver.soa(zone, timeout=10)
        if soa is None:
            raise AssertionError(f"{zone}: no answer")
        return soa.authoritative

    def _wait_served(self, zone, content):
        wait_until(lambda: self._is_served(zone), 30, f"{zone} is served")
        same(self._node.nameserver.wire(zone), compiled(zone, content), f"records of {zone}")

    # ---- with ddns

    def _held(self):
        with contextlib.closing(sqlite3.connect(self.place.database)) as database:
            return {zone: content.decode() if isinstance(content, bytes) else content for zone, content in database.execute(
                "SELECT name, content FROM zone JOIN version USING (generation) WHERE NOT version.deleted")}

    def _check(self, allowed, mishap):
        node = self._node
        same(node.push(NEW, text(NEW, 1)), OK, "push of a new zone")
        node.wait_delivered(120)
        held = self._held()
        for zone, numbers in {**allowed, NEW: {1}}.items():
            number = number_of(held[zone]) if zone in held else DELETED
            same(number in numbers, True, f"{zone}: push {number} is held, allowed is {sorted(numbers)}")
        wait_until(lambda: held.keys() <= node.nameserver.zones(), 30, "named has all that is held")
        for zone, content in held.items():
            self._wait_served(zone, content)
        others = node.nameserver.zones() - held.keys()
        same([zone for zone in others if mishap != _swap_zones or self._is_served(zone)], [], "zones of named that are not held")
        for directory in (self.place.zones, self.place.files):
            same(_read_zones(directory), held, f"zone files in {directory}")
