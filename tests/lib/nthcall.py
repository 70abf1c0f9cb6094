# SPDX-License-Identifier: MIT
"""Lets the Nth call of a kind fail in one of a node's programs, while it runs or from its start on (nthcall.c)."""

import errno
import os
import struct

KINDS = {name: 1 << bit for bit, name in enumerate(
    ("memory", "open", "read", "write", "sync", "truncate", "rename", "unlink", "send", "accept", "socket",
     "ldns memory"))}
SHORT_TRANSFER = -1

_ASKED = struct.Struct("=IiIIq")
_TOLD = struct.Struct("=qqq200s")
_SIZE = _ASKED.size + _TOLD.size


class NthCall:
    """`library`: what the build made of nthcall.c; `path`: a file for it."""

    def __init__(self, library, path):
        self.environment = {"LD_PRELOAD": library, "DDNS_TEST_NTHCALL": path}
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        os.pwrite(self._file, bytes(_SIZE), 0)

    def arm(self, kind, nth, error=errno.EIO, sticky=False):
        """From now on the Nth call of `kind` fails with `error`; with `sticky` all behind it as well."""
        self.disarm()
        os.pwrite(self._file, bytes(_SIZE - 4), 4)
        os.pwrite(self._file, _ASKED.pack(0, error, sticky, 0, nth)[4:], 4)
        os.pwrite(self._file, struct.pack("=I", KINDS[kind]), 0)

    def disarm(self):
        os.pwrite(self._file, struct.pack("=I", 0), 0)

    def _told(self):
        return _TOLD.unpack(os.pread(self._file, _TOLD.size, _ASKED.size))

    @property
    def seen(self):
        """Calls of the kind since arm()."""
        return self._told()[0]

    @property
    def hits(self):
        """Calls that failed."""
        return self._told()[1]

    @property
    def synced_again(self):
        """Syncs of descriptors of which one had failed before."""
        return self._told()[2]

    @property
    def where(self):
        """Who made the first call that failed: object and offset."""
        return self._told()[3].split(b"\0")[0].decode()

    def close(self):
        os.close(self._file)
