# SPDX-License-Identifier: MIT
"""A node of its own for one test: a private named, and ddns from a build directory, socket-activated as systemd does it.

Everything lives in one temporary directory and on high loopback ports, as the user who runs it, next to any other node."""

import contextlib
import glob
import os
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from typing import NamedTuple

import builds
import push
from cases import DIE_WITH_US, wait_until
from clock import Clock
from named import Named
from network import LOOPBACK
from running import Running, dump

# What systemd takes for a good end.
CLEAN = (0, -signal.SIGTERM)


def find_program(build, name):
    """The executable `name` somewhere in a build directory."""
    for path in glob.glob(os.path.join(build, "**", name), recursive=True):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    raise FileNotFoundError(f"no program {name} in {build}")


class Activated:
    """One program with its socket, kept as systemd keeps it: started when the socket has something to read (or `every`
    seconds after its last end, as by a timer), again `restart` seconds after a failure, and passed the socket as fd 3, under
    the name `name`. `before`: a command that starts the program, which a test may change at any time."""

    def __init__(self, command, sock, log, environment, every=None, restart=0.1, name="ddns"):
        self._command, self._sock, self._log, self._environment = command, sock, log, environment
        self._every, self._restart, self._name = every, restart, name
        self._stop = threading.Event()
        self._wake, self._waker = os.pipe()
        self._lock = threading.Lock()
        self._process = None
        self.before = []
        self.starts = 0
        self.exits = []  # (pid, exit status), as of subprocess
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _start(self):
        # bash, because LISTEN_PID must be the program's own pid and the socket its fd 3.
        script = f'exec env LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={self._name} "$0" "$@" 3<&{self._sock.fileno()}'
        with open(self._log, "ab") as log:
            return subprocess.Popen([*DIE_WITH_US, "KILL", "bash", "-c", script, *self.before, *self._command],
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment,
                                    pass_fds=[self._sock.fileno()])

    def _run(self):
        failed = False
        while not self._stop.is_set():
            if failed:
                self._stop.wait(self._restart)
            else:
                select.select([self._sock, self._wake], [], [], self._every)
            with self._lock:
                if self._stop.is_set():
                    break
                self._process = self._start()
                self.starts += 1
            status = self._process.wait()
            self.exits.append((self._process.pid, status))
            failed = status not in CLEAN

    @property
    def pid(self):
        """Of the running program, or None."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def signal(self, number):
        """Sends a signal; False if the program does not run."""
        with self._lock:
            if self.pid is None:
                return False
            self._process.send_signal(number)
            return True

    def close(self, timeout=30):
        """Ends the program as `systemctl stop` does: SIGTERM, then SIGKILL. Once is enough, twice does no harm."""
        with self._lock:
            if self._stop.is_set():
                return
            self._stop.set()
        os.write(self._waker, b".")
        self.signal(signal.SIGTERM)
        self._thread.join(timeout)
        if self._thread.is_alive():
            self.signal(signal.SIGKILL)
            self._thread.join()
        self._sock.close()
        os.close(self._wake)
        os.close(self._waker)


class Pass(NamedTuple):
    """A run of ddns-reconcile that ended."""
    status: int  # as of subprocess
    log: str


class Node(Running):
    """A private named, ddns-receiver and ddns-retry of `build`, ddns-reconcile when it is asked for; a context manager.

    `receiver`, `queue`, `state`, `reconcile`, `backend`: settings merged into the configuration (`backend` into that of the private
    named); `backends`: more of them; `credentials`: their files, name to text. `named_options`, `named_more`: text for
    named.conf, in `options` and behind it. `registration`: how the private named learns of zones, on both sides.
    `control`: settings merged into those of its control channel. `timer`: seconds of ddns-retry.timer; `restart`: of
    RestartSec=. Directory and logs stay if `keep`. Without `named` there are only `backends`, and no name server. With
    `clock` (only a build without sanitizers) the programs' wall clock, and that of named, is the test's: `clock`.
    `environments`: name of a program to what its environment has beside. `prepare`: is called with the node before anything
    of it is started."""

    def __init__(self, build, receiver=None, queue=None, state=None, reconcile=None, backend=None, backends=(),
                 credentials=None, named=True, named_options="", named_more="", registration="addzone", control=None,
                 timer=1.0, restart=0.1, clock=False, environments=None, prepare=None, keep=False):
        self._programs = {name: find_program(build, name) for name in ("ddns-receiver", "ddns-retry", "ddnsctl")}
        self._build = build
        self._keep, self._timer, self._restart, self._registration = keep, timer, restart, registration
        self._environments = environments or {}
        self._named = self.receiver = self.retry = self.clock = None
        self.directory = tempfile.mkdtemp(prefix="ddns-node-")
        os.chmod(self.directory, 0o755)
        if clock:
            self.clock = Clock(find_program(build, "libclock.so"), self.path("clock"))
        try:
            self._make_settings(receiver or {}, queue or {}, state or {}, reconcile, backends)
            if named:
                self._make_named(named_options, named_more)
                self._add_named(backend or {}, control or {})
            if prepare:
                prepare(self)
            if named:
                self.start_named()
            self.write_config()
            for name, text in (credentials or {}).items():
                self.write_credential(name, text)
            self._start_ddns()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        if error:
            self.save_logs()
        self.close()

    def save_logs(self):
        """Keeps what everybody wrote, for whoever has to find out why a case failed."""
        directory = os.path.join(builds.logs("nodes"), os.path.basename(self.directory))
        os.makedirs(directory, exist_ok=True)
        for path in (*glob.glob(self.path("*.log")), *glob.glob(self.path("ddns.yaml")), *glob.glob(self.path("named.conf"))):
            shutil.copy(path, directory)
        print(f"# logs: {directory}", file=sys.stderr)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    # ---- set-up

    def _make_settings(self, receiver, queue, state, reconcile, backends):
        for name in ("state", "zones", "credentials"):
            os.mkdir(self.path(name))
        self.settings = {
            "state": {"database": self.path("state", "ddns.db"), "wake": self.path("wake"), **state},
            "receiver": {"parent-check": 3, "masters": [
                {"name": "da1", "username": push.USERNAME, "password-file": "da1.hash"}], **receiver},
            "queue": {"linger": "300ms", **queue},
            "backends": [*backends],
            **({"reconcile": reconcile} if reconcile else {}),
        }

    def _add_named(self, backend, control):
        self.settings["backends"].insert(0, {
            "name": "bind", "type": "bind", "zone-dir": self.path("zones"),
            "nameserver": f"{LOOPBACK}@{self.nameserver.port}", "registration": self._registration,
            "control": {"address": LOOPBACK, "port": self._named.control, "key-file": self.path("rndc.key"), **control},
            **backend})

    def write_config(self, text=None):
        """Writes the configuration, or `text` in its place. At once: a program may start at any moment."""
        with open(self.path("ddns.yaml.new"), "w", encoding="utf-8") as f:
            f.write(text if text is not None else dump(self.settings) + "\n")
        os.rename(self.path("ddns.yaml.new"), self.path("ddns.yaml"))

    def write_credential(self, name, text):
        with open(self.path("credentials", name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path("credentials", name), 0o600)

    def _make_named(self, options, more):
        include = self._registration == "include"
        if include:
            self._empty_include_file()
            more += f'include "{self._include_file}";'
        self._named = Named(self.directory, options, more, allow_new_zones=not include,
                            environment={**(self.clock.environment if self.clock else {}), **self._environments.get("named", {})})
        self.nameserver = self._named.server

    @property
    def _include_file(self):
        return self.path("zones", "ddns.zones.conf")

    def _empty_include_file(self):
        with open(self._include_file, "w", encoding="utf-8"):
            pass

    def _environment(self, name):
        environment = {key: value for key, value in os.environ.items() if key not in ("JOURNAL_STREAM", "NOTIFY_SOCKET")}
        return {**environment, **(self.clock.environment if self.clock else {}), **self._environments.get(name, {}),
                "CREDENTIALS_DIRECTORY": self.path("credentials"),
                "ASAN_OPTIONS": "detect_leaks=1:exitcode=99", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                "TSAN_OPTIONS": "exitcode=99"}

    def _start_ddns(self):
        self.write_credential("da1.hash", self.ctl_text("passwd", stdin=push.PASSWORD + "\n"))

        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, 0))
        listener.listen(4096)
        listener.setblocking(False)
        self.master = push.Master(listener.getsockname())
        self.receiver = self._activate("ddns-receiver", listener)
        self.retry = self.activate_retry()

    def activate_retry(self):
        """ddns-retry on a new socket at the old path, after the one before was closed."""
        wake = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path("wake"))
        wake.bind(self.path("wake"))
        wake.setblocking(False)
        return self._activate("ddns-retry", wake, every=self._timer)

    def _activate(self, name, sock, every=None):
        command = [self._programs[name], "--config=" + self.path("ddns.yaml")]
        return Activated(command, sock, self.path(name + ".log"), self._environment(name), every,
                         self._restart)

    # ---- ddns

    def ctl_command(self, *arguments):
        """(command, environment) of ddnsctl."""
        return [self._programs["ddnsctl"], "--config=" + self.path("ddns.yaml"), *arguments], self._environment("ddnsctl")

    def ctl_text(self, *arguments, stdin="", check=True):
        command, environment = self.ctl_command(*arguments)
        return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, text=True, check=check, timeout=60,
                              env=environment).stdout

    def kill_receiver(self, number=signal.SIGKILL):
        return self.receiver.signal(number)

    def kill_retry(self, number=signal.SIGKILL):
        return self.retry.signal(number)

    def wake_retry(self):
        """As every push does it: ddns-retry looks at its work again, and at the clock."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(self.path("wake"))
            s.send(b"test")

    def end_retry(self):
        """As `systemctl stop ddns-retry`, until it is woken again."""
        old = self.retry.pid
        if self.retry.signal(signal.SIGTERM):
            wait_until(lambda: self.retry.pid != old, 30, "ddns-retry ends")

    def restart_retry(self):
        """As `systemctl restart ddns-retry`: it reads the configuration anew."""
        self.end_retry()
        self.wake_retry()

    def start_reconcile(self, *arguments):
        """ddns-reconcile, as its timer starts it; what it says goes to its standard output, too."""
        command = [find_program(self._build, "ddns-reconcile"), "--config=" + self.path("ddns.yaml"), *arguments]
        return subprocess.Popen([*DIE_WITH_US, "KILL", *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace",
                                env=self._environment("ddns-reconcile"))

    def end_reconcile(self, process, timeout=60):
        """Waits for one that was started."""
        try:
            log = process.communicate(timeout=timeout)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        with open(self.path("ddns-reconcile.log"), "a", encoding="utf-8") as f:
            f.write(log)
        return Pass(process.returncode, log)

    def reconcile(self, *arguments, timeout=60):
        """A whole pass."""
        return self.end_reconcile(self.start_reconcile(*arguments), timeout)

    def _comparing(self):
        with contextlib.closing(sqlite3.connect(self.path("state", "ddns.db"), timeout=10)) as database:
            return database.execute("SELECT name FROM backend WHERE comparison_asked_usec > comparison_ended_usec").fetchall()

    def wait_compared(self, timeout=60):
        """Until all backends have done what a pass asked them for."""
        wait_until(lambda: not self._comparing(), timeout, "all backends have compared", interval=0.05)

    def start(self):
        """After stop(): as `systemctl start` of the sockets."""
        os.unlink(self.path("wake"))
        self._start_ddns()

    def stop(self):
        """Ends both programs; gives the exit statuses of all their runs that did not end well."""
        self.receiver.close()
        self.retry.close()
        return [status for program in (self.receiver, self.retry) for _, status in program.exits
                if status not in CLEAN]

    def log(self, name):
        """What "ddns-receiver", "ddns-retry", "ddns-reconcile" or "named" wrote so far."""
        try:
            with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def sanitizer_reports(self):
        """Lines of the programs' logs in which a sanitizer speaks."""
        marks = ("Sanitizer", "runtime error:")
        return [line for name in ("ddns-receiver", "ddns-retry", "ddns-reconcile") for line in self.log(name).splitlines()
                if any(mark in line for mark in marks)]

    # ---- named

    def start_named(self):
        self._named.start()

    def stop_named(self, number=signal.SIGTERM):
        """Ends named; SIGKILL: without a chance to save anything."""
        self._named.stop(number)

    def pause_named(self):
        """named hangs: its ports accept, nothing answers."""
        self._named.pause()

    def cont_named(self):
        self._named.cont()

    def rndc(self, *arguments):
        self._named.rndc(*arguments)

    def forget_zones(self):
        """named, which must be stopped, will have lost all zones that were added to it."""
        if self._registration == "include":
            self._empty_include_file()
        for path in glob.glob(self.path("*.nzd*")) + glob.glob(self.path("*.nzf")):
            os.unlink(path)

    def close(self):
        for program in (self.receiver, self.retry):
            if program:
                program.close()
        if self._named:
            self._named.close()
        if self.clock:
            self.clock.close()
        if not self._keep:
            shutil.rmtree(self.directory, ignore_errors=True)
