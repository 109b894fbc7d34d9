"""Strict reading of JSON values: every problem is collected with a JSON Pointer into the request."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

MAX_PROBLEMS: Final = 100
"""Problems that one refusal lists at most."""


class SpecError(ValueError):
    """A request that is not what the contract asks for.

    Args:
        problems: each with `pointer` (RFC 6901, into the request) and `message`.

    """

    def __init__(self, problems: Sequence[Mapping[str, str]]) -> None:
        super().__init__("; ".join(f"{problem['pointer'] or '/'} {problem['message']}" for problem in problems[:5]))
        self.problems = list(problems)


def pointer(base: str, *steps: str | int) -> str:
    """The JSON Pointer of a descendant; member names are escaped as RFC 6901 asks."""
    for step in steps:
        base += "/" + str(step).replace("~", "~0").replace("/", "~1")
    return base


def is_integer(value: object) -> bool:
    """Return whether JSON Schema calls a value an integer: 6 and 6.0 are, true is not."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def is_number(value: object) -> bool:
    """Return whether a value is a JSON number; true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Problems:
    """Reads members of JSON objects and notes what is wrong with them.

    Every reader returns the member's value, or None when it is absent or wrong.
    """

    def __init__(self) -> None:
        self._problems: list[dict[str, str]] = []

    def __bool__(self) -> bool:
        return bool(self._problems)

    def add(self, at: str, message: str) -> None:
        """Note a problem."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append({"pointer": at, "message": message})

    def refuse(self) -> None:
        """Raise SpecError when there is any problem."""
        if self._problems:
            raise SpecError(self._problems)

    def _present(self, parent: Mapping[str, Any], name: str, at: str, required: bool) -> bool:
        if name in parent:
            return True
        if required:
            self.add(pointer(at, name), "is required")
        return False

    def text(
        self,
        parent: Mapping[str, Any],
        name: str,
        at: str,
        *,
        required: bool = False,
        low: int = 0,
        high: int | None = None,
    ) -> str | None:
        """A string of `low` to `high` code points."""
        if not self._present(parent, name, at, required):
            return None
        value = parent[name]
        if not isinstance(value, str):
            self.add(pointer(at, name), "has to be a string")
        elif len(value) < low or (high is not None and len(value) > high):
            bound = f"{low} to {high}" if high is not None else f"at least {low}"
            self.add(pointer(at, name), f"has to have {bound} characters")
        else:
            return value
        return None

    def mapping(
        self, parent: Mapping[str, Any], name: str, at: str, *, required: bool = False
    ) -> dict[str, Any] | None:
        """An object."""
        if not self._present(parent, name, at, required):
            return None
        value = parent[name]
        if isinstance(value, dict):
            return value
        self.add(pointer(at, name), "has to be an object")
        return None

    def array(self, parent: Mapping[str, Any], name: str, at: str, *, required: bool = False) -> list[Any] | None:
        """An array."""
        if not self._present(parent, name, at, required):
            return None
        value = parent[name]
        if isinstance(value, list):
            return value
        self.add(pointer(at, name), "has to be an array")
        return None

    def integer(self, parent: Mapping[str, Any], name: str, at: str, low: int, high: int | None = None) -> int | None:
        """An integer in the sense of JSON Schema from `low` to `high`."""
        if name not in parent:
            return None
        value = parent[name]
        if not is_integer(value):
            self.add(pointer(at, name), "has to be an integer")
        elif value < low or (high is not None and value > high):
            self.add(pointer(at, name), f"has to be from {low} to {high}" if high else f"has to be at least {low}")
        else:
            return int(value)
        return None

    def boolean(self, parent: Mapping[str, Any], name: str, at: str) -> bool | None:
        """True or false."""
        if name not in parent:
            return None
        value = parent[name]
        if isinstance(value, bool):
            return value
        self.add(pointer(at, name), "has to be true or false")
        return None

    def rate(self, parent: Mapping[str, Any], name: str, at: str) -> float | None:
        """A number above 0 and up to 1."""
        if name not in parent:
            return None
        value = parent[name]
        if not is_number(value):
            self.add(pointer(at, name), "has to be a number")
        elif not 0 < value <= 1:
            self.add(pointer(at, name), "has to be above 0 and at most 1")
        else:
            return float(value)
        return None

    def characters(self, value: Any, at: str = "") -> None:
        """Note every string, member names included, that holds U+0000 or a lone surrogate.

        Neither can be stored: Postgres text has no U+0000 and UTF-8 has no surrogates.
        """
        if not _suspicious(value):
            return
        waiting: list[tuple[Any, str]] = [(value, at)]
        while waiting:
            item, here = waiting.pop()
            if isinstance(item, str):
                if not storable(item):
                    self.add(here, "holds U+0000 or a lone surrogate, which cannot be stored")
                continue
            children: Iterable[tuple[str | int, Any]] = ()
            if isinstance(item, dict):
                children = item.items()
            elif isinstance(item, list):
                children = enumerate(item)
            for step, child in children:
                if isinstance(step, str) and not storable(step):
                    self.add(pointer(here, step), "has a name with U+0000 or a lone surrogate, which cannot be stored")
                if isinstance(child, (str, dict, list)):
                    waiting.append((child, pointer(here, step)))


def _suspicious(value: Any) -> bool:
    """Return whether a string may not be storable; quick, as nearly no request has one."""
    text = json.dumps(value, ensure_ascii=False)
    return "\\u0000" in text or not storable(text)


def storable(text: str) -> bool:
    """Return whether Postgres can store a text: no U+0000 and no lone surrogates."""
    if "\x00" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
