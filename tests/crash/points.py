# SPDX-License-Identifier: MIT
"""Suite crash: each program dies at each of its crash points, before each kind of backend. It starts again by itself, what was
acknowledged is there, and nothing is half there."""

import threading
import traceback

import crashpoint
from cases import same, wait_until
from crash.readers import FilesReader
from crash.targets import ORIGIN, PROGRAMS, ZoneFiles
from mysql.storms import records_of
from push import Master, zone_text

OK = (200, "error=0")
CHANGED = [f"z{i}.example" for i in range(3)]
MANY = [f"m{i}.example" for i in range(12)]  # more than are synced one by one
# How often a point is passed before: by one change at a time, and in the middle of many.
PASSAGES = ((0, False), (1, False), (4, True))
# After so many failures at one target the rest would fail as well, and slowly.
FAILURES_MAX = 3

# Where a part of the source is at work; that of backends is theirs.
PROGRAMS_OF = {"receiver": PROGRAMS[:1], "store": PROGRAMS, "deliver": PROGRAMS[1:2], "reconcile": PROGRAMS[2:]}
# Parts of the delivery that are the same for all backends of a kind.
OF_COMPARISON = "heal.c"
OF_LANES = ("lane-batch.c", "lane-record.c", OF_COMPARISON)


def is_for(target, name, path):
    """Whether that backend's work comes by the point."""
    directory, file = path.split("/")
    if directory != "deliver":
        return True
    if name.startswith("include-"):
        return "bind-include.c" in target.files
    if name.startswith(("together-", "apart-")):
        return name.startswith("together-") == target.together
    return file in (*target.files, *OF_LANES)


def shots_at(target):
    """(program, point, of the comparison): all that can be hit."""
    return [(program, name, path.endswith(OF_COMPARISON))
            for name, path in crashpoint.of_source().items() if is_for(target, name, path)
            for program in PROGRAMS_OF[path.split("/")[0]]]


class Gunner:
    """One target, and what must be there: the ledger, zone to text (None: deleted)."""

    def __init__(self, target):
        self._target, self._node = target, target.node
        self._master = Master(target.node.master.address)
        self._origin = Master(target.node.master.address, hostname=ORIGIN)
        self._serial = 1
        self._number = 0
        self.ledger = {}

    # ---- what masters do

    @staticmethod
    def _until_acknowledged(push):
        """Masters send again what was not answered."""
        wait_until(lambda: push() == OK, 60, "an acknowledgement", 0.005)

    def _save(self, zone, master=None):
        self._serial += 1
        text = f"serial {self._serial}"
        content = zone_text(zone, self._serial, *records_of(text))
        self._until_acknowledged(lambda: (master or self._master).push(zone, content))
        self.ledger[zone] = text

    def _delete(self, zone):
        self._until_acknowledged(lambda: self._master.delete(zone))
        self.ledger[zone] = None

    def _change_three(self):
        """One is new, one is changed, one is deleted; another one each time."""
        zones = [CHANGED[(self._number + i) % 3] for i in range(3)]
        self._number += 1
        self._save(zones[0])
        self._save(zones[1])
        self._delete(zones[2])
        return zones

    def _change_many(self):
        """At once, so that they are one batch or two."""
        self._number += 1
        threads = [threading.Thread(target=self._delete if (i + self._number) % 4 == 0 else self._save, args=[zone])
                   for i, zone in enumerate(MANY)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return MANY

    def _damage_one(self):
        """A pass finds it, and has it delivered again."""
        zone = "damaged.example"
        self._save(zone)
        self._node.wait_delivered()
        self._target.damage(zone)
        same(self._node.reconcile().status, 0, "exit status of a pass")
        self._node.wait_compared()
        return [zone]

    def _pass_twice(self):
        """Passes that end well, as often as the timer would start them, until an orphan is gone and a lost push fetched."""
        self._number += 1
        orphan, lost = f"orphan{self._number}.example", f"o{self._number}.origin.example"
        self._save(orphan, self._origin)
        self._target.listing.zones.append(lost)
        self.ledger.update({orphan: None, lost: "of origin"})

        def ended():
            return self._node.reconcile().status == 0
        for _ in range(2):
            wait_until(ended, 30, "a pass that ends well")
        return [orphan, lost]

    # ---- a shot

    def _wait_hit(self, point):
        wait_until(lambda: not point.armed, 15, "it comes by and dies")

    def shoot(self, program, name, passages, work):
        """Gives whether the point was hit; at once it must be."""
        point = self._target.points[program]
        if program == "ddns-reconcile":
            self._target.points["ddns-retry"].disarm()
        point.arm(name, passages)
        zones = work()
        if passages == 0:
            self._wait_hit(point)
        self._node.wait_delivered()
        hit = not point.armed
        point.disarm()
        for zone in zones:
            self._target.wait_text(zone, self.ledger[zone])
        return hit

    def work_for(self, program, of_comparison, many):
        if program == "ddns-reconcile":
            return self._pass_twice
        if of_comparison:
            return self._damage_one
        return self._change_many if many else self._change_three

    def check_all(self):
        """Also what no shot was about."""
        for zone, text in self.ledger.items():
            self._target.wait_text(zone, text)
        same(self._target.held(), {zone for zone, text in self.ledger.items() if text is not None}, "zones that are held")
        self._target.check_whole()


class Range(threading.Thread):
    """All shots at one target. `verdicts`: (name of a case, why it failed or None); `hits`: names of points."""

    def __init__(self, target, wanted="", most=None):
        super().__init__(daemon=True)
        self._target, self._wanted, self._most = target, wanted, most
        self.name = target.name
        self.verdicts, self.hits, self.died = [], set(), 0

    def _case(self, name, check, *arguments):
        try:
            check(*arguments)
        except Exception as error:  # noqa: BLE001: a verdict, whatever it was
            if not isinstance(error, AssertionError):
                traceback.print_exc()
            self.verdicts.append((name, f"{type(error).__name__}: {error}"))
        else:
            self.verdicts.append((name, None))

    def _passages(self, of_comparison, program):
        if self._most is not None:
            return [(n, False) for n in range(self._most)] + [(n, True) for n in range(self._most)]
        return PASSAGES[:1] if of_comparison else PASSAGES[:2] if program == "ddns-reconcile" else PASSAGES

    def _one(self, gunner, program, name, of_comparison):
        for passages, many in self._passages(of_comparison, program):
            if gunner.shoot(program, name, passages, gunner.work_for(program, of_comparison, many)):
                self.hits.add(name)
                self.died += 1

    def run(self):
        """The target is entered by then."""
        target = self._target
        gunner = Gunner(target)
        with FilesReader(target.directory if isinstance(target, ZoneFiles) else None, CHANGED + MANY) as reader:
            for program, name, of_comparison in shots_at(target):
                if self._wanted in name and sum(bool(why) for _, why in self.verdicts) < FAILURES_MAX:
                    self._case(f"{program} dies at {name}", self._one, gunner, program, name, of_comparison)
        self._case("nobody ever saw half of a zone file", same, reader.mixed[:2], [], "files that were no whole zone")
        self._case("every zone is there with what was acknowledged last", gunner.check_all)
        self._case("nobody ended badly but those who died, and the log is sound", target.end)
        if any(why for _, why in self.verdicts):
            target.node.save_logs()


def origin_zones():
    """Zones that the origin's name server has, whether they are listed yet or not: name to serial and records."""
    return {f"o{i}.origin.example": (1, '@\t60\tIN\tTXT\t"of origin"') for i in range(1, 400)}
