# SPDX-License-Identifier: MIT
"""Suite crash: who looks at zones all the time. What they see is whole: all records of one push, and no others."""

import os
import random

import coredns
from looking import Looking
from mysql.fixture import Reader
from mysql.storms import records_of

ANCHORS = [f"anchor{i}.example" for i in range(5)]
SERVFAIL = 2
REST = 0.02  # between two looks: others need the machine, too


def anchor(zone):
    """What such a zone says."""
    return f"as {zone} always was"


def is_whole(texts):
    """All records of one push, and no others."""
    return len(set(texts)) == 1 and len(texts) == len(records_of(texts[0]))


class FilesReader(Looking):
    """Reads zone files of a directory, if there is one."""

    def __init__(self, directory, zones):
        super().__init__()
        self._directory, self._zones = directory, zones

    def _run(self):
        while self._directory and not self._stop.wait(REST):
            for zone in self._zones:
                self._read(zone)

    def _read(self, zone):
        try:
            with open(os.path.join(self._directory, f"{zone}.db"), encoding="utf-8") as f:
                content = f.read()
        except FileNotFoundError:
            return
        self.reads += 1
        texts = [line.split(None, 4)[4].strip('"') for line in content.splitlines() if "\tTXT\t" in line]
        if not texts or not is_whole(texts):
            self.mixed.append((zone, content))


class BindReader(Looking):
    """Transfers zones. `gone`: zones of those that nobody touches which the name server does not know."""

    def __init__(self, node, zones):
        super().__init__()
        self._node, self._zones, self.gone = node, zones, []

    def _run(self):
        while not self._stop.is_set():
            for zone in [*random.sample(self._zones, 10), *ANCHORS]:
                self._read(zone)

    def _read(self, zone):
        if zone in ANCHORS:
            soa = self._node.nameserver.soa(zone)
            if soa and not soa.authoritative and soa.rcode != SERVFAIL:  # that is said while zones are loaded
                self.gone.append((zone, soa))
        try:
            lines = self._node.dig(zone, "AXFR", "+noall", "+answer").splitlines()
        except Exception:  # noqa: BLE001: it has just been killed
            return
        fields = [line.split(None, 4) for line in lines if line and not line.startswith(";")]
        if [row[3] for row in fields if len(row) == 5].count("SOA") != 2:
            return  # it is not there, or the transfer was cut off
        self.reads += 1
        texts = [row[4].strip('"') for row in fields if row[3] == "TXT"]
        if not texts or not is_whole(texts):
            self.mixed.append((zone, lines))


class TableReader(Reader):
    """Reads zones of both databases. `anchors`: those that nobody touches; `gone`: of them, those that it does not find."""

    def __init__(self, server, zones, anchors=()):
        super().__init__(server, zones)
        self._anchors, self.gone = anchors, []

    def _judge(self, zone, texts):
        if texts is None:
            if zone in self._anchors:
                self.gone.append(zone)
            return
        self.reads += 1
        if not texts or not is_whole(texts):
            self.mixed.append((zone, texts))

    def _read(self, session):
        self._stop.wait(REST)
        for zone in [*random.sample(self._zones, 10), *self._anchors]:
            rows = coredns.parse(session.run(coredns.select(zone))).get(f"{zone}.")
            self._judge(zone, rows and [row.data.strip('"') for row in rows if row.type == "TXT"])
            rows = session.run("SELECT r.type, r.content FROM pdns.domains d LEFT JOIN pdns.records r ON r.domain_id = d.id "
                               f"WHERE d.name = '{zone}'")
            self._judge(zone, [content.strip('"') for kind, content in rows if kind == "TXT"] if rows else None)