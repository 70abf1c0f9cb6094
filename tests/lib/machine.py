# SPDX-License-Identifier: MIT
"""Inside of a booted container: the real named.service, the installed ddns, switched on as an operator does it."""

import json
import os
import shutil
import subprocess
from typing import NamedTuple

import push
from cases import wait_until
from dns import NameServer, rndc_key
from running import Running, dump

RECEIVER = "ddns.service"
SOCKET = "ddns.socket"
RETRY = "ddns-retry.service"
RETRY_SOCKET = "ddns-retry.socket"
TIMER = "ddns-retry.timer"
CONFIG = "/etc/ddns/ddns.yaml"
STATISTICS_PORT = 8053



class Bind(NamedTuple):
    """What distributions call differently."""
    user: str
    home: str
    conf: str
    key: str


DEBIAN = Bind("bind", "/var/cache/bind", "/etc/bind/named.conf", "/etc/bind/rndc.key")
FEDORA = Bind("named", "/var/named", "/etc/named.conf", "/etc/rndc.key")

NAMED_CONF = f"""
options {{{{
        directory "{{bind.home}}";
        listen-on {{{{ 127.0.0.1; }}}};
        listen-on-v6 {{{{ none; }}}};
        allow-new-zones yes;
        allow-transfer {{{{ 127.0.0.1; }}}};
        recursion no;
        notify no;
        dnssec-validation no;
        empty-zones-enable no;
}}}};
include "{{bind.key}}";
controls {{{{ inet 127.0.0.1 port 953 allow {{{{ 127.0.0.1; }}}} keys {{{{ "rndc-key"; }}}}; }}}};
statistics-channels {{{{ inet 127.0.0.1 port {STATISTICS_PORT} allow {{{{ 127.0.0.1; }}}}; }}}};
"""


def run(*command, stdin=None, check=True):
    """Standard output of a command."""
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, text=True, timeout=120, check=check).stdout


def systemctl(*arguments, check=True):
    return run("systemctl", *arguments, check=check)


def show(unit, *properties):
    """Properties of a unit: one value, or a list of them."""
    values = [run("systemctl", "show", "-P", name, unit).strip() for name in properties]
    return values[0] if len(values) == 1 else values


def _write(path, text, mode=0o644, group=None):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    if group:
        shutil.chown(path, group=group)


class Machine(Running):
    """The machine this runs on. `receiver`, `queue`: settings merged into the configuration."""

    def __init__(self, receiver=None, queue=None, bind=DEBIAN):
        self.master = push.Master(("127.0.0.1", 2222))
        self.nameserver = NameServer("127.0.0.1", 53, STATISTICS_PORT)
        self.settings = {
            "receiver": {"parent-check": 3, "masters": [
                {"name": "da1", "username": push.USERNAME, "password-file": "da1.hash"}], **(receiver or {})},
            "queue": {"linger": "1s", **(queue or {})},
            "backends": [{"name": "local", "type": "bind", "nameserver": "127.0.0.1"}],
        }
        self._start_named(bind)
        self.write_config()
        _write("/etc/ddns/credentials/receiver/da1.hash",
               run("ddnsctl", "passwd", stdin=push.PASSWORD + "\n"), 0o600)

    @staticmethod
    def _start_named(bind):
        """What the package of the name server would have made."""
        for path in (bind.home, "/run/named") + (("/etc/bind", "/var/lib/bind") if bind is DEBIAN else ()):
            os.makedirs(path, exist_ok=True)
            shutil.chown(path, group=bind.user)
            os.chmod(path, 0o2755 if path == "/etc/bind" else 0o775)
        _write(bind.key, rndc_key(), 0o640, group=bind.user)
        _write(bind.conf, NAMED_CONF.format(bind=bind))
        os.makedirs("/etc/default", exist_ok=True)
        _write("/etc/default/named", f'OPTIONS="-u {bind.user} -c {bind.conf}"\n')
        systemctl("start", "named.service")

    def write_config(self, text=None):
        """Writes the configuration, or `text` in its place."""
        _write(CONFIG, text if text is not None else dump(self.settings) + "\n")

    def switch_on(self):
        """The one command of the manual."""
        systemctl("enable", "--now", SOCKET)

    def ctl_text(self, *arguments, stdin="", check=True):
        return run("ddnsctl", *arguments, stdin=stdin, check=check)

    @staticmethod
    def drop_in(unit, text):
        """Adds a drop-in, or removes it if `text` is None."""
        directory = f"/etc/systemd/system/{unit}.d"
        if text is None:
            shutil.rmtree(directory, ignore_errors=True)
        else:
            os.makedirs(directory, exist_ok=True)
            _write(f"{directory}/test.conf", text)
        systemctl("daemon-reload")

    @staticmethod
    def journal(*matches):
        """Entries of the journal as dictionaries, oldest first; systemd's own lines are written before they are read."""
        run("journalctl", "--sync")
        lines = run("journalctl", "-o", "json", "--all", *matches).splitlines()
        return [json.loads(line) for line in lines]

    @staticmethod
    def wait_state(unit, state, timeout=30):
        wait_until(lambda: show(unit, "ActiveState") == state, timeout, f"{unit} {state}")
