# SPDX-License-Identifier: MIT
"""Records as ldns understands them, so that two spellings of one record compare equal."""

import re
import subprocess
import tempfile

TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"')


def normal(text):
    """Sorted lines of a zone file in ldns' own spelling, with names in lower case. A TXT is one string: where its parts were
    split is the writer's business."""
    with tempfile.NamedTemporaryFile("w", prefix="ddns-zone-", encoding="utf-8") as f:
        f.write(text + "\n")
        f.flush()
        result = subprocess.run(["ldns-read-zone", "-c", "-z", f.name], capture_output=True, text=True, timeout=60,
                                check=False)
    if result.returncode != 0 or result.stderr:
        raise AssertionError(f"ldns can't read it: {result.stdout} {result.stderr}")
    lines = []
    for line in result.stdout.splitlines():
        owner, ttl, dnsclass, rtype, data = line.split("\t", 4)
        if rtype in ("TXT", "SPF"):
            data = '"' + "".join(TOKEN.findall(data)) + '"'
        lines.append(" ".join((owner, ttl, dnsclass, rtype, data)))
    return sorted(lines)


def same_records(actual, expected, what):
    """Two zone files have the same records; fails with those that differ."""
    actual, expected = normal(actual), normal(expected)
    missing, more = sorted(set(expected) - set(actual)), sorted(set(actual) - set(expected))
    if missing or more or len(actual) != len(expected):
        raise AssertionError(f"{what}: missing are {missing}, too many are {more}, {len(actual)} instead of {len(expected)}")
