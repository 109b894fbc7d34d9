"""Programmable behaviours of the stand-in on inference requests, as plain data.

Answer, Empty, Malformed, Elsewhere and a released Hang are answers of a provider. As the real router, the stand-in
gives none of them without a healthy provider (503) or for an unknown model (``success: false``). The other behaviours
apply in every case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Answer:
    """A good answer.

    ``text`` None means the echo of the request. ``latency`` is in seconds and ends early on a release. ``provider``
    replaces the name in ``provider_used``, with a value of any type; ``receipt`` and ``metadata`` are put into the
    answer's metadata, where ``metadata`` wins over the usual members.
    """

    text: str | None = None
    latency: float = 0.0
    provider: str | int | None = None
    receipt: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    outcome: ClassVar[str] = "answer"


SameText = Answer
"""The same text for every question, as the point of a test."""


@dataclass(frozen=True)
class Refusal(Answer):
    """A good answer in which the model declines."""

    text: str | None = (
        "I'm sorry, but I cannot help with that. I am unable to discuss it, and I must decline to answer."
    )
    outcome: ClassVar[str] = "refusal"


@dataclass(frozen=True)
class Status:
    """An HTTP status with a JSON body; without ``body`` the ``detail`` is the status's own phrase."""

    code: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    outcome: ClassVar[str] = "status"


@dataclass(frozen=True)
class Unsuccessful:
    """200 with ``success: false``, by the region's provider or ``provider``; no ``error_code`` where it is None."""

    error: str = "No healthy providers available"
    error_code: str | None = None
    provider: str | None = None
    outcome: ClassVar[str] = "unsuccessful"


@dataclass(frozen=True)
class Empty:
    """200 with ``success: true`` and an empty text."""

    error_code: str | None = None
    outcome: ClassVar[str] = "empty"


@dataclass(frozen=True)
class NotJson:
    """200 with a body that is not JSON."""

    body: str = "<html><body>upstream error</body></html>"
    outcome: ClassVar[str] = "not_json"


@dataclass(frozen=True)
class Raw:
    """Any bytes, sent in ``pieces`` without the length of the whole; ``cut`` breaks off before the last one."""

    pieces: tuple[bytes, ...]
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    outcome: ClassVar[str] = "raw"


@dataclass(frozen=True)
class Malformed:
    """200 with JSON that lacks promised members."""

    missing: tuple[str, ...] = ("success", "response")
    outcome: ClassVar[str] = "malformed"


@dataclass(frozen=True)
class Hang:
    """No answer until the request is released, then the echo."""

    outcome: ClassVar[str] = "hang"


@dataclass(frozen=True)
class Elsewhere:
    """The echo, given by a provider of another region (US, EU, ASIA or the router's name of a region)."""

    region: str
    outcome: ClassVar[str] = "elsewhere"


@dataclass(frozen=True)
class Drop:
    """The connection is closed without an answer."""

    outcome: ClassVar[str] = "drop"


@dataclass(frozen=True)
class NoPath:
    """404 on every inference path: each request counts for a rule's ``times``."""

    outcome: ClassVar[str] = "no_path"


@dataclass(frozen=True)
class PathOnly:
    """404 on every inference path but ``path``, where the echo is the answer."""

    path: str
    outcome: ClassVar[str] = "path_only"


Behaviour = (
    Answer | Status | Unsuccessful | Empty | NotJson | Raw | Malformed | Hang | Elsewhere | Drop | NoPath | PathOnly
)
