"""Reads YAML 1.2, and merge keys, which many documents have.

PyYAML's own way from a text to values is YAML 1.1, and a deep document overflows its stack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from gate.core.errors import DocumentError

DEEPEST = 100
"""Levels of nesting; what reads a document calls itself for each of them."""

PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is 8 times as fast
_TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    f"{_TAG}null": (type(None),),
    f"{_TAG}bool": (bool,),
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
}
_TAGS = {f"{_TAG}{name}" for name in ("str", "map", "seq")} | _TYPES.keys() | {None, "!"}
_MERGE = "<<"
# The core schema: YAML 1.2.2, section 10.3.2.
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BEGINS_NUMBERS = frozenset("+-.0123456789")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class _Open:
    """A collection whose end was not read yet."""

    value: Any
    anchor: str | None = None
    key: str | None = None  # of the member whose value comes next
    lines: dict[str, int] = field(default_factory=dict)  # of each key
    merging: bool = False  # the value that comes next is that of a merge key
    merged: list[Any] = field(default_factory=list)  # mappings whose members it has too, the first winning


class YamlReader:
    """Reads the document of a text that comes from ``path``; an alias is the value that it stands for, not a copy."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open = [_Open([])]
        self._anchors: dict[str, Any] = {}

    def read(self, text: str) -> Any:
        """The value of the document; raises DocumentError or yaml.YAMLError."""
        documents: list[Any] = self._open[0].value
        for event in yaml.parse(text, Loader=PARSER):
            match event:
                case yaml.ScalarEvent():
                    self._put(event, self._scalar(event))
                case yaml.AliasEvent():
                    self._put(event, self._alias(event))
                case yaml.CollectionStartEvent():
                    self._begin(event)
                case yaml.CollectionEndEvent():
                    self._end(event)
                case yaml.DocumentStartEvent() if documents:
                    self._refuse(event, "one document")
        return documents[0] if documents else None

    def _refuse(self, event: Any, expected: str) -> NoReturn:
        raise DocumentError(self._path, event.start_mark.line + 1, expected)

    def _begin(self, event: Any) -> None:
        self._tag(event)
        if len(self._open) > DEEPEST:
            self._refuse(event, f"at most {DEEPEST} levels of nesting")
        opened = _Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor)
        self._put(event, opened.value)
        self._open.append(opened)

    def _end(self, event: Any) -> None:
        ended = self._open.pop()
        for merged in ended.merged:
            for mapping in merged if isinstance(merged, list) else [merged]:
                for key, value in self._mapping(event, mapping).items():
                    ended.value.setdefault(key, value)
        if ended.anchor:
            self._anchors[ended.anchor] = ended.value

    def _put(self, event: Any, value: Any) -> None:
        """Adds a value to the collection around it."""
        around = self._open[-1]
        if isinstance(around.value, list):
            around.value.append(value)
        elif around.merging:
            around.merging = False
            around.merged.append(value)  # a list is filled later
        elif around.key is not None:
            around.value[around.key], around.key = value, None
        elif value == _MERGE and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            self._key(event, _MERGE, around.lines)
            around.merging = True
        else:
            around.key = self._key(event, value, around.lines)

    def _key(self, event: Any, value: Any, lines: dict[str, int]) -> str:
        written = getattr(event, "value", None)
        if isinstance(value, int) and str(value) == written:
            value = written  # as the codes of responses are often written
        if not isinstance(value, str):
            self._refuse(event, "a string as key" + (f", so {written!r} in quotes" if written else ""))
        if value in lines:
            self._refuse(event, f"every key once; {value!r} stands in line {lines[value]} already")
        lines[value] = event.start_mark.line + 1
        return value

    def _mapping(self, event: Any, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._refuse(event, f"a mapping, or a list of them, as the value of {_MERGE} in what ends here")
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor in [around.anchor for around in self._open]:
            self._refuse(event, f"no alias inside the value that it stands for, as *{event.anchor}")
        if event.anchor not in self._anchors:
            self._refuse(event, f"an anchor &{event.anchor} before its alias")
        return self._anchors[event.anchor]

    def _tag(self, event: Any) -> None:
        if event.tag not in _TAGS:
            self._refuse(event, f"no tag {event.tag}")

    def _scalar(self, event: Any) -> Any:
        if event.tag is not None:
            self._tag(event)
        typed = event.tag in _TYPES
        value = self._plain(event) if event.implicit[0] or typed else event.value
        if typed and not isinstance(value, _TYPES[event.tag]):
            self._refuse(event, f"a value of the type {event.tag.removeprefix(_TAG)}, not {event.value!r}")
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _plain(self, event: Any) -> Any:
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _BEGINS_NUMBERS:
            return text
        if _NOT_FINITE.fullmatch(text):
            self._refuse(event, f"a finite number, not {text}")
        try:
            if _INTEGER.fullmatch(text):
                return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
            return float(text) if _FLOAT.fullmatch(text) else text
        except ValueError:
            self._refuse(event, "a number of fewer digits, or quotes around it")
