# SPDX-License-Identifier: MIT
"""Bad clients that share the good one's address; and all of them with a receiver that sanitizers look into."""

import builds
from cases import Cases, same
from hostile import storms
from hostile.attackers import Attackers
from node import Node

# Only what is cut by a deadline has to wait for it.
RECEIVER = {"request-timeout": "2s", "login-delay": "1s"}


def storm(cases, node, **options):
    scale = options.pop("scale", 1.0)
    source = options.pop("source", None)
    storms.weather(cases, node, lambda: node.receiver.pid, lambda: node.log("ddns-receiver").splitlines(),
                   {cases_name(source): storms.Good(node.master, "good")},
                   Attackers(node.master.address, populations=("strangers", "insiders"), source=source, scale=scale), **options)


def cases_name(source):
    return f"from {source}" if source else "from elsewhere"


def one_address():
    """What is promised there: beyond its share an address loses those first who have not logged in."""
    cases = Cases("one address")
    with Node(builds.PLAIN, receiver=RECEIVER, named=False) as node:
        storm(cases, node, source=node.master.address[0])
        same(node.receiver.exits, [], "ends of the receiver")
        if cases.failed:
            node.save_logs()
    return cases.failed


def with_sanitizer(name, build):
    cases = Cases(name)
    with Node(build, receiver=RECEIVER, named=False) as node:
        storm(cases, node, timed=False, pushes=10, scale=0.3)
        failures = node.stop()
        with cases.case("no sanitizer has anything to say"):
            same(node.sanitizer_reports(), [], "reports")
            same(failures, [], "exits that failed")
        if cases.failed:
            node.save_logs()
    return cases.failed


def run(_):
    return one_address() + with_sanitizer("asan", builds.ASAN) + with_sanitizer("tsan", builds.TSAN)
