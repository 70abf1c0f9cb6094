# SPDX-License-Identifier: MIT
"""PowerDNS of a test's own, reading a MariaDB server (mariadb.Server), with everything in one temporary directory."""

import os
import shutil
import signal
import subprocess
import tempfile

import builds
import mariadb
from cases import DIE_WITH_US, wait_until
from dns import NameServer
from network import LOOPBACK, free_ports

DATABASE = "pdns"

CONF = """
launch=gmysql
gmysql-socket={mysql}
gmysql-dbname={database}
gmysql-user=pdns
gmysql-password=pdns
gmysql-dnssec=yes
local-address={address}
local-port={port}
socket-dir={directory}
allow-axfr-ips=127.0.0.1
disable-axfr=no
daemon=no
guardian=no
write-pid=no
disable-syslog=yes
log-timestamp=no
security-poll-suffix=
version-string=anonymous
"""

def schema():
    """The one that is shipped."""
    return builds.schema("powerdns.mysql.sql")


def own_schema():
    """PowerDNS' own."""
    with open("/usr/share/pdns-backend-mysql/schema/schema.mysql.sql", encoding="utf-8") as f:
        return f.read()


def stanza(name, server, **more):
    """A backend of the configuration; `more`: with "_" for "-"."""
    return {"name": name, "type": "powerdns-mysql", "host": server.site.address, "database": DATABASE,
            "username": mariadb.USERNAME, "password-file": "mysql.password",
            "timeout": {"connect": "1s", "read": "2s", "write": "2s"},
            **{key.replace("_", "-"): value for key, value in more.items()}}


class PowerDNS(NameServer):
    """pdns_server on the database DATABASE of `server`, which it makes anew with `tables`; a context manager. `control`: its
    control socket; `user`: whose the directory of that is; `options`: more text for pdns.conf."""

    def __init__(self, server, tables=None, options="", user=None):
        super().__init__(LOOPBACK, free_ports(1)[0], None)
        self._server = server
        self._process = None
        self.directory = tempfile.mkdtemp(prefix="ddns-pdns-")
        self.control = os.path.join(self.directory, "pdns.controlsocket")
        self._log = os.path.join(self.directory, "pdns.log")
        if user:
            os.chmod(self.directory, 0o750)
            shutil.chown(self.directory, user, user)
        server.create(DATABASE, tables or schema())
        server.sql("CREATE OR REPLACE USER pdns@localhost IDENTIFIED BY 'pdns';"
                   f"GRANT SELECT ON {DATABASE}.* TO pdns@localhost;"
                   f"GRANT UPDATE ON {DATABASE}.domains TO pdns@localhost")
        with open(os.path.join(self.directory, "pdns.conf"), "w", encoding="utf-8") as f:
            f.write(CONF.format(mysql=server.socket, database=DATABASE, address=self.address, port=self.port,
                                directory=self.directory) + options)
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        program = shutil.which("pdns_server", path=os.environ["PATH"] + ":/usr/sbin") or "pdns_server"
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen([*DIE_WITH_US, "KILL", program, f"--config-dir={self.directory}"],
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._answers, 30, "PowerDNS answers")

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError("pdns_server ended: " + self.log()[-2000:])
        return self.soa("ready.invalid", timeout=0.2) and os.path.exists(self.control)

    def log(self):
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def kill(self):
        self._process.kill()
        self._process.wait(30)

    def pause(self):
        self._process.send_signal(signal.SIGSTOP)

    def cont(self):
        self._process.send_signal(signal.SIGCONT)

    def close(self):
        if self._process and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def util(self, *arguments):
        """Exit status and output of pdnsutil."""
        result = subprocess.run(["pdnsutil", f"--config-dir={self.directory}", *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        return result.returncode, result.stdout

    def zones(self):
        """As the database has them: whether each is served is for a query to say."""
        return {name for name, in self._server.sql("SELECT name FROM domains", DATABASE)}
