"""One log of several processes only grows, whatever order their lines become known in."""

from __future__ import annotations

from gate.core.log import Log, MergedLog


def test_a_line_that_becomes_known_late_is_neither_lost_nor_moves_others() -> None:
    service, worker = ["2026-01-01T00:00:01Z first", "2026-01-01T00:00:03Z third"], list[str]()
    log = Log(MergedLog([lambda: service, lambda: worker]).lines)
    assert [line.text for line in log.lines()] == ["first", "third"]
    worker += ["2026-01-01T00:00:02Z second"]
    service += ["2026-01-01T00:00:04Z fourth"]
    assert [line.text for line in log.lines()] == ["first", "third", "second", "fourth"]


def test_lines_of_one_reading_are_in_the_order_of_their_times() -> None:
    # An engine leaves out the zeros at the end of a fraction.
    service, worker = ["2026-01-01T00:00:01.25Z b", "2026-01-01T00:00:02Z c"], ["2026-01-01T00:00:01.2Z a"]
    assert MergedLog([lambda: service, lambda: worker]).lines() == ["a", "b", "c"]
