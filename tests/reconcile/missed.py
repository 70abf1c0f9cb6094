# SPDX-License-Identifier: MIT
"""Pushes that never came: what the master's name server has is fetched, until everything is as it is there."""

import contextlib

from cases import same
from origin import Origin
from push import HOSTNAME
from reconcile.fixture import check_served, deletes, held, holds, node, owner, push, run, says

TEXT = '@\t300\tIN\tTXT\t"changed"'


@contextlib.contextmanager
def fed(zones=(), **options):
    """A node and a whole master, whose `zones` were pushed."""
    with Origin(HOSTNAME, zones) as origin, node(origin.stanza("da1"), **options) as n:
        push(n, *zones)
        n.wait_delivered()
        yield n, origin


def check_equal(n, origin):
    """Same zones, same serials, and the same records for some of them."""
    n.wait_delivered()
    same((held(n), n.nameserver.zones()), (set(origin.zones),) * 2, "zones that are held, and served")
    zones = sorted(origin.zones)
    same({zone: n.nameserver.serial(zone) for zone in zones}, {zone: origin.zones[zone][0] for zone in zones}, "serials")
    for zone in zones[::max(1, len(zones) // 20)]:
        same(n.axfr(zone), origin.named.server.axfr(zone), f"records of {zone}")


def receiver_off(count):
    def check():
        zones = [f"z{i:04}.test" for i in range(2 * count)]
        with fed(zones) as (n, origin):
            n.receiver.close()
            for zone in zones[:count]:
                del origin.zones[zone]
            for zone in zones[count:]:
                origin.change(zone, TEXT)
            for i in range(count):
                origin.zones[f"new{i:04}.test"] = (7,)
            origin.publish()
            run(n)
            same(held(n), {*zones, *origin.zones}, "zones that are held after one pass")
            says(run(n), f"{count} of its")  # what is new is more than the brake lets through
            n.ctl_text("reconcile", "--confirm")
            check_equal(n, origin)
            before = n.ctl("show", zones[-1])["generation"]
            run(n)
            same(n.ctl("show", zones[-1])["generation"], before, "generation after a pass with nothing to do")
    return check


def first_load(count):
    def check():
        zones = [f"z{i:04}.test" for i in range(count)]
        with Origin(HOSTNAME, zones) as origin, node(origin.stanza("da1")) as n:
            run(n)
            check_equal(n, origin)
            same({owner(n, zone) for zone in zones[:5]}, {HOSTNAME}, "owners")
            same(deletes(n), 0, "deletes")
    return check


def behind():
    """The master's name server is older than what was pushed: it is not fetched."""
    with fed(["ahead.test"]) as (n, origin):
        push(n, "ahead.test", serial=9, records=(TEXT,))
        run(n)
        run(n)
        check_served(n)
        same(n.nameserver.serial("ahead.test"), 9, "serial that is served")


def silent_server():
    """The master's name server does not answer: that is reported, and everything stays."""
    with fed(["a.test", "b.test"]) as (n, origin):
        origin.listing.zones = ["a.test", "b.test", "new.test"]
        origin.named.stop()
        says(run(n), "da1")
        holds(n, ["a.test", "b.test"])
        origin.named.start()
        says(run(n), "new.test")
        holds(n, ["a.test", "b.test"])


def unknown_there():
    """It lists a zone for which its name server has no authority."""
    with fed(["a.test"]) as (n, origin):
        origin.listing.zones = ["a.test", "new.test"]
        says(run(n), "new.test")
        holds(n, ["a.test"])
        origin.zones["new.test"] = (3,)
        origin.publish()
        run(n)
        check_equal(n, origin)


def bad_there():
    """A zone that would be refused as a push is not taken from there either, and what is held stays in service."""
    with fed(["a.test", "b.test"], receiver={"max-records": 50}) as (n, origin):
        origin.change("a.test", TEXT)
        origin.change("b.test", *(f"w{i}\t60\tIN\tA\t192.0.2.1" for i in range(60)))
        origin.publish()
        says(run(n), "b.test")
        check_served(n)
        same([n.nameserver.serial(zone) for zone in ("a.test", "b.test")], [2, 1], "serials")


def deleted_here():
    """A zone that an operator deleted here and the master lists is fetched again."""
    with fed(["a.test", "b.test"]) as (n, origin):
        same(n.delete("a.test"), (200, "error=0"), "delete")
        n.wait_delivered()
        run(n)
        check_equal(n, origin)


def cases(count):
    return [
        (f"the receiver was off: {count} zones changed, created and deleted are as on the master", receiver_off(count)),
        (f"an empty node loads {count} zones", first_load(count)),
        ("a master whose name server is behind changes nothing", behind),
        ("a name server that does not answer is reported, and all zones stay", silent_server),
        ("a zone that its name server does not know is reported, and fetched when it does", unknown_there),
        ("a zone that would be refused as a push is not fetched either", bad_there),
        ("a zone that was deleted here and is listed comes back", deleted_here),
    ]
