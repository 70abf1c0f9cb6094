# SPDX-License-Identifier: MIT
"""Cases of a suite: one line each on standard output, "ok NAME", "not ok NAME: why", or "skip NAME: why",
which tests/run counts."""

import contextlib
import signal
import sys
import time
import traceback


# Before a command: it gets that signal when the test dies without having cleaned up.
DIE_WITH_US = ["setpriv", "--pdeathsig"]


class Cases:
    """Runs cases; one that fails does not stop the next."""

    def __init__(self, where=""):
        """`where` stands before each name, for suites that run the same cases in several places."""
        # So that a suite that is told to end cleans up as one that fails.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        # A shell has its background jobs ignore it, and so would all that a suite starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.failed = 0
        self._where = where + ": " if where else ""

    def report(self, name, why=None):
        """Prints the verdict; `why` of a failure is cut to one line."""
        if why is None:
            print(f"ok {self._where}{name}", flush=True)
        else:
            self.failed += 1
            print(f"not ok {self._where}{name}: {' | '.join(str(why).split(chr(10)))}", flush=True)

    @staticmethod
    def skip(name, why):
        print(f"skip {name}: {why}", flush=True)

    @contextlib.contextmanager
    def case(self, name):
        """A case is a block: whatever it raises is its failure."""
        try:
            yield
        except Exception as error:  # noqa: BLE001: a verdict, whatever it was
            if not isinstance(error, AssertionError):
                traceback.print_exc(file=sys.stderr)
            self.report(name, f"{type(error).__name__}: {error}")
        else:
            self.report(name)

    def exit(self):
        sys.exit(1 if self.failed else 0)


def wait_until(condition, timeout, what, interval=0.02):
    """Polls until `condition()` is true and returns what it gave; TimeoutError names `what` and the last value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {what} (last: {value!r})")
        time.sleep(interval)


def same(actual, expected, what):
    """Fails with both values, which `assert` would not show."""
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r}, expected {expected!r}")
