# SPDX-License-Identifier: MIT
"""What the cases of suite ctl stand on: ddnsctl beside a live node, and its screens as rows."""

import contextlib
import json
import re
import subprocess
from typing import NamedTuple

import builds
from cases import same
from directadmin import DirectAdmin
from node import Node, find_program
from push import HOSTNAME, zone_text

OK = (200, "error=0")
COLUMNS = 80


class Done(NamedTuple):
    status: int
    out: str
    err: str


class Ctl:
    """Runs ddnsctl on a node, and remembers which verbs were run in which way (`text`, `json`)."""

    text, json = set(), set()

    def __init__(self, node):
        self.node = node

    def run(self, *words, stdin="", status=0):
        """One command line, its exit status compared; output of 80 columns at most, unless it is JSON or content."""
        command, environment = self.node.ctl_command(*words)
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False, env=environment)
        verb = next((word for word in words if not word.startswith("-")), "")
        (Ctl.json if "--json" in words else Ctl.text).add(verb)
        same(done.returncode, status, f"exit status of {words} that said {done.stderr!r} {done.stdout[-500:]!r}")
        if "Sanitizer" in done.stderr or "runtime error" in done.stderr:
            raise AssertionError(done.stderr)
        return Done(done.returncode, done.stdout, done.stderr)

    def data(self, *words, **options):
        return json.loads(self.run("--json", *words, **options).out)

    def fails(self, *words, status=1, says="", **options):
        done = self.run(*words, status=status, **options)
        if says not in done.err:
            raise AssertionError(f"{words} says {done.err!r}, not {says!r}")
        return done


def fits(text):
    for line in text.splitlines():
        if len(line) > COLUMNS:
            raise AssertionError(f"{len(line)} columns: {line!r}")


def tables(text):
    """The tables of a screen that fits the terminal, each a list of dictionaries from header to cell."""
    fits(text)
    found = []
    for block in text.split("\n\n"):
        lines = block.splitlines()
        if not lines or not re.fullmatch(r"[A-Z0-9 /-]+", lines[0]):
            continue
        edges = [(m.start(), m.group().strip()) for m in re.finditer(r"\S+(?: \S+)*", lines[0])]
        rows = []
        for line in lines[1:]:
            # cells have at least two spaces between them and never start in another column's place
            rows.append(dict(zip((name for _, name in edges), re.split(r"\s{2,}", line.strip()))))
        found.append(rows)
    return found


def rows(text, column):
    """The table that has this column."""
    for table in tables(text):
        if table and column in table[0]:
            return table
    raise AssertionError(f"no table with {column} in {text!r}")


def record(text):
    """The "Title: value" lines of a screen."""
    fits(text)
    return {m.group(1): m.group(2) for m in re.finditer(r"^ *([A-Z][\w -]*?): +(.*)$", text, re.MULTILINE)}


def help_verbs():
    """Verb to its operands, as --help has them."""
    text = subprocess.run([find_program(builds.PLAIN, "ddnsctl"), "--help"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^  ([a-z-]+)((?: \[?[A-Z][\w. \[\]]*?)?) {1,}(?=[a-z])", text.split("Verbs:")[1], re.MULTILINE)
    return {verb: operands.strip() for verb, operands in found}


def stanza(server, name="da1"):
    return {"name": name, "servername": HOSTNAME, "url": server.url, "username": server.username, "password-file": "login"}


@contextlib.contextmanager
def live(zones=(), **options):
    """A node with a real BIND, and a DirectAdmin that it asks and that has these zones: (Ctl, DirectAdmin)."""
    with DirectAdmin(zones) as server:
        options.setdefault("queue", {"backoff": "300ms" + " 1s" * 15})
        options.setdefault("timer", 0.5)
        with Node(builds.PLAIN, reconcile={"masters": [stanza(server)], "patience": "0"}, credentials={"login": "secret\n"},
                  **options) as node:
            node.exists("the.database")  # is made with the first request
            push(node, *zones)
            node.wait_delivered()
            yield Ctl(node), server
            same(node.stop(), [], "exits that failed")


def push(node, *zones, serial=1, records=(), **options):
    for zone in zones:
        same(node.push(zone, zone_text(zone, serial, *records), **options), OK, f"push of {zone}")
