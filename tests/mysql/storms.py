# SPDX-License-Identifier: MIT
"""Suite mysql: programs and databases are killed at random moments while masters push. In the end both databases hold the
newest content acknowledged of every zone, and no reader ever saw half of one."""

import sqlite3

import builds
import coredns
import storm
from cases import Cases, same
from mysql.fixture import Reader, built, node
from storm import DELETED

# Tries that a kill spoils must not use up the schedule, and the end must not wait for it.
QUEUE = {"linger": "500ms", "backoff": "200ms" + " 1s" * 15}


def records_of(content):
    """More of them for some pushes than for others, all with the same text."""
    return [f'{"@" if i == 0 else f"t{i}"}\t60\tIN\tTXT\t"{content}"' for i in range(2 + sum(content.encode()) % 7)]


def kill_server(server):
    """It comes back at once, as systemd brings it back."""
    server.kill()
    server.start()
    return True


def check_stored(server, ledger):
    stored, wrong = coredns.read(server), []
    for zone, allowed in ledger.items():
        rows = stored.get(f"{zone}.")
        contents = {DELETED} if rows is None else coredns.texts(rows)
        if len(contents) != 1 or not contents <= allowed:
            wrong.append(f"{zone}: {contents} is stored, allowed is {sorted(allowed)}")
    same(wrong[:5], [], f"{len(wrong)} zones that are wrong")


def blow(servers, where, options, victims_of):
    cases = Cases(where)
    with cases.case("nobody else ended badly"), node(servers, killed=True, queue=QUEUE, timer=1.0, restart=0.02) as n:
        pushes = storm.Storm(n, options, victims_of(n, servers), records_of)
        with Reader(servers[0], list(pushes.ledger())) as first, Reader(servers[1], list(pushes.ledger())) as second:
            with cases.case("every push is acknowledged, or its connection ends"):
                pushes.run()
            print(f"# {pushes.summary()}; seed {options.seed}", flush=True)
            with cases.case("everything is delivered without hand work"):
                n.wait_delivered(120)
        with cases.case("no reader ever saw half of a zone"):
            same((first.mixed[:2], second.mixed[:2]), ([], []), "mixed versions")
            same(first.reads > 20 and second.reads > 20, True, "reads")
        for i, server in enumerate(servers, 1):
            with cases.case(f"dc{i} has the newest content acknowledged of every zone"):
                check_stored(server, pushes.ledger())
            with cases.case(f"dc{i} has exactly what is held, row by row"):
                coredns.check(server, n)
        n.stop()
        with cases.case("the log is sound"), sqlite3.connect(n.path("state", "ddns.db")) as database:
            same(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "integrity_check")
            same(database.execute("PRAGMA foreign_key_check").fetchall(), [], "foreign_key_check")
        if cases.failed:
            n.save_logs()
    return cases.failed


def programs(n, _):
    return [("receiver", n.kill_receiver), ("ddns-retry", n.kill_retry)]


def databases(_, servers):
    return [(f"dc{i}", lambda server=server: kill_server(server)) for i, server in enumerate(servers, 1)]


def everybody(n, servers):
    return [*programs(n, servers), *databases(n, servers)]


def run(servers, options):
    failed = blow(servers, "receiver and ddns-retry are killed", storm.part(options, 2), programs)
    failed += blow(servers, "databases are killed too", storm.part(options, 2), everybody)
    with built(builds.TSAN):
        failed += blow(servers, "tsan: databases are killed", storm.part(options, 8), databases)
    return failed
