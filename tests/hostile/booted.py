# SPDX-License-Identifier: MIT
"""Within the limits of the real units: bad clients on both ports, from many addresses."""

import os
import shutil
import ssl

import builds
import guest
from cases import Cases, same
from certificates import make_authority, make_certificate
from hostile import storms
from hostile.attackers import Attackers
from machine import RECEIVER, SOCKET, Machine, show, systemctl
from push import Master

PORT, TLS_PORT = 2222, 2224
CREDENTIALS = "/etc/ddns/credentials/receiver"
WORK = "/run/hostile-suite"
SUITE = os.path.join(guest.TESTS, "suites", "hostile")


def make_tls():
    os.makedirs(WORK)
    make_authority(f"{WORK}/authority")
    make_certificate(f"{WORK}/server", authority=f"{WORK}/authority")
    for part in ("crt", "key"):
        shutil.copy(f"{WORK}/server.{part}", f"{CREDENTIALS}/tls.{part}")
        os.chmod(f"{CREDENTIALS}/tls.{part}", 0o600)
    return ssl.create_default_context(cafile=f"{WORK}/authority.crt")


def inside(cases):
    machine = Machine(receiver={"request-timeout": "3s", "login-delay": "2s"})
    tls = make_tls()
    machine.switch_on()
    systemctl("enable", "--now", "ddns-tls.socket")

    def entries():
        return machine.journal(f"_SYSTEMD_UNIT={RECEIVER}")

    def lines():
        # what has octets that are no text comes as a list of numbers
        said = ((e, e["MESSAGE"] if isinstance(e["MESSAGE"], str) else "\0") for e in entries())
        return [f"<{e['PRIORITY']}>{e['SYSLOG_IDENTIFIER']}: {message}" for e, message in said]

    goods = {"plain": storms.Good(machine.master, "plain"),
             "over TLS": storms.Good(Master(("127.0.0.1", TLS_PORT), tls=tls), "tls")}
    storms.weather(cases, machine, lambda: int(show(RECEIVER, "MainPID")), lines, goods,
                   Attackers(("127.0.0.1", PORT), TLS_PORT, ("strangers", "insiders")))
    with cases.case("no field of the journal has what a terminal obeys"):
        values = [value for e in entries() for key, value in e.items() if key.startswith("DDNS_")]
        same([value for value in values if not (isinstance(value, str) and value.isprintable())], [], "values")
    with cases.case("the units have nothing against it"):
        same(show(RECEIVER, "NRestarts", "ActiveState"), ["0", "active"], RECEIVER)
        same(show(SOCKET, "ActiveState"), "active", SOCKET)
    cases.exit()


def run(_):
    if why := guest.missing() or (None if shutil.which("openssl") else "openssl is not installed"):
        Cases().skip("in a booted container", why)
        return 0
    return guest.run(SUITE, builds.PLAIN, builds.logs("hostile"), timeout=200)
