"""Rows keep the life-cycles, schemas and invariants that are declared for their tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.document import Contract
from gate.core.effect import Declared, Effect, RowChange
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.core.texts import as_json
from gate.oracles.registry import Need, Oracle
from gate.oracles.row_values import plain

CODES = register("""
BG-DECLARED-001 critical status: State that may not follow
    A row went from one state to another that the declared life-cycle does not have after it, or to a state that the
    life-cycle does not have at all.
BG-DECLARED-002 major rows: Row does not keep its schema
    A value of a row is none that the schema allows which is declared for the rows of its table.
BG-DECLARED-003 major rows: Declared invariant is broken
    The query of an invariant selected rows, which must not be.
""")
STATE, SCHEMA, INVARIANT = (code.id for code in CODES)


def check(record: Record, _: Observations, contract: Contract) -> Iterator[Finding]:
    """Findings on the rows that changed beside the requests of a record."""
    for effect in record.effects:
        for change in (*effect.earlier, *effect.changes):
            yield from _states(effect, change)
            yield from _schema(effect, change, contract)
        for name, rows in effect.broken.items():
            got = "; ".join(as_json(row) for row in rows)
            yield Finding(INVARIANT, name, "no row", got, request=effect.exchange.request_id)


def _states(effect: Effect, change: RowChange) -> Iterator[Finding]:
    for place, followers in effect.declared_rows.states.items():
        table, _, column = place.partition(".")
        if change.table != table or change.after is None or column not in change.after:
            continue
        known = {*followers, *(state for states in followers.values() for state in states)}
        after = str(change.after[column])
        before = after if change.before is None else str(change.before.get(column))
        allowed = known if before == after else set(followers.get(before, known if before not in known else ()))
        if after not in allowed:
            expected = f"one of {', '.join(sorted(allowed))}" if allowed else "no other state"
            where = place if before == after else f"{place} after {before}"
            yield Finding(STATE, where, expected, after, request=effect.exchange.request_id)


def _schema(effect: Effect, change: RowChange, contract: Contract) -> Iterator[Finding]:
    """A finding for each column whose value the member of its name in the schema does not allow."""
    schema = effect.declared_rows.models.get(change.table)
    if schema is None or change.after is None:
        return
    columns = {plain(name): name for name in change.after}
    for name, member in _members(contract, schema).items():
        column = columns.get(plain(name))
        value = None if column is None else change.after[column]
        if value is None:  # no such column, or the null of a member that may be left out
            continue
        error = next(contract.validator(member).iter_errors(_number(value)), None)
        if error is not None:
            where = f"{change.table}.{column}"
            yield Finding(SCHEMA, where, error.message, as_json(value), request=effect.exchange.request_id)


def _members(contract: Contract, schema: Any) -> Mapping[str, Any]:
    """The members of an object's schema, those of its parts included."""
    schema = contract.resolve(schema)
    if not isinstance(schema, Mapping):
        return {}
    members: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        members |= _members(contract, part)
    return members | dict(schema.get("properties", {}))


def _number(value: Any) -> Any:
    """A value with the numbers of JSON in place of decimals."""
    match value:
        case dict():
            return {name: _number(each) for name, each in value.items()}
        case list():
            return [_number(each) for each in value]
        case bool() | int() | float() | str() | None:
            return value
    return int(value) if value == value.to_integral_value() else float(value)


def _violation(_: Contract) -> tuple[Record, Observations]:
    update = Exchange("PATCH", "http://service/items/1", 200)
    change = RowChange("items", "1", {"id": 1, "state": "paid"}, {"id": 1, "state": "new"})
    schema = {"properties": {"id": {"type": "string"}}}
    rows = Declared(states={"items.state": {"new": ["paid"], "paid": []}}, models={"items": schema})
    effect = Effect(
        update, "PATCH /items/{id}", changes=[change], declared_rows=rows, broken={"paid_once": [{"id": 1}]}
    )
    return Record("", effects=[effect]), Observations()


ORACLE = Oracle(
    name="declared",
    promise="Rows keep the life-cycles, schemas and invariants that are declared for their tables.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={Need.WRITES: "no row changes by a request", Need.ROWS: "the declared rules are about rows"},
)
