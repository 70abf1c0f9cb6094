# SPDX-License-Identifier: MIT
"""A whole master: DirectAdmin that lists its zones, and BIND that has them."""

import contextlib
import os
import shutil
import tempfile

from directadmin import DirectAdmin
from named import Named
from network import LOOPBACK
from push import zone_text

ZONES_CONF = "zones.conf"


class Origin:
    """A context manager. `zones`: name to serial and records (none: those of zone_text()); publish() makes them what the
    master lists and its name server has. `listing`: the DirectAdmin, `named`: the name server."""

    def __init__(self, servername, zones=(), options=""):
        self.servername = servername
        self.zones = {zone: (1,) for zone in zones}
        self._stack = contextlib.ExitStack()
        directory = tempfile.mkdtemp(prefix="ddns-origin-")
        self._stack.callback(shutil.rmtree, directory, ignore_errors=True)
        os.chmod(directory, 0o755)
        self.named = Named(directory, options, f'include "{directory}/{ZONES_CONF}";')
        self._stack.callback(self.named.close)
        self.listing = DirectAdmin([])
        self._running = False

    def __enter__(self):
        self._stack.enter_context(self.listing)
        self.publish()
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def text(self, zone):
        serial, *records = self.zones[zone]
        return zone_text(zone, serial, *records)

    def change(self, zone, *records):
        self.zones[zone] = (self.zones[zone][0] + 1, *records)

    def publish(self):
        """named is started anew: reloading has no end that could be awaited."""
        if self._running:
            self.named.stop()
        lines = []
        for zone in self.zones:
            with open(self.named.path(f"{zone}.db"), "w", encoding="utf-8") as f:
                f.write(self.text(zone))
            lines.append(f'zone "{zone}" {{ type primary; file "{self.named.path(zone)}.db"; }};\n')
        with open(self.named.path(ZONES_CONF), "w", encoding="utf-8") as f:
            f.writelines(lines)
        self.named.start()
        self._running = True
        self.listing.zones = sorted(self.zones)

    def stanza(self, name, axfr=True, **more):
        """Its entry in reconcile.masters."""
        address = {"axfr": {"address": f"{LOOPBACK}@{self.named.server.port}"}} if axfr else {}
        return {"name": name, "servername": self.servername, "url": self.listing.url, "username": self.listing.username,
                "password-file": "login", **address, **more}
