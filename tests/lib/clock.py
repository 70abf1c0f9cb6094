# SPDX-License-Identifier: MIT
"""The wall clock of a node's programs, which a test moves (clock.c)."""

import os
import struct
import time

USEC = 1_000_000


class Clock:
    """`library`: what the build made of clock.c; `path`: a file for it. It starts with the real time."""

    def __init__(self, library, path):
        self.environment = {"LD_PRELOAD": library, "DDNS_TEST_CLOCK": path}
        self._ahead = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._write()

    def _write(self):
        os.pwrite(self._file, struct.pack("=q", self._ahead), 0)

    def usec(self):
        """Now, by this clock, since the epoch."""
        return time.time_ns() // 1000 + self._ahead

    def advance(self, seconds):
        """Not before the system's start: the kernel refuses that (clock_settime(2)), and so no time is before 1970."""
        self._ahead = max(self._ahead + round(seconds * USEC), (time.monotonic_ns() - time.time_ns()) // 1000)
        self._write()

    def advance_to(self, usec):
        """Never back."""
        self.advance(max((usec - self.usec()) / USEC, 0))

    def close(self):
        os.close(self._file)
