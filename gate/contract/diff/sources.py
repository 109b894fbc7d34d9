"""The documents of a comparison, from files or from the history of the repository."""

from __future__ import annotations

import posixpath
import subprocess
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gate.contract.loading import parse
from gate.core.documents import decoded, load_text
from gate.core.errors import GateError
from gate.core.surroundings import environment


@dataclass(frozen=True)
class Source:
    """A document, its name, its text, its file in the checkout (empty for one that is not there), and its faults."""

    name: str
    document: dict[str, Any]
    text: str = field(default="", repr=False)
    file: str = ""
    faults: list[str] = field(default_factory=list)


def load(word: str, published: str | None = None) -> Source:
    """The document that ``word`` names: a file, ``REVISION:PATH``, or a git revision of the file ``published``.

    Raises GateError where there is none, or where it is not a whole OpenAPI document.
    """
    path, faults = Path(word), list[str]()
    if path.exists():
        text = load_text(path)
        return Source(word, parse(text, path, warn=faults.append), text, path.as_posix(), faults)
    revision, file = _in_git(word, published)
    name, directory = f"{revision}:{file}", posixpath.dirname(file)
    text = _show(revision, file)
    beside = partial(_beside, revision, directory)
    return Source(name, parse(text, Path(name), beside, warn=faults.append), text, file, faults)


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
