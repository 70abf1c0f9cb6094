# SPDX-License-Identifier: MIT
"""Suite mysql: one database is away, for moments or for hours, or refuses a zone. Hours pass by the test's clock."""

import concurrent.futures
import signal
import time

import coredns
from cases import same, wait_until
from clock import USEC
from mysql.fixture import (OK, backend, check_both, check_error, delivery, node, push, run_cases, stored, stored_texts,
                           text_records, wait_all_but, wait_down, wait_stored)
from push import Master, zone_text

# queue.backoff by default, in seconds.
SCHEDULE = [30, 120, 300, 900, 1800]

TROUBLES = [
    ("its packets are lost", lambda s: s.site.cut(), lambda s: s.site.mend(), "no answer"),
    ("it hangs", lambda s: s.pause(), lambda s: s.cont(), "no answer"),
    ("it is stopped", lambda s: s.stop(), lambda s: s.start(), "refused"),
    ("it is killed", lambda s: s.kill(), lambda s: s.start(), "refused"),
]


def is_away(servers, trouble, back, word):
    """A new zone, a changed one, one that is deleted: each is in dc1 within a second, and in dc2 when that is back."""
    with node(servers) as n:
        for i in range(3):
            push(n, f"z{i}.example", 1)
        n.wait_delivered()
        trouble(servers[1])
        for serial in (2, 3):
            began = time.monotonic()
            push(n, "z0.example", serial, *text_records(f"change {serial}", 3))
            wait_stored(servers[0], "z0.example", {f"change {serial}"}, timeout=5)
            same(time.monotonic() - began < 1, True, f"dc1 has it within a second: {time.monotonic() - began}")
        push(n, "new.example", 1, *text_records("new"))
        same(n.delete("z1.example"), OK, "delete")
        wait_down(n, "dc2", servers[1].site.address, word)
        # Tries of dc2 that take their whole time cost dc1 nothing.
        for serial in range(10, 16):
            began = time.monotonic()
            push(n, "z2.example", serial, *text_records(f"push {serial}"))
            wait_stored(servers[0], "z2.example", {f"push {serial}"}, timeout=5)
            same(time.monotonic() - began < 1, True, f"dc1 has it within a second: {time.monotonic() - began}")
        wait_all_but(n, "dc2")
        same(stored(servers[0], "z1.example"), None, "what dc1 has of the zone deleted")
        same(backend(n, "dc1")["state"], "up", "dc1")
        row = backend(n, "dc2")
        same((row["state"], row["deferred"], row["dead"]), ("down", 0, 0), "dc2, and zones that are charged with it")
        back(servers[1])
        check_both(n, servers)
        row = backend(n, "dc2")
        same((row["state"], row["failures"]), ("up", 0), "dc2")


def schedule_of_outage(servers):
    """The whole database is away: tries at exactly 30 s, 2, 5, 15, 30, 30, 30 min, also through a restart of ddns-retry."""
    with node(servers, clock=True, queue={}, killed=True) as n:
        push(n, "site.example", 1)
        n.wait_delivered()
        servers[1].kill()
        before = n.clock.usec()
        push(n, "site.example", 2, *text_records("kept"))
        wait_down(n, "dc2")
        for i, wait in enumerate([*SCHEDULE, SCHEDULE[-1], SCHEDULE[-1]], 1):
            row, after = backend(n, "dc2"), n.clock.usec()
            same(row["failures"], i, "failures")
            tried = row["due_usec"] - wait * USEC
            same(before <= tried <= after, True, f"try {i} is followed by {wait} s: {before} <= {tried} <= {after}")
            if i == 3:
                n.kill_retry()
            n.clock.advance_to(row["due_usec"] - USEC)
            n.wake_retry()
            # Whatever it does before its time, it has done when it has delivered this.
            push(n, "tick.example", i)
            wait_all_but(n, "dc2")
            same(backend(n, "dc2")["failures"], i, f"failures a second before try {i + 1}")
            before = row["due_usec"]
            n.clock.advance_to(row["due_usec"] + 1)
            n.wake_retry()
            wait_until(lambda i=i: backend(n, "dc2")["failures"] == i + 1, 20, f"failure {i + 1}")
        row = backend(n, "dc2")
        same((row["pending"], row["deferred"], row["dead"]), (2, 0, 0), "zones that wait, and are charged with it")
        servers[1].start()
        n.clock.advance_to(row["due_usec"] + 1)
        n.wake_retry()
        check_both(n, servers)


def trigger(server, zone):
    server.sql("DELIMITER //\nCREATE TRIGGER refuse BEFORE INSERT ON records FOR EACH ROW BEGIN "
               f"IF (SELECT zone_name FROM zones WHERE id = NEW.zone_id) = '{zone}.' THEN "
               "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'who does not want this zone'; END IF; END//\nDELIMITER ;\n",
               coredns.DATABASE)


def schedule_of_zone(servers):
    """dc2 refuses one zone: five more tries, by the clock, then no more; the others go on."""
    with node(servers, clock=True, queue={}) as n:
        trigger(servers[1], "bad.example")
        before = n.clock.usec()
        push(n, "good.example", 1)
        push(n, "bad.example", 1, *text_records("refused"))
        for i, wait in enumerate(SCHEDULE, 1):
            wait_until(lambda i=i: delivery(n, "bad.example", "dc2")["tries"] == i, 20, f"failed try {i}")
            row, after = delivery(n, "bad.example", "dc2"), n.clock.usec()
            same(row["state"], "deferred", "state")
            check_error(row["last_error"], "does not want this zone")
            tried = row["due_usec"] - wait * USEC
            same(before <= tried <= after, True, f"try {i} is followed by {wait} s: {before} <= {tried} <= {after}")
            n.clock.advance_to(row["due_usec"] - USEC)
            push(n, "good.example", i + 1, *text_records(f"push {i}"))
            wait_stored(servers[1], "good.example", {f"push {i}"}, timeout=10)
            same(delivery(n, "bad.example", "dc2")["tries"], i, "tries a second before")
            before = row["due_usec"]
            n.clock.advance_to(row["due_usec"] + 1)
            n.wake_retry()
        wait_until(lambda: delivery(n, "bad.example", "dc2")["state"] == "dead", 20, "it is given up")
        same(backend(n, "dc2")["state"], "up", "dc2")
        same(stored_texts(servers[0], "bad.example"), {"refused"}, "what dc1 has")
        same(stored(servers[1], "bad.example"), None, "what dc2 has")
        n.clock.advance(86400)
        push(n, "good.example", 100)
        wait_until(lambda: delivery(n, "good.example", "dc2")["state"] == "written", 10, "the good one is there")
        same(delivery(n, "bad.example", "dc2")["state"], "dead", "the bad one a day later")
        # The operator's word, or a newer push, starts afresh.
        servers[1].sql("DROP TRIGGER refuse", coredns.DATABASE)
        n.ctl("retry", "--dead")
        check_both(n, servers)


def refuses_in_batch(servers):
    """Bad ones among many in one batch: the good ones are there at once, and what was there of the bad one stays whole."""
    with node(servers) as n:
        push(n, "bad.example", 1, *text_records("before", 5))
        n.wait_delivered()
        trigger(servers[1], "bad.example")
        n.kill_retry(signal.SIGSTOP)  # so that all come in one batch
        for i in range(40):
            push(n, f"good{i}.example", 1, *text_records("good"))
            if i == 20:
                push(n, "bad.example", 2, *text_records("after", 5))
        n.kill_retry(signal.SIGCONT)
        wait_until(lambda: delivery(n, "bad.example", "dc2")["state"] == "deferred", 20, "it is deferred")
        wait_until(lambda: backend(n, "dc2")["pending"] == 0, 20, "no other one waits")
        same(stored_texts(servers[1], "bad.example"), {"before"}, "what dc2 has")
        same(stored_texts(servers[0], "bad.example"), {"after"}, "what dc1 has")
        push(n, "bad.example", 3, *text_records("newer", 5))
        servers[1].sql("DROP TRIGGER refuse", coredns.DATABASE)
        check_both(n, servers)


def push_many(n, zones, serial, clients=6):
    """Each with a text of its own, by several masters at once."""
    def push_some(k):
        master = Master(n.master.address)
        for i in range(k, zones, clients):
            text = zone_text(f"z{i}.many.example", serial, *text_records(f"z{i} {serial}", 2))
            same(master.push(f"z{i}.many.example", text), OK, "push")

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(push_some, k) for k in range(clients)]:
            done.result()


def hours(servers, zones):
    """dc2 is away for five hours, in which `zones` zones change, some of them twice, and some go."""
    with node(servers, clock=True, queue={}, timer=1.0) as n:
        push_many(n, zones // 10, 1)
        n.wait_delivered(120)
        servers[1].kill()
        push_many(n, zones, 2)
        wait_down(n, "dc2")
        for _ in range(10):
            failures = backend(n, "dc2")["failures"]
            n.clock.advance(1800 + 1)
            n.wake_retry()
            wait_until(lambda failures=failures: backend(n, "dc2")["failures"] > failures, 20, "one more failure")
        push_many(n, zones // 10, 3)
        for i in range(0, 100, 5):
            same(n.delete(f"z{i}.many.example"), OK, "delete")
        wait_all_but(n, "dc2", 180)
        row = backend(n, "dc2")
        same((row["pending"] >= zones - 20, row["deferred"], row["dead"]), (True, 0, 0), "zones that wait, and are charged")
        servers[1].start()
        n.clock.advance_to(row["due_usec"] + 1)
        n.wake_retry()
        began = time.monotonic()
        n.wait_delivered(120)
        print(f"# {zones} zones arrived within {time.monotonic() - began:.1f} s", flush=True)
        wanted = {f"z{i}.many.example.": {f"z{i} {3 if i < zones // 10 else 2}"} for i in range(zones) if i >= 100 or i % 5}
        for server in servers:
            rows = coredns.read(server)
            same({zone: coredns.texts(rows[zone]) for zone in rows} == wanted, True, "every zone has its newest content")
            same({len(rows[zone]) for zone in rows}, {5}, "rows of each zone")
        coredns.check_zone("z7.many.example", rows["z7.many.example."], n.cat("z7.many.example"))


def new_stanza(servers):
    """It gets all zones by itself, while pushes go on."""
    with node(servers[:1]) as n:
        push_many(n, 600, 1)
        n.wait_delivered()
        servers[1].create(coredns.DATABASE, coredns.schema())
        n.settings["backends"].append(coredns.stanza("dc2", servers[1]))
        n.write_config()
        n.restart_retry()
        for serial in range(2, 6):
            push_many(n, 100, serial)
        check_both(n, servers)


def another_server(servers):
    """The same address has another, empty server: nobody has to say so."""
    with node(servers) as n:
        for i in range(30):
            push(n, f"z{i}.example", 1, *text_records("all of it", 3))
        n.wait_delivered()
        # Two tables that were made within the same second can't be told apart.
        made = int(time.time())
        wait_until(lambda: int(time.time()) > made, 2, "the next second")
        servers[1].create(coredns.DATABASE, coredns.schema())
        wait_until(lambda: len(coredns.ids(servers[1])) == 30, 30, "all zones are there again")
        check_both(n, servers)


def hours_with_many(servers):
    hours(servers, 10000)


def _away(trouble):
    name, begin, end, word = trouble
    return (f"one database is away, {name}: the other has each change within a second, the first one later",
            lambda servers: is_away(servers, begin, end, word))


CASES = [
    *map(_away, TROUBLES),
    ("an outage has its schedule, and no zone is charged", schedule_of_outage),
    ("a zone that one database refuses has its tries, and delays no other", schedule_of_zone),
    ("a zone refused within a batch", refuses_in_batch),
    ("a new stanza gets all zones while pushes go on", new_stanza),
    ("an empty server in the place of another gets all zones", another_server),
    ("10,000 zones change while a database is away for hours: all arrive", hours_with_many),
]


def run(servers, wanted):
    return run_cases(CASES, servers, wanted)
