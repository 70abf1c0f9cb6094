# SPDX-License-Identifier: MIT
"""What a master does not list any more goes after two passes, and only then; and what holds that back."""

import coredns
import mariadb
import network
from cases import same
from dns import records
from push import zone_text
from reconcile.fixture import OK, ZONES, asked, check_served, deletes, held, holds, newest, push, run, says, state


def goes():
    """From BIND and from a database, in the second pass; and back."""
    with mariadb.Server(network.Here, port=network.free_ports(1)[0]) as server:
        server.create(coredns.DATABASE, coredns.schema())
        backend = coredns.stanza("dc1", server, port=server.port)
        with asked(backends=[backend], credentials=coredns.CREDENTIALS) as (n, master):
            zone = ZONES[7]
            n.wait_delivered()
            text = n.cat(zone)
            master.zones.remove(zone)
            says(run(n), zone, "for the first time")
            holds(n, ZONES)
            says(run(n), zone, "for the second time")
            holds(n, set(ZONES) - {zone})
            check_served(n)
            coredns.check(server, n)

            n.ctl_text("restore", zone)
            check_served(n)
            same((held(n), n.cat(zone), n.axfr(zone)), (set(ZONES), text, records(zone, text)), "what was restored")
            coredns.check(server, n)


def listed_again():
    """What was missing once and is listed then begins anew."""
    with asked(named=False) as (n, master):
        for _ in range(3):
            master.zones = ZONES[1:]
            run(n)
            master.zones = list(ZONES)
            run(n)
        holds(n, ZONES)
        same(deletes(n), 0, "deletes")


def failure_between():
    """A pass in which the master fails counts neither way."""
    with asked(named=False, settings={"wait-for-all": "no"}) as (n, master):
        master.zones = ZONES[1:]
        run(n)
        master.misbehaves = lambda _, request: request.send(b"", 500) or True
        run(n)
        run(n)
        holds(n, ZONES)
        master.misbehaves = None
        run(n)
        holds(n, ZONES[1:])


def smaller():
    """A list that is 40 % smaller: all are kept until an operator confirms."""
    with asked() as (n, master):
        master.zones = ZONES[:18]
        run(n)
        for _ in range(2):
            says(run(n), "da1", "12 of its 30 zones")
            holds(n, ZONES)
        same(deletes(n), 0, "deletes")
        n.ctl_text("reconcile", "--confirm")
        holds(n, ZONES[:18])
        check_served(n)
        # It was for once.
        master.zones = ZONES[:4]
        run(n)
        says(run(n), "da1", "14 of its 18 zones")
        holds(n, ZONES[:18])


def another_server():
    """A list of zones that are none of its own, however few its own are."""
    with asked(ZONES[:5], named=False) as (n, master):
        master.zones = [f"other{i}.test" for i in range(50)]
        for _ in range(3):
            log = run(n)
            holds(n, ZONES[:5])
        says(log, "lists none of its 5 zones")
        same(deletes(n), 0, "deletes")


def no_brake_needed():
    """Ten may go at once."""
    with asked(named=False) as (n, master):
        master.zones = ZONES[10:]
        run(n)
        run(n)
        holds(n, ZONES[10:])


def dry_run():
    with asked(settings={"dry-run": "yes"}) as (n, master):
        n.wait_delivered()
        before = state(n)
        master.zones = [*ZONES[1:], "new.test"]
        for _ in range(3):
            run(n)
        says(run(n), ZONES[0])
        same(state(n), before, "all that is kept of zones")
        check_served(n)


def look():
    """An operator's look is a table, and not even counts as a pass."""
    with asked() as (n, master):
        n.wait_delivered()
        before = state(n, "*")
        master.zones = ZONES[1:]
        for _ in range(3):
            says(n.ctl_text("reconcile", "--dry-run"), ZONES[0])
        same(state(n, "*"), before, "all that is kept of zones")
        run(n)
        holds(n, ZONES)
        run(n)
        holds(n, ZONES[1:])


def pushed_meanwhile():
    """What is pushed while the listing is read is no orphan, whether it is new, the same, or was missing before."""
    with asked(named=False) as (n, master):
        missing = ZONES[3]
        master.zones = [zone for zone in ZONES if zone != missing]
        run(n)
        master.after_page = lambda page: push(n, "new.test", missing)
        run(n)
        holds(n, [*ZONES, "new.test"])
        same(deletes(n), 0, "deletes")
        master.after_page = lambda page: None
        run(n)
        holds(n, [*ZONES, "new.test"])
        run(n)
        holds(n, set(ZONES) - {missing})


def pushed_between():
    """A push between two passes, though it changes nothing, begins anew."""
    with asked(named=False) as (n, master):
        master.zones = ZONES[1:]
        run(n)
        before = newest(n)
        push(n, ZONES[0])
        same(newest(n), before, "newest generation")
        run(n)
        holds(n, ZONES)


def unconfigured():
    """Zones of a master that nobody asks stay, whatever the others list."""
    with asked(named=False) as (n, master):
        push(n, "kept.test", hostname="elsewhere.example.com")
        same(n.push("nobodys.test", zone_text("nobodys.test", 1), hostname=""), OK, "push without a hostname")
        master.zones = ZONES[1:]
        for _ in range(3):
            run(n)
        holds(n, [*ZONES[1:], "kept.test", "nobodys.test"])


def other_fails():
    """A master that gives no list may have any zone: nothing is deleted while it is away, unless the setting says so."""
    with asked(named=False, masters=2) as (n, master, other):
        other.misbehaves = lambda _, request: request.send(b"", 500) or True
        master.zones = ZONES[1:]
        for _ in range(3):
            run(n)
        holds(n, ZONES)
        n.settings["reconcile"]["wait-for-all"] = "no"
        n.write_config()
        run(n)
        run(n)
        holds(n, ZONES[1:])


CASES = [
    ("an orphan goes after two passes, from BIND and a database, and comes back by restore", goes),
    ("what is listed again begins anew", listed_again),
    ("a pass in which the master fails counts neither way", failure_between),
    ("a list that is 40 % smaller is held by the brake until an operator confirms", smaller),
    ("the list of another server deletes nothing", another_server),
    ("as many as the brake lets through go", no_brake_needed),
    ("a dry run changes nothing", dry_run),
    ("ddnsctl reconcile --dry-run tells, and changes nothing", look),
    ("a zone pushed during the pass is no orphan", pushed_meanwhile),
    ("a push between the passes begins anew", pushed_between),
    ("zones of an unconfigured master, and of nobody, stay", unconfigured),
    ("nothing is deleted while another master fails", other_fails),
]
