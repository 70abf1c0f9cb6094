# SPDX-License-Identifier: MIT
"""A program of ours in the place of one of ddns', within the unit as it is installed: not a line of it is changed."""

import os
import shutil
import socket
import subprocess

import builds
import guest
from cases import same, wait_until
from machine import run, show, systemctl

PROBE = "/usr/lib/sandbox-probe"
USERS = ("ddns", "ddns-recv", "ddns-reconcile")
# What the container would refuse in the units' stead.
OPTIONS = ("--system-call-filter=@clock @keyring @module @raw-io @reboot @swap bpf fanotify_init modify_ldt perf_event_open "
           "pidfd_getfd quotactl syslog",)
SECRETS = ("receiver/da1.hash", "retry/remote.password", "reconcile/da1.login")


def fill(stage):
    """For guest.run(): what is installed, and the probe. With it /usr can be written, so that the units have to forbid it."""
    guest.installed(builds.PLAIN)(stage)
    shutil.copy(os.path.join(builds.PLAIN, "tests/tools/sandbox-probe"), stage + PROBE)
    os.makedirs(f"{stage}/usr/lib/modules", exist_ok=True)


def listen(address):
    """A socket for everybody."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(4096)  # nobody accepts
    return listener


class Decoys:
    """What would be found if it could be: sockets, files, services with secrets that run as the same users."""

    def __init__(self):
        run("ip", "link", "set", "lo", "up")
        run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
        self._listeners = [listen("\0decoy"), listen("/run/decoy")]
        os.chmod("/run/decoy", 0o777)
        for directory in ("/open", "/run/open"):
            os.makedirs(directory)
            os.chmod(directory, 0o1777)
        for directory in ("/home", "/root", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"):
            with open(f"{directory}/decoy", "x", encoding="utf-8"):
                pass
        for secret in SECRETS:
            with open(f"/etc/ddns/credentials/{secret}", "a", encoding="utf-8") as f:
                f.write("\n")
        self.processes = {}
        for user in USERS:
            unit = f"decoy-{user}.service"
            run("systemd-run", "--quiet", f"--unit={unit}", f"--property=User={user}", "--property=Group=ddns",
                "--property=LoadCredential=secret:/etc/ddns/credentials/retry/remote.password", "sleep", "infinity")
            self.processes[user] = show(unit, "MainPID")

    def close(self):
        systemctl("stop", *(f"decoy-{user}.service" for user in USERS))
        for listener in self._listeners:
            listener.close()


def outcomes(lines):
    """By what was written to the probe's standard output."""
    return dict(line.rsplit(": ", 1) for line in lines if ": " in line)


def write_attempts(attempts, processes):
    texts = {attempt.format(**processes): attempt for attempt in attempts}
    with open("/etc/sandbox-probe", "w", encoding="utf-8") as f:
        f.writelines(f"{text}\n" for text in texts)
    return texts


def named(found, texts):
    return {texts[text]: outcome for text, outcome in found.items() if text in texts}


def bare(attempts, processes):
    """What comes of it for root, without a unit."""
    texts = write_attempts(attempts, processes)
    return named(outcomes(run(PROBE).splitlines()), texts)


def probe(machine, unit, program, attempts, processes=None):
    """Starts `unit` with the probe over `program`. A dictionary: the outcome of each attempt."""
    texts = write_attempts(attempts, processes or {})
    before = starts(machine, unit)
    run("mount", "--bind", PROBE, program)
    try:
        subprocess.run(["systemctl", "restart", unit], check=False, timeout=60, stderr=subprocess.DEVNULL)
        wait_until(lambda: show(unit, "ActiveState") in ("inactive", "failed"), 30, f"{unit} ended")
    finally:
        systemctl("stop", unit)
        run("umount", program)
    new = [f"_SYSTEMD_INVOCATION_ID={start}" for start in starts(machine, unit) if start not in before]
    same(new != [], True, f"a start of {unit}")
    entries = machine.journal(*new, "_TRANSPORT=stdout")
    return named(outcomes(entry["MESSAGE"] for entry in entries), texts)


def starts(machine, unit):
    """Identifiers of the starts of a unit until now."""
    entries = machine.journal(f"UNIT={unit}", "JOB_TYPE=start")
    return list(dict.fromkeys(entry["INVOCATION_ID"] for entry in entries if "INVOCATION_ID" in entry))
