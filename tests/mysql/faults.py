# SPDX-License-Identifier: MIT
"""Suite mysql: what a database can answer instead of doing what it is told. Nothing is lost, nothing doubled, and the
text says what is wrong."""

import os
import signal
import time

import coredns
import mariadb
import network
from cases import same, wait_until
from cutter import AFTER, BEFORE, Cutter
from mysql.fixture import (Reader, backend, check_both, check_error, delivery, make_good, node, push, run_cases, stored,
                           stored_texts, text_records, wait_all_but, wait_down, wait_stored)

NEW_PASSWORD = "another one"


# ---- of the database as a whole

def set_password(server, password):
    server.sql(f"ALTER USER {mariadb.USERNAME}@'%' IDENTIFIED BY {server.literal(password)}")


def rename(server, old, new):
    server.sql(f"RENAME TABLE {old} TO {new}", coredns.DATABASE)


def read_only(server):
    server.set(read_only=1)


def grant(server, verb, word):
    server.sql(f"{verb} INSERT ON {coredns.DATABASE}.* {word} {mariadb.USERNAME}@'%'")


def rename_database(server, old, new):
    server.sql(f"CREATE DATABASE {new}; GRANT SELECT, INSERT, UPDATE, DELETE ON {new}.* TO {mariadb.USERNAME}@'%';"
               f"RENAME TABLE {old}.records TO {new}.records, {old}.zones TO {new}.zones; DROP DATABASE {old}")


def set_engine(server, engine):
    change = "ALTER TABLE records MODIFY hostname VARCHAR(100) NOT NULL;"  # MyISAM has short indexes only
    if engine == "MyISAM":
        change += "ALTER TABLE records DROP FOREIGN KEY records_zone;"
    server.sql(f"{change} ALTER TABLE zones ENGINE = {engine}; ALTER TABLE records ENGINE = {engine}", coredns.DATABASE)


# What is wrong, how it comes about, how it ends, and what must be said of it.
TROUBLES = [
    ("read-only server", read_only, lambda s: s.set(read_only=0), ["read-only"]),
    ("another password", lambda s: set_password(s, NEW_PASSWORD), lambda s: set_password(s, mariadb.PASSWORD),
     ["access denied", mariadb.USERNAME]),
    ("missing table", lambda s: rename(s, "records", "elsewhere"), lambda s: rename(s, "elsewhere", "records"), ["records"]),
    ("missing column", lambda s: s.sql("ALTER TABLE records CHANGE online offline INT NOT NULL DEFAULT 0", coredns.DATABASE),
     lambda s: s.sql("ALTER TABLE records CHANGE offline online INT NOT NULL DEFAULT 0", coredns.DATABASE), ["online"]),
    ("missing right", lambda s: grant(s, "REVOKE", "FROM"), lambda s: grant(s, "GRANT", "TO"), ["denied"]),
    ("missing database", lambda s: rename_database(s, "coredns", "moved"), lambda s: rename_database(s, "moved", "coredns"),
     ["coredns"]),
    ("engine without transactions", lambda s: set_engine(s, "MyISAM"), lambda s: set_engine(s, "InnoDB"),
     ["transactions", "InnoDB"]),
]


def whole(servers, begin, end, words):
    with node(servers) as n:
        for i in range(5):
            push(n, f"z{i}.example", 1, *text_records("before", 3))
        n.wait_delivered()
        servers[1].disconnect()  # what was granted holds as long as a connection
        begin(servers[1])
        for i in range(3):
            push(n, f"z{i}.example", 2, *text_records("after", 4))
        push(n, "new.example", 1)
        n.delete("z4.example")
        row = wait_down(n, "dc2", *words)
        print(f"# {row['last_error']}", flush=True)
        wait_all_but(n, "dc2")
        coredns.check(servers[0], n)
        check_error(n.log("ddns-retry"), *words)
        end(servers[1])
        check_both(n, servers)


def wrong_password(servers):
    """The file is wrong, then right: nobody has to restart anything."""
    with node(servers) as n:
        push(n, "site.example", 1)
        n.wait_delivered()
        n.write_credential("mysql.password", "wrong one\n")
        for server in servers:
            server.disconnect()
        push(n, "site.example", 2)
        for name in ("dc1", "dc2"):
            wait_down(n, name, "access denied")
        same("wrong one" in n.log("ddns-retry") + n.ctl_text("backends"), False, "the password is told")
        n.write_credential("mysql.password", mariadb.PASSWORD + "\n")
        check_both(n, servers)


def full_disk(_):
    """InnoDB takes no more; when there is room again, everything arrives."""
    site = network.Site(9)
    try:
        with mariadb.Server(site, data_size="160M") as server:
            make_good(server)
            with node([server]) as n:
                push(n, "small.example", 1)
                n.wait_delivered()
                with open(server.filler, "wb") as f:
                    try:
                        while f.write(b"x" * 65536):
                            f.flush()
                    except OSError:
                        pass
                # Each needs more than a page that happens to be free.
                large = f'"{"x" * 250}" "{"y" * 250}" "{"z" * 250}"'
                for i in range(80):
                    push(n, f"z{i}.example", 1, *(f'h{k} 60 IN TXT {large}' for k in range(100)))
                    if backend(n, "dc1")["state"] == "down":
                        break
                row = wait_down(n, "dc1", "full")
                print(f"# {row['last_error']}", flush=True)
                push(n, "small.example", 2)
                os.unlink(server.filler)
                check_both(n, [server])
    finally:
        site.close()


# ---- of a moment, or of a zone

def commit_is_cut(servers):
    """Whether it happened or not: it is there once, and whole."""
    with Cutter((servers[0].site.address, mariadb.PORT)) as cutter:
        stanza = coredns.stanza("dc1", servers[0], host="127.0.0.1", port=cutter.port)
        zones = [f"z{i}.example" for i in range(4)]
        with node(servers[:1], backends=[stanza]) as n, Reader(servers[0], zones) as reader:
            for i in range(24):
                cutter.cut.append((BEFORE, AFTER)[i % 2])
                if i % 7 == 3:
                    n.delete(zones[i % 4])
                push(n, zones[i % 4], i + 1, *text_records(f"push {i}", 3 + i % 5))
                if i % 3 == 2:
                    n.wait_delivered()
            check_both(n, servers[:1])
            same((cutter.cut, cutter.seen > 24), ([], True), "commits to be cut, and some more that passed")
            same(reader.mixed[:2], [], "mixed versions")


def deadlock(servers):
    """ddns is the one that has to give way: it tries again, at once."""
    with node(servers[:1]) as n:
        server = servers[0]
        for zone in ("a.example", "b.example"):
            push(n, zone, 1, *text_records("before", 3))
        n.wait_delivered()
        server.sql("CREATE TABLE weight (id INT PRIMARY KEY AUTO_INCREMENT, t TEXT)", coredns.DATABASE)
        with server.session(coredns.DATABASE) as other:
            other.run("SET innodb_lock_wait_timeout = 20")
            other.run("BEGIN")
            # The one that has written less is the victim.
            other.run("INSERT INTO weight (t) SELECT REPEAT('x', 100) FROM information_schema.columns LIMIT 500")
            lock = ("UPDATE records SET ttl = ttl + 1 "
                    "WHERE zone_id = (SELECT id FROM zones WHERE zone_name = '{0}.example.');"
                    "UPDATE zones SET zone_name = '{0}.example.' WHERE zone_name = '{0}.example.'")
            other.run(lock.format("b"))
            n.kill_retry(signal.SIGSTOP)  # so that both come in one batch
            for zone in ("a.example", "b.example"):
                push(n, zone, 2, *text_records("after", 3))
            n.kill_retry(signal.SIGCONT)
            wait_until(lambda: server.sql("SELECT COUNT(*) FROM information_schema.innodb_lock_waits") != [["0"]], 10,
                       "ddns waits for the other", interval=0.005)
            other.run(lock.format("a"))
            status = server.sql("SHOW ENGINE INNODB STATUS")
            same(any("LATEST DETECTED DEADLOCK" in cell for row in status for cell in row), True, "a deadlock")
            other.run("COMMIT")
        n.ctl("resync", "dc1")  # the other one's ttl
        wait_until(lambda: backend(n, "dc1")["pending"] == 0, 20, "resync is done")
        check_both(n, servers[:1])


def lock_wait(servers):
    """Somebody keeps a zone locked: that zone waits, others go on."""
    with node(servers[:1]) as n:
        server = servers[0]
        push(n, "locked.example", 1, *text_records("before", 3))
        n.wait_delivered()
        with server.session(coredns.DATABASE) as other:
            other.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            other.run("BEGIN")
            other.run("SELECT * FROM zones WHERE zone_name = 'locked.example.' FOR UPDATE")
            push(n, "locked.example", 2, *text_records("after", 5))
            for i in range(10):
                push(n, f"free{i}.example", 1, *text_records("free"))
            wait_stored(server, "free9.example", {"free"}, timeout=30)
            wait_until(lambda: delivery(n, "locked.example", "dc1")["tries"] > 0, 30, "a failed try of the locked zone")
            row = delivery(n, "locked.example", "dc1")
            same(row["state"], "deferred", "state")
            check_error(row["last_error"], "lock wait")
            same(stored_texts(server, "locked.example"), {"before"}, "what is there")
            other.run("ROLLBACK")
        check_both(n, [server])


def small_packets(servers):
    """One zone has a record that is larger than the server takes at a time; the others go on, and it too once it may."""
    with node(servers) as n:
        servers[1].set(max_allowed_packet=16384)
        large = " ".join(f'"{"x" * 250}"' for _ in range(100))
        push(n, "large.example", 1, f"l 60 IN TXT {large}")
        for i in range(20):
            push(n, f"z{i}.example", 1, *text_records("small " + "y" * 200, 30))
        wait_until(lambda: delivery(n, "large.example", "dc2")["tries"] > 0, 30, "a failed try of the large one")
        check_error(delivery(n, "large.example", "dc2")["last_error"], "max_allowed_packet")
        wait_until(lambda: backend(n, "dc2")["pending"] == 0, 30, "no other one waits")
        same((stored(servers[1], "large.example"), len(coredns.ids(servers[1]))), (None, 20), "what is there")
        servers[1].set(max_allowed_packet=16 << 20)
        servers[1].disconnect()
        check_both(n, servers)


def table_locked(servers):
    """Nobody can write at all: that is an outage, and no zone is charged."""
    with node(servers) as n:
        push(n, "site.example", 1)
        n.wait_delivered()
        with servers[1].session(coredns.DATABASE) as other:
            other.run("LOCK TABLES zones WRITE, records WRITE")
            n.kill_retry(signal.SIGSTOP)  # so that they come in one batch: of one alone nobody knows whose fault it is
            for i in range(5):
                push(n, f"z{i}.example", 1)
            n.kill_retry(signal.SIGCONT)
            wait_down(n, "dc2", "lock wait")
            wait_all_but(n, "dc2")
            other.run("UNLOCK TABLES")
        check_both(n, servers)


def connection_ended(servers):
    """The server ends the connection while it is idle: the next push costs nobody anything."""
    with node(servers, queue={"backoff": "10s 10s", "linger": "60s"}) as n:
        push(n, "site.example", 1)
        n.wait_delivered()
        pid = n.retry.pid
        servers[0].disconnect()
        began = time.monotonic()
        push(n, "site.example", 2, *text_records("after"))
        wait_stored(servers[0], "site.example", {"after"}, timeout=5)
        same(time.monotonic() - began < 1, True, "it is there within a second")
        same((n.retry.pid, backend(n, "dc1")["failures"]), (pid, 0), "ddns-retry, and failures")
        check_both(n, servers)


def not_strict(servers):
    """The server would take nonsense for good: our session does not."""
    with node(servers[:1]) as n:
        server = servers[0]
        server.set(sql_mode="")
        server.sql("ALTER TABLE records MODIFY ttl TINYINT NOT NULL", coredns.DATABASE)
        push(n, "site.example", 1)
        wait_until(lambda: delivery(n, "site.example", "dc1")["tries"] > 0, 20, "a failed try")
        check_error(delivery(n, "site.example", "dc1")["last_error"], "out of range", "ttl")
        server.sql("ALTER TABLE records MODIFY ttl INT NOT NULL", coredns.DATABASE)
        check_both(n, [server])


def _whole(trouble):
    name, begin, end, words = trouble
    return (f"{name}: it is said, nothing is lost, nothing doubled", lambda servers: whole(servers, begin, end, words))


CASES = [
    *map(_whole, TROUBLES),
    ("a password file is wrong, then right", wrong_password),
    ("the connection is cut about the moment of COMMIT: all is there once", commit_is_cut),
    ("a deadlock", deadlock),
    ("somebody keeps a zone locked: others go on", lock_wait),
    ("somebody keeps the tables locked: no zone is charged", table_locked),
    ("a record is larger than max_allowed_packet: others go on", small_packets),
    ("the server ends the connection: the next push costs nobody anything", connection_ended),
    ("a server that is not strict takes no nonsense", not_strict),
    ("a full disk: all arrives when there is room", full_disk),
]


def run(servers, wanted):
    return run_cases(CASES, servers, wanted)
