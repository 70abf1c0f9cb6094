#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Takes each protecting line, and each word of it, out of each unit and says whether the suite `sandbox` would notice: an attempt
has another outcome then. By hand, some minutes, after tests/run sandbox: tests/sandbox/lines.py"""

import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", name) for name in ("lib", ".")]

import builds
import guest
from cases import Cases
from machine import Machine, systemctl
from sandbox import probing
from sandbox.attempts import ATTEMPTS, UNITS, expected

# What a program is and may. All else in [Service] takes something away.
GIVEN = {"Type", "NotifyAccess", "ExecStart", "ExecStartPre", "ExecReload", "Restart", "RestartSec", "RestartPreventExitStatus",
         "WatchdogSec", "TimeoutStartSec", "TimeoutStopSec", "Group", "SupplementaryGroups", "UMask", "LoadCredential",
         "ReadWritePaths", "ExecPaths", "BindReadOnlyPaths"}

# Why nobody notices that it is gone: it is a second line behind another one, for a systemd or a kernel that lacks that.
COVERED = {
    "AmbientCapabilities": "it says the default",
    "DevicePolicy": "PrivateDevices= says it too; devices can't be made without a capability",
    "IPAddressDeny": "no socket to use it with, by RestrictAddressFamilies=",
    "KeyringMode": "no system call to reach a keyring with, by SystemCallFilter=",
    "NoNewPrivileges": "SystemCallFilter= brings it, where the user is not root",
    "PrivateMounts": "each setting of paths brings it",
    "ProtectClock": "SystemCallFilter=, PrivateDevices= and the capabilities",
    "ProtectControlGroups": "ownership, where the user is not root",
    "ProtectHostname": "SystemCallFilter=",
    "ProtectKernelLogs": "SystemCallFilter= and PrivateDevices=",
    "ProtectKernelTunables": "ProcSubset= hides /proc/sys, and a container has a read-only /sys",
    "ProtectProc": "root sees every process",
    "RemoveIPC": "PrivateIPC=, and it is done when the service has ended",
    "RestrictRealtime": "SystemCallFilter=~@resources",
}


def variants(text):
    """(what is taken out, the unit without it)"""
    lines = text.split("\n")
    for i, line in enumerate(lines):
        key, _, value = line.partition("=")
        if i < lines.index("[Service]") or not key.isalpha() or key in GIVEN:
            continue
        if f"{key}=" in lines[i + 1:]:  # which takes it back
            continue
        yield line, "\n".join(lines[:i] + lines[i + 1:])
        sign = "~" if value.startswith("~") else ""
        words = value[len(sign):].split()
        for word in words if len(words) > 1 and (sign or key.endswith("Paths")) else []:
            rest = " ".join(other for other in words if other != word)
            yield f"{key}=... {word}", "\n".join([*lines[:i], f"{key}={sign}{rest}", *lines[i + 1:]])


def inside():
    cases = Cases()
    machine = Machine()
    machine.switch_on()
    systemctl("stop", "ddns-retry.timer", "ddns-reconcile.timer")
    decoys = probing.Decoys()
    for unit, program in UNITS.items():
        with open(f"/usr/lib/systemd/system/{unit}", encoding="utf-8") as f:
            text = f.read()
        for what, without in [("nothing", text), *variants(text)]:
            with open(f"/etc/systemd/system/{unit}", "w", encoding="utf-8") as f:
                f.write(without)
            systemctl("daemon-reload")
            with cases.case(f"{unit} without {what}"):
                found = probing.probe(machine, unit, program, ATTEMPTS, decoys.processes)
                turned = [f"{attempt}: {found.get(attempt)}" for attempt, outcome in expected(unit).items()
                          if found.get(attempt) != outcome]
                why = "all is in place" if what == "nothing" else COVERED.get(what.partition("=")[0])
                print(f"# {len(turned)} of {len(found)}: {', '.join(turned[:3]) or why}", flush=True)
                if turned == [] and not why or turned and what == "nothing":
                    raise AssertionError(turned[:5] or "nobody notices")
        os.unlink(f"/etc/systemd/system/{unit}")
    decoys.close()
    cases.exit()


def outside():
    sys.exit(guest.run(__file__, builds.PLAIN, builds.logs("sandbox-lines"), 3600, probing.fill, probing.OPTIONS))


if __name__ == "__main__":
    inside() if guest.inside() else outside()
