# SPDX-License-Identifier: MIT
"""A name server that shows what a test tells it to: answers to SOA queries over UDP, or silence."""

import socket
import struct
import threading

REFUSED = 5


def _name(message, at):
    labels = []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1").lower())
        at += message[at] + 1
    return ".".join(labels), at + 1


class FakeServer:
    """A context manager. `serials`: zone to serial that is served, REFUSED for all others; `silent`: it says nothing;
    `asked`: zones in the order of the questions; without `authoritative` it serves as CoreDNS' mysql plugin does."""

    def __init__(self, address="127.0.0.1", authoritative=False):
        self._flags = 0x8400 if authoritative else 0x8000
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self.address, self.port = self._socket.getsockname()
        self.serials = {}
        self.silent = False
        self.asked = []

    @property
    def endpoint(self):
        """As the configuration has it."""
        return f"{self.address}@{self.port}"

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                message, client = self._socket.recvfrom(4096)
                answer = self._answer(message)
                if not self.silent:
                    self._socket.sendto(answer, client)
            except OSError:
                return

    def _answer(self, message):
        zone, end = _name(message, 12)
        self.asked.append(zone)
        question = message[12:end + 4]
        serial = self.serials.get(zone)
        if serial is None:
            return message[:2] + struct.pack("!HHHHH", 0x8000 | REFUSED, 1, 0, 0, 0) + question
        data = b"\xc0\x0c\xc0\x0c" + struct.pack("!IIIII", serial, 3600, 600, 86400, 60)
        return (message[:2] + struct.pack("!HHHHH", self._flags, 1, 1, 0, 0) + question +
                b"\xc0\x0c" + struct.pack("!HHIH", 6, 1, 60, len(data)) + data)
