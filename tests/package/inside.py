# SPDX-License-Identifier: MIT
"""In the clean Debian: what the README tells an admin to do, then an upgrade in a storm; after a reboot that everything is there,
secrets can be encrypted, and that it goes away again. The first boot runs the first half."""

import glob
import json
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from cases import Cases, same, wait_until
from push import PASSWORD, Master, zone_text

MASTER = Master(("127.0.0.1", 2222))
DONE = "/root/first-boot-done"
UNIT_LIST = "/root/units"  # those of the package, which are gone after its removal
CONFIG = "/etc/ddns/ddns.yaml"
HASH = "/etc/ddns/credentials/receiver/da1.hash"
BIND_KEY = "/etc/bind/rndc.key"
# systemd-analyze security: lower is better.
EXPOSED_AT_MOST = {"ddns.service": 1.0, "ddns-check.service": 1.0}
OTHERS_EXPOSED_AT_MOST = 2.0
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


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def package():
    return "/root/" + read("/root/package")


def units():
    return read(UNIT_LIST).split()


def install(what):
    """As somebody who can't answer a question does it: dpkg takes the end of its input for a failure."""
    return run("apt-get", "install", "--yes", "--no-install-recommends", what, stdin="")


def check_none_active(names):
    for unit in names:
        same(run("systemctl", "is-active", unit, check=False).strip() in ("inactive", "unknown"), True, unit)


def check_secrets():
    """Who is neither root nor of ddns reads nothing, and the program of one directory not that of another."""
    handed_over = "/run/credentials/ddns.service"
    for top, owner, forbidden in (("/etc/ddns/credentials", 0, 0o077), ("/var/lib/ddns", None, 0o007), (handed_over, None, 0o007)):
        for path in [at for at, _, _ in os.walk(top)]:
            status = os.stat(path)
            same((status.st_mode & forbidden, owner in (None, status.st_uid)), (0, True), f"{path}: mode {status.st_mode:o}, owner")
    for path in glob.glob("/var/lib/ddns/*") + glob.glob(f"{handed_over}/*"):
        same(os.stat(path).st_mode & 0o007, 0, f"{path}: mode {os.stat(path).st_mode:o}")
    received = f"{handed_over}/ddns_da1.hash"
    same(os.path.exists(received), True, received)
    for user, secrets in (("nobody", (received, HASH, BIND_KEY, "/var/lib/ddns/ddns.db")), ("ddns", (received, HASH)),
                          ("ddns-recv", (HASH, BIND_KEY)), ("ddns-reconcile", (received, HASH, BIND_KEY))):
        group = "nogroup" if user == "nobody" else "ddns"
        for path in secrets:
            done = subprocess.run(["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", "cat", path],
                                  capture_output=True, check=False, timeout=30)
            same(b"Permission denied" in done.stderr, True, f"{user}, {path}: {done.stderr}")


def check_looks_without_rights(cases):
    with cases.case("who may not read secrets and zone files is told so by what looks at them"):
        for verb in ("check-backend local", "verify"):
            text = run("setpriv", "--reuid=nobody", "--regid=ddns", "--clear-groups", "ddnsctl", *verb.split(), check=False)
            same("look as root" in text, True, f"{verb}: {text}")


def check_first_look(cases):
    names = [name for name in run("dpkg", "-L", "ddns").split() if re.search(r"/systemd/system/[^/]+$", name)]
    write(UNIT_LIST, "\n".join(os.path.basename(name) for name in names))
    with cases.case("nothing runs and nothing listens after the installation"):
        check_none_active(units())
    with cases.case("systemd has nothing to say about the units"):
        same(run("systemd-analyze", "verify", "--man=no", *units()), "", "output")
    for unit in filter(lambda name: name.endswith(".service"), units()):
        limit = EXPOSED_AT_MOST.get(unit, OTHERS_EXPOSED_AT_MOST)
        with cases.case(f"{unit} is exposed less than {limit}"):
            text = run("systemd-analyze", "security", "--no-pager", unit)
            exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", text).group(1))
            same(exposure < limit, True, f"exposure of {exposure}")
    with cases.case("secrets are for root alone"):
        for path in ("/etc/ddns/credentials", "/etc/ddns/credentials/receiver", "/etc/ddns/credentials/retry",
                     "/etc/ddns/credentials/reconcile"):
            same(os.stat(path).st_mode & 0o7777, 0o700, path)


def check_no_credential(cases):
    """The first thing that goes wrong: a socket without a password. What is pushed into it waits."""
    answers = []
    run("systemctl", "start", "ddns.socket")
    early = threading.Thread(target=lambda: answers.append(MASTER.push("early.example", zone_text("early.example", 1))),
                             daemon=True)
    early.start()

    def advice():
        run("journalctl", "--sync")
        return re.search(r"Make it with: (.*)", run("journalctl", "-u", "ddns.service", "-o", "cat"))

    with cases.case("without a credential the receiver says what is missing and how to make it, and that is right"):
        command = wait_until(advice, 30, "advice in the journal", 0.2).group(1)
        run("sh", "-c", command, stdin=PASSWORD + "\n")
        early.join(60)
        same(answers, [(200, "error=0")], "answer for what was pushed meanwhile")
    run("systemctl", "stop", "ddns.socket")
    os.remove(HASH)


def switch_on(cases):
    with cases.case("the README's steps lead to a node"):
        options = "/etc/bind/named.conf.options"
        run("sed", "-i", "s/^options {/&\\n\\tallow-new-zones yes;/", options)
        run("systemctl", "restart", "named")
        write(HASH, run("ddnsctl", "passwd", stdin=PASSWORD + "\n"))
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
    with cases.case("nobody reads secrets and zones whom they don't belong to"):
        push("secrets.example", 1)
        check_secrets()
    check_looks_without_rights(cases)
    with cases.case("check is content"):
        same(run("ddnsctl", "check").split(" - ")[0], "DDNS OK", "check")


def check_upgrade(cases):
    answers, stop = [], threading.Event()
    run("sed", "-i", "s/^# state:/state:/; s/^#   history: 10 .*/  history: 11/", CONFIG)
    edited = read(CONFIG)
    same("\n  history: 11\n" in edited, True, "an admin's edit")

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
        install("/root/newer.deb")
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
        for unit in ("ddns.service", "ddns-retry.service"):
            same(run("systemctl", "show", "-P", "TimeoutStartUSec", unit).strip(), "1min 17s", f"the setting that is new in {unit}")
        same("(deleted)" in run("sh", "-c", "ls -l /proc/[0-9]*/exe 2>/dev/null | grep ddns", check=False), False, "old program")
    with cases.case("an upgrade leaves secrets and the configuration"):
        same(os.path.exists(HASH), True, "credential")
        same(read(CONFIG), edited, "configuration")
        same(read("/usr/share/ddns/ddns.yaml").startswith("# Of the next version"), True, "the new example")
        check_secrets()


def check_reboot(cases):
    with cases.case("after a reboot all is on and served"):
        for unit in SWITCHED_ON:
            same(run("systemctl", "is-active", unit, check=False).strip(), "active", unit)
        wait_until(lambda: serial("example.com") == 2026010101, 20, "example.com served")
        push("example.com", 2026010102)
        run("ddnsctl", "wait", "example.com")
        same(serial("example.com"), 2026010102, "serial")


def check_encrypted(cases):
    """The manual's commands as they stand there; in the place of a database's password, BIND's key, which is as good a secret."""
    password, secret, by_hand = json.loads(read("/root/encrypted.json"))
    config = read(CONFIG)
    with cases.case("a master logs in whose hash is encrypted on the disk"):
        run("sh", "-ec", password, stdin=PASSWORD + "\n")
        same([os.path.exists(HASH), "$y$" in read("/etc/credstore.encrypted/ddns_da1.hash")], [False] * 2, "plain hash")
        push("encrypted.example", 1)
        run("systemctl", "start", "ddns-check.service")
        run("systemctl", "reload", "ddns.service")
        push("encrypted.example", 2)
        run("ddnsctl", "wait", "encrypted.example")
    with cases.case("a backend works whose secret is encrypted on the disk"):
        run("cp", BIND_KEY, "/etc/ddns/credentials/retry/dc1.mysql")
        write(CONFIG, re.sub("    # control: .*", "    control: {key-file: dc1.mysql}", config))
        run("sh", "-ec", secret)
        same(os.path.exists("/etc/ddns/credentials/retry/dc1.mysql"), False, "plain secret")
        push("encrypted.example", 3)
        run("ddnsctl", "wait", "encrypted.example")
        same(serial("encrypted.example"), 3, "serial")
        check_secrets()
    with cases.case("ddnsctl looks at that backend by hand"):
        text = run("sh", "-ec", by_hand.replace("check-backend dc1", "check-backend local"))
        same("OK" in text, True, text)
    write(CONFIG, config)
    write(HASH, run("ddnsctl", "passwd", stdin=PASSWORD + "\n"))
    run("sh", "-c", "rm -r /etc/systemd/system/ddns*.service.d && systemctl daemon-reload && systemctl try-restart ddns ddns-retry")


def check_end(cases):
    with cases.case("a removal stops everything, and BIND serves on"):
        run("systemctl", "start", *[unit for unit in units() if unit.endswith(".socket")])
        run("apt-get", "remove", "--yes", "ddns")
        check_none_active(units())
        same(serial("example.com"), 2026010102, "serial")
        same(os.path.exists("/var/lib/ddns/ddns.db"), True, "the database")
    with cases.case("installed again it goes on where it was"):
        install(package())
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
        same([name for name in os.listdir("/run/credentials") if "ddns" in name], [], "secrets of what ran")
        check_none_active(units())
    with cases.case("installed again it does debian/tests"):
        install(package())
        run("systemctl", "disable", "ddns.socket")
        same(run("sh", "-c", "/root/served 2>&1 >/dev/null"), "", "standard error")


def main():
    first = not os.path.exists(DONE)
    cases = Cases(os.environ["DDNS_TEST_GUEST"] + (": first boot" if first else ": second boot"))
    if first:
        check_first_look(cases)
        check_no_credential(cases)
        switch_on(cases)
        check_upgrade(cases)
        with open(DONE, "w", encoding="utf-8"):
            pass
    else:
        check_reboot(cases)
        check_encrypted(cases)
        check_end(cases)
    cases.exit()


if __name__ == "__main__":
    main()
