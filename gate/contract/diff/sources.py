"""The documents of a comparison, from files or from the history of the repository."""

from __future__ import annotations

import posixpath
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gate.contract.bundle import read_beside
from gate.contract.loading import parse
from gate.core.documents import decoded, load_text
from gate.core.errors import GateError
from gate.core.surroundings import environment
from gate.core.values import shared


@dataclass(frozen=True)
class Source:
    """A document, its name, its text, its file in the checkout (empty for one that is not there), and its faults."""

    name: str
    document: dict[str, Any]
    text: str = field(default="", repr=False)
    file: str = ""
    faults: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """The files beside it that were read."""


def load(word: str, published: str | None = None, like: Source | None = None) -> Source:
    """The document that ``word`` names: a file, ``REVISION:PATH``, or a git revision of the file ``published``.

    What it has in common with ``like`` is the same value, so that it is compared at once. Raises GateError where there
    is none, or where it is not a whole OpenAPI document.
    """
    path = Path(word)
    if path.exists():
        return _source(word, path, load_text(path), path.as_posix(), read_beside(path), like)
    revision, file = _in_git(word, published)
    name = f"{revision}:{file}"
    read = partial(_beside, revision, posixpath.dirname(file))
    return _source(name, Path(name), _show(revision, file), file, read, like)


def _source(name: str, path: Path, text: str, file: str, read: Callable[[str], str], like: Source | None) -> Source:
    if like and like.text == text and Path(like.name).suffix == path.suffix and not (like.others or like.faults):
        return Source(name, like.document, text, file)
    faults, others = list[str](), list[str]()

    def noted(other: str) -> str:
        others.append(other)
        return read(other)

    document = parse(text, path, noted, warn=faults.append)
    return Source(name, shared(document, like.document) if like else document, text, file, faults, others)


def _beside(revision: str, directory: str, name: str) -> str:
    return _show(revision, posixpath.join(directory, name))


def _in_git(word: str, published: str | None) -> tuple[str, str]:
    revision, _, path = word.partition(":")
    known = _git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}") if revision else None
    if known is None or known.returncode != 0:
        reason = known.stderr.decode(errors="replace").strip().partition("\n")[0] if known else ""
        why = f" (git: {reason})" if reason else ""
        raise GateError(
            f"{word} is neither a file nor a git revision{why}.", "Expected one, as in `gate diff main NEW`."
        )
    path = path or published or ""
    if not path:
        raise GateError(f"{word} names no file at that revision.", "Expected REVISION:PATH.")
    return revision, path


def _show(revision: str, path: str) -> str:
    read = _git("show", "--end-of-options", f"{revision}:{path}")
    if read.returncode != 0:
        reason = read.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise GateError(
            f"There is no file {path} at revision {revision} (git: {reason}).",
            "Paths begin at the top of the repository.",
        )
    return decoded(read.stdout, Path(f"{revision}:{path}"))


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *words], env=environment(), capture_output=True, check=False)
    except OSError as error:
        raise GateError(
            f"git does not run ({error}).", "It is needed to read a document of an older revision."
        ) from error
