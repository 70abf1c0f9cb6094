# SPDX-License-Identifier: MIT
"""Whatever a master answers in place of its zones: nothing is deleted, and the report calls it what it is."""

import concurrent.futures
import contextlib
import os
import tempfile

import builds
import certificates
from cases import same
from directadmin import DirectAdmin, free_port
from failures import FAILURES
from misbehaviours import MISBEHAVIOURS
from reconcile.fixture import asked, deletes, held, query, says, stanza
from reconcile.fixture import run as run_pass

# What misbehaving masters list, if they list anything, is a part of what is held: were it believed, the rest would go.
HELD = [*(f"zone{i:02}.test" for i in range(28)), "a.test", "b.test"]
# Nothing but the failure holds a delete back.
WITHOUT_BRAKE = {"brake-percent": 100, "brake-zones": 1000}
NODES = 3
# Short enough to be awaited, and apart, so that it is clear which one it was.
SILENCE = {"timeout": "1s", "total-timeout": "20s"}
SHORT = {"timeout": "20s", "total-timeout": "1s"}
# It allows more zones than the client for which the table was made.
SAID = {"million_pages": "page 4 of 1000000 is empty"}


class Bad:
    """A node that holds HELD and asks one master, each time another one."""

    def __init__(self, n):
        self._n = n
        self._number = 0

    def ask(self, server, said, **more):
        """Two passes; a master under a new name, so that nobody waits for it after a refused login."""
        self._number += 1
        name = f"master{self._number}"
        self._n.settings["reconcile"]["masters"] = [
            stanza(server, name=name, **{**SILENCE, **more})]
        self._n.write_config()
        before = query(self._n, "SELECT max(generation), (SELECT count(*) FROM zone WHERE deleted = 1) FROM version")
        first, second = run_pass(self._n), run_pass(self._n)
        same(query(self._n, "SELECT max(generation), (SELECT count(*) FROM zone WHERE deleted = 1) FROM version"), before,
             "newest generation, and zones that are deleted")
        same((held(self._n), deletes(self._n)), (set(HELD), 0), "zones that are held, and deletes")
        says(first, name, said)
        says(second, name)

    def misbehaviour(self, name, said):
        with DirectAdmin(HELD) as server:
            server.page_size = 10
            server.misbehaves = MISBEHAVIOURS[name]
            self.ask(server, SAID.get(name, said), **(SHORT if name.startswith("trickling") else {}))


def verdict(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001: a verdict, whatever it was
        return f"{type(error).__name__}: {error}"
    return None


def nowhere(bad, _):
    server = DirectAdmin(HELD)  # which is not started
    server.port = free_port()
    bad.ask(server, "refuse")


def with_certificate(name, said):
    def check(bad, directory):
        with DirectAdmin(HELD[:20], tls=os.path.join(directory, name)) as server:
            bad.ask(server, said, tls={"ca": os.path.join(directory, "ca.crt")})
    return check


def plain_http(bad, directory):
    with DirectAdmin(HELD[:20]) as server:
        server.tls = True  # it is not, but its URL says so
        url = server.url
        server.tls = None
        bad.ask(server, "TLS", url=url, tls={"ca": os.path.join(directory, "ca.crt")})


def wrong_pin(bad, directory):
    with DirectAdmin(HELD[:20], tls=os.path.join(directory, "self")) as server:
        bad.ask(server, "pin", tls={"pin": certificates.pin(os.path.join(directory, "good"))})


def wrong_password(evolution):
    def check(bad, _):
        with DirectAdmin(HELD[:20], password="another") as server:
            server.evolution = evolution
            bad.ask(server, "password" if evolution else "refuses the login")
    return check


def no_administrator(bad, _):
    with DirectAdmin(HELD[:20]) as server:
        server.administrator = False
        bad.ask(server, "administrator")


def hosted_only(bad, _):
    """It is a listing, but one that tells nothing about what it lacks."""
    with DirectAdmin(HELD[:20]) as server:
        server.legacy = "plain"
        bad.ask(server, "only its hosted domains")


OTHERS = [
    ("nobody listens", nowhere),
    ("the certificate has expired", with_certificate("expired", "its certificate is not trusted")),
    ("the certificate is for another server", with_certificate("other-name", "its certificate is not trusted")),
    ("the certificate is of another authority", with_certificate("self", "its certificate is not trusted")),
    ("the key is not the pinned one", wrong_pin),
    ("no TLS where there should be", plain_http),
    ("a wrong password", wrong_password(False)),
    ("a wrong password, with the Evolution skin", wrong_password(True)),
    ("a login key without rights", no_administrator),
    ("a list of hosted domains only", hosted_only),
]


def make_certificates(directory):
    certificates.make_authority(os.path.join(directory, "ca"))
    certificates.make_certificate(os.path.join(directory, "good"), authority=os.path.join(directory, "ca"))
    certificates.make_certificate(os.path.join(directory, "expired"), authority=os.path.join(directory, "ca"), expired=True)
    certificates.make_certificate(os.path.join(directory, "other-name"), "IP:192.0.2.1,DNS:other.test",
                                  authority=os.path.join(directory, "ca"))
    certificates.make_certificate(os.path.join(directory, "self"))


def check_all(cases, nodes, rows):
    """`rows`: name and function of a Bad; each by a node that has nothing else to do."""
    free = [*nodes]

    def one(check):
        bad = free.pop()
        try:
            return verdict(check, bad)
        finally:
            free.append(bad)

    with concurrent.futures.ThreadPoolExecutor(NODES) as pool:
        for (name, _), why in zip(rows, pool.map(one, [check for _, check in rows])):
            cases.report(name, why)


def table(directory):
    return [
        *((name, lambda bad, name=name, said=said: bad.misbehaviour(name, said)) for name, _, said in FAILURES),
        *((name, lambda bad, check=check: check(bad, directory)) for name, check in OTHERS)]


def run(cases, options):
    same(sorted(MISBEHAVIOURS), sorted(name for name, _, _ in FAILURES), "misbehaviours with a row in the table")
    nodes = []
    with tempfile.TemporaryDirectory(prefix="ddns-reconcile-") as directory, contextlib.ExitStack() as stack:
        make_certificates(directory)
        rows = [(f"nothing is deleted: {name}", check) for name, check in table(directory) if options.case in name]
        for _ in range(NODES if rows else 0):
            n, _ = stack.enter_context(asked(HELD, settings=WITHOUT_BRAKE, named=False, build=builds.ASAN))
            nodes.append(Bad(n))
        check_all(cases, nodes, rows)
