# SPDX-License-Identifier: MIT
"""A MariaDB server of a test's own, at a site of its own (network.Site), and what its tables hold."""

import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading

import network
from cases import DIE_WITH_US, wait_until

USERNAME = "ddns"
PASSWORD = "open 'sesame\" \\ #1"
PORT = 3306

# Small, and as durable as in service.
OPTIONS = ["--user=root", "--skip-name-resolve", "--skip-log-bin", "--skip-external-locking",
           "--innodb-log-file-size=8M", "--innodb-data-file-path=ibdata1:4M:autoextend", "--innodb-buffer-pool-size=64M",
           "--innodb-flush-log-at-trx-commit=1", "--max-connections=60", "--innodb-lock-wait-timeout=3"]


def _program(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") or name


class Session:
    """A connection that stays, by the socket and as root. Not thread-safe."""

    END = "end of the answer"

    def __init__(self, server, database=None):
        command = [*DIE_WITH_US, "KILL", "mariadb", "--no-defaults", f"--socket={server.socket}", "--user=root", "--batch",
                   "--skip-column-names", "--unbuffered", "--force", "--default-character-set=utf8mb4",
                   *([database] if database else [])]
        # Errors stand where they belong between the rows.
        self._client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, bufsize=1)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._client.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def run(self, sql, timeout=30):
        """Rows as lists of strings; RuntimeError with the server's words if it does not like it; ConnectionError: it has gone."""
        self._client.stdin.write(f"{sql};\nSELECT '{self.END}';\n")
        self._client.stdin.flush()
        lines = []
        while (line := self._lines.get(timeout=timeout)) != self.END:
            if line is None or re.match(r"ERROR 20\d\d ", line):
                raise ConnectionError(f"the connection ended: {line}")
            lines.append(line)
        errors = [line for line in lines if re.match(r"ERROR \d+ ", line)]
        if errors:
            raise RuntimeError(" ".join(errors))
        return [line.split("\t") for line in lines]

    def close(self):
        self._client.kill()
        self._client.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server:
    """MariaDB at `site`; a context manager. `data_size`: of a file system of its own for the data, as "60M". A stopped server
    keeps its data. `options`: more of them, for all starts. The user USERNAME has the rights that ddns asks for, and no others."""

    _template = None

    def __init__(self, site, data_size=None, port=PORT, options=()):
        self.site, self.port, self._small, self._options = site, port, data_size is not None, options
        self.directory = tempfile.mkdtemp(prefix="ddns-mariadb-")
        os.chmod(self.directory, 0o755)  # the socket is for everybody, who then has to log in
        self.socket = os.path.join(self.directory, "socket")
        self._data = os.path.join(self.directory, "data")
        self.filler = os.path.join(self._data, "filler")  # for who wants the file system full
        self._log = os.path.join(self.directory, "mariadb.log")
        self._process = None
        try:
            if self._small:
                os.mkdir(self._data)
                network.mount_tmpfs(self._data, data_size)
            shutil.copytree(self._install(), self._data, dirs_exist_ok=True)
            self.start()
            self.sql(f"CREATE USER {USERNAME}@'%' IDENTIFIED BY {self.literal(PASSWORD)}")
        except BaseException:
            self.close()
            raise

    @staticmethod
    def literal(text):
        """A string of SQL."""
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    @classmethod
    def _install(cls):
        """Made once, then copied."""
        if not cls._template:
            cls._template = tempfile.TemporaryDirectory(prefix="ddns-mariadb-")
            subprocess.run([_program("mariadb-install-db"), "--no-defaults", "--skip-test-db", "--auth-root-authentication-method=socket",
                            f"--datadir={cls._template.name}", *[o for o in OPTIONS if o.startswith(("--user", "--innodb"))]],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120, check=True)
            shutil.rmtree(os.path.join(cls._template.name, "sys"), ignore_errors=True)
        return cls._template.name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- life and death

    def start(self, *options):
        """`options`: more of them, for this start."""
        command = [_program("mariadbd"), "--no-defaults", *OPTIONS, f"--bind-address={self.site.address}", f"--port={self.port}",
                   *self._options, f"--datadir={self._data}", f"--socket={self.socket}",
                   f"--tmpdir={self.directory}", f"--pid-file={self.directory}/pid", *options]
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen([*DIE_WITH_US, "KILL", *self.site.command(*command)], stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log)
        wait_until(self._answers, 60, "MariaDB answers")

    def _answers(self):
        if self._process.poll() is not None:
            with open(self._log, encoding="utf-8", errors="replace") as log:
                raise RuntimeError("MariaDB ended: " + log.read()[-2000:])
        if not os.path.exists(self.socket):
            return False
        try:
            return self.sql("SELECT 1") == [["1"]]
        except RuntimeError:
            return False

    def stop(self, number=signal.SIGTERM):
        """Ends it; SIGKILL: without a chance to save anything."""
        self._process.send_signal(number)
        self._process.wait(60)

    def kill(self):
        self.stop(signal.SIGKILL)

    def pause(self):
        """It hangs: the kernel still takes connections, nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def cont(self):
        self._process.send_signal(signal.SIGCONT)

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process is not None and self._process.poll() is None

    def close(self):
        if self.running():
            self.cont()
            self.kill()
        if self._small:
            network.unmount(self._data)
        shutil.rmtree(self.directory, ignore_errors=True)

    # ---- what is in it

    def session(self, database=None):
        return Session(self, database)

    def sql(self, text, database=None):
        """Rows as lists of strings, as root."""
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names",
                   "--default-character-set=utf8mb4", *([database] if database else [])]
        result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        if result.returncode != 0:
            raise RuntimeError(result.stderr.strip())
        return [line.split("\t") for line in result.stdout.splitlines()]

    def create(self, database, schema, rights="SELECT, INSERT, UPDATE, DELETE"):
        """A database, new or anew, with the tables of `schema` (text); `rights` for USERNAME."""
        self.sql(f"DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database} CHARACTER SET utf8mb4;"
                 f"GRANT {rights} ON {database}.* TO {USERNAME}@'%'")
        self.sql(schema, database)

    def written(self):
        """How many rows were inserted, changed and deleted so far; one that is inserted over another one counts twice."""
        counts = self.sql("SHOW GLOBAL STATUS WHERE Variable_name IN ('Handler_write', 'Handler_update', 'Handler_delete')")
        if len(counts) != 3:
            raise RuntimeError(f"the server does not count what it writes: {counts}")
        return sum(int(value) for _, value in counts)

    def set(self, **variables):
        """Global variables of the running server, until it is started anew."""
        for name, value in variables.items():
            self.sql(f"SET GLOBAL {name} = {value!r}")

    def disconnect(self):
        """Ends all connections of ddns, so that what was set holds for them."""
        for (number,) in self.sql(f"SELECT id FROM information_schema.processlist WHERE user = '{USERNAME}'"):
            try:
                self.sql(f"KILL {number}")
            except RuntimeError:
                pass  # it has just gone
