"""Generated cases on disk, so that each is generated once for a document, a seed and versions of the generators.

A file is pickled by this user for this user: the directory is readable by nobody else, and a file that somebody else
owns or may write is not read.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import platform
import secrets
import stat
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_path
from schemathesis.generation.case import Case

GENERATORS = ("schemathesis", "hypothesis", "jsonschema-rs")
"""Distributions whose version decides what is generated."""
C = TypeVar("C", bound=Case[Any])
MOST_BYTES = 64 * 2**20
"""Size of all files together; those that were not used for the longest time go first."""


class CaseStore:
    """The stored cases of one key.

    Args:
        marks: All that decides what is generated, beside the versions of the generators and of Python.
        operations: The operations of the document, of which a file has the names alone.
        root: The directory of all keys.

    """

    def __init__(self, marks: bytes, operations: Mapping[str, Any], root: Path | None = None) -> None:
        versions = [f"{name} {metadata.version(name)}" for name in GENERATORS]
        mark = "\0".join([platform.python_version(), *versions]).encode() + marks
        self._root = root or user_cache_path("beacon-gate") / "cases"
        self._key = hashlib.sha256(mark).hexdigest()[:24]
        self._operations = operations
        self._names = {id(operation): name for name, operation in operations.items()}

    def cases(self, name: str, generate: Callable[[], list[Any]]) -> list[Any]:
        """The cases of this name, generated now if they are not stored."""
        path = self._root / f"{self._key}-{hashlib.sha256(name.encode()).hexdigest()[:24]}.cases"
        with contextlib.suppress(OSError, EOFError, LookupError, AttributeError, ImportError, pickle.UnpicklingError):
            return self._load(path)
        cases = generate()
        with contextlib.suppress(OSError, pickle.PicklingError, TypeError, AttributeError):
            self._save(path, cases)
        return cases

    def _load(self, path: Path) -> list[Any]:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise PermissionError(path)
            digest, content = file.read(32), file.read()
        if hashlib.sha256(content).digest() != digest:
            raise pickle.UnpicklingError(path)
        os.utime(path)
        cases: list[Any] = _Unpickler(content, self._operations).load()
        return cases

    def _save(self, path: Path, cases: list[Any]) -> None:
        content = io.BytesIO()
        _Pickler(content, self._names).dump(cases)
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(hashlib.sha256(content.getbuffer()).digest())
                file.write(content.getbuffer())
            fresh.replace(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        self._prune()

    def _prune(self) -> None:
        files = [(path.stat().st_mtime, path.stat().st_size, path) for path in self._root.iterdir()]
        size = sum(size for _, size, _ in files)
        for _, own, path in sorted(files):
            if size <= MOST_BYTES:
                return
            path.unlink(missing_ok=True)
            size -= own


class _Pickler(pickle.Pickler):
    """Writes the name in place of an operation, which holds the whole document."""

    def __init__(self, file: io.BytesIO, names: Mapping[int, str]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._names = names

    def persistent_id(self, obj: object) -> str | None:
        return self._names.get(id(obj))

    def reducer_override(self, obj: object) -> Any:
        return (restored, (type(obj), members(obj))) if isinstance(obj, Case) else NotImplemented


def members(case: Case[Any]) -> dict[str, Any]:
    """The members of a case that have a value."""
    names = [name for kind in type(case).__mro__ for name in getattr(kind, "__slots__", ())]
    return {name: getattr(case, name) for name in names if hasattr(case, name)}


def restored(kind: type[C], members: Mapping[str, Any]) -> C:
    """A case with these members; setting them in the usual way would count as a change of what was generated."""
    case = kind.__new__(kind)
    for name, member in members.items():
        object.__setattr__(case, name, member)
    return case


class _Unpickler(pickle.Unpickler):
    """Puts operations in the place of their names."""

    def __init__(self, content: bytes, operations: Mapping[str, Any]) -> None:
        super().__init__(io.BytesIO(content))
        self._operations = operations

    def persistent_load(self, pid: str) -> Any:
        return self._operations[pid]
