# SPDX-License-Identifier: MIT
"""Masters that push while programs are killed, with a ledger of what may be there in the end."""

import argparse
import random
import threading
import time

from cases import same, wait_until
from push import Master, zone_text

ZONES_EACH = 20
DELETED = "deleted"


def parse(description, words=(), **defaults):
    """Options of a storm: how many `kills`, `pushes` and `clients`; and `words`: name to its choices, None for any text."""
    parser = argparse.ArgumentParser(description=description)
    for name, text in (("kills", "how often a program is killed"), ("pushes", "how many pushes"),
                       ("clients", "how many masters push at the same time")):
        parser.add_argument(f"--{name}", type=int, default=defaults[name], help=text)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32),
                        help="to repeat a run, as far as that is possible")
    for name in words:
        parser.add_argument(f"--{name}", default="", choices=words[name] and ["", *words[name]])
    return parser.parse_args()


def part(options, divisor):
    """Options of a storm that is smaller by that much."""
    return argparse.Namespace(**{**vars(options), "kills": max(options.kills // divisor, 1),
                                 "pushes": max(options.pushes // divisor, 1)})


def one_text(content):
    return [f'@\t60\tIN\tTXT\t"{content}"']


class Client:
    """A master with zones of its own, which it pushes one after the other. Its ledger says for each zone what may be served:
    one thing once a push was acknowledged, more while pushes are without an answer."""

    def __init__(self, number, address, seed, next_push, records_of):
        self._records_of = records_of
        self._master = Master(address, hostname=f"server{number}.example.com")
        self._random = random.Random(f"{seed}/{number}")
        self._next_push = next_push
        self._zones = [f"z{i}.client{number}.example" for i in range(ZONES_EACH)]
        self._serials = dict.fromkeys(self._zones, 2026010100)
        self.ledger = {zone: {DELETED} for zone in self._zones}
        self.acknowledged = self.unanswered = 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.error = None

    def _run(self):
        try:
            while (number := self._next_push()) is not None:
                self._push_one(self._random.choice(self._zones), number)
        except Exception as error:  # noqa: BLE001: the case reports it
            self.error = error

    def _push_one(self, zone, number):
        """One change, repeated until it is acknowledged, or given up: then it may have been accepted or not."""
        chance = self._random.random
        delete, urgent = chance() < 0.15, chance() < 0.15
        if chance() < 0.9:
            self._serials[zone] += 1
        content = DELETED if delete else f"push {number}"
        text = zone_text(zone, self._serials[zone], *self._records_of(content))

        while True:
            self.ledger[zone].add(content)
            status, body = self._master.delete(zone) if delete else self._master.push(zone, text, urgent)
            if (status, body) == (200, "error=0"):
                self.ledger[zone] = {content}
                self.acknowledged += 1
                return
            if status != 0:
                raise AssertionError(f"push of {zone} was answered {status} {body!r}")
            self.unanswered += 1
            if chance() < 0.3:
                return


class Storm:
    """Clients that push `pushes` times in all, while one of `victims` (name and function that kills) is killed `kills` times,
    evenly over the pushes: those wait for kills that take long. `records_of`: the records that show a push's text."""

    def __init__(self, node, options, victims, records_of=one_text):
        self._random = random.Random(f"{options.seed}/kills")
        self._victims = victims
        self._changed = threading.Condition()
        self._options = options
        self._interval = max(options.pushes // options.kills, 1)
        self._started = self._killed = 0
        self.kills = {name: 0 for name, _ in victims}
        self.clients = [Client(i, node.master.address, options.seed, self._next_push, records_of)
                        for i in range(options.clients)]

    def _next_push(self):
        with self._changed:
            self._changed.wait_for(lambda: self._killed >= min(self._started // self._interval - 2, self._options.kills), 120)
            if self._started == self._options.pushes:
                return None
            self._started += 1
            return self._started

    def run(self):
        for client in self.clients:
            client.thread.start()
        for i in range(self._options.kills):
            goal = min(i * self._interval, self._options.pushes)
            wait_until(lambda goal=goal: self._started >= goal or self._failed(), 120, f"push {goal} is sent", 0.001)
            time.sleep(self._random.uniform(0, 0.05))  # the stimulus: any moment
            self._kill_one()
            with self._changed:
                self._killed += 1
                self._changed.notify_all()
        for client in self.clients:
            client.thread.join(120)
            same((client.error, client.thread.is_alive()), (None, False), "what ended a client, and whether it hangs")

    def _failed(self):
        return any(client.error for client in self.clients)

    def _kill_one(self):
        """One that runs; if none does, the next one that starts."""
        def killed():
            name, kill = self._random.choice(self._victims)
            self.kills[name] += bool(gone := kill())
            return gone
        wait_until(killed, 30, "anything to kill", 0.001)

    def ledger(self):
        return {zone: allowed for client in self.clients for zone, allowed in client.ledger.items()}

    def summary(self):
        kills = ", ".join(f"{name} {count}" for name, count in self.kills.items())
        acknowledged, unanswered = (sum(getattr(client, name) for client in self.clients)
                                    for name in ("acknowledged", "unanswered"))
        return f"killed: {kills}; pushes: {acknowledged} acknowledged, {unanswered} without an answer"
