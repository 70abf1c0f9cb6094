# SPDX-License-Identifier: MIT
"""Who guesses passwords is slowed, each address for itself, makes one line for each guess, and learns nothing from the time."""

import base64
import re
import threading
import time

import builds
from cases import Cases, same
from node import Node
from push import USERNAME, Master, zone_text

# Of "pw": what is not about the time of the hash need not wait for it.
CHEAP_PASSWORD = "pw"
CHEAP_HASH = ("$6$rounds=1000$saltsalt$nII71HJmawaDYdXrUHYtoWV/pe6ZN/eQzrZX"
              "dKjhrcMU0onLRg6A5m38udZu.lA6f53rIQturF4FMx1X99KF/0\n")
SAMPLES = 15
GUESSER, OTHER = "127.0.0.5", "127.0.0.6"


def login(node, authorization, source=None):
    """(status, seconds) of a login."""
    raw = b"GET /CMD_API_LOGIN_TEST HTTP/1.0\r\nAuthorization: Basic " + authorization + b"\r\n\r\n"
    before = time.monotonic()
    return Master(node.master.address, source=source).exchange(raw).status, time.monotonic() - before


def credentials(username, password):
    return base64.b64encode(f"{username}:{password}".encode())


def check_time(cases, node):
    """Samples of all kinds in turn, so that what else happens on the machine is the same for all; and the fastest of each, which it
    held up least. A hash that is not made would be a difference as large as that to a header which holds no login, and less
    than a third of it is none."""
    kinds = {"wrong": credentials(USERNAME, "wrong"), "unknown": credentials("nobody", "wrong"), "none": b"!"}
    seconds = {kind: [] for kind in kinds}
    with cases.case("a wrong password and an unknown user take the same time"):
        for _ in range(SAMPLES):
            for kind, authorization in kinds.items():
                status, taken = login(node, authorization)
                same(status, 401, kind)
                seconds[kind].append(taken)
        wrong, unknown, none = (min(seconds[kind]) for kind in kinds)
        print(f"# fastest: wrong {wrong * 1000:.1f} ms, unknown {unknown * 1000:.1f} ms, no hash {none * 1000:.1f} ms", flush=True)
        same(abs(wrong - unknown) < (min(wrong, unknown) - none) / 3, True, f"{wrong} and {unknown} are the same beside {none}")


def check_delay(cases, node):
    guess, ended = credentials(USERNAME, "guess"), []
    node.write_credential("da1.hash", CHEAP_HASH)
    with cases.case("from the fourth guess on an address waits, longer each time, and nobody else does"):
        taken = [login(node, guess, GUESSER) for _ in range(4)]
        same([status for status, _ in taken], [401] * 4, "statuses")
        same(taken[3][1] >= 1, True, f"the delays {taken}")
        # the next one has two seconds, the longest delay here
        slow = threading.Thread(target=lambda: ended.append(login(node, guess, GUESSER)), daemon=True)
        slow.start()
        same(login(node, guess, OTHER)[0], 401, "status elsewhere")
        same(login(node, credentials(USERNAME, CHEAP_PASSWORD), GUESSER)[0], 200, "the right password from there")
        master = Master(node.master.address, password=CHEAP_PASSWORD, source=GUESSER)
        same(master.push("good.example", zone_text("good.example", 1)), (200, "error=0"), "a push from there")
        same(ended, [], "the guess is answered already")
        slow.join(30)
        same((ended[0][0], ended[0][1] >= 2), (401, True), f"its status, and its delay {ended}")
    with cases.case("each guess is one line, always the same"):
        lines = [line for line in node.log("ddns-receiver").splitlines() if "login failed" in line]
        pattern = rf'<4>ddns-receiver: login failed for user "{USERNAME}" from ({GUESSER}|{OTHER})'
        same([line for line in lines if not re.fullmatch(pattern, line)], [], "other lines")
        same(len(lines), 6, "lines")


def run(_):
    cases = Cases("guesses")
    with Node(builds.PLAIN, receiver={"login-delay": 0}, named=False) as node:
        check_time(cases, node)
    with Node(builds.PLAIN, receiver={"login-delay": "2s"}, named=False) as node:
        check_delay(cases, node)
        if cases.failed:
            node.save_logs()
    return cases.failed
