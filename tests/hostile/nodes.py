# SPDX-License-Identifier: MIT
"""Bad clients that share the good one's address; and all of them against a receiver that sanitizers look into."""

import builds
from cases import Cases, same
from hostile import storms
from hostile.attackers import Attackers
from node import Node

# Only what is cut by a deadline has to wait for it.
RECEIVER = {"request-timeout": "2s", "login-delay": "1s"}


def storm(cases, node, where, source=None, scale=1.0, timed=True):
    storms.weather(cases, node, lambda: node.receiver.pid, lambda: node.log("ddns-receiver").splitlines(),
                   {where: storms.Good(node.master, "good")},
                   Attackers(node.master.address, populations=("strangers", "insiders") + (() if timed else ("hoarders",)),
                             source=source, scale=scale), timed)


def one_address(_):
    """What is promised there: beyond its share an address loses those first who have not logged in."""
    cases = Cases("one address")
    with Node(builds.PLAIN, receiver=RECEIVER, named=False) as node:
        source = node.master.address[0]
        storm(cases, node, f"all from {source}", source)
        if cases.failed:
            node.save_logs()
    return cases.failed


def _with_sanitizer(name, build):
    cases = Cases(name)
    with Node(build, receiver=RECEIVER, named=False) as node:
        storm(cases, node, "from elsewhere", scale=0.3, timed=False)
        failures = node.stop()
        with cases.case("no sanitizer has anything to say"):
            same(node.sanitizer_reports(), [], "reports")
            same(failures, [], "exits that failed")
        if cases.failed:
            node.save_logs()
    return cases.failed


def asan(_):
    return _with_sanitizer("asan", builds.ASAN)


def tsan(_):
    return _with_sanitizer("tsan", builds.TSAN)
