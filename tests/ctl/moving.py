# SPDX-License-Identifier: MIT
"""Zones that move: backups, exports, imports, and what directdnsonly leaves behind."""

import contextlib
import glob
import io
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import tarfile

import builds
from cases import same, wait_until
from ctl.fixture import live, push, record, rows
from dns import records
from node import Node
from push import HOSTNAME, zone_text

ZONES = [f"move{i:02}.example" for i in range(20)]
OLD_ZONES = 1000
MANY = 20000
DATA_MAX = 8 << 20


def owners(ctl):
    return {row["zone"]: (row["hostname"], row["username"], row["serial"]) for row in ctl.data("zones")}


def serves(ctl, zones):
    """BIND has these and no other of ours, as ddns holds them."""
    ctl.node.wait_delivered()
    same({zone for zone in ctl.node.nameserver.zones() if zone.endswith(".example")}, set(zones), "zones that BIND has")
    same(ctl.data("verify"), [], "what differs")


def backup():
    """On a running node; what came after it is gone when it is put back, and what it has is served."""
    with live(ZONES) as (ctl, _):
        file = ctl.node.path("copy.db")
        same(ctl.run("backup", file).out, f"{file}: written and checked.\n", "what it says")
        same(ctl.data("backup", ctl.node.path("other.db"))["outcome"], "written", "outcome")
        ctl.fails("backup", file, says="is there already")
        ctl.fails("backup", "-", says="needs the name of a file")
        before = owners(ctl)
        ctl.run("delete", ZONES[0])
        push(ctl.node, ZONES[1], serial=2)
        push(ctl.node, "later.example")
        ctl.node.wait_delivered()

        same(ctl.node.stop(), [], "exits")
        database = ctl.node.path("state", "ddns.db")
        shutil.copy(file, database)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(database + suffix)
        ctl.node.start()
        ctl.node.wake_retry()
        ctl.run("resync", "bind")
        ctl.node.wait_delivered()
        same(owners(ctl), before, "what is held")
        for zone in (ZONES[0], ZONES[1], ZONES[-1]):
            ctl.node.wait_served(zone, 1)
        # What was pushed since: the backup does not know it, so it is foreign now, and served on.
        same([(f["zone"], f["content"]) for f in ctl.data("verify", status=0) or ctl.data("verify")],
             [("later.example", "foreign")], "what verify finds")
        push(ctl.node, ZONES[2], serial=3)
        ctl.node.wait_served(ZONES[2], 3)


def interrupted():
    """Ends when its file has begun to be, in one try at least."""
    def left(ctl):
        return glob.glob(ctl.node.path("half*"))

    with live(ZONES) as (ctl, _):
        push(ctl.node, "large.example", records=[f"h{i} IN TXT {'x' * 200}" for i in range(8000)])
        for verb in ("export", "backup"):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                for _ in range(50):
                    command, environment = ctl.node.ctl_command(verb, ctl.node.path("half"))
                    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as process:
                        wait_until(lambda: left(ctl), 20, "its file", 0.0001)
                        process.send_signal(number)
                    if process.returncode == -number:
                        break
                    os.unlink(ctl.node.path("half"))
                same((process.returncode, left(ctl)), (-number, []), f"{verb}, {number}")


def export_and_import():
    """From a node to another, through a pipe: both have the same, and tell others of their zones."""
    with live(ZONES) as (old, _), live() as (new, _):
        push(old.node, ZONES[3], serial=5, username="joe")
        old.run("delete", ZONES[4])
        file = old.node.path("zones.tar")
        said = old.data("export", file)
        same((said["outcome"], said["zones"], os.stat(file).st_mode & 0o777), ("written", len(ZONES) - 1, 0o600), "export")
        same(old.run("export", file).out, f"{file}: {len(ZONES) - 1} zones written.\n", "a second time, in its place")

        # Any tar reads it, and each text is what BIND serves.
        with tarfile.open(file) as tar:
            names = tar.getnames()
            lines = [json.loads(line) for line in tar.extractfile("manifest.jsonl")]
            text = tar.extractfile(f"zones/{ZONES[3]}.zone").read().decode()
        same(names, ["manifest.jsonl", *(f"zones/{zone}.zone" for zone in sorted(set(ZONES) - {ZONES[4]}))], "names")
        same(records(ZONES[3], text), old.node.axfr(ZONES[3]), "content")
        (line,) = [line for line in lines if line.get("zone") == ZONES[3]]
        same((line["hostname"], line["username"], line["master"], line["serial"]), (HOSTNAME, "joe", "da1", 5), "owner")
        same(subprocess.run(["tar", "tf", file], capture_output=True, text=True, check=True).stdout.splitlines(), names, "tar")

        old_command, old_environment = old.node.ctl_command("export")
        new_command, new_environment = new.node.ctl_command("import", "-", "--json")
        with subprocess.Popen(old_command, stdout=subprocess.PIPE, env=old_environment) as writer:
            done = subprocess.run(new_command, stdin=writer.stdout, capture_output=True, env=new_environment, timeout=60, check=True)
        same(json.loads(done.stdout)["added"], len(ZONES) - 1, "added")
        same(owners(new), owners(old), "zones and owners")
        serves(new, set(ZONES) - {ZONES[4]})
        same(new.node.axfr(ZONES[3]), old.node.axfr(ZONES[3]), "content that the other one serves")

        decide(old, new, file)


def decide(old, new, file):
    """What is here already."""
    push(new.node, ZONES[5], serial=9)  # newer here
    push(new.node, ZONES[6], serial=1, records=("www 60 IN A 192.0.2.9",))
    push(old.node, ZONES[6], serial=2)  # newer there
    push(old.node, ZONES[7], serial=0)  # later there, with a lower serial
    new.run("delete", ZONES[8])
    old.run("export", file)
    dry = new.data("import", "--dry-run", file)
    want = {ZONES[5]: "kept", ZONES[6]: "replaced", ZONES[7]: "kept", ZONES[8]: "deleted"}
    same({z["zone"]: z["outcome"] for z in dry["zones"] if z["outcome"] != "same"}, want, "a dry run")
    same((new.node.nameserver.serial(ZONES[6]), len(new.data("zones"))), (1, len(ZONES) - 2), "nothing is stored")
    shown = new.run("import", file).out
    same({r["ZONE"]: r["OUTCOME"] for r in rows(shown, "OUTCOME")}, {z: o for z, o in want.items() if o != "replaced"}, "table")
    same({k: record(shown)[k] for k in ("Zones", "Added", "Replaced", "Kept", "Deleted here")},
         {"Zones": "19", "Added": "0", "Replaced": "1", "Kept": "2", "Deleted here": "1"}, "sum")
    new.node.wait_served(ZONES[6], 2)
    same(new.node.nameserver.serial(ZONES[5]), 9, "what is newer here")
    new.node.wait_served(ZONES[8], None)
    forced = new.data("import", "--force", "--undelete", file)
    same((forced["replaced"], forced["added"], forced["kept"], forced["deleted"]), (2, 1, 0, 0), "forced")
    serves(new, set(ZONES) - {ZONES[4]})
    same(owners(new), owners(old), "zones and owners")


def make_tar(path, *entries):
    with tarfile.open(path, "w") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                tar.addfile(info)


def hostile():
    """An archive that is not sound changes nothing, though its first zones are."""
    head = b'{"format":"ddns-export","version":1,"zones":2}\n{"zone":"a.example"}\n{"zone":"b.example"}\n'
    good = [("manifest.jsonl", head), ("zones/a.example.zone", zone_text("a.example", 1).encode()),
            ("zones/b.example.zone", zone_text("b.example", 1).encode())]
    cases = (
        ((*good, ("/etc/cron.d/x", b"x")), "that is absolute"),
        ((*good, ("zones/../../x", b"x")), 'that has ".." in it'),
        ((*good, ("zones/c.example.zone", b"x")), "which is not in manifest.jsonl"),
        ((*good, ("zones/link", (tarfile.SYMTYPE, "/etc/shadow"))), "has a link"),
        ((*good, ("zones/link", (tarfile.LNKTYPE, "zones/a.example.zone"))), "has a link"),
        ((*good, ("zones/pipe", (tarfile.FIFOTYPE, ""))), "has a FIFO"),
        ((*good, good[1]), "twice"),
        (good[:2], "lacks zones/b.example.zone"),
        (good[1:], "its first file is not manifest.jsonl"),
        ((("manifest.jsonl", head.replace(b"a.example", b"../../a")), *good[1:]), "no zone name"),
    )
    with live(named=False) as (ctl, _):
        push(ctl.node, "here.example")
        file = ctl.node.path("hostile.tar")
        for entries, says in cases:
            make_tar(file, *entries)
            ctl.fails("import", file, "--force", "--undelete", says=says)
        make_tar(file, *good)
        size = os.path.getsize(file)
        for cut in (600, 2000, 3000):
            os.truncate(file, cut)
            ctl.fails("import", file, says="is cut off at byte")
            make_tar(file, *good)
        same(os.path.getsize(file), size, "size")
        same([row["zone"] for row in ctl.data("zones")], ["here.example"], "zones")
        # A zone that is refused holds up no other, and says why as a push does.
        bad = b"@ IN A 192.0.2.1\n"
        make_tar(file, good[0], (good[1][0], bad), good[2])
        done = ctl.run("import", file, status=1)
        told = ctl.run("check-zone", "a.example", "-", stdin=bad.decode(), status=1)
        same(done.out.split("a.example: ")[1].split("\n")[0] in told.err + told.out, True, "the reason")
        same([row["zone"] for row in ctl.data("zones")], ["b.example", "here.example"], "zones")


def make_directdnsonly(path):
    """As the predecessor left it; gives what is right in it: zone to (hostname, username, serial)."""
    expected = {}
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE domains (id INTEGER PRIMARY KEY, domain VARCHAR(255), hostname VARCHAR(255), username VARCHAR(255),"
                   " zone_data TEXT, zone_updated_at DATETIME)")

        def add(domain, data, host=HOSTNAME, user="joe", at="2026-05-06 07:08:09.123456"):
            db.execute("INSERT INTO domains (domain, hostname, username, zone_data, zone_updated_at) VALUES (?, ?, ?, ?, ?)",
                       (domain, host, user, data, at))
        for i in range(OLD_ZONES):
            zone, host, user = f"old{i:04}.example", f"server{i % 3}.example.com", f"user{i % 50}"
            add(zone, zone_text(zone, 2026050600 + i), host, user)
            expected[zone] = (host, user, 2026050600 + i)
        add("Upper.Example.", zone_text("upper.example", 4))
        expected["upper.example"] = (HOSTNAME, "joe", 4)
        add("nobody.example", zone_text("nobody.example", 5), None, None, None)
        expected["nobody.example"] = (None, None, 5)
        add("null.example", None)
        add("empty.example", "")
        add("broken.example", "nonsense\n")
        add("nons.example", "@ 300 IN SOA a. b. 1 2 3 4 5\n")
        add("../etc/passwd", zone_text("x.example", 1))
        add("old0001.example", zone_text("old0001.example", 1), at="2025-05-06 07:08:09")
    return expected


def directdnsonly():
    """1,000 zones, and what is not right among them; the node is then as the other one was."""
    with live(named_options="", queue={"batch": 500}) as (ctl, _):
        file = ctl.node.path("directdns.db")
        expected = make_directdnsonly(file)
        with open(file, "rb") as f:
            bytes_before = f.read()
        dry = ctl.data("import", "--dry-run", file, status=1)
        same((dry["format"], dry["read"], dry["added"], dry["refused"]), ("directdnsonly", len(expected) + 6, len(expected), 6), "dry run")
        same(ctl.data("zones"), [], "zones after a dry run")

        shown = ctl.run("import", file, status=1).out
        same((record(shown)["Added"], record(shown)["Refused"]), (str(len(expected)), "6"), "sum")
        for line in ("null.example: it has no zone_data", "empty.example: it has no zone_data", "broken.example: line 1",
                     "nons.example: ", "../etc/passwd: ", "old0001.example: it is there twice"):
            same(line in shown, True, f"{line!r} in {shown!r}")
        same(owners(ctl), expected, "zones and owners")
        serves(ctl, expected)
        for zone in ("old0000.example", "old0001.example", "old0999.example", "upper.example"):
            same(ctl.node.nameserver.serial(zone), expected[zone][2], f"serial of {zone}")
        same(ctl.node.axfr("old0500.example"), records("old0500.example", zone_text("old0500.example", 2026050600 + 500)), "content")
        same(sorted(os.path.basename(p) for p in os.listdir(ctl.node.directory) if p.startswith("directdns.db")), ["directdns.db"],
             "files beside it")
        with open(file, "rb") as f:
            same(f.read() == bytes_before, True, "the database is as it was")
        again = ctl.data("import", file, status=1)
        same((again["same"], again["added"]), (len(expected), 0), "again")

        # Its owner may delete a zone, another one not, as it was there.
        ctl.node.delete("old0000.example", hostname="server1.example.com")
        same(ctl.data("show", "old0000.example")["deleted"], False, "a delete by another server")
        ctl.node.delete("old0000.example", hostname="server0.example.com")
        ctl.node.wait_served("old0000.example", None)


def other_databases():
    with live(named=False) as (ctl, _):
        file = ctl.node.path("other.db")
        with contextlib.closing(sqlite3.connect(file)) as db, db:
            db.execute("CREATE TABLE something (x)")
        ctl.fails("import", file, says="no such table: domains")
        with contextlib.closing(sqlite3.connect(file)) as db, db:
            db.execute("CREATE VIEW domains AS SELECT 1 AS domain")
        ctl.fails("import", file, says="database: ")
        with open(file, "r+b") as f:
            f.seek(100)
            f.write(b"\xff" * 4000)
        ctl.fails("import", file, says="database: ")
        ctl.fails("import", ctl.node.path("nothing"), says="No such file")
        ctl.fails("import", ctl.node.directory, says="is a directory")
        ctl.fails("import", "-", stdin="hello", says="is neither a tar archive nor a database")
        fifo = ctl.node.path("fifo")
        os.mkfifo(fifo)
        with contextlib.closing(sqlite3.connect(ctl.node.path("whole.db"))) as db, db:
            db.execute("CREATE TABLE domains (domain)")
        with subprocess.Popen(["dd", "status=none", "if=" + ctl.node.path("whole.db"), "of=" + fifo]):
            ctl.fails("import", fifo, says="not read from a pipe")
        # While its owner writes in WAL mode: what is committed counts.
        file = ctl.node.path("live.db")
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE domains (domain, hostname, username, zone_data, zone_updated_at)")
            db.execute("INSERT INTO domains VALUES (?, ?, ?, ?, NULL)", ("wal.example", HOSTNAME, "joe", zone_text("wal.example", 1)))
            db.commit()
            db.execute("INSERT INTO domains VALUES (?, ?, ?, ?, NULL)", ("open.example", HOSTNAME, "joe", zone_text("open.example", 1)))
            same(ctl.data("import", file)["added"], 1, "added")
        same([row["zone"] for row in ctl.data("zones")], ["wal.example"], "zones")


def many_as_json():
    """Within a limit that a quarter of them would exceed if they were kept. A backend that is away has them all in its queue."""
    names = [f"many{i:05}.example" for i in range(MANY)]
    gone = {"name": "gone", "type": "zone-files", "zone-dir": "/nonexistent"}
    with Node(builds.PLAIN, named=False, backends=[gone]) as n:
        n.exists("the.database")
        manifest = "".join(json.dumps({"zone": name}) + "\n" for name in names)
        head = json.dumps({"format": "ddns-export", "version": 1, "zones": MANY})
        make_tar(n.path("many.tar"), ("manifest.jsonl", f"{head}\n{manifest}".encode()),
                 *((f"zones/{name}.zone", zone_text(name, 1).encode()) for name in names))
        n.ctl_text("import", n.path("many.tar"))
        wait_until(lambda: n.ctl("backends")[0]["state"] == "down", 60, "the backend was met")
        for verb in ("zones", "queue"):
            command, environment = n.ctl_command("--json", verb)
            text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60, env=environment,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (DATA_MAX, DATA_MAX))).stdout
            same([row["zone"] for row in json.loads(text)], names, f"zones in {verb}")
            same(text, json.dumps(json.loads(text), indent=2) + "\n", "its form")
        same(n.ctl_text("--json", "zones", "none*"), "[]\n", "none of them")


CASES = (
    ("lists of many zones as JSON take no memory", many_as_json),
    ("a backup that is put back is served, and the node goes on", backup),
    ("an export or backup that is interrupted leaves no file", interrupted),
    ("an export makes another node serve the same, and newer zones of it are kept", export_and_import),
    ("an archive that is not sound changes nothing", hostile),
    ("a database of directdnsonly with 1,000 zones is taken over, with owners, and served", directdnsonly),
    ("other databases are refused, and one that is in use is read", other_databases),
)
