"""Facts that a declaration states about the rows of a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gate.core.effect import Declared


@dataclass(frozen=True, slots=True)
class Facts:
    """Declared facts about the rows of a service.

    Args:
        base: stands before each path of the document.
        query: parameters that each request has.
        late: tables, or columns as ``table.column``, that the service writes by itself.
        unequal: columns as ``table.column`` that need not be what was sent.
        resources: table and key column by the path of a collection.
        exceptions: members that are stored otherwise than they are sent, by operation.
        soft: by table, the SQL condition of rows that count as deleted.
        key_header: the header, in lower case, that makes a request safe to repeat where the document has it.
        key_member: the member of a body that does.
        rows: life-cycles and schemas of rows.
        invariants: by name, the query for the rows that must not be.

    """

    base: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    late: frozenset[str] = frozenset()
    unequal: frozenset[str] = frozenset()
    resources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    exceptions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    soft: Mapping[str, str] = field(default_factory=dict)
    key_header: str = "idempotency-key"
    key_member: str = ""
    rows: Declared = field(default_factory=Declared)
    invariants: Mapping[str, str] = field(default_factory=dict)
