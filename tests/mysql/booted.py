# SPDX-License-Identifier: MIT
"""Suite mysql, in a booted container: the real ddns-retry.service, with all of its sandbox, reaches a database by host
name and TCP, one by its UNIX socket and as its own user, and PowerDNS' control socket."""

import os
import tempfile
import time

import coredns
import machine
import mariadb
import network
import powerdns
import wire
from cases import Cases, same, wait_until
from ldns import same_records
from push import zone_text

HOST = "db.ddns.example"
PURGE = "[Service]\nSupplementaryGroups=pdns\n"


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def prepare():
    """What the machine's administrator does."""
    tempfile.tempdir = "/run"  # of /tmp the service sees its own
    write("/etc/hosts", f"127.0.0.1 localhost\n127.0.0.1 {HOST}\n")
    write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    write("/etc/ddns/credentials/retry/mysql.password", mariadb.PASSWORD + "\n", 0o600)


def stanzas(server, name_server):
    by_name = {**coredns.stanza("byname", server), "host": HOST}
    by_socket = powerdns.stanza("bysocket", server, socket=server.socket, username="ddns",
                                control_socket=name_server.control,
                                nameserver=f"{name_server.address}@{name_server.port}")
    for key in ("host", "password-file"):
        by_socket.pop(key)
    return [by_name, by_socket]


def check(cases, site, server, name_server):
    site.settings["backends"] += stanzas(server, name_server)
    site.write_config()
    site.drop_in(machine.RETRY, PURGE)
    with cases.case("check-backend, as root, has nothing against the database with a password"):
        same(site.ctl("check-backend", "byname")["ok"], True, "verdict")
    site.switch_on()
    wire.play(cases, site.master)
    with cases.case("everything is delivered to BIND, CoreDNS' tables and PowerDNS"):
        site.wait_delivered()
        wait_until(lambda: sum(row["written"] for row in site.ctl("backends") if row["backend"] != "byname") == 0, 60,
                   "everything is seen served")
    with cases.case("the database by host name and TCP has every zone, row by row"):
        coredns.check(server, site)
    with cases.case("PowerDNS on the database by its socket serves every zone record for record"):
        for zone in wire.remaining():
            same_records(name_server.dig(zone, "AXFR", "+noall", "+answer", "+onesoa", "+nosplit"), site.cat(zone), zone)
    with cases.case("PowerDNS is told through its control socket"):
        for serial in range(1, 4):
            began = time.monotonic()
            same(site.push("told.example", zone_text("told.example", serial)), (200, "error=0"), "push")
            wait_until(lambda serial=serial: name_server.serial("told.example") == serial, 5, "it is served", 0.01)
            same(time.monotonic() - began < 3, True, "at once")
    with cases.case("no line of the journal has a password"):
        same([line for line in machine.run("journalctl").splitlines() if "sesame" in line], [], "lines")


def inside():
    cases = Cases("booted")
    prepare()
    as_pdns = {"options": "setuid=pdns\nsetgid=pdns\n", "user": "pdns"}
    with mariadb.Server(network.Here()) as server, powerdns.PowerDNS(server, **as_pdns) as name_server:
        server.create(coredns.DATABASE, coredns.schema())
        # Another user than the one with the password: who the process is decides.
        server.sql("CREATE USER ddns@localhost IDENTIFIED VIA unix_socket;"
                   f"GRANT SELECT, INSERT, UPDATE, DELETE ON {powerdns.DATABASE}.* TO ddns@localhost")
        check(cases, machine.Machine(), server, name_server)
    cases.exit()
