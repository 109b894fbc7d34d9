"""Statuses of rows, and the two workflows."""

from __future__ import annotations

from collections.abc import Mapping

STANDARD, CROSS_REGION = "standard", "cross-region"

_JOB = ("completed", "partial", "failed", "cancelled")
_EXECUTION = ("completed", "failed", "timeout", "cancelled")
TERMINAL_BY_TABLE = {
    "jobs": _JOB,
    "cross_region_executions": _JOB,
    "executions": _EXECUTION,
    "region_results": ("success", "failed", "timeout", "cancelled"),
}
TERMINAL = frozenset(_JOB)
"""Statuses in which a job, or its cross-region execution, stays."""

Machine = Mapping[str, frozenset[str]]
"""The statuses that may follow each status; two readings may be several steps apart."""

JOB: Machine = {"queued": TERMINAL | {"running"}, "running": TERMINAL, **dict.fromkeys(_JOB, frozenset[str]())}
EXECUTION: Machine = {
    "pending": frozenset({"running", *_EXECUTION}),
    "running": frozenset(_EXECUTION),
    **dict.fromkeys(_EXECUTION, frozenset[str]()),
}
