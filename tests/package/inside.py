# SPDX-License-Identifier: MIT
"""In the clean Debian: what the README tells an admin to do, then an upgrade in a storm; after a reboot that everything is there,
and that it goes away again. The first boot runs the first half."""

import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from cases import Cases, same, wait_until
from push import PASSWORD, Master, zone_text

MASTER = Master(("127.0.0.1", 2222))
DONE = "/root/first-boot-done"
UNITS = ("ddns.socket", "ddns.service", "ddns-retry.socket", "ddns-retry.timer", "ddns-retry.service", "ddns-reconcile.timer",
         "ddns-reconcile.service")
OTHER_UNITS = ("ddns-tls.socket", "ddns-tls.path", "ddns-metrics.socket", "ddns-check.service", "ddns-reload.service",
               "ddns-sockets.target")
SWITCHED_ON = ("ddns.socket", "ddns-retry.socket", "ddns-retry.timer", "ddns-reconcile.timer")


def run(*command, stdin=None, check=True):
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                          check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}: {done.stdout[-400:]}")
    return done.stdout


def serial(zone):
    words = run("dig", "+short", "+tries=1", "+time=2", "@127.0.0.1", zone, "SOA", check=False).split()
    return int(words[2]) if len(words) == 7 else None


def push(zone, number):
    same(MASTER.push(zone, zone_text(zone, number)), (200, "error=0"), f"answer for {zone}")


def package():
    with open("/root/package", encoding="utf-8") as f:
        return "/root/" + f.read()


def check_first_look(cases):
    with cases.case("nothing runs and nothing listens after the installation"):
        for unit in UNITS:
            same(run("systemctl", "is-active", unit, check=False).strip(), "inactive", unit)
    with cases.case("systemd has nothing to say about the units"):
        same(run("systemd-analyze", "verify", "--man=no", *UNITS, *OTHER_UNITS), "", "output")
    with cases.case("secrets are for root alone"):
        for path in ("/etc/ddns/credentials", "/etc/ddns/credentials/receiver", "/etc/ddns/credentials/retry"):
            same(os.stat(path).st_mode & 0o7777, 0o700, path)


def switch_on(cases):
    with cases.case("the README's steps lead to a node"):
        options = "/etc/bind/named.conf.options"
        run("sed", "-i", "s/^options {/&\\n\\tallow-new-zones yes;/", options)
        run("systemctl", "restart", "named")
        with open("/etc/ddns/credentials/receiver/da1.hash", "w", encoding="utf-8") as f:
            f.write(run("ddnsctl", "passwd", stdin=PASSWORD + "\n"))
        run("ddnsctl", "check-config")
        run("systemctl", "enable", "--now", "ddns.socket")
    with cases.case("a push is served"):
        push("example.com", 2026010101)
        run("ddnsctl", "wait", "example.com")
        same(serial("example.com"), 2026010101, "serial")
    with cases.case("the journal has the life of a zone"):
        run("journalctl", "--sync")
        text = run("journalctl", "DDNS_ZONE=example.com")
        same(["ddns-receiver" in text, "served by local" in text], [True, True], text)
    with cases.case("a reload goes on with the next push"):
        pid = run("systemctl", "show", "-P", "MainPID", "ddns.service")
        run("systemctl", "reload", "ddns.service")
        push("reload.example", 1)
        run("ddnsctl", "wait", "reload.example")
        same(run("systemctl", "show", "-P", "MainPID", "ddns.service") == pid, False, "still the old process")
    with cases.case("check is content"):
        same(run("ddnsctl", "check").split(" - ")[0], "DDNS OK", "check")


def check_upgrade(cases):
    answers, stop = [], threading.Event()

    def storm():
        while not stop.is_set():
            number = len(answers)
            try:
                answers.append(MASTER.push(f"storm{number % 20}.example", zone_text(f"storm{number % 20}.example", 1 + number)))
            except OSError as error:
                answers.append(error)

    thread = threading.Thread(target=storm, daemon=True)
    thread.start()
    with cases.case("an upgrade in a storm loses and refuses no push"):
        wait_until(lambda: len(answers) > 50, 30, "pushes before")
        run("apt-get", "install", "--yes", "--no-install-recommends", "/root/newer.deb")
        before = len(answers)
        wait_until(lambda: len(answers) > before + 50, 30, "pushes after")
        stop.set()
        thread.join(60)
        same([answer for answer in answers if answer != (200, "error=0")], [], "answers")
        for number in range(20):
            zone = f"storm{number}.example"
            run("ddnsctl", "wait", zone)
            newest = max(n for n in range(len(answers)) if n % 20 == number)
            same(serial(zone), 1 + newest, zone)
    with cases.case("what runs afterwards is the new one"):
        same(run("dpkg-query", "-W", "-f=${Version}", "ddns")[:2], "9:", "version")
        same("(deleted)" in run("sh", "-c", "ls -l /proc/[0-9]*/exe 2>/dev/null | grep ddns", check=False), False, "old program")
    with cases.case("an upgrade leaves secrets and the configuration"):
        same(os.path.exists("/etc/ddns/credentials/receiver/da1.hash"), True, "credential")


def check_reboot(cases):
    with cases.case("after a reboot all is on and served"):
        for unit in SWITCHED_ON:
            same(run("systemctl", "is-active", unit, check=False).strip(), "active", unit)
        wait_until(lambda: serial("example.com") == 2026010101, 20, "example.com served")
        push("example.com", 2026010102)
        run("ddnsctl", "wait", "example.com")
        same(serial("example.com"), 2026010102, "serial")


def check_end(cases):
    with cases.case("a removal stops everything, and BIND serves on"):
        run("apt-get", "remove", "--yes", "ddns")
        for unit in UNITS:
            same(run("systemctl", "is-active", unit, check=False).strip() in ("inactive", "unknown"), True, unit)
        same(serial("example.com"), 2026010102, "serial")
        same(os.path.exists("/var/lib/ddns/ddns.db"), True, "the database")
    with cases.case("installed again it goes on where it was"):
        run("apt-get", "install", "--yes", "--no-install-recommends", package())
        run("systemctl", "enable", "--now", "ddns.socket")
        push("example.com", 2026010103)
        run("ddnsctl", "wait", "example.com")
        same(serial("example.com"), 2026010103, "serial")
    with cases.case("purged it is gone, but for zone files that BIND serves, which it names"):
        text = run("apt-get", "purge", "--yes", "ddns")
        same("/var/lib/bind/ddns holds zone files" in text, True, text)
        same(serial("example.com"), 2026010103, "serial")
        same(os.path.exists("/var/lib/ddns"), False, "the database")
        same(os.path.exists("/etc/ddns"), False, "the configuration and its secrets")


def main():
    first = not os.path.exists(DONE)
    cases = Cases(os.environ["DDNS_TEST_GUEST"] + (": first boot" if first else ": second boot"))
    if first:
        check_first_look(cases)
        switch_on(cases)
        check_upgrade(cases)
        with open(DONE, "w", encoding="utf-8"):
            pass
    else:
        check_reboot(cases)
        check_end(cases)
    cases.exit()


if __name__ == "__main__":
    main()
