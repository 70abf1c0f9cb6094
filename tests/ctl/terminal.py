# SPDX-License-Identifier: MIT
"""What ddnsctl does on a terminal: top, the pager, colours. With a terminal that a test plays."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from cases import same, wait_until
from ctl.fixture import fits, push, rows, tables


class Terminal:
    """ddnsctl on a terminal of its own."""

    def __init__(self, ctl, *words, rows=24, columns=80, stdin=True, **environment):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        command, base = ctl.node.ctl_command(*words)
        base = {key: value for key, value in base.items() if key not in ("PAGER", "DDNS_PAGER", "NO_COLOR", "LESS", "SUDO_UID")}
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(command, stdin=slave if stdin else subprocess.DEVNULL, stdout=slave, stderr=slave,
                                        env={**base, "TERM": "xterm", **environment}, start_new_session=True)
        self.slave = slave
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def resize(self, height, width):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read(self, timeout=0.05):
        while select.select([self.master], [], [], timeout)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return self.text

    def wait_for(self, part, timeout=20):
        wait_until(lambda: part in self.read(), timeout, f"{part!r} on the terminal")

    def send(self, keys):
        os.write(self.master, keys.encode())

    def end(self, timeout=20):
        """Exit status."""
        wait_until(lambda: (self.read(), self.process.poll())[1] is not None, timeout, "the end")
        self.read()
        return self.process.returncode


ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


def top_prints(ctl, _):
    once = ctl.run("top").out
    same(len(tables(once)), 4, "tables")
    same(rows(once, "DELIVERIES/S")[0]["PUSHES/S"], "-", "rate of the first look")
    same(rows(once, "BACKEND")[0]["BACKEND"], "bind", "backend")
    same("\x1b" in once, False, "escape sequences")
    push(ctl.node, "top.example")
    ctl.node.wait_served("top.example", 1)
    shown = ctl.run("top", "--no-legend").out
    same("top.example" in shown, True, "newest event")
    data = ctl.data("top")
    same((data["events"][0]["event"], data["events"][0]["zone"], data["events"][0]["serial"]), ("save", "top.example", 1), "JSON")
    same((data["pushes_per_sec"], data["zones"]), (None, len(ctl.data("zones"))), "JSON")
    ctl.node.push("refused.example", "nonsense\n")
    same(ctl.data("top")["events"][0]["event"], "refused", "a refused push")
    ctl.fails("top", "--interval=0", says="a second at least")
    ctl.fails("top", "-n", "0", says="once at least")


def top_rates(ctl, _):
    """Five pushes between two looks."""
    command, environment = ctl.node.ctl_command("top", "-n", "2", "--interval=3")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        first = process.stdout.readline()
        began = time.monotonic()
        for i in range(5):
            push(ctl.node, f"rate{i}.example")
        ctl.node.wait_delivered()
        late = time.monotonic() - began > 2.5
        text = first + process.stdout.read()
    looks = text.split("ZONES ")[1:]
    same((len(looks), process.returncode), (2, 0), "looks")
    if not late:  # the machine was slow: the rates are of another time
        rates = ("ZONES " + looks[1]).splitlines()[1].split()[-2:]
        same([1.0 < float(rate) <= 2.0 for rate in rates], [True, True], f"rates {rates}")


def top_lives(ctl, _):
    with Terminal(ctl, "top", "--interval=1") as t:
        t.wait_for("bind")
        same(t.text.startswith(ENTER), True, "the other screen")
        same(bool(termios.tcgetattr(t.slave)[3] & termios.ECHO), False, "echo while it runs")
        push(ctl.node, "live.example")
        t.wait_for("live.example")
        t.resize(5, 40)
        t.process.send_signal(signal.SIGWINCH)
        # a page that is complete when the next one begins, and begun after the change
        t.read()
        t.text = ""
        wait_until(lambda: t.read().count("\x1b[H") > 2, 20, "pages")
        page = t.text.split("\x1b[H")[2]
        same(page.count("\n") < 5, True, f"lines of a small screen: {page!r}")
        t.send("q")
        same(t.end(), 0, "exit status")
        same(t.text.rstrip().endswith(LEAVE), True, "the shell's screen")
        same(termios.tcgetattr(t.slave), t.before, "the terminal's settings")
    for number in (signal.SIGINT, signal.SIGTERM):
        with Terminal(ctl, "top") as t:
            t.wait_for("bind")
            t.process.send_signal(number)
            same(t.end(), 0, f"exit status after {number}")
            same((t.text.rstrip().endswith(LEAVE), termios.tcgetattr(t.slave) == t.before), (True, True), "the terminal")
    with Terminal(ctl, "top", "-n", "1") as t:
        same((t.end(), ENTER in t.text), (0, False), "once, on a terminal")
    with Terminal(ctl, "top", TERM="dumb") as t:
        same((t.end(), "\x1b" in t.text), (0, False), "once, on a terminal that obeys no escape sequence")


def make_pager(ctl):
    """A program that tells how it was started."""
    path = ctl.node.path("pager")
    with open(path, "w", encoding="utf-8") as f:
        f.write('#!/bin/sh\necho "pager<$#:$1:$2:$LESS:$LESSSECURE>"\nexec cat\n')
    os.chmod(path, 0o755)
    return path


def pager(ctl, _):
    program = make_pager(ctl)
    text = ctl.run("cat", "gamma.example").out

    with Terminal(ctl, "cat", "gamma.example", DDNS_PAGER=f"{program}  -x  $(touch${{IFS}}ran)", PAGER="false") as t:
        same(t.end(), 0, "exit status")
        same(t.text, "pager<2:-x:$(touch${IFS}ran):FRSXMK:1>\n" + text, "through $DDNS_PAGER")
    with Terminal(ctl, "zones", PAGER=program) as t:
        same((t.end(), t.text.startswith("pager<0")), (0, True), "through $PAGER")
    for words, environment in ((("zones", "--no-pager"), {"PAGER": program}), (("zones",), {"PAGER": ""}), (("zones",), {"PAGER": "cat"}),
                               (("check-config",), {"PAGER": program}), (("check-config", "--no-pager"), {"PAGER": program})):
        with Terminal(ctl, *words, **environment) as t:
            same((t.end(), "pager<" in t.text), (0, False), f"{words} with {environment}")
    # With sudo the caller's pager is not started.
    with Terminal(ctl, "zones", PAGER=program, DDNS_PAGER=program, SUDO_UID="1000", rows=200) as t:
        same((t.end(), "pager<" in t.text, "ZONE" in t.text), (0, False, True), "with sudo")
    with Terminal(ctl, "cat", "gamma.example", DDNS_PAGER="/nonexistent/pager", PATH="/nonexistent") as t:
        same((t.end(), t.text), (0, text), "without any pager")
    # The exit status is the verb's, and leaving early is no failure.
    with Terminal(ctl, "show", "nothing.example", PAGER=program) as t:
        same(t.end(), 1, "exit status")
    with Terminal(ctl, "zones", PAGER="true") as t:
        same((t.end(), t.text), (0, ""), "a pager that is left at once")
    same(os.path.exists("ran"), False, "a command in the pager's name ran")
    same("pager<" in ctl.run("zones").out, False, "a pager without a terminal")


def less(ctl, _):
    """The real one: longer than the screen, it waits for q; else it ends by itself."""
    push(ctl.node, *(f"long{i:02}.example" for i in range(40)))
    with Terminal(ctl, "zones", rows=10) as t:
        t.wait_for("long00.example")
        same(t.process.poll(), None, "it waits")
        t.send("q")
        same(t.end(), 0, "exit status")
        same("long39.example" in t.text, False, "the end of the list")
    with Terminal(ctl, "status") as t:
        same((t.end(), "bind" in t.text), (0, True), "a short one")


def colours(ctl, _):
    for environment, colour in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False), ({"TERM": ""}, False)):
        with Terminal(ctl, "backends", "--no-pager", **environment) as t:
            same((t.end(), "\x1b[" in t.text), (0, colour), f"colours with {environment}")
    same("\x1b" in ctl.run("backends").out, False, "colours without a terminal")
    fits(ctl.run("backends").out)


CASES = (
    ("top prints once without a terminal, the newest events first", top_prints),
    ("top tells how many pushes and deliveries there are per second", top_rates),
    ("top on a terminal is live, and gives it back as it was", top_lives),
    ("long output goes through the pager that the environment names", pager),
    ("less ends by itself if all fits the screen", less),
    ("colours are for terminals whose user wants them", colours),
)
