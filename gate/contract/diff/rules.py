"""The rules of a comparison: names for the ids of ``rules.toml``, which says what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cache
from pathlib import Path

from gate.core.documents import load_toml
from gate.core.findings import Code

SEVERITIES = ("breaking", "unknown", "risky", "safe")
"""Worst first; unknown is a change of which it could not be decided, so somebody must look at it."""


@dataclass(frozen=True, slots=True)
class Kind(Code):
    """A rule: ``shows`` is a sentence on the request or answer that a breaking change without a schema concerns.

    ``before`` and ``after`` are JSON: a change that the rule reports. They are schemas for rules of schemas, else
    members of a document.
    """

    shows: str = ""
    before: str = ""
    after: str = ""


@cache
def rules() -> dict[str, Kind]:
    """Every rule by its id; a rule for answers has the example of the same rule for requests."""
    path = Path(__file__).with_name("rules.toml")
    entries = load_toml(path, dict[str, dict[str, str]], "a table for each rule")
    pair = ("before", "after")
    for code, entry in entries.items():
        sent = entries.get(code.replace("-2", "-1"), {}) if code.startswith("BG-DIFF-2") else {}
        if "before" not in entry:
            entry.update({key: sent[key] for key in pair if key in sent})
    return {code: Kind(code, **entry) for code, entry in entries.items()}


class Rule(IntEnum):
    """Changes of operations and their parts."""

    PATH_REMOVED = 1
    PATH_ADDED = 2
    OPERATION_REMOVED = 3
    OPERATION_ADDED = 4
    OPERATION_ID_CHANGED = 5
    SECURITY_TIGHTENED = 6
    SECURITY_LOOSENED = 7
    SECURITY_SCHEME_CHANGED = 8
    DEPRECATION_CHANGED = 9
    REQUIRED_PARAMETER_ADDED = 10
    OPTIONAL_PARAMETER_ADDED = 11
    PARAMETER_REMOVED = 12
    PARAMETER_REQUIRED = 13
    PARAMETER_OPTIONAL = 14
    PARAMETER_RENAMED = 15
    PARAMETER_WRITTEN_DIFFERENTLY = 16
    REQUIRED_BODY_ADDED = 20
    OPTIONAL_BODY_ADDED = 21
    BODY_REMOVED = 22
    BODY_REQUIRED = 23
    BODY_OPTIONAL = 24
    REQUEST_TYPE_REMOVED = 25
    REQUEST_TYPE_ADDED = 26
    ENCODING_CHANGED = 27
    SUCCESS_REMOVED = 30
    SUCCESS_ADDED = 31
    ERROR_REMOVED = 32
    ERROR_ADDED = 33
    RESPONSE_TYPE_REMOVED = 34
    RESPONSE_TYPE_ADDED = 35
    REQUIRED_HEADER_REMOVED = 36
    OPTIONAL_HEADER_REMOVED = 37
    HEADER_OPTIONAL = 38
    HEADER_REQUIRED = 39
    HEADER_ADDED = 40
    LINK_REMOVED = 41
    LINK_CHANGED = 42
    LINK_ADDED = 43
    HEADER_WRITTEN_DIFFERENTLY = 44
    EXTENSION_CHANGED = 50
    CALLBACK_CHANGED = 51
    SERVER_REMOVED = 52
    SERVER_ADDED = 53
    SERVER_CHANGED = 54

    @property
    def code(self) -> str:
        """The id of the rule."""
        return f"BG-DIFF-{self:03}"


class Direction(Enum):
    """The direction of a schema's values; the numbers of its rules begin at the value."""

    REQUEST = 100
    RESPONSE = 200


class SchemaRule(IntEnum):
    """Changes of a schema; their meaning depends on the direction."""

    TYPE_NARROWED = 1
    TYPE_WIDENED = 2
    TYPE_REPLACED = 3
    NULL_REFUSED = 4
    NULL_ALLOWED = 5
    VALUE_REMOVED = 6
    VALUE_ADDED = 7
    VALUES_LIMITED = 8
    VALUES_UNLIMITED = 9
    MEMBER_REQUIRED = 10
    MEMBER_OPTIONAL = 11
    REQUIRED_MEMBER_ADDED = 12
    MEMBER_ADDED_TO_CLOSED = 13
    MEMBER_ADDED_TO_OPEN = 14
    MEMBER_REMOVED_FROM_CLOSED = 15
    MEMBER_REMOVED_FROM_OPEN = 16
    REQUIRED_MEMBER_REMOVED = 17
    BOUND_TIGHTENED = 18
    BOUND_LOOSENED = 19
    PATTERN_TIGHTENED = 20
    PATTERN_LOOSENED = 21
    PATTERN_CHANGED = 22
    FORMAT_TIGHTENED = 23
    FORMAT_LOOSENED = 24
    FORMAT_CHANGED = 25
    OBJECT_CLOSED = 26
    OBJECT_OPENED = 27
    VARIANT_REMOVED = 28
    VARIANT_ADDED = 29
    CONDITION_ADDED = 30
    CONDITION_REMOVED = 31
    ACCEPTS_LESS = 32
    ACCEPTS_MORE = 33
    UNDECIDED = 34
    DEFAULT_CHANGED = 35
    READING_CHANGED = 36
    HIDDEN_MEMBER_CHANGED = 37

    def code(self, direction: Direction) -> str:
        """The id of the rule for values that go this way."""
        return f"BG-DIFF-{direction.value + self}"
