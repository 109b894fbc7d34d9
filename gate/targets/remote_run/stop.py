"""Ends a process of a run within a fraction of a second, whatever it is waiting for."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable
from pathlib import Path

INTERVAL = 0.1
_interrupted = threading.Event()  # a second interrupt would cut short what the first one began


class StopFileWatch:
    """Interrupts the main thread, as Ctrl-C would, once one of ``files`` is there; ``stopped`` is set before."""

    def __init__(self, files: Iterable[Path | None]) -> None:
        self.stopped = threading.Event()
        self._files = [path for path in files if path is not None]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stop-file", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the watch."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL):
            if any(path.exists() for path in self._files):
                self.stopped.set()
                if not _interrupted.is_set():
                    _interrupted.set()
                    # A signal, since nothing else ends a read from a socket that nobody answers.
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                return
