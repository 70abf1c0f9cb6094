# SPDX-License-Identifier: MIT
"""Somebody who looks at zones all the time while they change."""

import threading


class Looking:
    """A context manager with a thread that looks as long as it lasts. `mixed`: what it saw that never was; `reads`: how often it
    saw something."""

    def __init__(self):
        self._stop = threading.Event()
        self.mixed, self.reads = [], 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)

    def _run(self):
        """Looks until `_stop` is set."""
        raise NotImplementedError
