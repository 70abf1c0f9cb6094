# SPDX-License-Identifier: MIT
"""What the zone check makes of many zones, by the program zone-judge."""

import os
import subprocess

from cases import same


class Verdict:
    def __init__(self, accepted, text):
        self.accepted, self.text = accepted, text


def judge(program, zones):
    """Ours: a verdict for each (name, text); a dead judge is a failure of its own."""
    given = b"".join(b"%s %d\n%s" % (name.encode(), len(text), text) for name, text in zones)
    done = subprocess.run([program], input=given, capture_output=True, check=False, timeout=300,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    if done.returncode != 0:
        raise AssertionError(f"zone-judge ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    verdicts, rest = [], done.stdout
    while rest:
        line, _, rest = rest.partition(b"\n")
        word, size = line.split()
        verdicts.append(Verdict(word == b"ok", rest[:int(size)].decode()))
        rest = rest[int(size) + 1:]
    same(len(verdicts), len(zones), "verdicts")
    return verdicts
