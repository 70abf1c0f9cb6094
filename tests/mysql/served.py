# SPDX-License-Identifier: MIT
"""Suite mysql: written is one thing, served another. Name servers of the test's own read the database in their own time,
or are silent."""

import time

import coredns
from cases import same, wait_until
from fakedns import FakeServer
from mysql.fixture import (OK, backend, check_error, delivery, node, push, run_cases, stored, stored_texts, text_records,
                           wait_stored)


def stanza(server, *nameservers, **more):
    return coredns.stanza("dc1", server, nameserver=[s.endpoint for s in nameservers], **more)


def state(n, zone):
    return delivery(n, zone, "dc1")["state"]


def wait_state(n, zone, wanted, timeout=15):
    wait_until(lambda: state(n, zone) == wanted, timeout, f"{zone} is {wanted}")


def late(servers):
    """Written at once; served when both name servers show it, and not before."""
    with FakeServer() as a, FakeServer() as b, node(servers[:1], [stanza(servers[0], a, b)]) as n:
        push(n, "site.example", 5, *text_records("there"))
        wait_stored(servers[0], "site.example", {"there"}, timeout=5)
        wait_state(n, "site.example", "written")
        same((backend(n, "dc1")["written"], backend(n, "dc1")["deferred"]), (1, 0), "zones written and deferred")
        a.serials["site.example"] = 5
        asked = len(b.asked)
        wait_until(lambda: len(b.asked) > asked + 2, 30, "the other one is asked again")
        same(state(n, "site.example"), "written", "state while one of two shows it")
        b.serials["site.example"] = 5
        wait_state(n, "site.example", "served", 30)
        same(backend(n, "dc1")["written"], 0, "zones that are written only")


def one_is_silent(servers):
    """Writes go on at their pace; nobody says of them that they are served."""
    with FakeServer() as a, FakeServer() as b, node(servers[:1], [stanza(servers[0], a, b)]) as n:
        b.silent = True
        for i in range(30):
            began = time.monotonic()
            a.serials[f"z{i}.example"] = 1
            push(n, f"z{i}.example", 1, *text_records("there"))
            wait_stored(servers[0], f"z{i}.example", {"there"}, timeout=5)
            same(time.monotonic() - began < 1, True, f"written within a second: {time.monotonic() - began}")
        wait_until(lambda: backend(n, "dc1")["pending"] == 0, 10, "nothing waits to be written")
        row = backend(n, "dc1")
        same((row["state"], row["written"], row["deferred"], row["dead"]), ("up", 30, 0, 0), "the backend")
        wait_until(lambda: "does not answer" in n.log("ddns-retry"), 20, "the journal says that it is silent")
        check_error(n.log("ddns-retry"), f"name server {b.address}")
        b.serials.update(a.serials)
        b.silent = False
        wait_until(lambda: backend(n, "dc1")["written"] == 0, 60, "all are served")
        same(state(n, "z0.example"), "served", "state")


def all_are_silent(servers):
    with FakeServer() as a, node(servers, [stanza(servers[0], a), coredns.stanza("dc2", servers[1])]) as n:
        a.silent = True
        for i in range(10):
            push(n, f"z{i}.example", 1)
        for server in servers:
            wait_until(lambda server=server: len(coredns.ids(server)) == 10, 10, "all are written")
        wait_until(lambda: backend(n, "dc1")["written"] == 10, 10, "it is known that they are written")
        same((backend(n, "dc1")["state"], backend(n, "dc1")["deferred"]), ("up", 0), "the backend")
        n.settings["backends"][0].pop("nameserver")
        n.write_config()
        n.restart_retry()
        wait_until(lambda: backend(n, "dc1")["written"] == 0, 20, "without a name server to ask, written is the end")


def shows_the_old(servers):
    """The deadline passes: that is a failed try, which says what is shown instead; a newer push starts afresh."""
    with FakeServer() as a, node(servers[:1], [stanza(servers[0], a, served_timeout="2s")]) as n:
        a.serials["site.example"] = 1
        push(n, "site.example", 1)
        wait_state(n, "site.example", "served")
        push(n, "site.example", 2)
        wait_until(lambda: delivery(n, "site.example", "dc1")["tries"] > 0, 20, "a failed try")
        check_error(delivery(n, "site.example", "dc1")["last_error"], "does not show it", "serial 1")
        same(backend(n, "dc1")["state"], "up", "the backend")
        push(n, "site.example", 3)
        a.serials["site.example"] = 3
        wait_state(n, "site.example", "served", 20)


def many_wait(servers):
    """A heartbeat brings them all at once, and only the newest counts of what was pushed meanwhile."""
    with FakeServer() as a, node(servers[:1], [stanza(servers[0], a)]) as n:
        for serial in (1, 2, 3):
            for i in range(100):
                push(n, f"z{i}.example", serial)
        wait_until(lambda: backend(n, "dc1")["written"] == 100, 20, "100 zones are written")
        a.serials = {f"z{i}.example": 3 for i in range(100)}
        wait_until(lambda: backend(n, "dc1")["written"] == 0, 30, "all are served")


def restarted(servers):
    """What was written, but not seen served, is asked about again after ddns-retry was killed."""
    with FakeServer() as a, node(servers[:1], [stanza(servers[0], a)], killed=True) as n:
        push(n, "site.example", 1)
        wait_state(n, "site.example", "written")
        n.kill_retry()
        starts = n.retry.starts
        wait_until(lambda: n.retry.starts > starts, 10, "ddns-retry starts again")
        same(state(n, "site.example") == "served", False, "it is called served")
        a.serials["site.example"] = 1
        wait_state(n, "site.example", "served", 30)


def deleted(servers):
    """CoreDNS goes on serving what is deleted until it is restarted: that is said, and is no failure."""
    with FakeServer() as a, node(servers[:1], [stanza(servers[0], a, served_timeout="2s")]) as n:
        for zone in ("stays.example", "goes.example"):
            a.serials[zone] = 1
            push(n, zone, 1)
            wait_state(n, zone, "served")
        del a.serials["goes.example"]
        same(n.delete("stays.example", "goes.example"), OK, "delete")
        n.wait_delivered()
        wait_until(lambda: backend(n, "dc1")["written"] == 0, 20, "it has ended")
        row = backend(n, "dc1")
        same((row["state"], row["pending"], row["deferred"], row["dead"]), ("up", 0, 0, 0), "the backend")
        same([stored(servers[0], zone) for zone in ("stays.example", "goes.example")], [None, None], "what is stored")
        check_error(n.log("ddns-retry"), "stays.example", "does not show it")


def newest_only(servers):
    with FakeServer() as a, node(servers[:1], [stanza(servers[0], a)]) as n:
        push(n, "site.example", 1, *text_records("first"))
        wait_state(n, "site.example", "written")
        push(n, "site.example", 2, *text_records("second"))
        wait_stored(servers[0], "site.example", {"second"})
        a.serials["site.example"] = 1
        asked = len(a.asked)
        wait_until(lambda: len(a.asked) > asked + 2, 30, "it is asked again")
        same(state(n, "site.example"), "written", "state while the older one is shown")
        a.serials["site.example"] = 2
        wait_state(n, "site.example", "served", 30)
        same(stored_texts(servers[0], "site.example"), {"second"}, "what is there")


CASES = [
    ("a change is served when both name servers show it, and written until then", late),
    ("one of two name servers is silent: writing goes on", one_is_silent),
    ("no name server answers: writing goes on", all_are_silent),
    ("a name server shows the old version for too long: a failed try", shows_the_old),
    ("a hundred new zones wait for a heartbeat", many_wait),
    ("what is written is asked about again after a kill", restarted),
    ("a name server that goes on serving what is deleted is told of", deleted),
    ("a newer push takes the place of one that waits", newest_only),
]


def run(servers, wanted):
    return run_cases(CASES, servers, wanted)
