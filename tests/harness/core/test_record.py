"""A record keeps what happened, and what happened while a block ran."""

from __future__ import annotations

from gate.core.exchange import Exchange
from gate.core.record import Change, Record

FIRST, SECOND, THIRD = (Exchange("POST", f"http://h/{number}", 202) for number in range(3))
CHANGE = Change("POST /2 400", {"a": (1, 2)})


def test_recorded_block_has_what_happens_while_it_runs() -> None:
    record = Record("test")
    record.note(FIRST)
    with record.recorded() as outer, record.recorded() as inner:
        record.note(SECOND, created="a")
    with record.recorded() as later:
        record.note(THIRD, CHANGE)
    record.note(FIRST)
    assert outer.exchanges == inner.exchanges == [SECOND]
    assert (later.exchanges, later.changes) == ([THIRD], [CHANGE])
    assert record.exchanges == [FIRST, SECOND, THIRD, FIRST]


def test_inner_block_ends_before_the_outer_one() -> None:
    record = Record("test")
    with record.recorded() as outer:
        with record.recorded() as inner:
            pass
        record.note(FIRST)
    assert (outer.exchanges, inner.exchanges) == ([FIRST], [])


def test_resource_belongs_to_the_exchange_that_created_it() -> None:
    """A resource that is adopted, or seen again, keeps its origin."""
    record = Record("test", resources={"old": None})
    record.note(FIRST, created="a")
    record.note(SECOND, created="a")
    record.note(THIRD, created="old")
    assert record.resources == {"old": None, "a": FIRST}
