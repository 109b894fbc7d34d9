"""One generated request, before ids are put into it: what a replay file holds."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Mode = Literal["positive", "negative"]
LONGEST = 160
"""Characters of a request in a line of progress."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A request as it was generated.

    ``target`` is path and query as they go over the wire. A body that is JSON is held as its value in ``body``, any
    other as base64 in ``raw``; without either there is none.
    """

    operation: str
    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    raw: str | None = None
    has_body: bool = False
    mode: Mode = "positive"
    wrong: tuple[str, ...] = ()  # the parts that make it a negative one: path, query, header, body
    what: str = ""  # what is special about it, in words
    turn: int = 1  # which of the resources that are there it addresses; see Known.pick

    @classmethod
    def of(cls, content: bytes | None, **members: Any) -> Shot:
        """A shot with ``content`` as its body."""
        if content is None:
            return cls(**members)
        try:
            body = json.loads(content)
        except ValueError:
            return cls(**members, raw=base64.b64encode(content).decode(), has_body=True)
        return cls(**members, body=body, has_body=True)

    @property
    def is_json(self) -> bool:
        """Whether the body is held as a value."""
        return self.has_body and self.raw is None

    @property
    def content(self) -> bytes | None:
        """The body as bytes."""
        if not self.has_body:
            return None
        if self.raw is not None:
            return base64.b64decode(self.raw)
        return json.dumps(self.body, ensure_ascii=False).encode("utf-8", "surrogatepass")

    @property
    def digest(self) -> str:
        """A hash of what was generated; the same for the same case in any process."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        wrong = f" ({', '.join(self.wrong)})" if self.wrong else ""
        return " ".join(f"{self.mode} {self.method} {self.target}{wrong} {self.what}".split())[:LONGEST]

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Shot:
        """The shot that ``as_dict`` told of; TypeError where it is none."""
        return cls(**{**members, "wrong": tuple(members["wrong"])})

    def as_dict(self) -> dict[str, Any]:
        """Plain members, for a file."""
        return asdict(self)
