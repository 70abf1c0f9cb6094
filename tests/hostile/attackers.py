#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Many bad clients in one process of their own, so that who measures the good one is not held up by them. It prints "ready"
when each of them has connected, "all" when each kind of attack has come to its end once, goes on until its standard input
ends, and prints what it saw as JSON."""

import argparse
import collections
import errno
import heapq
import json
import os
import resource
import selectors
import socket
import struct
import subprocess
import sys
import time

if __name__ == "__main__":
    sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", name) for name in ("lib", ".")]

from answers import answers
from cases import DIE_WITH_US
from hostile import attacks

CONNECTS_PER_SECOND = 500
HOSTS = 250  # of each /24 that attacks
RAW_MAX = 1 << 20
KEPT = 20
PATIENCE = 90


class Client:
    """One bad client, connection after connection."""

    def __init__(self, storm, attack, number, source):
        self._storm, self.attack, self._source = storm, attack, source
        self._random = attacks.random_for(attack, number)
        self.socket = None
        self.connected = False

    def connect(self):
        self._script = self.attack.script(self._random)
        self._out, self._in, self._deaf, self.connected = memoryview(b""), b"", False, False
        self.socket = s = socket.socket()
        s.setblocking(False)
        s.bind((self._source, 0))
        code = s.connect_ex((self._storm.host, self._storm.tls_port if self.attack.tls else self._storm.port))
        if code not in (0, errno.EINPROGRESS):
            self.end(errno.errorcode[code])
        else:
            self._storm.selector.register(s, selectors.EVENT_WRITE, self)

    def _want(self, events):
        if self._deaf:
            events &= ~selectors.EVENT_READ
        # nothing at all can not be asked for: who reads no more and has nothing to say stays as it is
        self._storm.selector.modify(self.socket, events or selectors.EVENT_WRITE, self)

    def go_on(self):
        """Sends what can be sent now; an end of the connection is an OSError."""
        while True:
            while self._out:
                try:
                    self._out = self._out[self.socket.send(self._out):]
                except BlockingIOError:
                    self._want(selectors.EVENT_READ | selectors.EVENT_WRITE)
                    return
            step = next(self._script, None)
            if step is None:
                break
            if step is attacks.HALF:
                self.socket.shutdown(socket.SHUT_WR)
            elif step is attacks.DEAF:
                self._deaf = True
            elif step is attacks.RESET:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.end("it went away")
                return
            elif isinstance(step, float):
                self._storm.later(step, self)
                break
            else:
                self._out = memoryview(step)
        self._want(selectors.EVENT_READ)

    def ready(self, events):
        try:
            if not self.connected:
                code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    self.end(errno.errorcode[code])
                    return
                self.connected = True
                self.go_on()
                return
            if events & selectors.EVENT_READ:
                data = self.socket.recv(65536)
                if not data:
                    self.end("cut")
                    return
                self._in = (self._in + data)[-RAW_MAX:] if self.attack.tls else self._in + data
            if events & selectors.EVENT_WRITE:
                self.go_on()
        except OSError as error:
            self.end(errno.errorcode.get(error.errno, str(error)))

    def end(self, how):
        if self.socket is None:
            return
        if self.socket in self._storm.selector.get_map():
            self._storm.selector.unregister(self.socket)
        self.socket.close()
        self.socket = None
        self._storm.note(self.attack, how, self._in)
        self._storm.waiting.append(self)


class Storm:
    def __init__(self, options):
        self.host, self.port, self.tls_port = options.host, options.port, options.tls_port
        self.selector = selectors.DefaultSelector()
        self.waiting = collections.deque()
        self._later = []
        self._number = 0
        self.ends, self.statuses, self.bad = (collections.Counter(), collections.Counter(), [])
        for population in options.populations.split(","):
            for attack in attacks.populations()[population]:
                if attack.tls and not self.tls_port:
                    continue
                for _ in range(max(int(attack.count * options.scale), 1)):
                    self._number += 1
                    source = options.source or f"127.66.{self._number // HOSTS}.{self._number % HOSTS + 1}"
                    self.waiting.append(Client(self, attack, self._number, source))
        self.n = len(self.waiting)
        self._kinds = {client.attack.name for client in self.waiting}
        self._ended = set()

    def later(self, seconds, client):
        self._number += 1
        heapq.heappush(self._later, (time.monotonic() + seconds, self._number, client, client.socket))

    def note(self, attack, how, raw):
        self._ended.add(attack.name)
        self.ends[f"{attack.name}: {how}"] += 1
        if attack.tls:
            if b"error=0" in raw or b"HTTP/1" in raw:
                self.bad.append(f"{attack.name}: {raw[:200]!r}")
            return
        try:
            for answer in answers(raw):
                self.statuses[f"{attack.name}: {answer.status}"] += 1
                if answer.body.startswith("error=0") or answer.status < 400:
                    raise ValueError(f"{answer.status} {answer.body[:100]}")
        except ValueError as error:
            self.bad.append(f"{attack.name}: {error}")

    def run(self):
        allowed, begun, last = 0.0, 0, time.monotonic()
        end = last + PATIENCE
        to_say = ["ready", "all"]
        self.selector.register(sys.stdin, selectors.EVENT_READ, None)
        while True:
            now = time.monotonic()
            allowed = min(allowed + (now - last) * CONNECTS_PER_SECOND, CONNECTS_PER_SECOND / 10)
            last = now
            while self.waiting and allowed >= 1:
                allowed -= 1
                begun += 1
                self.waiting.popleft().connect()
            while self._later and self._later[0][0] <= now:
                _, _, client, sock = heapq.heappop(self._later)
                if client.socket is sock and sock is not None and client.connected:
                    try:
                        client.go_on()
                    except OSError as error:
                        client.end(errno.errorcode.get(error.errno, str(error)))
            if to_say and (begun >= self.n if to_say[0] == "ready" else self._ended == self._kinds):
                print(to_say.pop(0), flush=True)
            if to_say and now > end:
                print(f"no {to_say.pop()}: {sorted(self._kinds - self._ended)}", flush=True)
            for key, events in self.selector.select(0.02):
                if key.data is None:
                    return
                key.data.ready(events)

    def result(self):
        return {"ends": self.ends, "statuses": self.statuses, "bad": self.bad[:KEPT]}


class Attackers:
    """The process, from another one's point of view; a context manager. `result` is there when it has ended."""

    def __init__(self, address, tls_port=None, populations=("strangers",), source=None, scale=1.0):
        host, port = address
        command = [*DIE_WITH_US, "KILL", "nice", sys.executable, os.path.abspath(__file__), f"--host={host}", f"--port={port}",
                   f"--populations={','.join(populations)}", f"--scale={scale}"]
        command += [f"--tls-port={tls_port}"] if tls_port else []
        command += [f"--source={source}"] if source else []
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.result = None

    def __enter__(self):
        self._expect("ready")
        return self

    def _expect(self, word):
        """It says something in time, whatever happens."""
        line = self._process.stdout.readline()
        if line != word + "\n":
            raise AssertionError(f"bad clients: {line!r}, expected {word!r}")

    def wait_all(self):
        """Until each kind of attack has come to its end once."""
        self._expect("all")

    def __exit__(self, *_):
        try:
            said = self._process.communicate("", timeout=30)[0]
            self.result = json.loads(said.splitlines()[-1])  # what stands before it nobody waited for
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls-port", type=int)
    parser.add_argument("--populations", default="strangers")
    parser.add_argument("--source")
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard != resource.RLIM_INFINITY else 65536, hard))
    storm = Storm(options)
    storm.run()
    json.dump(storm.result(), sys.stdout)


if __name__ == "__main__":
    main()
