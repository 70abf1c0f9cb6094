# SPDX-License-Identifier: MIT
"""A good client pushes while bad ones do all that they can at the same time."""

import os
import re
import statistics
import time

from cases import same, wait_until
from hostile.attacks import FORGED
from push import zone_text

ROUNDS, PUSHES = 3, 15
# A machine that is busy with something else makes some pushes of a round late. What the receiver itself does wrong (waits for a
# deadline, has no room, looks at others first) is there in most rounds. So of the worst of each round the one in the middle
# counts, and the median of all pushes.
WORST, MEDIAN = 1.0, 0.25
MEMORY = 64 << 20

ZONES = 7
PATIENCE = 60

LINE = re.compile(r"<\d>ddns-receiver: [ -~]*")
# what is shown of a bad name or command, within a line of ours
FORGED_SHOWN = re.compile(r"<\d>ddns-receiver: \S.*forged")


class Process:
    """A running receiver from the outside."""

    def __init__(self, pid):
        self.pid = pid
        self.descriptors = self._descriptors()

    def _descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def peak(self):
        """Bytes of memory, with those of the libraries, that it had at most."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmHWM:\s+(\d+) kB", f.read()).group(1)) << 10

    def wait_descriptors(self):
        """Until it has no more of them open than at first."""
        wait_until(lambda: self._descriptors() <= self.descriptors, 30,
                   f"not more than the {self.descriptors} descriptors of before; {self.pid} has more", 0.1)


class Good:
    """A client that does all right, and its ledger."""

    def __init__(self, master, name):
        self.master, self._name = master, name
        self.serials = {}  # zone: serial
        self.rounds = []   # seconds of each push

    def push(self):
        count = sum(self.serials.values())
        zone = f"{self._name}{count % ZONES}.example"
        serial = self.serials.get(zone, 0) + 1
        before = time.monotonic()
        answer = self.master.push(zone, zone_text(zone, serial), timeout=PATIENCE)
        seconds = time.monotonic() - before
        same(answer, (200, "error=0"), f"answer for {zone}")
        self.serials[zone] = serial
        return seconds

    def round(self, n):
        self.rounds.append([self.push() for _ in range(n)])

    def figures(self):
        """Median of all, and of the worst of each round."""
        return statistics.median(sum(self.rounds, [])), statistics.median(map(max, self.rounds))


def check_lines(lines):
    """What a client says makes no line, and nothing in a line that a terminal obeys."""
    same([line for line in lines if not LINE.fullmatch(line)][:3], [], "lines that are none of ours")
    same([line for line in lines if FORGED in line and not FORGED_SHOWN.search(line)][:3], [], "lines that a client made")


def check_figures(good, where):
    median, worst = good.figures()
    print(f"# {where}: median {median * 1000:.1f} ms, worst of each round "
          f"{', '.join(f'{max(r) * 1000:.0f}' for r in good.rounds)} ms of {sum(map(len, good.rounds))} pushes", flush=True)
    same((median < MEDIAN, worst < WORST), (True, True), f"median {median} s under {MEDIAN}, worst {worst} s under {WORST}")


def weather(cases, running, pid, lines, goods, attackers, timed=True):
    """Cases about pushes of `goods` (name: Good) while the `attackers` are at it, and what is left behind. `running`: the node,
    whose receiver has the process id `pid()` and whose log is `lines()`; `timed`: time and memory count."""
    for good in goods.values():
        good.push()
    process = Process(pid())
    with cases.case("every good push is acknowledged, and each attack comes to an end"), attackers:
        for _ in range(ROUNDS):
            for good in goods.values():
                good.round(PUSHES)
        attackers.wait_all()
        for good in goods.values():
            good.push()
    for name, good in goods.items() if timed else ():
        with cases.case(f"a good push is answered within a second, {name}"):
            check_figures(good, name)
    with cases.case("bad clients get an answer that is one, or none, and never error=0"):
        same(attackers.result["bad"], [], "answers")
    with cases.case("the receiver is the same process, with no descriptor more"):
        process.wait_descriptors()
        same(pid(), process.pid, "process")
    if timed:
        with cases.case("the receiver never took 64 MiB"):
            print(f"# peak: {process.peak() >> 10} KiB", flush=True)
            same(process.peak() < MEMORY, True, f"{process.peak()} bytes are few")
    with cases.case("nothing is stored but the good pushes"):
        expected = {zone: serial for good in goods.values() for zone, serial in good.serials.items()}
        same({row["zone"]: row["serial"] for row in running.ctl("zones")}, expected, "zones")
        same(running.ctl("status")["generation"], sum(expected.values()), "changes accepted")
    with cases.case("what clients say makes no line in the journal, and nothing that a terminal obeys"):
        check_lines(lines())
