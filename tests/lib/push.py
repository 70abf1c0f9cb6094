# SPDX-License-Identifier: MIT
"""A DirectAdmin master's side of the wire: requests as bytes, one TCP connection each."""

import base64
import socket
import urllib.parse
from typing import NamedTuple

USERNAME = "ddns"
PASSWORD = "correct horse:battery"
HOSTNAME = "server1.example.com"


class Answer(NamedTuple):
    status: int  # 0: the connection ended without an answer
    body: str
    headers: dict  # lower-case names


def _parse_answer(raw):
    """An answer as far as it came, and whether it is complete before the connection ends."""
    head, end, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not end or not lines[0].startswith("HTTP/"):
        return Answer(0, "", {}), False
    headers = dict((name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:]))
    length = headers.get("content-length")
    if length is not None and len(body) < int(length):
        return Answer(0, "", {}), False
    return Answer(int(lines[0].split()[1]), body.decode("utf-8", "replace"), headers), length is not None


def zone_text(zone, serial, *records):
    """A zone file in the manner of a master: SOA, NS, and `records` as lines."""
    return "\n".join([
        "", "", "$TTL 3600",
        f"@       IN      SOA     ns1.host.example.      hostmaster.{zone}. (",
        f"                                                {serial}",
        "                                                3600 3600 1209600 86400 )", "",
        f"{zone}.\t3600\tIN\tNS\tns1.host.example.",
        f"{zone}.\t3600\tIN\tNS\tns2.host.example.",
        *(records or (f"{zone}.\t3600\tIN\tA\t192.0.2.10",)), "", ""])


class Master:
    """One master that pushes to `address` (host, port), from the address `source` if it is given, over TLS with the context `tls`.
    Thread-safe: it keeps no state."""

    def __init__(self, address, username=USERNAME, password=PASSWORD, hostname=HOSTNAME, source=None, tls=None):
        self.address, self._source, self._tls = address, (source, 0) if source else None, tls
        self.hostname = hostname
        self._authorization = base64.b64encode(f"{username}:{password}".encode()).decode()

    def _connect(self, timeout):
        s = socket.create_connection(self.address, timeout, self._source)
        return self._tls.wrap_socket(s, server_hostname=self.address[0]) if self._tls else s

    def exchange(self, raw, timeout=90, wait=True):
        """Sends the bytes of one request and reads its answer. `wait=False`: closes without reading.
        ConnectionRefusedError and time-outs are raised; a connection that ends early gives status 0."""
        with self._connect(timeout) as s:
            raw_answer, complete = b"", not wait
            try:
                s.sendall(raw)
                while not complete and (data := s.recv(65536)):
                    raw_answer += data
                    complete = _parse_answer(raw_answer)[1]
            except (ConnectionResetError, BrokenPipeError):
                pass
        return _parse_answer(raw_answer)[0]

    def request(self, method, path, body=b"", headers=()):
        lines = [f"{method} {path} HTTP/1.0", f"Authorization: Basic {self._authorization}", "Host: ns9.example.net",
                 *headers, f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body

    def push(self, zone, text, urgent=False, username=None, hostname=None, timeout=90):
        """`rawsave` as a master sends it; gives (status, body). `hostname=""` leaves the field out."""
        query = [("action", "rawsave"), ("domain", zone)]
        if urgent:
            query.append(("named_reload", "yes"))
        if username:
            query.append(("username", username))
        hostname = self.hostname if hostname is None else hostname
        if hostname:
            query.append(("hostname", hostname))
        path = "/CMD_API_DNS_ADMIN?" + urllib.parse.urlencode(query)
        return self.exchange(self.request("POST", path, text.encode()), timeout)[:2]

    def delete(self, *zones, hostname=None, timeout=90):
        """`delete` as a master sends it: a form without a Content-Type."""
        form = [("action", "delete"), ("cluster", "yes")]
        hostname = self.hostname if hostname is None else hostname
        if hostname:
            form.append(("hostname", hostname))
        form += [(f"select{i}", zone) for i, zone in enumerate(zones)]
        body = urllib.parse.urlencode(form).encode()
        return self.exchange(self.request("POST", "/CMD_API_DNS_ADMIN", body), timeout)[:2]

    def exists(self, zone, timeout=90):
        path = "/CMD_API_DNS_ADMIN?" + urllib.parse.urlencode([("action", "exists"), ("domain", zone)])
        return self.exchange(self.request("GET", path), timeout)[:2]
