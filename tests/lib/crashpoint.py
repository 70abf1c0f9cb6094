# SPDX-License-Identifier: MIT
"""Lets a program of a build with crash points die at one of them (src/basic/crash-point.h)."""

import glob
import os
import re

import builds


def of_source():
    """All that the source has: name to the file below src."""
    points = {}
    for path in sorted(glob.glob(os.path.join(builds.ROOT, "src", "*", "*.c"))):
        with open(path, encoding="utf-8") as f:
            for name in re.findall(r'DDNS_CRASH_POINT\("([^"]*)"\)', f.read()):
                if name in points:
                    raise ValueError(f"two crash points are named {name}")
                points[name] = os.path.relpath(path, os.path.join(builds.ROOT, "src"))
    return points


class CrashPoint:
    """Of one program; `path`: a file for it."""

    def __init__(self, path):
        self._path = path
        self.environment = {"DDNS_CRASH_AT": path}

    def arm(self, name, passages=0):
        """The program dies when it comes there, after it has passed there so often; once."""
        with open(self._path + ".new", "w", encoding="utf-8") as f:
            f.write(f"{name} {passages}\n")
        os.rename(self._path + ".new", self._path)

    @property
    def armed(self):
        return os.path.exists(self._path)

    def disarm(self):
        if self.armed:
            os.unlink(self._path)
