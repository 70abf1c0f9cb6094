# SPDX-License-Identifier: MIT
"""Suite power: what must hold of a disk when the power went, before anything is started on it."""

import contextlib
import os
import re
import shutil
import sqlite3

import disk
from power.recording import DELETED, INCLUDE, number_of

_STATES = """SELECT b.name, z.name, z.generation FROM zone z JOIN backend b
        LEFT JOIN retry r ON r.backend = b.id AND r.zone = z.name AND r.generation = z.generation
        WHERE r.zone IS NULL AND (z.generation <= b.cursor
        OR EXISTS (SELECT 1 FROM ahead a WHERE a.backend = b.id AND a.generation = z.generation))"""


class Checker:
    """Of one run; `directory`: for its use. What it learns of one moment must hold of all later ones, which have to follow."""

    def __init__(self, run, directory):
        self._run, self._directory = run, directory
        self._delivered = {}  # (backend, zone) to the newest generation that was known to be delivered
        self._last = {}  # the same of the last tree

    def check(self, tree, ledger):
        """What is wrong with a tree, as a list of texts."""
        state, zones, files, _ = tree
        shutil.rmtree(self._directory, ignore_errors=True)
        disk.write_tree(self._directory, state)
        try:
            held, delivered = self._read_database()
        except sqlite3.DatabaseError as error:
            return [f"the database: {error}"]
        wrong = list(self._check_held(held, ledger))
        for backend, directory in (("bind", zones), ("files", files)):
            wrong += self._check_directory(backend, directory, held, delivered)
        if self._run.place.registration == "include":
            wrong += self._check_include(zones, held, delivered)
        self._delivered.update(delivered)
        self._last = delivered
        return wrong

    def delivered(self, backend):
        """Zone to content, or None of a delete, of all that was delivered by what the last tree says."""
        return {zone: self._run.versions[zone][generation] for (where, zone), generation in self._last.items() if where == backend}

    def _read_database(self):
        """Zone to generation, and (backend, zone) to generation of all that is delivered."""
        path = os.path.join(self._directory, "ddns.db")
        if not os.path.exists(path):
            return {}, {}
        with contextlib.closing(sqlite3.connect(path)) as database:
            if (found := database.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
                raise sqlite3.DatabaseError(f"integrity_check: {found[:3]}")
            if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'zone'").fetchall():
                return {}, {}
            held = {}
            for zone, generation, content in database.execute(
                    "SELECT name, generation, content FROM zone JOIN version USING (generation)"):
                held[zone] = generation
                content = content.decode() if isinstance(content, bytes) else content
                if content != self._run.versions[zone].get(generation, ""):
                    raise sqlite3.DatabaseError(f"{zone} has never been so")
            return held, {(backend, zone): generation for backend, zone, generation in database.execute(_STATES)}

    def _check_held(self, held, ledger):
        for zone, allowed in ledger.allowed().items():
            content = self._run.versions[zone][held[zone]] if zone in held else None
            number = DELETED if content is None else number_of(content)
            if number not in allowed:
                yield f"{zone}: push {number} is held, allowed is {sorted(allowed)}"

    def _check_directory(self, backend, directory, held, delivered):
        there = {name[:-3]: content for name, content in directory.items() if name.endswith(".db")}
        for zone in there.keys() - held.keys():
            yield f"{backend}: a file of {zone}, which nobody pushed"
        for zone in held:
            versions = self._run.versions[zone]
            text = there[zone].decode("utf-8", "replace") if zone in there else None
            if (backend, zone) in delivered:
                if text != versions[delivered[backend, zone]]:
                    yield f"{backend}: {zone} is delivered, but its file is {self._describe(text, versions)}"
                continue
            newest = self._delivered.get((backend, zone), 0)
            possible = [content for generation, content in versions.items() if newest <= generation <= held[zone]]
            if text not in (possible if newest else [*possible, None]):
                yield f"{backend}: the file of {zone} is {self._describe(text, versions)}"

    @staticmethod
    def _describe(text, versions):
        if text is None:
            return "missing"
        if text in versions.values():
            return "an old one"
        return f"none that was ever pushed: {len(text)} octets"

    def _check_include(self, zones, held, delivered):
        for name in (INCLUDE, ".ddns-include.good"):
            if name in zones:
                yield from self._check_include_file(name, zones[name].decode("utf-8", "replace"), held)
        text = zones.get(".ddns-include.good", zones.get(INCLUDE, b"")).decode("utf-8", "replace")
        registered = set(re.findall(r'^zone "([^"]+)"', text, re.MULTILINE))
        for (backend, zone), generation in delivered.items():
            if backend == "bind" and self._run.versions[zone][generation] is not None and zone not in registered:
                yield f"{zone} is delivered, but not in the include file"

    def _check_include_file(self, name, text, held):
        path = re.escape(self._run.place.zones)
        for line in text.splitlines(keepends=True):
            zone = re.fullmatch(rf'zone "([^"]+)" {{ type primary; file "{path}/([^"]+)\.db"; check-names ignore; }};\n', line)
            if not line.startswith("# Kept by ddns") and not (zone and zone[1] == zone[2] and zone[1] in held):
                yield f"{name}: the line {line!r}"
