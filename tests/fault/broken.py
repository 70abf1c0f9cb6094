# SPDX-License-Identifier: MIT
"""Files that are damaged, in the wrong hands or on a file system that can not be written: each program says what is wrong and
what mends it, no push is acknowledged that nobody keeps, what is served stays, and all goes on by itself when it is mended."""

import concurrent.futures
import contextlib
import glob
import os
import shutil
import signal
import subprocess
import tempfile

import builds
from cases import same, wait_until
from fault.fixture import OK, check_all, database_of, disk, node, push, query, served, wait_log
from push import zone_text

NOBODY = 65534
RECEIVER, RETRY = "ddns-receiver", "ddns-retry"
TMPFILES = "systemd-tmpfiles --create"
BACKUP = "ddns(7) says under HOW TO"


def give(path, user, mode=None):
    os.chown(path, user, 0)  # named, which reads zone files by its group, is root's without its powers
    if mode is not None:
        os.chmod(path, mode)


@contextlib.contextmanager
def unprivileged(**options):
    """A node whose programs are not root's, with one zone that is served."""
    with node(**options) as n:
        for program in (n.receiver, n.retry):
            program.before = ["setpriv", f"--reuid={NOBODY}", "--regid=0", "--clear-groups"]
        stop(n)
        paths = [os.path.dirname(database_of(n)), *glob.glob(database_of(n) + "*"), n.path("zones"), n.path("rndc.key"),
                 n.path("wake"), n.path("credentials"), *glob.glob(n.path("credentials", "*"))]
        for path in paths:
            give(path, NOBODY)
        push(n, "a.test", "b.test")
        n.wait_delivered()
        yield n


def stop(n, number=signal.SIGTERM):
    """Both programs; the next push starts them."""
    for program in (n.receiver, n.retry):
        pid = program.pid
        if program.signal(number):
            wait_until(lambda program=program, pid=pid: program.pid != pid, 30, "a program ends")
    wait_until(lambda: n.receiver.pid is None, 30, "the receiver has ended")


def check_unkept(n, mend, *words):
    """A push is not acknowledged while it can not be kept; the words are said; then it is mended, and all is well."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    waiting = pool.submit(n.push, "a.test", zone_text("a.test", 2))
    for word in words:
        wait_log(n, RECEIVER, word)
    same(waiting.done() and waiting.result() == OK, False, "whether it is acknowledged")
    served(n, "a.test", 1)
    mend()
    if waiting.result(60) != OK:
        same(waiting.result()[0], 503, "status of the answer")
        wait_until(lambda: n.push("a.test", zone_text("a.test", 2)) == OK, 20, "a push that is taken")
    pool.shutdown()
    n.wait_served("a.test", 2)
    check_all(n, "a.test", "b.test")


def damaged(damage, *words):
    def check():
        with unprivileged() as n:
            path = database_of(n)
            stop(n)
            n.retry.close()  # the timer would find it first
            shutil.copy2(path, path + ".backup")

            def mend():
                for name in glob.glob(path + "-*"):
                    if not name.endswith("lock"):
                        os.unlink(name)
                if os.path.isdir(path):
                    os.rmdir(path)
                shutil.copy(path + ".backup", path + ".new")
                give(path + ".new", NOBODY)
                os.rename(path + ".new", path)
                revive(n)
            damage(path)
            check_unkept(n, mend, *words)
    return check


def revive(n):
    """ddns-retry is there again, as its socket and timer bring it."""
    n.retry = n.activate_retry()
    n.retry.before = n.receiver.before
    give(n.path("wake"), NOBODY)


def overwrite(at, data):
    def damage(path):
        with open(path, "r+b") as f:
            f.seek(at)
            f.write(data)
    return damage


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2)


def garble_pages(path):
    """All but the first, which has the schema: it opens, and is found out in use."""
    with open(path, "r+b") as f:
        f.seek(4096)
        f.write(os.urandom(os.path.getsize(path) - 4096))


def make_directory(path):
    os.unlink(path)
    os.mkdir(path)


def emptied():
    """As good as a new one: what is served stays, and is not deleted by anybody."""
    with unprivileged() as n:
        stop(n)
        for name in glob.glob(database_of(n) + "-*"):
            os.unlink(name)
        os.truncate(database_of(n), 0)
        push(n, "a.test", serial=2)
        n.wait_served("a.test", 2)
        served(n, "b.test", 1)
        same(query(n, "SELECT count(*) FROM version WHERE deleted"), [(0,)], "deletes")
        push(n, "b.test", serial=1)
        check_all(n, "a.test", "b.test")


def owned(which, mode, *words, killed=False):
    """`which`: what of the database is root's."""
    def check():
        with unprivileged(killed=killed) as n:
            stop(n, signal.SIGKILL if killed else signal.SIGTERM)
            n.retry.close()
            path = which(n)
            before = os.stat(path)
            give(path, 0, mode)

            def mend():
                give(path, before.st_uid, before.st_mode & 0o7777)
                revive(n)
            check_unkept(n, mend, *words)
    return check


def read_only():
    with disk("16m") as state, unprivileged(state=state) as n:
        stop(n)
        n.retry.close()
        subprocess.run(["mount", "-o", "remount,ro", state], check=True, timeout=30)

        def mend():
            subprocess.run(["mount", "-o", "remount,rw", state], check=True, timeout=30)
            revive(n)
        check_unkept(n, mend, "Read-only file system; its file system has to be mounted for writing")


def zones_read_only():
    """As a zone-dir is that no unit names."""
    with disk("16m") as zones, node(zones=zones) as n:
        push(n, "a.test")
        n.wait_delivered()
        subprocess.run(["mount", "-o", "remount,ro", zones], check=True, timeout=30)
        push(n, "a.test", serial=2)
        wait_log(n, "ddns-retry", "Read-only file system; it has to be mounted for writing, and ReadWritePaths=")
        subprocess.run(["mount", "-o", "remount,rw", zones], check=True, timeout=30)
        n.wait_served("a.test", 2)


def undelivered(which, mode, *words):
    """What ddns-retry needs is root's: pushes are taken, and delivered when it is mended."""
    def check():
        with unprivileged() as n:
            n.end_retry()
            path = which(n)
            before = os.stat(path)
            give(path, 0, mode)
            push(n, "a.test", serial=2)
            for word in words:
                wait_log(n, RETRY, word)
            served(n, "a.test", 1)
            give(path, before.st_uid, before.st_mode & 0o7777)
            n.wait_served("a.test", 2)
            check_all(n, "a.test", "b.test")
    return check


def unwoken():
    with unprivileged(timer=2.0) as n:
        n.end_retry()
        give(n.path("wake"), 0, 0o600)
        push(n, "a.test", serial=2)
        wait_log(n, RECEIVER, "ddns-retry can not be woken")
        wait_log(n, RECEIVER, "systemctl restart ddns-retry.socket")
        n.wait_served("a.test", 2)
        push(n, "a.test", serial=3)
        same(n.log(RECEIVER).count("can not be woken"), 1, "how often it is said")
        give(n.path("wake"), NOBODY, 0o660)
        push(n, "a.test", serial=4)
        check_all(n, "a.test", "b.test")


def no_login():
    with unprivileged() as n:
        stop(n)
        path = n.path("credentials", "da1.hash")
        give(path, 0, 0o600)
        check_unkept(n, lambda: give(path, NOBODY), "Permission denied", "ddnsctl passwd >")


def mended_by_tmpfiles():
    """The remedy that is named for owners and modes, with what the package has for it."""
    with tempfile.TemporaryDirectory(prefix="ddns-tmpfiles-") as root:
        os.makedirs(os.path.join(root, "etc"))
        for name, text in (("passwd", "root:x:0:0::/:/bin/sh\nddns:x:901:901::/:/bin/false\n"),
                           ("group", "root:x:0:\nddns:x:901:\nbind:x:902:\n")):
            with open(os.path.join(root, "etc", name), "w", encoding="utf-8") as f:
                f.write(text)
        state = os.path.join(root, "var/lib/ddns")
        os.makedirs(state, 0o700)
        for suffix in ("", "-wal", "-shm", ".retry-lock"):
            with open(os.path.join(state, "ddns.db" + suffix), "w", encoding="utf-8"):
                os.chmod(os.path.join(state, "ddns.db" + suffix), 0o600)
        subprocess.run(["systemd-tmpfiles", "--create", f"--root={root}", os.path.join(builds.PLAIN, "units", "ddns.tmpfiles")],
                       check=True, timeout=30)
        wrong = {name: (oct(st.st_mode), st.st_gid) for name in os.listdir(state)
                 for st in [os.stat(os.path.join(state, name))] if (st.st_mode & 0o7777, st.st_gid) != (0o660, 901)}
        same(wrong, {}, "files that the programs can not write")
        st = os.stat(state)
        same((oct(st.st_mode & 0o7777), st.st_gid), ("0o2770", 901), "the directory")


CASES = [
    ("the header of the database is garbage", damaged(overwrite(0, b"garbage" * 14), BACKUP)),
    ("pages in the middle of the database are garbage", damaged(garble_pages, BACKUP)),
    ("the database is cut in half", damaged(cut, BACKUP)),
    ("the database is another program's file", damaged(overwrite(0, b"\x7fELF" + bytes(4096)), BACKUP)),
    ("a directory is in the place of the database", damaged(make_directory, "Is a directory; move it away")),
    ("the database is empty", emptied),
    ("the database is root's", owned(database_of, 0o600, "ddns.db: Permission denied", TMPFILES)),
    ("the database can only be read", owned(database_of, 0o644, "ddns.db: Permission denied", TMPFILES)),
    ("the log of the database is root's", owned(lambda n: database_of(n) + "-wal", 0o600, "ddns.db-wal: Permission denied",
                                                TMPFILES, killed=True)),
    ("the log of the database can only be read", owned(lambda n: database_of(n) + "-wal", 0o644, "ddns.db-wal: Permission denied",
                                                       TMPFILES, killed=True)),
    ("the index of the log is root's", owned(lambda n: database_of(n) + "-shm", 0o600, "ddns.db-shm: Permission denied", TMPFILES,
                                             killed=True)),
    ("the state directory is root's", owned(lambda n: n.path("state"), 0o700, "state", "Permission denied", TMPFILES)),
    ("the state directory can only be read", owned(lambda n: n.path("state"), 0o755, "state: Permission denied", TMPFILES)),
    ("the file system of the database is read-only", read_only),
    ("the file system of the zone files is read-only", zones_read_only),
    ("the zone directory is root's", undelivered(lambda n: n.path("zones"), 0o700, "zone directory", "Permission denied",
                                                 TMPFILES)),
    ("the zone directory can only be read", undelivered(lambda n: n.path("zones"), 0o755, "Permission denied", TMPFILES)),
    ("the key of the control channel is root's", undelivered(lambda n: n.path("rndc.key"), 0o600, "rndc.key: Permission denied",
                                                             "chmod g+r")),
    ("the wake-up socket is root's", unwoken),
    ("the password file is root's", no_login),
    ("systemd-tmpfiles puts owners and modes right", mended_by_tmpfiles),
]


def run(cases, options):
    for name, check in CASES:
        if options.wanted(name):
            with cases.case(name):
                check()
