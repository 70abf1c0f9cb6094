# SPDX-License-Identifier: MIT
"""The Nth call of a kind fails, for N = 1, 2, 3, … until there are not so many: nobody crashes, nothing is acknowledged that was
not kept, and all goes on by itself when the calls work again."""

import concurrent.futures
import contextlib
import errno
import itertools
import random
import signal
import sqlite3
import tempfile
import threading
import time
from typing import NamedTuple


import builds
from cases import same, wait_until
from dns import records
from node import CLEAN, Node, find_program
from nthcall import SHORT_TRANSFER, NthCall
from origin import Origin
from push import HOSTNAME, zone_text

OK = (200, "error=0")
ZONE, ORPHAN, LOST = "zone.test", "orphan.test", "lost.test"
RECEIVER, RETRY, RECONCILE = "ddns-receiver", "ddns-retry", "ddns-reconcile"

# Tries that a failure spoils must not use up the schedule.
QUEUE = {"linger": "2s", "backoff": "10ms" + " 50ms" * 15}
# As many TXT records say the serial: a file or an answer that is put together from two versions shows.
MARKS = 12


# ldns does not look whether it got memory for everything: with it goes the program, and nothing else.
LDNS_MEMORY = "ldns memory"
CRASHES = {LDNS_MEMORY: (-signal.SIGABRT, -signal.SIGSEGV)}


class Failure(NamedTuple):
    kind: str
    error: int
    name: str


EVERYWHERE = (
    Failure("memory", errno.ENOMEM, "there is no memory"),
    Failure(LDNS_MEMORY, errno.ENOMEM, "there is no memory for ldns"),
    Failure("open", errno.EMFILE, "no file can be opened"),
    Failure("read", errno.EIO, "a file can not be read"),
    Failure("write", errno.ENOSPC, "the disk is full"),
    Failure("write", errno.EIO, "a write fails"),
    Failure("write", SHORT_TRANSFER, "a write is cut short"),
    Failure("sync", errno.EIO, "a sync fails"),
    Failure("truncate", errno.EIO, "a file can not be cut"),
    Failure("unlink", errno.EIO, "a file can not be removed"),
    Failure("send", errno.ENOBUFS, "nothing can be sent"),
    Failure("socket", errno.EMFILE, "no socket can be made"),
)
FAILURES = {
    RECEIVER: (*EVERYWHERE, Failure("accept", errno.EMFILE, "no connection can be accepted")),
    RETRY: (*EVERYWHERE, Failure("rename", errno.EIO, "a file can not be renamed")),
    RECONCILE: EVERYWHERE,
}


def numbers(options, dense):
    """Which calls fail, one after the other: all of the first `dense`, then fewer and fewer."""
    choose, n = random.Random(options.seed), 0
    while True:
        n += 1 if options.all or n < dense else choose.randint(1, max(n // 2, 1))
        yield n


def text_of(serial):
    return zone_text(ZONE, serial, f"{ZONE}.\t60\tIN\tA\t192.0.2.1", *(f'm{i:02}\t60\tIN\tTXT\t"v{serial}."' for i in range(MARKS)))


def check_text(text):
    """A whole version and nothing but it: the SOA and all marks say the same."""
    serial = text.split("SOA", 1)[1].split()[2]
    same((text.count(f'"v{serial}."'), text[-1:]), (MARKS, "\n"), f"marks of serial {serial}, and how it ends")


class Watch:
    """Reads the zone's file all the time: it is always one version."""

    def __init__(self, path):
        self._path, self._stop, self.error, self.reads = path, threading.Event(), None, 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.002) and not self.error:
            try:
                with open(self._path, encoding="utf-8") as f:
                    check_text(f.read())
                self.reads += 1
            except FileNotFoundError:
                pass
            except (AssertionError, IndexError) as error:
                self.error = error

    def close(self):
        self._stop.set()
        self._thread.join()


class Trial:
    """A node of which one program has failing calls."""

    def __init__(self, program, stack, **options):
        self.program = program
        control = stack.enter_context(tempfile.NamedTemporaryFile(prefix="ddns-nthcall-")).name
        self.calls = NthCall(find_program(builds.PLAIN, "libnthcall.so"), control)
        stack.callback(self.calls.close)
        self.node = stack.enter_context(Node(builds.PLAIN, queue=QUEUE, restart=0.02, timer=0.5,
                                             environments={program: self.calls.environment}, **options))
        stack.callback(self.calls.disarm)
        self._watch = Watch(self.node.path("zones", ZONE + ".db"))
        stack.callback(self._watch.close)
        self._serial = itertools.count(1)
        self.acknowledged = self.sent = 0
        self._exits = 0
        self.kind = None  # of the call that fails
        same(self.push(), OK, "the first push")
        self.wait_served()

    def push(self):
        """One change; what the master is told is checked against what is kept."""
        self.sent = next(self._serial)
        answer = self.node.push(ZONE, text_of(self.sent), timeout=30)
        if answer == OK:
            self.acknowledged = self.sent
        elif answer[0] != 0 and not (answer[0] == 503 and answer[1].startswith("error=1&text=")):
            raise AssertionError(f"the answer is {answer}")
        return answer

    def wait_served(self):
        self.node.wait_served(ZONE, self.sent, 20)

    def _held(self):
        with contextlib.closing(sqlite3.connect(self.node.path("state", "ddns.db"), timeout=10)) as database:
            return database.execute("SELECT serial, CAST(content AS TEXT) FROM zone JOIN version USING (generation)"
                                    " WHERE zone.name = ?", (ZONE,)).fetchone()

    def check(self):
        """What is held, who ended and how."""
        serial, text = self._held()
        if not self.acknowledged <= serial <= self.sent:
            raise AssertionError(f"serial {serial} is held, {self.acknowledged} was acknowledged, {self.sent} sent")
        check_text(text)
        if self._watch.error:
            raise AssertionError(f"the zone's file: {self._watch.error}")
        same(self.calls.synced_again, 0, "descriptors that were synced again after a sync of them had failed")
        self._check_exits()

    def _check_exits(self):
        """Whoever ends does so in an orderly way, and says why."""
        bad = [status for who in (self.node.receiver, self.node.retry) for _, status in who.exits if status not in CLEAN]
        log = self.node.log(self.program)
        self._check_signals([status for status in bad[self._exits:] if status < 0], log[-1000:])
        self._exits, failed = len(bad), sum(status > 0 for status in bad)
        if self.program != RECONCILE and failed > log.count("<3>"):
            raise AssertionError(f"exit statuses {bad} of programs of which one said nothing: {log[-1000:]!r}")

    def _check_signals(self, signals, log):
        same([status for status in signals if status not in CRASHES.get(self.kind, ())], [],
             f"signals that ended programs which said {log!r}")

    def recover(self):
        """With all calls working again a push is taken and served, with nobody's help."""
        self.calls.disarm()
        wait_until(lambda: self.push() == OK, 20, "a push that is taken")
        self.check()

    def check_served(self):
        self.wait_served()
        same(self.node.axfr(ZONE), records(ZONE, self.node.cat(ZONE)), "records that are served")


class Receiver(Trial):
    dense = {"running": 12, "starting": 4}

    def __init__(self, stack):
        super().__init__(RECEIVER, stack)

    def _push_until(self, enough):
        """A push, and calls work again when it is answered or `enough` comes true."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pushed = pool.submit(self.push)
            wait_until(lambda: pushed.done() or enough(), 30, "an answer, or a failure", 0.001)
            self.calls.disarm()
            pushed.result(30)

    def fail_running(self, arm):
        arm()
        soon = time.monotonic() + 0.5
        self._push_until(lambda: self.calls.hits and time.monotonic() > soon)

    def fail_starting(self, arm):
        old = self.node.receiver.pid
        if self.node.receiver.signal(signal.SIGTERM):
            wait_until(lambda: self.node.receiver.pid != old, 30, "the receiver ends")
        ended = len(self.node.receiver.exits) + 2
        arm()
        # One that can not start is tried again and again, and the push waits.
        late = time.monotonic() + 5
        self._push_until(lambda: len(self.node.receiver.exits) >= ended or self.calls.hits and time.monotonic() > late)


class Retry(Trial):
    dense = {"running": 8, "starting": 3}

    def __init__(self, stack):
        super().__init__(RETRY, stack)

    def _deliver(self):
        same(self.push(), OK, "the answer to a push while ddns-retry fails")
        soon = time.monotonic() + 0.3
        # Once a call has failed, it may be served or not; calls that go on to fail are given a moment to do harm.
        wait_until(lambda: self.node.nameserver.serial(ZONE) == self.sent or self.calls.hits and time.monotonic() > soon, 20,
                   "the change is served, or a call fails", 0.002)

    def fail_running(self, arm):
        arm()
        self._deliver()

    def fail_starting(self, arm):
        self.node.end_retry()
        arm()
        self._deliver()

    def recover(self):
        super().recover()
        self.wait_served()


class Reconcile(Trial):
    """Every pass has an orphan to delete and a zone to fetch."""

    dense = {"pass": 4}

    def __init__(self, stack):
        origin = stack.enter_context(Origin(HOSTNAME, [ZONE, LOST]))
        super().__init__(RECONCILE, stack, reconcile={"masters": [origin.stanza("da1")], "patience": "0"},
                         credentials={"login": "secret\n"})

    def _pass(self):
        done = self.node.reconcile()
        if done.status < 0:
            self._check_signals([done.status], done.log)
        elif done.status not in (0, 1, 78) or done.status and not done.log:
            raise AssertionError(f"exit status {done.status}: {done.log!r}")
        return done.status

    def _zones(self):
        with contextlib.closing(sqlite3.connect(self.node.path("state", "ddns.db"), timeout=10)) as database:
            return {name for name, in database.execute("SELECT name FROM zone WHERE deleted = 0")}

    def fail_pass(self, arm):
        self.push()
        same(self.node.push(ORPHAN, zone_text(ORPHAN, self.sent)), OK, "push of the orphan")
        same(self._pass(), 0, "exit status of a pass that finds the orphan")
        same(self.node.delete(LOST), OK, "delete of the zone to fetch")
        arm()
        self._pass()
        if ZONE not in self._zones():
            raise AssertionError("a zone that is listed is gone")

    def recover(self):
        super().recover()
        for _ in range(3):
            same(self._pass(), 0, "exit status of a pass with nothing in its way")
            if self._zones() == {ZONE, LOST}:
                return
        same(self._zones(), {ZONE, LOST}, "zones that are held after some passes")


def fail_all(trial, fail, failure, sticky, nths, tally):
    """N = 1, 2, 3, … until no call fails."""
    trial.kind = failure.kind
    for nth in nths:
        def arm():
            trial.calls.arm(failure.kind, nth, failure.error, sticky)
        try:
            fail(arm)
            hits = trial.calls.hits
            trial.calls.disarm()
            trial.check()
            if not hits:
                return
            tally[0] += 1
            trial.recover()
        except Exception as error:
            which = f"N = {nth}{' and all after it' if sticky else ''}, called by {trial.calls.where}"
            raise AssertionError(f"{which}: {error}") from error


def run_trial(cases, options, kind, how):
    program = {Receiver: RECEIVER, Retry: RETRY, Reconcile: RECONCILE}[kind]
    wanted = [f for f in FAILURES[program] if options.wanted(f"{program}, {how}: {f.name}")]
    if not wanted:
        return
    with contextlib.ExitStack() as stack:
        trial = kind(stack)
        for failure in wanted:
            tally, began, well = [0], time.monotonic(), False
            with cases.case(f"{program}, {how}: {failure.name}"):
                for sticky in (False, True):
                    fail_all(trial, getattr(trial, "fail_" + how), failure, sticky, numbers(options, kind.dense[how]), tally)
                trial.check_served()
                well = True
            print(f"# {program}, {how}, {failure.name}: {tally[0]} calls failed, {time.monotonic() - began:.1f} s", flush=True)
            if not well:
                trial.node.save_logs()


TRIALS = ((Receiver, "running"), (Receiver, "starting"), (Retry, "running"), (Retry, "starting"), (Reconcile, "pass"))


def run(cases, options):
    # Most of the time goes into waiting for programs.
    with concurrent.futures.ThreadPoolExecutor(len(TRIALS)) as pool:
        for done in [pool.submit(run_trial, cases, options, *trial) for trial in TRIALS]:
            done.result()
