# SPDX-License-Identifier: MIT
"""Suite crash: everybody is killed at random moments, on a node that delivers to BIND, CoreDNS' tables and PowerDNS at once.
Readers look all the time: nobody ever sees half a zone, and zones that nobody touches never go."""

import contextlib
import random
import signal
import time

import coredns
import powerdns
import storm
from cases import Cases, same, wait_until
from crash import targets
from crash.readers import ANCHORS, BindReader, TableReader, anchor
from crash.targets import QUEUE
from directadmin import DirectAdmin
from mysql.storms import records_of
from node import Node
from push import Master, zone_text
from storm import DELETED

OK = (200, "error=0")


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
        with BindReader(n, zones) as bind, TableReader(server, zones, ANCHORS) as tables:
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
