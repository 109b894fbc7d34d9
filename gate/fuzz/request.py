"""Generated requests before their ids are replaced, as replay files hold them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["positive", "negative"]
LONGEST = 160
"""Characters of a request in a line of progress."""
FILE_NAMES = {"invalid": "wrong", "description": "what"}
"""Names in replay files and digests that differ from those of the attributes."""


@dataclass(frozen=True, slots=True)
class GeneratedRequest:
    """A request as it was generated.

    ``target`` is path and query as sent. A JSON body is held as its value in ``body``, any other as base64 in ``raw``.
    """

    operation: str
    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    raw: str | None = None
    has_body: bool = False
    mode: Mode = "positive"
    invalid: tuple[str, ...] = ()  # the parts that violate the contract: path, query, header, body
    description: str = ""  # the generator's own words
    turn: int = 1  # selects the resource that it addresses; see KnownIds.pick

    @classmethod
    def of(cls, content: bytes | None, **members: Any) -> GeneratedRequest:
        """A request with ``content`` as its body."""
        if content is None:
            return cls(**members)
        try:
            body = json.loads(content)
        except ValueError:
            return cls(**members, raw=base64.b64encode(content).decode(), has_body=True)
        return cls(**members, body=body, has_body=True)

    @property
    def is_json(self) -> bool:
        """Return whether the body is held as a value."""
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
        """A hash of the request; the same for the same case in any process."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        invalid = f" ({', '.join(self.invalid)})" if self.invalid else ""
        return " ".join(f"{self.mode} {self.method} {self.target}{invalid} {self.description}".split())[:LONGEST]

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> GeneratedRequest:
        """The request that ``as_dict`` describes; KeyError or TypeError if it describes none."""
        values = {name: members[FILE_NAMES.get(name, name)] for name in cls.__slots__}
        if len(values) != len(members):
            raise TypeError(f"members are {', '.join(members)}")
        return cls(**{**values, "invalid": tuple(values["invalid"])})

    def as_dict(self) -> dict[str, Any]:
        """Plain members, for a file."""
        return {FILE_NAMES.get(name, name): getattr(self, name) for name in self.__slots__}
