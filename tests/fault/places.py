# SPDX-License-Identifier: MIT
"""Where zones lie is replaced, not mounted, lost, or another by configuration: what was served is served on, what is accepted
meanwhile comes, and "written" is never said of a directory that nobody reads."""

import json
import os

import network
from cases import same, wait_until
from fault.fixture import check_all, node, push, query, served, wait_log

ZONES = [f"z{i}.test" for i in range(5)]
REFUSED = 5
# It never ends by itself while a case goes on: what it has open stays open.
BUSY = {"linger": "1min", "backoff": "200ms 500ms" + " 1s" * 14}


def loaded(**options):
    """A node that serves ZONES, on which ddns-retry runs on."""
    return node(queue=BUSY, **options)


def load(n):
    push(n, *ZONES)
    n.wait_delivered()
    same(n.retry.starts, 1, "starts of ddns-retry")


def file_of(n, zone, directory="zones"):
    return n.path(directory, f"{zone}.db")


def restart_named(n):
    n.stop_named()
    n.start_named()


def gone(n, *zones):
    """named does not have them; of what it only can't load it says SERVFAIL."""
    for zone in zones:
        same(n.nameserver.soa(zone).rcode, REFUSED, f"rcode of {zone}")


def replace_zones(n):
    """Another directory is where the former was, which is elsewhere now."""
    os.rename(n.path("zones"), n.path("former"))
    os.mkdir(n.path("zones"))


def is_written(n, zone):
    with open(file_of(n, zone), encoding="utf-8") as f:
        same(f.read(), n.cat(zone), f"file of {zone}")


def replaced_files():
    """Nobody tells ddns-retry, and nothing fails."""
    with node(named=False, queue=BUSY) as n:
        n.settings["backends"] = [{"name": "files", "type": "zone-files", "zone-dir": n.path("zones")}]
        n.write_config()
        n.restart_retry()
        push(n, "a.test")
        n.wait_delivered()
        starts = n.retry.starts
        replace_zones(n)
        push(n, "a.test", serial=2)
        n.wait_delivered()
        is_written(n, "a.test")
        same(n.retry.starts, starts, "starts of ddns-retry")


def replaced():
    with loaded() as n:
        load(n)
        replace_zones(n)
        push(n, ZONES[0], serial=2)
        push(n, "new.test")
        check_all(n, *ZONES, "new.test")
        for zone in (ZONES[0], "new.test"):
            is_written(n, zone)
        same((n.retry.starts, "failed" in n.log("ddns-retry")), (1, False), "starts of ddns-retry, and failures")


def not_mounted(n):
    """As after `umount`: what is below is empty."""
    network.mount_tmpfs(n.path("zones"), "4m")
    os.chmod(n.path("zones"), 0o755)


def unmounted():
    """Files are made anew where the path leads; when the disk is back its old ones are not taken for right."""
    with loaded() as n:
        load(n)
        not_mounted(n)
        push(n, ZONES[0], serial=2)
        push(n, "new.test")
        same(n.delete(ZONES[1]), (200, "error=0"), "delete")
        check_all(n, ZONES[0], *ZONES[2:], "new.test")
        network.unmount(n.path("zones"))
        same(n.reconcile().status, 0, "exit status of a pass")
        n.wait_compared()
        n.wait_delivered()
        restart_named(n)
        check_all(n, ZONES[0], *ZONES[2:], "new.test")
        served(n, ZONES[0], 2)


def include_finding(n):
    findings = json.loads(n.ctl_text("--json", "check-backend", "bind", check=False))["findings"]
    return next(f["finding"] for f in findings if "include file" in f["text"])


def unmounted_include():
    """With a new include file named would drop all zones but those of the next push."""
    for running in (True, False):
        with loaded(registration="include") as n:
            load(n)
            if not running:
                n.end_retry()
            not_mounted(n)
            push(n, ZONES[0], serial=2)
            push(n, "new.test")
            wait_log(n, "ddns-retry", "is a file system not mounted?")
            wait_until(lambda: n.ctl("backends")[0]["state"] == "down", 20, "the backend is known to be down")
            same(n.nameserver.zones(), set(ZONES), "zones that are served")
            same(os.listdir(n.path("zones")), [], "files below the mount")
            same(include_finding(n), "bad", "what check-backend says of the include file")
            network.unmount(n.path("zones"))
            check_all(n, *ZONES, "new.test")
            same(include_finding(n), "good", "what check-backend says of the include file")
            served(n, ZONES[0], 2)


def begun_anew():
    """The disk is lost for good, and named runs on: what the message says helps."""
    with loaded(registration="include") as n:
        load(n)
        replace_zones(n)
        push(n, "new.test")
        wait_log(n, "ddns-retry", f"To begin anew: touch {n.path('zones', 'ddns.zones.conf')}, then ddnsctl resync bind")
        with open(n.path("zones", "ddns.zones.conf"), "w", encoding="utf-8"):
            pass
        n.ctl_text("resync", "bind")
        check_all(n, *ZONES, "new.test")
        for zone in (*ZONES, "new.test"):
            is_written(n, zone)


def change(n, key, value):
    """A setting of the backend, for which it starts from cursor 0."""
    told = "bind delivers to another place now"
    before = n.log("ddns-retry").count(told)
    n.settings["backends"][0][key] = value
    n.write_config()
    n.restart_retry()
    wait_until(lambda: n.log("ddns-retry").count(told) > before, 20, "the backend starts anew")


def moved_after_loss():
    """The disk is lost, named was started without it, and zone-dir is another directory from then on."""
    with loaded() as n:
        load(n)
        n.end_retry()
        n.stop_named()
        os.rename(n.path("zones"), n.path("lost"))
        n.start_named()
        os.mkdir(n.path("elsewhere"))
        change(n, "zone-dir", n.path("elsewhere"))
        push(n, ZONES[0], serial=2)
        same(n.delete(ZONES[1]), (200, "error=0"), "delete")
        check_all(n, ZONES[0], *ZONES[2:])
        same(sorted(name for name in os.listdir(n.path("elsewhere")) if name.endswith(".db")),
             sorted(f"{zone}.db" for zone in (ZONES[0], *ZONES[2:])), "files")
        restart_named(n)
        check_all(n, ZONES[0], *ZONES[2:])


def deleted_unloaded():
    with loaded() as n:
        load(n)
        n.end_retry()
        n.stop_named()
        with open(file_of(n, ZONES[0]), "w", encoding="utf-8") as f:
            f.write("garbage\n")
        os.unlink(file_of(n, ZONES[1]))
        same(n.delete(*ZONES[:2]), (200, "error=0"), "delete")
        n.start_named()
        check_all(n, *ZONES[2:])
        restart_named(n)
        gone(n, *ZONES[:2])


def tried(n, change_wanted):
    """The delivery of that change, once it was tried."""
    return wait_until(lambda: next((row for row in n.ctl("queue") if row["change"] == change_wanted and row["tries"] > 0), None), 20,
                      f"the {change_wanted} is tried")


def own_unloaded():
    """What named's own configuration has and can't load is left to it."""
    with loaded(named_more='zone "own.test" { type primary; file "own.test.db"; };') as n:
        push(n, "own.test")
        tried(n, "save")
        same(n.delete("own.test"), (200, "error=0"), "delete")
        row = tried(n, "delete")
        same(row["last_error"], "named's own configuration has the zone, with the file own.test.db", "error")
        same(n.nameserver.zones(), {"own.test"}, "zones that named has")


def configure(n, registration, allow_new_zones):
    """named.conf for that, and named started anew."""
    with open(n.path("named.conf"), encoding="utf-8") as f:
        text = f.read()
    line = f'include "{n.path("zones", "ddns.zones.conf")}";\n'
    text = text.replace(line, "") + (line if registration == "include" else "")
    for word in ("yes", "no"):
        text = text.replace(f"allow-new-zones {word};", f"allow-new-zones {allow_new_zones};")
    with open(n.path("named.conf"), "w", encoding="utf-8") as f:
        f.write(text)
    restart_named(n)


def to_include():
    """named still takes zones by addzone, and has all of them so: that is said, and named is not asked for what it can't do."""
    with loaded() as n:
        load(n)
        with open(n.path("zones", "ddns.zones.conf"), "w", encoding="utf-8"):
            pass
        configure(n, "include", "yes")
        change(n, "registration", "include")
        wait_log(n, "ddns-retry", "named has the zone from addzone: for registration: include set 'allow-new-zones no;'")
        push(n, ZONES[0], serial=2)
        wait_until(lambda: query(n, "SELECT count(*) FROM retry WHERE tries > 1") == [(len(ZONES),)], 20, "second tries")
        same((n.nameserver.zones(), n.nameserver.serial(ZONES[0])), (set(ZONES), 1), "what is served")
        same("reloading configuration failed" in n.log("named"), False, "whether named was asked")
        configure(n, "include", "no")
        check_all(n, *ZONES)
        served(n, ZONES[0], 2)
        same(n.delete(ZONES[1]), (200, "error=0"), "delete")
        check_all(n, ZONES[0], *ZONES[2:])


def to_addzone():
    """And back: what was deleted while the include file had it does not come back from what addzone left behind."""
    with loaded() as n:
        load(n)
        with open(n.path("zones", "ddns.zones.conf"), "w", encoding="utf-8"):
            pass
        for registration, allow_new_zones in (("include", "no"), ("addzone", "yes")):
            configure(n, registration, allow_new_zones)
            change(n, "registration", registration)
            if registration == "include":
                same(n.delete(ZONES[0]), (200, "error=0"), "delete")
                push(n, "new.test")
            check_all(n, *ZONES[1:], "new.test")
        restart_named(n)
        check_all(n, *ZONES[1:], "new.test")
        gone(n, ZONES[0])


CASES = [
    ("the directory of a backend of files is replaced while ddns-retry runs", replaced_files),
    ("BIND's zone directory is replaced while ddns-retry runs", replaced),
    ("BIND's zone directory is not mounted, and is again", unmounted),
    ("the zone directory with the include file is not mounted, and is again", unmounted_include),
    ("the zone directory with the include file is lost, and begun anew", begun_anew),
    ("the zone directory is lost, and another one configured", moved_after_loss),
    ("a zone that named could not load is deleted", deleted_unloaded),
    ("a zone of named's own configuration that it could not load is left to it", own_unloaded),
    ("registration by addzone becomes one by include file", to_include),
    ("registration by addzone becomes one by include file, and back", to_addzone),
]


def run(cases, options):
    for name, check in CASES:
        if options.wanted(name):
            with cases.case(name):
                check()
