"""Media types by meaning: no case, no charset where it says nothing, and ranges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache


@dataclass(frozen=True)
class MediaType:
    """A media type or a range of them."""

    main: str
    sub: str
    parameters: frozenset[tuple[str, str]]

    def __str__(self) -> str:
        return ";".join((f"{self.main}/{self.sub}", *(f"{key}={value}" for key, value in sorted(self.parameters))))

    @classmethod
    @cache
    def parse(cls, text: str) -> MediaType:
        """The media type that a text names."""
        name, *fields = (part.strip() for part in text.split(";"))
        main, _, sub = name.lower().partition("/")
        pairs = (tuple(part.strip().strip('"') for part in entry.split("=", 1)) for entry in fields if "=" in entry)
        parameters = {(key.lower(), value.lower() if key.lower() == "charset" else value) for key, value in pairs}
        json = sub == "json" or sub.endswith("+json")
        said_anyway = {pair for pair in parameters if json and pair[0] == "charset"}
        return cls(main, sub, frozenset(parameters - said_anyway))

    @property
    def plain(self) -> MediaType:
        """The same without UTF-8, which most mean who name no charset."""
        return replace(self, parameters=self.parameters - {("charset", "utf-8"), ("charset", "utf8")})

    def covers(self, other: MediaType) -> bool:
        """Return whether every type of the other range is one of this range."""
        return (
            self.main in ("*", other.main)
            and (self.main == "*" or self.sub in ("*", other.sub))
            and self.parameters <= other.parameters
        )

    @property
    def is_xml(self) -> bool:
        """Return whether it is XML."""
        return self.sub == "xml" or self.sub.endswith("+xml")

    @property
    def is_raw(self) -> bool:
        """Return whether it is octets whose form no schema describes."""
        structured = self.sub.rpartition("+")[2] in ("json", "xml", "yaml", "x-www-form-urlencoded")
        return self.main in ("application", "image", "audio", "video", "font", "model") and not structured

    @property
    def narrowness(self) -> tuple[bool, bool, int]:
        """Greater for a range that covers less."""
        return self.main != "*", self.sub != "*", len(self.parameters)


def same(name: str, others: Iterable[str]) -> str | None:
    """The text that names the same types, if any does."""
    wanted = MediaType.parse(name).plain
    return next((other for other in others if MediaType.parse(other).plain == wanted), None)


def covering(name: str, others: Iterable[str]) -> str | None:
    """The narrowest of the other ranges that covers this type, if any does."""
    wanted = MediaType.parse(name)
    ranges = [other for other in others if MediaType.parse(other).covers(wanted)]
    return max(ranges, key=lambda other: MediaType.parse(other).narrowness, default=None)
