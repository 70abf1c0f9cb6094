# SPDX-License-Identifier: MIT
"""Suite mysql: what check-backend says of a database before the first push."""

import itertools
import json

import builds
import coredns
import mariadb
from cases import same, wait_until
from mysql.fixture import backend, check_both, check_error, delivery, node, push, run_cases, stored

ALTER = "ALTER TABLE records "

# What is wrong, how it comes about as root, how bad that is, and words of the finding.
BROKEN = [
    ("no rights", f"REVOKE UPDATE ON coredns.* FROM {mariadb.USERNAME}@'%'", "bad", ["denied", "GRANT"]),
    ("no table", "DROP TABLE records", "bad", ["records"]),
    ("no column", ALTER + "DROP COLUMN online", "bad", ["online", "no column"]),
    ("narrow column", ALTER + "MODIFY data VARCHAR(1024) NOT NULL", "warning", ["data", "1024"]),
    ("latin1", ALTER + "MODIFY data TEXT CHARACTER SET latin1 NOT NULL", "warning", ["data", "latin1"]),
    ("no index", ALTER + "ADD KEY z (zone_id), DROP KEY records_lookup", "warning", ["index", "hostname"]),
    ("no transactions", ALTER + "DROP FOREIGN KEY records_zone;" + ALTER +
     "MODIFY hostname VARCHAR(100) NOT NULL, ENGINE = MyISAM", "bad", ["MyISAM", "InnoDB"]),
    ("read-only", "SET GLOBAL read_only = 1", "bad", ["read-only"]),
    ("not strict", "SET GLOBAL sql_mode = ''", "good", ["strict"]),
    ("column without value", ALTER + "ADD COLUMN needed INT NOT NULL", "bad", ["needed"]),
    ("small packets", "SET GLOBAL max_allowed_packet = 16384", "warning", ["max_allowed_packet"]),
    ("a trigger that refuses", "CREATE TRIGGER no BEFORE INSERT ON records FOR EACH ROW "
     "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'never'", "bad", ["never"]),
]


def findings(n, name="dc1"):
    answer = json.loads(n.ctl_text("--json", "check-backend", name, check=False))
    return answer["ok"], answer["findings"]


def _count(server):
    return server.sql("SELECT (SELECT COUNT(*) FROM zones), (SELECT COUNT(*) FROM records)", coredns.DATABASE)


def broken(servers, change, finding, words):
    with node(servers[:1]) as n:
        push(n, "site.example", 1)
        n.wait_delivered()
        before = _count(servers[0])
        servers[0].sql(change, coredns.DATABASE)
        ok, rows = findings(n)
        same(ok, finding != "bad", f"verdict with {rows}")
        texts = [row["text"] for row in rows if row["finding"] == finding]
        if not any(all(word.lower() in text.lower() for word in words) for text in texts):
            raise AssertionError(f"no finding {finding} says {words}: {rows}")
        if "no table" not in change and "DROP TABLE" not in change:
            same(_count(servers[0]), before, "rows")


def good(servers):
    with node(servers) as n:
        ok, rows = findings(n)
        same((ok, [row for row in rows if row["finding"] == "bad"]), (True, []), "verdict")
        same(_count(servers[0]), [["0", "0"]], "rows that it left")
        same("sesame" in json.dumps(rows), False, "the password is told")
        check_error(next(row["text"] for row in rows if "plain text" in row["text"]), "tls")


def away(servers):
    with node(servers) as n:
        servers[0].kill()
        ok, rows = findings(n)
        same(ok, False, "verdict")
        check_error(rows[-1]["text"], servers[0].site.address, "refused")
        n.write_credential("mysql.password", "wrong\n")
        ok, rows = findings(n, "dc2")
        check_error(rows[-1]["text"], "access denied")
        same(ok, False, "verdict")


def before_first_push(servers):
    """What it calls good takes deliveries; its exit status says which it is."""
    with node(servers[:1]) as n:
        servers[0].create(coredns.DATABASE, coredns.PLUGIN_SCHEMA)
        same(findings(n)[0], True, "verdict on the plugin's own tables")
        push(n, "site.example", 1)
        n.wait_delivered()
        same(backend(n, "dc1")["state"], "up", "the backend")


def upgraded(servers):
    """The plugin's own tables, with zones in them, brought up to ours by the file that is shipped."""
    with node(servers[:1], queue={"linger": "5s"}) as n:
        servers[0].create(coredns.DATABASE, coredns.PLUGIN_SCHEMA)
        long_text = " ".join(f'"{c * 250}"' for c in "abcdefgh")
        push(n, "site.example", 1, f"long 60 IN TXT {long_text}")
        n.wait_delivered()
        check_error(delivery(n, "site.example", "dc1")["warning"], "left out")
        servers[0].sql(builds.schema("coredns-upgrade.mysql.sql"), coredns.DATABASE)
        starts, rows = n.retry.starts, findings(n)[1]
        same([row for row in rows if row["finding"] != "good" and "plain text" not in row["text"]], [], "findings")
        serial = itertools.count(2)

        def is_there():
            push(n, "site.example", next(serial), f"long 60 IN TXT {long_text}")
            n.wait_delivered()
            return any(row.hostname == "long" for row in stored(servers[0], "site.example"))
        # Pushes keep ddns-retry and its connection alive.
        wait_until(is_there, 15, "the long one is there", interval=0.1)
        same(n.retry.starts, starts, "starts of ddns-retry")
        check_both(n, servers[:1])


CASES = [
    ("check-backend has nothing against the schema that is shipped, and leaves no trace", good),
    ("check-backend takes the tables that the plugin makes", before_first_push),
    ("tables that the plugin made are brought up to ours", upgraded),
    ("check-backend says that a database can't be reached", away),
    *((f"check-backend finds: {name}", lambda servers, c=change, f=finding, w=words: broken(servers, c, f, w))
      for name, change, finding, words in BROKEN),
]


def run(servers, wanted):
    return run_cases(CASES, servers, wanted)
