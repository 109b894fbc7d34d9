"""Findings that may be meant so: they are candidates, whether or not they come again."""

from __future__ import annotations

from datetime import timedelta

from gate.core.effect import Effect
from gate.core.findings import Finding
from gate.oracles import created, failing, sent_values
from gate.oracles.row_values import KINDS, moment, plain

DOCUMENT = "The document and the service differ: either may be wrong."
BUSY = "With this status a service says that it lacks a part, or waits for another one."
TIME = "The service may choose this time by a rule of its own."
CASE = "The case of a word may mean nothing to the service."
NULL = "With null a client may say that a member stays as it is."
KEPT = "null as sent"
HALF_HOURS = timedelta(minutes=30)
"""Zones differ by multiples of this."""


def reason(finding: Finding, effect: Effect) -> str:
    """The reason why a finding may be meant so; empty where it is a fault."""
    if finding.code == failing.FAILED and effect.exchange.status in failing.BY_INTENTION:
        return BUSY
    if finding.code == sent_values.UPDATED and finding.expected == KEPT:
        return "" if sent_values.takes_null(effect) else NULL
    if finding.code in {sent_values.CREATED, sent_values.UPDATED, created.DIFFERENT} and _chosen(finding, effect):
        return TIME
    if finding.code in {sent_values.CREATED, sent_values.UPDATED} and _same_word(finding, effect):
        return CASE
    return ""


def _same_word(finding: Finding, effect: Effect) -> bool:
    """Return whether a word was stored in another case, as services do with those of a fixed list."""
    member, _, column = finding.where.rpartition(" /")[2].partition(" -> ")
    table, _, name = column.partition(".")
    rows = [change.after for change in effect.changes if change.table == table and change.after]
    value = effect.sent.get(member)
    return (
        isinstance(value, str)
        and value.isidentifier()
        and any(str(row.get(name)).lower() == value.lower() for row in rows)
    )


def _chosen(finding: Finding, effect: Effect) -> bool:
    """Return whether a time differs by other than the offset of a zone."""
    member, _, column = finding.where.rpartition(" /")[2].partition(" -> ")
    table, _, name = column.partition(".")
    if KINDS.get(effect.columns.get(table, {}).get(name, "")) != "time":
        return False
    values = effect.answer if finding.code == created.DIFFERENT else effect.sent
    value = next((values[each] for each in values if plain(each) == plain(member)), None)
    rows = [change.after for change in effect.changes if change.table == table and change.after]
    for row in rows:
        left, right = moment(value), moment(row.get(name))
        if left and right:
            offset = abs(left - right)
            return offset > timedelta(hours=15) or bool(offset % HALF_HOURS > timedelta(seconds=1))
    return True


def place(code: str, cause: str) -> str:
    """The place of a difference from the document, whatever operation shows it."""
    return f"answers with {cause}" if code == "BG-HTTP-002" else f"answers {cause}".strip()
