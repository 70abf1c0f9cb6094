# SPDX-License-Identifier: MIT
"""Suite power: the power goes at random moments of a run, many times."""

import random
from typing import NamedTuple

import disk
from power.checks import Checker
from power.recording import FILES, INCLUDE, STATE, ZONES, Ledger

# Behind such records a promise has just been made or kept.
TELLING = (disk.ANSWER, disk.SYNC, disk.SYNCED, disk.RENAME, disk.REMOVE, disk.TRUNCATE)


def _is_log(disk_, inode):
    return inode is not None and disk_.name_of(inode).endswith("-wal")


def _is_database(disk_, inode):
    return inode is not None and disk_.name_of(inode).endswith((".db", "-wal")) and disk_.file(inode).root == STATE


def _is_commit(disk_, inode):
    """What `synchronous = NORMAL` leaves out: a checkpoint syncs what others have synced already."""
    return _is_log(disk_, inode) and bool(disk_.file(inode).pending)


def _is_zone_file(disk_, inode):
    return (inode is not None and disk_.file(inode).root in (ZONES, FILES) and isinstance(disk_.file(inode), disk.File)
            and not _is_include(disk_, inode))


def _is_include(disk_, inode):
    return inode is not None and disk_.name_of(inode).startswith((".ddns-include", INCLUDE))


def _is_zone_directory(disk_, inode):
    return inode is not None and disk_.file(inode) in (disk_.roots[ZONES], disk_.roots[FILES])


# What a disk would not do if we did not ask for it, or asked for less: each must be found out. The third: the only registration
# with which it is asked for, if it is but one.
DEAF = [
    ("synchronous = OFF", _is_database, None),
    ("synchronous = NORMAL", _is_commit, None),
    ("no fsync of zone files", _is_zone_file, None),
    ("no syncfs of many zone files", lambda disk_, inode: inode is None, None),
    ("no fsync of the zone directory", _is_zone_directory, None),
    ("no fsync of the include file", _is_include, "include"),
]


def _moments(run, count, rng):
    """Positions in ascending order, most of them behind something telling."""
    telling = [record[0] + 1 for record in run.records if record[1] in TELLING]
    return sorted(rng.choice(telling) if rng.random() < 0.6 else rng.randrange(len(run.records) + 1) for _ in range(count))


class Left(NamedTuple):
    """What the power left at one moment."""
    position: int
    tree: list       # of recording.Place.roots
    allowed: dict    # zone to the numbers of pushes that may be held
    delivered: dict  # zone to the content with which it is known to be delivered to BIND, None of a delete


class Cycles:
    """`count` moments of a run at which the power goes, and its end. `wrong`: (position, text) of what is not as it must be;
    `left`: what was there at `boots` of them, the end among them."""

    def __init__(self, run, directory, count, seed, boots=0, deaf=None, enough=None):
        """`deaf`: as of disk.Disk; `enough`: so many faults end it."""
        rng = random.Random(f"{seed}/cycles")
        moments = [*_moments(run, count, rng), len(run.records)]
        booted = {count, *rng.sample(range(count), boots - 1)} if boots else ()
        played = disk.Disk(run.recorder, **({"deaf": deaf} if deaf else {}))
        checker, ledger, at = Checker(run, directory), Ledger(), 0
        self.wrong, self.left, self.count, self.acknowledgements = [], [], 0, 0
        for i, moment in enumerate(moments):
            for record in run.records[at:moment]:
                played.play(*record)
                ledger.play(record[1], record[5])
            at = moment
            tree = played.image(rng)
            self.wrong += [(moment, text) for text in checker.check(tree, ledger)]
            self.count += 1
            self.acknowledgements += ledger.acknowledgements
            if i in booted:
                self.left.append(Left(moment, tree, ledger.allowed(), checker.delivered("bind")))
            if enough is not None and len(self.wrong) >= enough:
                break
