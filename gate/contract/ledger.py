"""The ledger of a contract: each promise with its places, the checks that judge it, and violations that prove them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gate.contract.document import Contract
from gate.core.documents import load_toml

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
KINDS = {
    "operations": "operation",
    "parameters": "parameter",
    "statuses": "status",
    "media": "media",
    "headers": "header",
    "fields": "field",
    "values": "value",
}
"""Kinds of parts of a document, as places name them."""
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\* |\| )")
_LABEL_WORDS = 5


class Promise(BaseModel):
    """A promise of the contract.

    ``of`` are its places, as ``places`` names them, ``*`` standing for any characters; ``checks`` codes of findings,
    tests and folders of tests; ``violations`` names of changes that break it, each of which the checks have to find.
    ``deployed`` is the accepted deviation by which the deployed system does not keep it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Text
    of: Texts
    checks: Texts
    violations: Texts
    deployed: str = ""

    def covers(self, place: str) -> bool:
        """Return whether a place belongs to the promise."""
        return any(fnmatchcase(place, pattern) for pattern in self.of)


def load(path: Path) -> dict[str, Promise]:
    """The promises of a file by id; raises DocumentError."""
    some = Annotated[dict[str, Promise], Field(min_length=1)]
    return load_toml(path, some, "[promises.ID] tables of text, of, checks and violations", "promises")


def places(contract: Contract, schema: str) -> list[str]:
    """Every place of a contract at which it promises something.

    ``operation``, ``parameter``, ``status``, ``media``, ``header``, ``field`` and ``value``, each with the name that
    ``gate.contract.parts`` gives it; ``error CODE``; ``table``, ``column``, ``constraint`` and ``index`` of the
    schema; ``rule NAME.MEMBER`` of the document's own ``x-`` members; ``words HEADING/LABEL`` of its description.
    """
    places = [f"{KINDS[kind]} {name}" for kind, names in contract.parts.names().items() for name in sorted(names)]
    places += [f"error {code}" for code in sorted(contract.error_codes())]
    places += [" ".join(line.split()[:2]) for line in schema.splitlines() if line.strip()]
    for name, value in contract.document.items():
        if name.startswith("x-"):
            places += [f"rule {leaf}" for leaf in _leaves(name, value)]
    return [*places, *_words(str(contract.document.get("info", {}).get("description", "")))]


def _leaves(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for member, child in value.items():
            yield from _leaves(f"{name}.{member}", child)
    else:
        yield name


def _words(description: str) -> Iterator[str]:
    """A name for each paragraph, list entry and table row: the heading above it and its first words."""
    heading = "Introduction"
    for paragraph in map(str.strip, _PARAGRAPH.split(description)):
        if paragraph.startswith("#"):
            heading = paragraph.lstrip("# ")
        elif paragraph and "---" not in paragraph:  # the head of a table stands with its rule
            words = re.sub(r"[*`|]", " ", paragraph).split()
            yield f"words {heading}/{' '.join(words[:_LABEL_WORDS])}"


def without_promise(promises: Mapping[str, Promise], known: Sequence[str]) -> list[str]:
    """The places that no promise covers."""
    return [place for place in known if not any(promise.covers(place) for promise in promises.values())]
