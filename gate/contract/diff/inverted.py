"""Changes of webhooks and callbacks: the service sends the request, and its subscriber answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gate.contract.diff.change import Change
from gate.contract.diff.rules import Rule

SEVERITY = {
    Rule.PATH_REMOVED: "breaking",
    Rule.PATH_ADDED: "safe",
    Rule.OPERATION_REMOVED: "breaking",
    Rule.OPERATION_ADDED: "safe",
    Rule.OPERATION_ID_CHANGED: "risky",
    Rule.REQUIRED_PARAMETER_ADDED: "safe",
    Rule.OPTIONAL_PARAMETER_ADDED: "safe",
    Rule.PARAMETER_REMOVED: "breaking",
    Rule.PARAMETER_REQUIRED: "safe",
    Rule.PARAMETER_OPTIONAL: "breaking",
    Rule.PARAMETER_WRITTEN_DIFFERENTLY: "breaking",
    Rule.REQUIRED_BODY_ADDED: "risky",
    Rule.OPTIONAL_BODY_ADDED: "risky",
    Rule.BODY_REMOVED: "breaking",
    Rule.BODY_REQUIRED: "safe",
    Rule.BODY_OPTIONAL: "breaking",
    Rule.REQUEST_TYPE_REMOVED: "breaking",
    Rule.REQUEST_TYPE_ADDED: "risky",
    Rule.SUCCESS_REMOVED: "breaking",
    Rule.SUCCESS_ADDED: "safe",
    Rule.ERROR_REMOVED: "risky",
    Rule.ERROR_ADDED: "safe",
    Rule.RESPONSE_TYPE_REMOVED: "breaking",
    Rule.RESPONSE_TYPE_ADDED: "safe",
    Rule.REQUIRED_HEADER_REMOVED: "safe",
    Rule.OPTIONAL_HEADER_REMOVED: "safe",
    Rule.HEADER_OPTIONAL: "safe",
    Rule.HEADER_REQUIRED: "breaking",
    Rule.HEADER_ADDED: "risky",
    Rule.HEADER_WRITTEN_DIFFERENTLY: "breaking",
}
"""The severity of a change for a subscriber."""

BY_CODE = {rule.code: severity for rule, severity in SEVERITY.items()}


def inverted(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes as a subscriber notices them; those of schemas have their direction already."""
    for change in changes:
        if change.rule in BY_CODE:
            yield replace(change, rule=Rule.CALLBACK_CHANGED.code, severity=BY_CODE[change.rule])
        else:
            yield change
