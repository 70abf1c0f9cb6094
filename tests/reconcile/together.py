# SPDX-License-Identifier: MIT
"""Two nodes of the same master: behind one address, where each gets every other push, and writing into one database."""

import contextlib
import itertools

import coredns
import mariadb
import network
from cases import same
from origin import Origin
from push import HOSTNAME
from reconcile.fixture import OK, check_served, deletes, held, holds, node, query, run

TEXT = '@\t300\tIN\tTXT\t"changed"'
ZONES = [f"z{i:02}.test" for i in range(12)]


@contextlib.contextmanager
def two(zones=(), **options):
    """A master with its name server, and two nodes that may ask both."""
    with Origin(HOSTNAME, zones) as origin:
        with node(origin.stanza("da1"), **options) as first, node(origin.stanza("da1"), **options) as second:
            yield origin, (first, second)


def pass_on_each(nodes):
    for n in nodes:
        run(n)
        n.wait_compared()
        n.wait_delivered()


def behind_one_address():
    """Half of what happened is news to each; a pass brings it, and deletes nothing that is there."""
    with two() as (origin, nodes):
        turns = itertools.cycle(nodes)

        def save(zone):
            same(next(turns).push(zone, origin.text(zone)), OK, f"push of {zone}")

        def remove(zone):
            del origin.zones[zone]
            same(next(turns).delete(zone), OK, f"delete of {zone}")

        for zone in ZONES:
            origin.zones[zone] = (1,)
            save(zone)
        origin.publish()
        for n, zones in zip(nodes, (ZONES[::2], ZONES[1::2])):
            holds(n, zones)
        pass_on_each(nodes)
        for n in nodes:
            holds(n, ZONES)
            same(deletes(n), 0, "deletes")

        for zone in ZONES[:4]:
            origin.change(zone, TEXT)
            save(zone)
        for zone in ZONES[4:8]:
            remove(zone)
        origin.publish()
        pass_on_each(nodes)
        for n in nodes:
            same(held(n) >= set(origin.zones), True, "whether all that the master lists is held")
        pass_on_each(nodes)
        for n in nodes:
            holds(n, origin.zones)
            check_served(n)
            same({zone: n.nameserver.serial(zone) for zone in origin.zones},
                 {zone: serial for zone, (serial, *_) in origin.zones.items()}, "serials")
            same({zone for zone, in query(n, "SELECT zone FROM version WHERE deleted")} & set(origin.zones), set(),
                 "deletes of what the master lists")


def one_database():
    """One of them was off for a while: its first pass brings the database nothing old of what it can fetch."""
    with mariadb.Server(network.Here, port=network.free_ports(1)[0]) as server:
        server.create(coredns.DATABASE, coredns.schema())
        backend = coredns.stanza("dc1", server, port=server.port)
        with two(ZONES, named=False, backends=[backend], credentials=coredns.CREDENTIALS) as (origin, nodes):
            was_off, other = nodes
            for n in nodes:
                for zone in ZONES:
                    same(n.push(zone, origin.text(zone)), OK, f"push of {zone}")
                n.wait_delivered()
            for zone in ZONES[:4]:
                origin.change(zone, TEXT)
                same(other.push(zone, origin.text(zone)), OK, f"push of {zone}")
            origin.zones["new.test"] = (1,)
            same(other.push("new.test", origin.text("new.test")), OK, "push of new.test")
            del origin.zones[ZONES[4]]
            same(other.delete(ZONES[4]), OK, "delete")
            other.wait_delivered()
            origin.publish()

            pass_on_each([was_off])
            holds(was_off, [*origin.zones, ZONES[4]])
            coredns.check(server, was_off)
            pass_on_each(nodes)
            for n in nodes:
                holds(n, origin.zones)
                coredns.check(server, n)


CASES = [
    ("two nodes behind one address: each fetches what the other one was told", behind_one_address),
    ("two nodes with one database: the one that was off brings back nothing old", one_database),
]
