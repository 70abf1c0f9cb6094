# SPDX-License-Identifier: MIT
"""What the cases of suite mysql stand on: two MariaDB servers at two sites, and a node that delivers to both."""

import contextlib
import signal

import builds
import coredns
import mariadb
import network
from cases import Cases, same, wait_until
from looking import Looking
from node import Node
from push import zone_text

OK = (200, "error=0")

# A try every second or so, for as long as a case may take.
PATIENT = {"backoff": "300ms" + " 1s" * 15}

# What cases set in a server.
AS_USUAL = {"read_only": 0, "max_allowed_packet": 16 << 20, "innodb_lock_wait_timeout": 3,
            "sql_mode": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION"}


builds_of_cases = [builds.PLAIN]


@contextlib.contextmanager
def built(build):
    """Cases in it run programs of that build."""
    builds_of_cases.append(build)
    try:
        yield
    finally:
        builds_of_cases.pop()


class Servers:
    """dc1 and dc2, for all cases; a context manager that gives the list of both."""

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        return [self._stack.enter_context(mariadb.Server(self._site(number))) for number in (1, 2)]

    def _site(self, number):
        site = network.Site(number)
        self._stack.callback(site.close)
        return site

    def __exit__(self, *error):
        return self._stack.__exit__(*error)


def make_good(server):
    """Whatever a case before did to it; an empty database."""
    if not server.running():
        server.start()
    server.cont()
    server.site.mend()
    server.set(**AS_USUAL)
    server.create(coredns.DATABASE, coredns.schema())


@contextlib.contextmanager
def node(servers, backends=None, killed=False, **options):
    """A node without BIND that delivers to dc1, dc2 …, and on which nobody crashes. `backends`: other stanzas; `killed`: the
    case kills programs. Programs are of the build that built() says."""
    for server in servers:
        make_good(server)
    options.setdefault("queue", PATIENT)
    options.setdefault("timer", 0.5)
    stanzas = backends or [coredns.stanza(f"dc{i}", server) for i, server in enumerate(servers, 1)]
    with Node(builds_of_cases[-1], named=False, backends=stanzas, credentials=coredns.CREDENTIALS, **options) as n:
        yield n
        same([status for status in n.stop() if not killed or status != -signal.SIGKILL], [], "exits that failed")
        same(n.sanitizer_reports(), [], "what sanitizers say")


def push(n, zone, serial, *more):
    same(n.push(zone, zone_text(zone, serial, *more)), OK, f"push of {zone} {serial}")


def text_records(text, count=1):
    """TXT records that say `text`, at the apex and below it."""
    return [f'{"@" if i == 0 else f"t{i}"}\t3600\tIN\tTXT\t"{text}"' for i in range(count)]


def _row(read, name):
    # In the moment in which ddns-retry meets a new backend, it is neither among those that it met nor among the others.
    return wait_until(lambda: next((row for row in read() if row["backend"] == name), None), 5, f"a row of {name}")


def backend(n, name):
    return _row(lambda: n.ctl("backends"), name)


def delivery(n, zone, name):
    """State of a zone on a backend: one of show's rows."""
    return _row(lambda: n.ctl("show", zone)["backends"], name)


def stored(server, zone):
    """Rows of a zone; None if it is not there."""
    return coredns.parse(server.sql(coredns.select(zone), coredns.DATABASE)).get(f"{zone}.")


def stored_texts(server, zone):
    rows = stored(server, zone)
    return None if rows is None else coredns.texts(rows)


def wait_stored(server, zone, texts, timeout=30):
    wait_until(lambda: stored_texts(server, zone) == texts, timeout, f"{zone} stored with {texts}")


def wait_all_but(n, name, timeout=60):
    """Until all other backends have everything."""
    wait_until(lambda: all(row["pending"] + row["deferred"] + row["dead"] == 0 for row in n.ctl("backends")
                           if row["backend"] != name), timeout, f"all but {name} have everything", interval=0.1)


def check_both(n, servers):
    """Nothing is left to do, and both databases have what is held."""
    n.wait_delivered()
    for server in servers:
        coredns.check(server, n)


def wait_down(n, name, *words):
    """Until the backend is known to be down; its error says all `words`, and no zone is charged with it."""
    wait_until(lambda: backend(n, name)["state"] == "down", 30, f"{name} is known to be down")
    row = backend(n, name)
    same((row["deferred"], row["dead"]), (0, 0), "zones that are charged with it")
    check_error(row["last_error"], *words)
    return row


def check_error(text, *words):
    for word in words:
        if word.lower() not in (text or "").lower():
            raise AssertionError(f"error {text!r} does not say {word!r}")
    if mariadb.PASSWORD in text or "sesame" in text:
        raise AssertionError("the error tells the password")


class Reader(Looking):
    """Reads zones again and again while they change, each at one moment. `versions_of`: rows to what should be one thing."""

    def __init__(self, server, zones, versions_of=coredns.texts):
        super().__init__()
        self._server, self._zones, self._versions_of = server, zones, versions_of

    def _run(self):
        while not self._stop.is_set():
            try:
                with self._server.session(coredns.DATABASE) as session:
                    while not self._stop.is_set():
                        self._read(session)
            except OSError:  # the server has gone: it is the case that does it
                self._stop.wait(0.05)

    def _read(self, session):
        for zone in self._zones:
            rows = coredns.parse(session.run(coredns.select(zone))).get(f"{zone}.")
            if rows is not None:
                self.reads += 1
                versions = self._versions_of(rows)
                if len(versions) != 1:
                    self.mixed.append((zone, versions))


def run_cases(table, servers, wanted="", where=""):
    """Cases as (name, function of the servers), those with `wanted` in their names; gives the number of failures."""
    cases = Cases(where)
    for name, check in table:
        if wanted in name:
            with cases.case(name):
                check(servers)
    return cases.failed
