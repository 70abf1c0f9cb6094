# SPDX-License-Identifier: MIT
"""Boots a container with the real units: this machine's own /usr with the installed tree laid over it, an empty /etc and
/var, a network of its own that has nothing but loopback, and systemd as PID 1.

A suite that needs it has two functions, for outside and inside; run() calls the second in the booted container."""

import os
import shutil
import subprocess
import sys
import tempfile

from cases import DIE_WITH_US

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INSIDE_TESTS = "/ddns/tests"
INSIDE_OUT = "/ddns/out"
MARK = "DDNS_TEST_GUEST"

# The verdict is the container's exit status, the cases are in `results`, and the journal goes with the container unless
# it is written to the outside.
UNIT = f"""
[Unit]
Description=Test suite
After=multi-user.target
SuccessAction=exit
FailureAction=exit

[Service]
Type=oneshot
Environment={MARK}=1 PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/python3 {{script}}
ExecStopPost=/bin/sh -c 'journalctl -o export >{INSIDE_OUT}/journal.export; journalctl >{INSIDE_OUT}/journal.txt'
StandardOutput=file:{INSIDE_OUT}/results
StandardError=file:{INSIDE_OUT}/errors
TimeoutStartSec=infinity
"""

# Nothing is on because it is installed on this machine: /etc is empty, which systemd takes for a first boot.
PRESET = "disable *\n"

# As the packages of the name servers make them; named is Fedora's.
SYSUSERS = "u bind - - /var/cache/bind\nu named - - /var/named\nu pdns - - /var/spool/powerdns\n"


def inside():
    return MARK in os.environ


def missing():
    """Why no container can be booted here, or None."""
    if os.geteuid() != 0:
        return "only root can boot a container"
    for program in ("systemd-nspawn", "meson", "named"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"):
            return f"{program} is not installed"
    probe = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"],
                           capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return f"no permission to make namespaces and mounts ({probe.stderr.strip()})"
    return None


def _read(directory, name):
    try:
        with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def installed(build):
    """What run() lays over /usr: the build as `meson install` installs it."""
    return lambda stage: subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", stage],
                                        check=True, stdout=subprocess.DEVNULL)


def _stage(fill, stage, script):
    fill(stage)
    system = os.path.join(stage, "usr/lib/systemd")
    _write(f"{system}/system/ddns-test.service",
           UNIT.format(script=os.path.join(INSIDE_TESTS, os.path.relpath(script, TESTS))))
    _write(f"{system}/system-preset/00-ddns-test.preset", PRESET)
    _write(os.path.join(stage, "usr/lib/sysusers.d/ddns-test.conf"), SYSUSERS)
    wants = f"{system}/system/default.target.wants"
    os.makedirs(wants)
    os.symlink("../ddns-test.service", f"{wants}/ddns-test.service")


def _end(container):
    """SIGTERM shuts the container down, which saves its journal; the second one ends it at once. (SIGKILL would leave the
    container behind.)"""
    if container.poll() is not None:
        return
    container.terminate()
    try:
        container.wait(30)
    except subprocess.TimeoutExpired:
        container.terminate()
        container.wait(30)


def _boot(stage, out, timeout, writable, options):
    overlay = "--overlay" if writable else "--overlay-ro"
    name = f"ddns-test-{os.getpid()}"
    command = [*DIE_WITH_US, "TERM", "systemd-nspawn", "--quiet", "--directory=/", "--volatile=yes", "--register=no",
               "--keep-unit", f"--machine={name}", "--private-network", "--console=pipe",
               f"{overlay}=/usr:{stage}/usr:/usr", f"--bind={out}:{INSIDE_OUT}",
               f"--bind-ro={TESTS}:{INSIDE_TESTS}", *options, "--boot"]
    with open(os.path.join(out, "console"), "wb") as console:
        # In a session of its own: a Ctrl-C on the terminal is for the runner, which ends the container then.
        container = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                                     start_new_session=True)
        try:
            return container.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(container)


def run(script, build, out, timeout=600, fill=None, options=()):
    """Boots, runs `script` inside, prints its cases, and gives the number of failures. `out` keeps what it wrote:
    results, errors, journal.txt, journal.export, console. `fill`, a function of a directory, is what to lay over /usr in the
    place of `build`; then /usr can be written inside. `options` are systemd-nspawn's."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    with tempfile.TemporaryDirectory(prefix="ddns-guest-") as stage:
        os.chmod(stage, 0o755)
        _stage(fill or installed(build), stage, script)
        status = _boot(stage, out, timeout, fill is not None, options)

    results = _read(out, "results")
    sys.stdout.write(results)
    failed = sum(line.startswith("not ok ") for line in results.splitlines())
    if status != 0 and not failed:
        why = f"no verdict within {timeout} s" if status is None else f"exit status {status}"
        print(f"not ok the container ran to its end: {why}; {''.join(_read(out, 'errors').splitlines()[-1:])}")
        failed += 1
    if failed:
        print(f"# errors, journal and console of the container: {out}", file=sys.stderr)
    sys.stdout.flush()
    return failed
