# SPDX-License-Identifier: MIT
"""Room, inodes, descriptors, memory or the lock of the database are not to be had for a while: a push that can not be kept is
answered with 503, nothing is half there, and all goes on by itself."""

import concurrent.futures
import contextlib
import os
import resource
import signal
import socket
import sqlite3

from cases import same, wait_until
from fault.fixture import (OK, check_all, database_of, disk, fill, fill_inodes, node, push, query, refused, served, wait_log)
from push import zone_text

BIG = tuple(f'r{i:05}\t60\tIN\tTXT\t"{"x" * 200}"' for i in range(3000))


@contextlib.contextmanager
def locked(n):
    """Another process holds the write lock."""
    other = sqlite3.connect(database_of(n), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@contextlib.contextmanager
def limited(program, kind, value):
    """The running program has so little of it meanwhile."""
    pid = program.pid
    before = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (value, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, kind, before)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def later(function, *arguments):
    pool = concurrent.futures.ThreadPoolExecutor(1)
    future = pool.submit(function, *arguments)
    pool.shutdown(wait=False)
    return future


def state_full():
    """While masters push and deliveries are recorded; then at a start."""
    with disk("4m") as state, node(state=state) as n:
        push(n, "a.test", "b.test")
        n.wait_delivered()
        for _ in range(3):
            n.pause_named()
            push(n, "a.test", serial=2)  # which is on its way when the disk gets full
            with fill(state):
                n.cont_named()
                refused(n, "b.test", 2, "the disk is full")
                refused(n, "new.test", 1, "the disk is full")
                same(n.delete("b.test")[0], 503, "status of a delete")
                same(n.exists("b.test")[1].split("&")[0], "error=0", "answer to a question")
                served(n, "b.test", 1)
            n.wait_served("a.test", 2)
            check_all(n, "a.test", "b.test")
        push(n, "b.test", serial=2)
        check_all(n, "a.test", "b.test")


def state_full_at_start():
    """Whoever can not start is started again, and the push waits or is refused."""
    with disk("4m") as state, node(state=state) as n:
        push(n, "a.test")
        n.wait_delivered()
        with fill(state):
            n.receiver.signal(signal.SIGTERM)
            n.retry.signal(signal.SIGTERM)
            wait_until(lambda: n.receiver.pid is None and n.retry.pid is None, 30, "both have ended")
            waiting = later(n.push, "a.test", zone_text("a.test", 2))
            wait_until(lambda: waiting.done() or len(n.receiver.exits) > 2, 30, "an answer, or two starts")
            served(n, "a.test", 1)
        if waiting.result(30) != OK:
            same(waiting.result()[0], 503, "status of the answer")
            push(n, "a.test", serial=2)
        check_all(n, "a.test")


def state_full_before_start():
    """When all had left, so that SQLite's own files have to be made anew."""
    with disk("4m") as state, node(state=state, timer=3600) as n:
        push(n, "a.test")
        n.wait_delivered()
        n.receiver.signal(signal.SIGTERM)
        wait_until(lambda: n.receiver.pid is None and n.retry.pid is None, 30, "both have ended")
        with fill(state):
            waiting = later(n.push, "a.test", zone_text("a.test", 2))
            wait_log(n, "ddns-receiver", "ddns.db: No space left on device; make room on its disk")
        same(waiting.result(30), OK, "the answer to the push that waited")
        n.wait_served("a.test", 2)
        check_all(n, "a.test")


def state_without_inodes():
    """For the log of the database, when everybody has left and comes back."""
    with disk("8m", inodes=8) as state, node(state=state) as n:
        push(n, "a.test")
        n.wait_delivered()
        n.receiver.signal(signal.SIGTERM)
        wait_until(lambda: n.receiver.pid is None and n.retry.pid is None, 30, "both have ended")
        with fill_inodes(state):
            waiting = later(n.push, "a.test", zone_text("a.test", 2))
            wait_log(n, "ddns-receiver", "ddns.db")
            same(waiting.done(), False, "whether a push is answered that nobody can keep")
        same(waiting.result(30), OK, "the answer to the push that waited")
        n.wait_served("a.test", 2)
        check_all(n, "a.test")


def zones_full():
    with disk("256k") as zones, node(zones=zones) as n:
        push(n, "a.test", "b.test")
        n.wait_delivered()
        with fill(zones):
            push(n, "a.test", serial=2)
            push(n, "new.test")
            wait_log(n, "ddns-retry", "bind is out of service: zone directory")
            wait_log(n, "ddns-retry", "No space left on device")
            served(n, "a.test", 1)
            served(n, "new.test", None)
            n.stop_named()
            n.start_named()
            n.wait_served("a.test", 1)
        n.wait_served("a.test", 2)
        check_all(n, "a.test", "b.test", "new.test")
        same([name for name in os.listdir(zones) if name.endswith(".tmp")], [], "what is left over")


def zones_too_big():
    """One that never has room fails alone."""
    with disk("256k") as zones, node(zones=zones, queue={"linger": "2s", "backoff": "100ms 200ms"}) as n:
        push(n, "a.test", "big.test")
        n.wait_delivered()
        push(n, "big.test", serial=2, records=BIG)
        push(n, "a.test", serial=2)
        wait_log(n, "ddns-retry", "No space left on device")
        served(n, "big.test", 1)
        push(n, "big.test", serial=3)
        push(n, "a.test", serial=3)
        n.wait_served("big.test", 3)
        n.wait_served("a.test", 3)
        check_all(n, "a.test", "big.test")


def zones_without_inodes():
    with disk("8m", inodes=16) as zones, node(zones=zones) as n:
        push(n, "a.test")
        n.wait_delivered()
        with fill_inodes(zones):
            push(n, "a.test", serial=2)
            push(n, "new.test")
            wait_log(n, "ddns-retry", "No space left on device")
            served(n, "a.test", 1)
        n.wait_served("a.test", 2)
        check_all(n, "a.test", "new.test")


def database_locked():
    with node() as n:
        push(n, "a.test")
        n.wait_delivered()
        with locked(n):
            refused(n, "a.test", 2, "the database is locked")
            same(n.exists("a.test")[1].split("&")[:2], ["error=0", "exists=1"], "answer to a question")
            n.receiver.signal(signal.SIGTERM)
            wait_until(lambda: n.receiver.pid is None, 30, "the receiver has ended")
            refused(n, "a.test", 2, "the database is locked")
        push(n, "a.test", serial=2)
        n.wait_served("a.test", 2)
        n.pause_named()
        push(n, "a.test", serial=3)
        with locked(n):
            n.cont_named()
            n.wait_served("a.test", 3)  # and can not be recorded
            wait_log(n, "ddns-retry", "database is locked")
        check_all(n, "a.test")


def database_locked_altogether():
    """By a program that lets nobody read either."""
    with node() as n:
        push(n, "a.test")
        n.wait_delivered()
        n.receiver.signal(signal.SIGTERM)
        wait_until(lambda: n.receiver.pid is None and n.retry.pid is None, 30, "both have ended")
        other = sqlite3.connect(database_of(n), isolation_level=None)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        waiting = later(n.push, "a.test", zone_text("a.test", 2))
        wait_log(n, "ddns-receiver", "locked")
        other.rollback()
        other.close()
        same(waiting.result(60), OK, "the answer to the push that waited")
        n.wait_served("a.test", 2)
        check_all(n, "a.test")


def receiver_without_descriptors():
    """Clients that say nothing have taken all; a push waits, and nothing else is lost."""
    with node(receiver={"request-timeout": "2s"}) as n:
        push(n, "a.test")
        n.wait_delivered()
        pid = n.receiver.pid
        idle = []
        with limited(n.receiver, resource.RLIMIT_NOFILE, descriptors(pid) + 4):
            for _ in range(20):
                idle.append(socket.create_connection(n.master.address))
            waiting = later(n.push, "a.test", zone_text("a.test", 2))
            same(waiting.result(30), OK, "the answer to a push, when the silent ones had their time")
        for s in idle:
            s.close()
        same(n.receiver.pid, pid, "the receiver")
        n.wait_served("a.test", 2)
        check_all(n, "a.test")


def retry_without_descriptors():
    with node(queue={"linger": "10s", "backoff": "200ms" + " 500ms" * 15}) as n:
        push(n, "a.test")
        n.wait_delivered()
        with limited(n.retry, resource.RLIMIT_NOFILE, 4):
            push(n, "a.test", serial=2)
            wait_log(n, "ddns-retry", "Too many open files")
        n.wait_served("a.test", 2)
        check_all(n, "a.test")


def starts_without_descriptors():
    """With 3, 4, 5 … of them until it works: no start crashes or takes a push that it can not keep."""
    with node() as n:
        push(n, "a.test")
        n.wait_delivered()
        for count in range(4, 40, 3):
            n.receiver.signal(signal.SIGTERM)
            n.end_retry()
            wait_until(lambda: n.receiver.pid is None, 30, "the receiver has ended")
            starts = n.receiver.starts
            n.receiver.before = n.retry.before = ["prlimit", f"--nofile={count}:"]
            waiting = later(n.push, "a.test", zone_text("a.test", count))
            # One that has none left for a connection waits for more, as the master does.
            with contextlib.suppress(TimeoutError):
                wait_until(lambda: waiting.done() or n.receiver.starts > starts + 1, 2, "an answer, or two starts")
            n.receiver.before, n.retry.before = [], []
            n.receiver.signal(signal.SIGTERM)
            if waiting.result(30) != OK:
                push(n, "a.test", serial=count)
            same(query(n, "SELECT serial FROM zone JOIN version USING (generation)"), [(count,)], "serial that is held")
        n.end_retry()
        n.wait_served("a.test", count)
        check_all(n, "a.test")


def size_of(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[0]) * resource.getpagesize()


def without_memory():
    """Zones of a megabyte, with a little more room at each try."""
    with node(queue={"linger": "60s", "backoff": "100ms" + " 300ms" * 15}) as n:
        push(n, "a.test", "big.test")
        n.wait_delivered()
        answers = set()
        for serial, room in enumerate((0, 1, 2, 3, 4, 6, 8, 12, 16), 2):
            if n.receiver.pid is None:
                push(n, "a.test", serial=serial)
            with limited(n.receiver, resource.RLIMIT_AS, size_of(n.receiver.pid) + (room << 20)):
                answer = n.push("big.test", zone_text("big.test", serial, *BIG))
            answers.add(answer[0])
            if answer != OK:
                same(answer[0] in (0, 503), True, f"whether {answer} is a fair answer")
                push(n, "big.test", serial=serial, records=BIG)
        same(503 in answers, True, f"whether any of {answers} is 503")
        n.wait_served("big.test", serial)
        for serial, room in enumerate((0, 1, 2, 4, 8), serial + 1):
            n.wake_retry()
            wait_until(lambda: n.retry.pid, 30, "ddns-retry runs")
            with limited(n.retry, resource.RLIMIT_AS, size_of(n.retry.pid) + (room << 20)):
                push(n, "big.test", serial=serial, records=BIG)
                push(n, "a.test", serial=serial)
            n.wait_served("big.test", serial)
        check_all(n, "a.test", "big.test")


CASES = [
    ("the disk of the database is full", state_full),
    ("the disk of the database is full at a start", state_full_at_start),
    ("the disk of the database got full while nobody ran", state_full_before_start),
    ("the disk of the database has no inodes", state_without_inodes),
    ("the disk of the zone files is full", zones_full),
    ("the disk of the zone files has no room for one zone", zones_too_big),
    ("the disk of the zone files has no inodes", zones_without_inodes),
    ("the database is locked by another program", database_locked),
    ("the database is locked at the start, for readers too", database_locked_altogether),
    ("silent clients hold all descriptors of the receiver", receiver_without_descriptors),
    ("ddns-retry gets no descriptors", retry_without_descriptors),
    ("programs start with few descriptors", starts_without_descriptors),
    ("there is no memory for big zones", without_memory),
]


def run(cases, options):
    for name, check in CASES:
        if options.wanted(name):
            with cases.case(name):
                check()
