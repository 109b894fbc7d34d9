"""A profile says what each worker did at any time, and every moment of a worker belongs to one kind of work."""

from __future__ import annotations

import io
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from benchmarks import profile as drawing
from benchmarks.profile import COLOURS, Profile
from fixtures import spans
from gate.core.errors import GateError

LINES = {
    "gw0": [
        "0.0\t1.0\tloading\t",
        "1.0\t3.0\tservice\ttests/races/test_events.py::test_a",
        "+\tservices started",
        "3.0\t4.0\tidle\t",
    ],
    "gw1": ["0.0\t2.0\tclock\ttests/lifecycle/test_restart.py::test_b[x]", "+\tservices started"],
}


@pytest.fixture
def measured(tmp_path: Path) -> Profile:
    """A profile of two workers."""
    for worker, lines in LINES.items():
        (tmp_path / f"{worker}.tsv").write_text("\n".join(lines), encoding="utf-8")
    return Profile.read(tmp_path)


def test_seconds_are_those_of_promises_and_a_worker_that_has_ended_is_idle(measured: Profile) -> None:
    seconds = {promise: dict(counts) for promise, counts in measured.table().items()}
    assert seconds == {"": {"loading": 1.0, "idle": 3.0}, "races": {"service": 2.0}, "lifecycle": {"clock": 2.0}}
    assert measured.counts == {"services started": 2}


def test_picture_has_a_line_for_each_worker_and_a_colour_for_each_kind(measured: Profile) -> None:
    root = ElementTree.fromstring(drawing.svg(measured))  # noqa: S314 (written here)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    drawn = {element.get("fill") for element in root.iter("{http://www.w3.org/2000/svg}rect")}

    assert {"gw0", "gw1", "service 2 s", "clock 2 s", "idle 3 s"} <= set(texts)
    assert drawn == {"#ffffff", *COLOURS.values()}


def test_table_has_the_totals(measured: Profile) -> None:
    output = io.StringIO()
    drawing.show(measured, Console(file=output, width=200))
    (total,) = (line for line in output.getvalue().splitlines() if "all" in line)
    assert [cell.strip() for cell in total.split("│")[1:-1]] == ["all", "8.0", "2.0", "2.0", "1.0", "3.0"]


def test_profile_without_spans_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="No worker wrote a span"):
        Profile.read(tmp_path)


class Owner:
    """Something whose calls are timed."""

    def outer(self) -> int:
        """Call the inner one."""
        return self.inner() + 1

    def inner(self) -> int:
        """Return a number."""
        return 1


def test_time_of_an_inner_call_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    output, clock = io.StringIO(), count()
    monkeypatch.setattr("time.time", lambda: float(next(clock)))
    noted = spans.Spans(output)
    for name in ("outer", "inner"):
        monkeypatch.setattr(Owner, name, Owner.__dict__[name])  # put back after the test
        noted.wrap(f"{__name__}:Owner.{name}", name)
    with noted.test("tests/a/test_b.py::test_c"):
        assert Owner().outer() == 2

    kinds = [line.split("\t")[2] for line in output.getvalue().splitlines()]
    assert kinds == ["loading", "idle", "test", "outer", "inner", "outer", "test"]
    assert {*spans.KINDS, spans.TEST, spans.IDLE, spans.LOADING} == COLOURS.keys()


def test_call_after_the_last_test_is_let_through() -> None:
    output = io.StringIO()
    noted = spans.Spans(output)
    noted.close()
    with noted.of("clock"):
        noted.count("databases made")
    assert output.closed


def test_name_that_is_gone_ends_the_run() -> None:
    with pytest.raises(KeyError):
        spans.Spans(io.StringIO()).wrap("gate.core.client:Client.gone", "service")
