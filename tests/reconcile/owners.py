# SPDX-License-Identifier: MIT
"""Whose a zone is: found out, kept between masters that mirror each other, and changed when an account moves."""

from cases import same
from push import zone_text
from reconcile.fixture import OK, SERVERS, ZONES, asked, deletes, held, holds, owner, push, run, says, silent

FIRST, SECOND = SERVERS[:2]


def late_delete(n, zone, hostname):
    """The account is removed on a server that is not the owner."""
    same(n.delete(zone, hostname=hostname), OK, "late delete")
    same(zone in held(n), True, f"{zone} is held after the delete by {hostname}")


def mutual():
    """Both list everything, and each zone stays with the one who pushed it."""
    with asked(named=False, masters=2) as (n, first, second):
        push(n, "second.test", hostname=SECOND)
        first.zones = second.zones = [*ZONES, "second.test"]
        for _ in range(3):
            run(n)
        same([owner(n, zone) for zone in (ZONES[0], "second.test")], [FIRST, SECOND], "owners")
        same(deletes(n), 0, "deletes")
        # A zone that both lack goes.
        first.zones = second.zones = [*ZONES[1:], "second.test"]
        run(n)
        run(n)
        holds(n, [*ZONES[1:], "second.test"])


def mutual_lost():
    """The owner lacks what its mirror lists: it moves in the second pass, and never goes."""
    with asked(named=False, masters=2) as (n, first, _):
        first.zones = ZONES[1:]
        run(n)
        same(owner(n, ZONES[0]), FIRST, "owner after one pass")
        says(run(n), ZONES[0], "only da2 lists it")
        same(owner(n, ZONES[0]), SECOND, "owner after two")
        run(n)
        holds(n, ZONES)
        late_delete(n, ZONES[0], FIRST)


def restored_on_owner():
    """An account that is away from its server for one pass, while it is restored, stays with it."""
    with asked(named=False, masters=2) as (n, first, _):
        for _ in range(2):
            first.zones = ZONES[1:]
            run(n)
            first.zones = list(ZONES)
            run(n)
        same((owner(n, ZONES[0]), deletes(n)), (FIRST, 0), "owner and deletes")


def migrated():
    """Without "Keep DNS": the new server pushes and lists, the old one lists no more; its delete comes late."""
    with asked(named=False, masters=2) as (n, first, second):
        zone = ZONES[5]
        second.zones = [zone]
        push(n, zone, serial=2, hostname=SECOND)
        first.zones = [name for name in ZONES if name != zone]
        for _ in range(2):
            run(n)
        late_delete(n, zone, FIRST)
        run(n)
        same((owner(n, zone), deletes(n)), (SECOND, 0), "owner and deletes")
        holds(n, ZONES)


def migrated_unseen():
    """The push of the new server was missed."""
    with asked(named=False, masters=2) as (n, first, second):
        zone = ZONES[5]
        second.zones = [zone]
        first.zones = [name for name in ZONES if name != zone]
        run(n)
        run(n)
        same(owner(n, zone), SECOND, "owner")
        late_delete(n, zone, FIRST)
        run(n)
        holds(n, ZONES)


def migrated_kept():
    """With "Keep DNS": the old server goes on listing. Then it lists no more, and the new one is the owner anyway."""
    with asked(named=False, masters=2) as (n, first, second):
        zone = ZONES[5]
        second.zones = [zone]
        push(n, zone, serial=2, hostname=SECOND)
        run(n)
        run(n)
        same(owner(n, zone), SECOND, "owner while both list it")
        late_delete(n, zone, FIRST)
        first.zones = [name for name in ZONES if name != zone]
        run(n)
        run(n)
        same((owner(n, zone), deletes(n)), (SECOND, 0), "owner and deletes")
        holds(n, ZONES)


def migrated_kept_unseen():
    """With "Keep DNS", and the push of the new server was missed: the owner still lists it, so it stays with the owner."""
    with asked(named=False, masters=2) as (n, _, second):
        second.zones = [ZONES[5]]
        run(n)
        run(n)
        same(owner(n, ZONES[5]), FIRST, "owner")
        holds(n, ZONES)


def backfilled():
    with asked(named=False, masters=2) as (n, first, second):
        for zone in ("first.test", "both.test", "none.test"):
            same(n.push(zone, zone_text(zone, 1), hostname=""), OK, "push without a hostname")
        first.zones = [*ZONES, "first.test", "both.test"]
        second.zones = ["both.test"]
        log = run(n)
        says(log, "first.test", "its owner was not known")
        says(log, "both.test", "2 masters list it")
        same([owner(n, zone) for zone in ("first.test", "both.test", "none.test")], [FIRST, None, None], "owners")
        run(n)
        run(n)
        holds(n, [*ZONES, "first.test", "both.test", "none.test"])
        # It is an owner like any other.
        first.zones = list(ZONES)
        run(n)
        run(n)
        holds(n, [*ZONES, "both.test", "none.test"])


def renamed():
    """The server calls itself otherwise now: that is told, nothing goes, and what it sends once is its own again."""
    with asked(named=False) as (n, master):
        n.settings["reconcile"]["masters"][0]["servername"] = SECOND
        n.write_config()
        same(n.delete(ZONES[0], hostname=SECOND), OK, "delete under the new name")
        master.zones = ZONES[1:]
        for _ in range(2):
            says(run(n), f"da1 lists {len(ZONES) - 1} zones of servers that are not asked, {ZONES[1]} of {FIRST} for one")
        holds(n, ZONES)
        push(n, *ZONES[1:], hostname=SECOND)
        silent(run(n), "not asked")
        same({owner(n, zone) for zone in ZONES[1:]}, {SECOND}, "owners")
        same(n.delete(ZONES[1], hostname=SECOND), OK, "delete")
        n.ctl_text("delete", ZONES[0])
        holds(n, ZONES[2:])


CASES = [
    ("masters that mirror each other keep their zones", mutual),
    ("a zone that only the mirror has moves to it, and is not deleted", mutual_lost),
    ("an account that is being restored stays with its server", restored_on_owner),
    ("migration without \"Keep DNS\": the zone is the new server's, and a late delete changes nothing", migrated),
    ("migration of which the push was missed: the zone moves, and a late delete changes nothing", migrated_unseen),
    ("migration with \"Keep DNS\": the zone is the new server's", migrated_kept),
    ("migration with \"Keep DNS\" of which the push was missed: the zone stays", migrated_kept_unseen),
    ("an owner that was not known is found out, if it is clear", backfilled),
    ("a server that gets another host name is told of, and keeps its zones", renamed),
]
