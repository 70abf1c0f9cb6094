# SPDX-License-Identifier: MIT
"""A private named of a test: all that it has is in one directory, and it listens on high loopback ports."""

import os
import shutil
import signal
import subprocess
import time

from cases import DIE_WITH_US, wait_until
from dns import NameServer, rndc_key
from network import LOOPBACK, free_ports

NAMED_CONF = """
options {{
        directory "{directory}";
        pid-file "{directory}/named.pid";
        session-keyfile "{directory}/session.key";
        managed-keys-directory "{directory}";
        lock-file none;
        listen-on port {port} {{ 127.0.0.1; }};
        listen-on-v6 {{ none; }};
        allow-new-zones {allow_new_zones};
        allow-transfer {{ 127.0.0.1; }};
        recursion no;
        notify no;
        dnssec-validation no;
        empty-zones-enable no;
        {options}
}};
include "{directory}/rndc.key";
controls {{ inet 127.0.0.1 port {control} allow {{ 127.0.0.1; }} keys {{ "rndc-key"; }}; }};
statistics-channels {{ inet 127.0.0.1 port {statistics} allow {{ 127.0.0.1; }}; }};
{more}
"""


class Named:
    """`options`, `more`: text for named.conf, in `options` and behind it. `environment`: what its own has beside."""

    def __init__(self, directory, options="", more="", allow_new_zones=True, environment=None):
        self.directory = directory
        self._environment = {**os.environ, **(environment or {})}
        port, self.control, statistics = free_ports(3)
        self.server = NameServer(LOOPBACK, port, statistics)
        self._process = self._started = None
        with open(self.path("rndc.key"), "w", encoding="utf-8") as f:
            f.write(rndc_key())
        with open(self.path("named.conf"), "w", encoding="utf-8") as f:
            f.write(NAMED_CONF.format(directory=directory, port=port, control=self.control, statistics=statistics,
                                      options=options, more=more, allow_new_zones="yes" if allow_new_zones else "no"))
        # A copy: AppArmor confines the original to the directories of the distribution.
        shutil.copy(shutil.which("named", path=os.environ["PATH"] + ":/usr/sbin"), self.path("named"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def log(self):
        try:
            with open(self.path("named.log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def start(self):
        # named tells when it was started in seconds, and by nothing else can two of them be told apart.
        wait_until(lambda: int(time.time()) != self._started, 2, "the next second")
        with open(self.path("named.log"), "ab") as log:
            command = [self.path("named"), "-g", "-n", "2", "-c", self.path("named.conf")]
            self._process = subprocess.Popen([*DIE_WITH_US, "KILL", *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             env=self._environment)
        wait_until(self._answers, 30, "named answers")
        self._started = int(time.time())  # not before: the next second may have begun meanwhile

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError("named ended: " + self.log()[-2000:])
        return self.server.soa("ready.invalid", timeout=0.2)

    def stop(self, number=signal.SIGTERM):
        """SIGKILL: without a chance to save anything."""
        self._process.send_signal(number)
        self._process.wait(60)

    def pause(self):
        """It hangs: its ports accept, nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def cont(self):
        self._process.send_signal(signal.SIGCONT)

    def rndc(self, *arguments):
        subprocess.run(["rndc", "-s", LOOPBACK, "-p", str(self.control), "-k", self.path("rndc.key"), *arguments], check=True,
                       timeout=30, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def close(self):
        if self._process and self._process.poll() is None:
            self.cont()
            self.stop()
