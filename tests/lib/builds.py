# SPDX-License-Identifier: MIT
"""Where tests/run put what it built, and what there is to build."""

import os
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

PLAIN = os.environ.get("DDNS_BUILD", os.path.join(ROOT, "build-tests"))
ASAN = os.environ.get("DDNS_BUILD_ASAN", os.path.join(ROOT, "build-asan"))
TSAN = os.environ.get("DDNS_BUILD_TSAN", os.path.join(ROOT, "build-tsan"))
CRASH = os.environ.get("DDNS_BUILD_CRASH", os.path.join(ROOT, "build-crash"))


def copy_tree(to):
    """What is in the tree, without what git ignores, into the directory `to`."""
    command = ["git", "-c", f"safe.directory={os.path.realpath(ROOT)}", "-C", ROOT, "ls-files", "-z", "--cached", "--others",
               "--exclude-standard"]
    for name in filter(None, subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\0")):
        source = os.path.join(ROOT, name)
        if os.path.isfile(source):
            os.makedirs(os.path.dirname(os.path.join(to, name)), exist_ok=True)
            shutil.copy2(source, os.path.join(to, name))


def schema(name):
    """Text of a schema file: of the tree, or where it is installed."""
    tree = os.path.join(ROOT, "conf", "schema")
    with open(os.path.join(tree if os.path.isdir(tree) else "/usr/share/ddns/schema", name), encoding="utf-8") as f:
        return f.read()


def logs(suite):
    """A directory for what a suite leaves behind when it fails."""
    return os.path.join(PLAIN, "suite-logs", suite)
