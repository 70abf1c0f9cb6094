# SPDX-License-Identifier: MIT
"""What CoreDNS' mysql plugin finds in its tables: read row by row, judged by the rules that it was seen to follow, and
made a zone again with ldns. Nothing here is taken from the program under test but its canonical text."""

import re
from typing import NamedTuple

import builds
import ldns
import mariadb
from cases import same
from ldns import TOKEN

DATABASE = "coredns"

# What the plugin makes itself when it finds no tables.
PLUGIN_SCHEMA = """
CREATE TABLE zones (id INT NOT NULL AUTO_INCREMENT, zone_name VARCHAR(255) NOT NULL, PRIMARY KEY (id), UNIQUE (zone_name));
CREATE TABLE records (id INT NOT NULL AUTO_INCREMENT, zone_id INT NOT NULL, hostname VARCHAR(512) NOT NULL,
        type VARCHAR(10) NOT NULL, data VARCHAR(1024) NOT NULL, ttl INT NOT NULL DEFAULT 120, online INT NOT NULL DEFAULT 0,
        PRIMARY KEY (id), FOREIGN KEY (zone_id) REFERENCES zones (id));
"""

# It serves no signatures.
NOT_SERVED = {"RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY"}

class Row(NamedTuple):
    hostname: str
    type: str
    data: str
    ttl: int
    online: int


def schema():
    """The one that is shipped."""
    return builds.schema("coredns.mysql.sql")


def stanza(name, server, **more):
    """A backend of the configuration; `more`: with "_" for "-"."""
    return {"name": name, "type": "coredns-mysql", "host": server.site.address, "database": DATABASE,
            "username": mariadb.USERNAME, "password-file": "mysql.password",
            "timeout": {"connect": "1s", "read": "2s", "write": "2s"},
            **{key.replace("_", "-"): value for key, value in more.items()}}


CREDENTIALS = {"mysql.password": mariadb.PASSWORD + "\n"}


# ---- what is there

_SELECT = """SELECT HEX(CONVERT(z.zone_name USING utf8mb4)), HEX(CONVERT(r.hostname USING utf8mb4)),
        HEX(CONVERT(r.type USING utf8mb4)), HEX(CONVERT(r.data USING utf8mb4)), r.ttl, r.online
        FROM zones z LEFT JOIN records r ON r.zone_id = z.id"""


def _text(value):
    return bytes.fromhex(value).decode("utf-8")


def read(server, database=DATABASE):
    """All zones: name to the list of its rows."""
    return parse(server.sql(_SELECT, database))


def parse(cells):
    zones = {}
    for zone, hostname, rtype, data, ttl, online in cells:
        rows = zones.setdefault(_text(zone), [])
        if ttl != "NULL":
            rows.append(Row(_text(hostname), _text(rtype), _text(data), int(ttl), int(online)))
    return zones


def select(zone):
    """A statement whose rows parse() takes: one zone, at one moment."""
    return f"{_SELECT} WHERE z.zone_name = '{zone}.'"


def ids(server, database=DATABASE):
    """Zone to its id."""
    return {zone: number for number, zone in server.sql("SELECT id, zone_name FROM zones", database)}


def texts(rows):
    """The strings of all TXT rows."""
    return {"".join(TOKEN.findall(row.data)) for row in rows if row.type == "TXT"}


# ---- what should be there

def _fields(line):
    """Owner and type of a line of canonical text."""
    owner, _, _, rtype, _ = line.split(None, 4)
    return owner, rtype


def _absolute(zone, row):
    owner = f"{zone}." if row.hostname == "@" else f"{row.hostname}.{zone}."
    return f"{owner} {row.ttl} IN {row.type} {row.data}"


def _check_row(row):
    def must(holds, what):
        if not holds:
            raise AssertionError(f"{row}: {what}")

    must(re.fullmatch(r"[^A-Z]*[^A-Z.]", row.hostname), "hostname is relative, lower case")
    must(re.fullmatch(r"[A-Z0-9]{1,10}", row.type), "type is a mnemonic")
    must(row.type not in NOT_SERVED, "type is served")
    must(row.data == row.data.strip() != "", "data has something, and no space around it")
    must(not re.search(r"[\x00-\x1f\x7f]", row.data), "data has no control characters")
    must(0 <= row.ttl < 1 << 31, "ttl is in range")
    must(row.online == 1, "online is 1")
    if row.type in ("NS", "CNAME", "PTR", "MX", "SRV", "DNAME"):
        must(row.data.endswith(".") and row.data == row.data.lower(), "names in data are absolute, lower case")
    if row.type == "SOA":
        names = row.data.split()[:2]
        must(all(name.endswith(".") and name == name.lower() for name in names), "names in data are absolute, lower case")
    if row.type in ("TXT", "SPF"):
        must(re.fullmatch(r'"(?:[^"\\]|\\.)*"(?: "(?:[^"\\]|\\.)*")*', row.data), "strings are quoted, one space between")
        must(all(len(token.encode()) <= 255 for token in TOKEN.findall(row.data)), "no token is longer than 255")


def check_zone(zone, rows, canonical, without=()):
    """`rows` are what the plugin needs to serve `canonical`. `without`: (owner, type) of RRsets that it can't serve."""
    for row in rows:
        _check_row(row)
    same(len(rows) - len(set(rows)), 0, f"{zone}: rows that are there twice")
    ttls = {}
    for row in rows:
        same(row.ttl, ttls.setdefault((row.hostname, row.type), row.ttl), f"{zone}: ttl of {row.hostname} {row.type}")
    wanted = [line for line in canonical.splitlines() if _fields(line)[1] not in NOT_SERVED and _fields(line) not in without]
    ldns.same_records("\n".join(_absolute(zone, row) for row in rows), "\n".join(wanted), f"records of {zone}")


def check(server, running, database=DATABASE, others=()):
    """The tables have exactly the zones that ddns holds, and `others`, which are not ours; row by row."""
    held = {row["zone"] for row in running.ctl("zones")}
    stored = read(server, database)
    same(set(stored), {f"{zone}." for zone in held} | set(others), "zones in the database")
    same(server.sql("SELECT r.id FROM records r LEFT JOIN zones z ON z.id = r.zone_id WHERE z.id IS NULL", database), [],
         "records of no zone")
    for zone in held:
        check_zone(zone, stored[f"{zone}."], running.cat(zone))
