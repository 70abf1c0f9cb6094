# SPDX-License-Identifier: MIT
"""Suite crash: everybody is killed at random moments, on a node that delivers to BIND, CoreDNS' tables and PowerDNS at once.
Readers look all the time: nobody ever sees half a zone, and zones that nobody touches never go."""

import contextlib
import random
import signal
import threading
import time

import coredns
import powerdns
import storm
from cases import Cases, same, wait_until
from crash import targets
from crash.targets import QUEUE
from directadmin import DirectAdmin
from mysql.fixture import Reader
from mysql.storms import records_of
from node import Node
from push import Master, zone_text
from storm import DELETED

OK = (200, "error=0")
ANCHORS = [f"anchor{i}.example" for i in range(5)]
SERVFAIL = 2


def anchor(zone):
    """What such a zone says."""
    return f"as {zone} always was"


def is_whole(texts):
    """All records of one push, and no others."""
    return len(set(texts)) == 1 and len(texts) == len(records_of(texts[0]))


class BindReader:
    """Transfers zones again and again; a context manager. `mixed`: what was no whole zone; `gone`: zones of those that nobody
    touches which it does not know."""

    def __init__(self, node, zones):
        self._node, self._zones = node, zones
        self._stop = threading.Event()
        self.mixed, self.gone, self.reads = [], [], 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)

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
    """The same of both databases."""

    def __init__(self, server, zones):
        super().__init__(server, zones)
        self.gone = []

    def _judge(self, zone, texts):
        if texts is None:
            if zone in ANCHORS:
                self.gone.append(zone)
            return
        self.reads += 1
        if not texts or not is_whole(texts):
            self.mixed.append((zone, texts))

    def _read(self, session):
        for zone in [*random.sample(self._zones, 10), *ANCHORS]:
            rows = coredns.parse(session.run(coredns.select(zone))).get(f"{zone}.")
            self._judge(zone, rows and [row.data.strip('"') for row in rows if row.type == "TXT"])
            rows = session.run("SELECT r.type, r.content FROM pdns.domains d LEFT JOIN pdns.records r ON r.domain_id = d.id "
                               f"WHERE d.name = '{zone}'")
            self._judge(zone, [content.strip('"') for kind, content in rows if kind == "TXT"] if rows else None)


@contextlib.contextmanager
def node(server, build, zones):
    """Delivers to all three, and asks a master that lists `zones`."""
    server.create(coredns.DATABASE, coredns.schema())
    with DirectAdmin(zones) as listing, powerdns.PowerDNS(server) as reader:
        backends = [coredns.stanza("dc1", server),
                    powerdns.stanza("dc2", server, nameserver=f"{reader.address}@{reader.port}", control_socket=reader.control)]
        master = {"name": "da1", "servername": "server0.example.com", "url": listing.url, "username": listing.username,
                  "password-file": "login"}
        with Node(build, backends=backends, credentials={**coredns.CREDENTIALS, "login": "secret\n"}, queue=QUEUE, timer=1.0,
                  restart=0.02, reconcile={"masters": [master], "patience": "0"}) as n:
            n.powerdns = reader
            yield n


def kill_reconcile(n):
    """In the midst of a pass, or behind it."""
    process = n.start_reconcile()
    time.sleep(random.uniform(0, 0.1))  # the stimulus: any moment
    process.kill()
    n.end_reconcile(process)
    return True


def kill_server(server):
    server.kill()
    server.start()
    return True


def kill_named(n):
    n.stop_named(signal.SIGKILL)
    n.start_named()
    return True


def kill_powerdns(n):
    n.powerdns.kill()
    n.powerdns.start()
    return True


def victims(n, server):
    """Our programs more often than the servers, which take a second to come back."""
    programs = [("receiver", n.kill_receiver), ("ddns-retry", n.kill_retry)]
    return [*programs * 10, *[("ddns-reconcile", lambda: kill_reconcile(n))] * 3, ("named", lambda: kill_named(n)),
            ("MariaDB", lambda: kill_server(server)), ("PowerDNS", lambda: kill_powerdns(n))]


def targets_of(n, server):
    all_three = [targets.Bind(None), targets.Coredns(None, server), targets.Powerdns(None, server)]
    for target in all_three:
        target.node = n
    all_three[2].reader = n.powerdns
    return all_three


def check_ledger(target, ledger):
    wrong = []
    for zone, allowed in ledger.items():
        text = target.text(zone)
        content = DELETED if text is None else text.split('"')[0]
        if content not in allowed:
            wrong.append(f"{zone}: {content!r}, allowed is {sorted(allowed)}")
    same(wrong[:5], [], f"{len(wrong)} zones that are wrong")


def run(server, build, options):
    cases = Cases("everybody is killed")
    zones = [f"z{i}.client{number}.example" for number in range(options.clients) for i in range(storm.ZONES_EACH)]
    with node(server, build, [zone for zone in zones if ".client0." in zone]) as n:
        for zone in ANCHORS:
            same(Master(n.master.address).push(zone, zone_text(zone, 1, *records_of(anchor(zone)))), OK, f"push of {zone}")
        n.wait_delivered()
        pushes = storm.Storm(n, options, victims(n, server), records_of)
        with BindReader(n, zones) as bind, TableReader(server, zones) as tables:
            with cases.case("every push is acknowledged, or its connection ends"):
                pushes.run()
            print(f"# {pushes.summary()}; seed {options.seed}", flush=True)
            with cases.case("everything is delivered without hand work"):
                n.wait_delivered(180)
                wait_until(lambda: sum(row["written"] for row in n.ctl("backends")) == 0, 60, "everything is seen served")
        print(f"# looked at: {bind.reads} transfers, {tables.reads} reads of tables", flush=True)
        with cases.case("nobody ever saw half of a zone"):
            same((bind.mixed[:2], tables.mixed[:2]), ([], []), "mixed versions")
            same((bind.reads > 50, tables.reads > 50), (True, True), "enough was looked at")
        with cases.case("zones that nobody touched were always there"):
            same((bind.gone[:2], tables.gone[:2]), ([], []), "zones that were gone")
        ledger = {**pushes.ledger(), **{zone: {anchor(zone)} for zone in ANCHORS}}
        check_end(cases, n, server, ledger)
        if cases.failed:
            n.save_logs()
    return cases.failed


def check_end(cases, n, server, ledger):
    everywhere = targets_of(n, server)
    for target in everywhere:
        with cases.case(f"{target.name}: every zone has the newest content acknowledged, or is gone if that is deleted"):
            check_ledger(target, ledger)
    for target in everywhere:
        with cases.case(f"{target.name}: what is held is there, record for record"):
            target.check_whole()
    with cases.case("nobody ended badly but those who were killed, and the log is sound"):
        everywhere[0].end()
