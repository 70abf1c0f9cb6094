# SPDX-License-Identifier: MIT
"""Suite power: a node is started on what the disk held when the power went."""

import os
import shutil

import disk
from cases import same, wait_until
from dns import records
from power.recording import DELETED, OK, number_of, text

NEW = "after.example"


def served(node, zone):
    """The number of the push that is served, or DELETED."""
    soa = node.nameserver.soa(zone)
    if soa is None:
        raise AssertionError(f"{zone}: no answer")
    return number_of(node.dig(zone, "TXT")) if soa.authoritative else DELETED


def check(node, place, allowed):
    """Nobody does anything by hand, but a master pushes."""
    same(node.push(NEW, text(NEW, 1)), OK, "push of a new zone")
    node.wait_delivered(120)
    for zone, numbers in {**allowed, NEW: {1}}.items():
        number = served(node, zone)
        same(number in numbers, True, f"{zone}: push {number} is served, allowed is {sorted(numbers)}")
    held = {row["zone"] for row in node.ctl("zones")}
    wait_until(lambda: node.nameserver.zones() == held, 30, "exactly what is held is served")
    for directory in (place.zones, place.files):
        same({name[:-3] for name in os.listdir(directory) if name.endswith(".db")}, held, f"zone files in {directory}")
    for zone in held:
        content = node.cat(zone)
        same(node.axfr(zone), records(zone, content), f"records of {zone}")
        for directory in (place.zones, place.files):
            with open(os.path.join(directory, f"{zone}.db"), encoding="utf-8") as f:
                same(f.read(), content, f"the file of {zone}")
    same(node.stop(), [], "exits that failed")


def boot(run, tree, allowed, with_named_files):
    """`with_named_files`: named has noted its zones as they were in the end; else it has lost them all."""
    for root, content in zip(run.place.roots, tree):
        shutil.rmtree(root)
        disk.write_tree(root, content)

    def prepare(node):
        for name, content in run.named_files.items() if with_named_files else ():
            with open(node.path(name), "wb") as f:
                f.write(content)
    with run.place.node(prepare=prepare) as node:
        check(node, run.place, allowed)
