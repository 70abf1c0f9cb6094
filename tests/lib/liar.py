# SPDX-License-Identifier: MIT
"""A control channel that lies: it says that all went well, whatever it is told, and does nothing."""

import base64
import hashlib
import hmac
import re
import socketserver
import struct
import threading

BINARY, TABLE = 1, 2
HMAC_SHA256 = 163


def _entry(name, kind, value):
    return bytes([len(name)]) + name + bytes([kind]) + struct.pack("!I", len(value)) + value


def _texts(fields):
    return b"".join(_entry(name.encode(), BINARY, value.encode()) for name, value in fields.items())


def _table(data):
    """The entries of one table; tables in it stay bytes."""
    entries, at = {}, 0
    while at < len(data):
        name = data[at + 1:at + 1 + data[at]]
        at += 1 + len(name)
        size, = struct.unpack_from("!I", data, at + 1)
        entries[name.decode()] = data[at + 5:at + 5 + size]
        at += 5 + size
    return entries


class Liar:
    """A context manager. `port`: where it listens; `commands`: what it was told."""

    # Where the truth would be awkward: it has every zone, and always had.
    ANSWERS = {"zonestatus": "name: it\nserial: 1\nlast loaded: Thu, 01 Jan 2026 00:00:00 GMT",
               "status": "boot time: Thu, 01 Jan 2026 00:00:00 GMT"}

    def __init__(self):
        self.commands = []
        self._secret = None
        liar = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                liar._serve(self.rfile, self.wfile)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def read_key(self, path):
        """Until it has the key it closes every connection."""
        with open(path, encoding="utf-8") as f:
            self._secret = base64.b64decode(re.search(r'secret "([^"]+)"', f.read()).group(1))

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, requests, answers):
        while self._secret and len(head := requests.read(4)) == 4:
            request = _table(requests.read(*struct.unpack("!I", head))[4:])
            command = _table(request["_data"])["type"].decode()
            self.commands.append(command)
            answers.write(self._answer(_table(request["_ctrl"]), command))

    def _answer(self, control, command):
        times = {name: control[name].decode() for name in ("_ser", "_tim", "_exp")}
        body = _entry(b"_ctrl", TABLE, _texts({**times, "_rpl": "1", "_nonce": "1"})) + _entry(
            b"_data", TABLE, _texts({"type": command, "result": "0", "text": self.ANSWERS.get(command.split()[0], "")}))
        digest = base64.b64encode(hmac.digest(self._secret, body, hashlib.sha256))
        auth = _entry(b"_auth", TABLE, _entry(b"hsha", BINARY, bytes([HMAC_SHA256]) + digest.ljust(88, b"\0")))
        message = struct.pack("!I", 1) + auth + body
        return struct.pack("!I", len(message)) + message
