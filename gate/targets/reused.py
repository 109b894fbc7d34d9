"""Containers that runs with --keep hand on to the next: one set for each pair of images."""

from __future__ import annotations

import contextlib
import json

import docker
from filelock import FileLock
from filelock import Timeout as LockTimeout
from platformdirs import user_cache_path

from gate.targets import sweep

SUFFIX = ".json"


class ReusedContainers:
    """The entry of one set of containers, named by ``key``; the run that has acquired it has them to itself."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._directory = user_cache_path("beacon-gate") / "containers"
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._entry = self._directory / f"{key}{SUFFIX}"
        self._lock = FileLock(self._directory / f"{key}.lock", timeout=0)

    def acquire(self) -> bool:
        """Takes the entry; False if another run has it. It is released when this process ends, however it does."""
        try:
            self._lock.acquire()
        except LockTimeout:
            return False
        return True

    def release(self) -> None:
        """Gives the entry back; safe to call twice."""
        self._lock.release(force=True)

    def read(self) -> str | None:
        """The text that was written last."""
        known = self._read()
        return known["text"] if known else None

    def _read(self) -> dict[str, str] | None:
        try:
            known: dict[str, str] = json.loads(self._entry.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return known

    def write(self, run: str, text: str) -> None:
        """Keeps ``text`` for the next run, of containers that are labelled with ``run``."""
        self._entry.touch(mode=0o600)  # it holds a password
        self._entry.write_text(json.dumps({"run": run, "text": text}), encoding="utf-8")

    def forget(self, client: docker.DockerClient) -> None:
        """Removes the entry and its containers."""
        known = self._read()
        if known:
            sweep.remove(client, known["run"], spare_kept=False)
        self._entry.unlink(missing_ok=True)

    def forget_others(self, client: docker.DockerClient) -> None:
        """Removes what is kept for other images and not in use, so that memory holds one set at most."""
        for entry in self._directory.glob(f"*{SUFFIX}"):
            other = ReusedContainers(entry.stem)
            if entry != self._entry and other.acquire():
                with contextlib.ExitStack() as stack:
                    stack.callback(other.release)
                    other.forget(client)
