"""The inventory says what a run has to judge at least, and a run beneath it says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.pack import pack
from gate.core.errors import GateError
from gate.verdict import inventory
from gate.verdict.events import (
    LIMIT,
    MACHINE,
    TARGET,
    Event,
    FuzzResult,
    InvariantsChecked,
    JournalClosed,
    OperationFuzzed,
    Outcome,
    RecordConcluded,
)
from gate.verdict.inventory import CollectedTest, Inventory, Scope, load
from gate.verdict.tally import tally
from tests.harness.support.verdicts import reported

JOB = "tests/existing/test_e.py::test_job[{resource}]"
TESTS = [
    CollectedTest("tests/a/test_a.py::test_one", "smoke", ["c.one"]),
    CollectedTest("tests/a/test_a.py::test_two[x-y]", "ci", ["c.one", "c.two"]),
    CollectedTest("tests/a/test_a.py::test_two[z]", "full"),
    CollectedTest("tests/b/test_b.py::test_page", "ci", optional=True),
    CollectedTest(JOB, "smoke", existing=True),
]
LISTED = Inventory().renewed(TESTS, {}, {})
CRITERIA = ("c.one", "c.two")
FIRST, SECOND, THIRD, PAGE = (Outcome(test.id, "passed", test.criteria) for test in TESTS[:4])
CI = Scope("ci")


def missing(*events: Event, scope: Scope = CI, listed: Inventory = LISTED) -> list[str]:
    return listed.missing(tally(events), scope, CRITERIA, [])


def skipped(of: Outcome, unavailable: str) -> Outcome:
    return Outcome(of.test, "skipped", of.criteria, "why", unavailable)


SCOPES: dict[str, tuple[Scope, list[Event], list[str]]] = {
    "smoke": (Scope("smoke"), [FIRST], []),
    "ci": (CI, [FIRST, SECOND, PAGE], []),
    "full": (Scope("full"), [FIRST, SECOND, PAGE], ["1 of 3 tests of tests/a did not run: test_two."]),
    "selected": (Scope("ci", selected=lambda test: "page" in test), [PAGE], []),
    "given resources": (
        Scope("ci", "api", existing=("j1", "j2")),
        [Outcome(JOB.format(resource="j1"), "passed")],
        ["1 of 2 tests of tests/existing did not run: test_job."],
    ),
    "repeated": (Scope("smoke", repeat=2), [FIRST], ["1 of 1 tests of tests/a did not run: test_one."]),
    "no criterion": (
        CI,
        [Outcome(FIRST.test, "passed"), Outcome(SECOND.test, "passed", ["c.one"]), PAGE],
        ["1 criteria have no test: c.two."],
    ),
    "twice": (Scope("smoke"), [FIRST, FIRST], ["1 of 1 tests of tests/a ended more than once: test_one."]),
    "skipped": (Scope("smoke"), [skipped(FIRST, "")], ["1 of 1 tests of tests/a were skipped (why): test_one."]),
    "lacking on a target of its own": (
        Scope("smoke"),
        [skipped(FIRST, TARGET)],
        ["1 of 1 tests of tests/a were skipped (why): test_one."],
    ),
    "lacking a browser": (CI, [FIRST, SECOND, skipped(PAGE, MACHINE)], []),
    "lacking a browser for a test that needs none": (
        CI,
        [FIRST, skipped(SECOND, MACHINE), PAGE],
        ["1 of 2 tests of tests/a were skipped (why): test_two."],
    ),
    "lacking elsewhere": (Scope("smoke", "api"), [skipped(FIRST, TARGET)], []),
    "at a limit": (Scope("smoke", "rows"), [skipped(FIRST, LIMIT)], []),
}


@pytest.mark.parametrize(("scope", "events", "sentences"), SCOPES.values(), ids=SCOPES)
def test_expectation_follows_from_the_file_and_the_call(
    scope: Scope, events: list[Event], sentences: list[str]
) -> None:
    assert missing(*events, scope=scope) == sentences


def counted(number: int) -> list[Event]:
    """Events of a run that did everything this often."""
    return [
        JournalClosed({}, {"stored": number}, {"tests/a": number}),
        *[InvariantsChecked(["BG-INV-001"])] * number,
        OperationFuzzed(FuzzResult("getJob", number, number, number, 1.0, 0.0, "")),
    ]


def test_test_that_was_emptied_is_seen_also_where_it_was_chosen() -> None:
    sent = [RecordConcluded(SECOND.test, [], 5), RecordConcluded(SECOND.test, [], 4)]
    listed = LISTED.recorded("own", "ci", [tally([FIRST, SECOND, *sent])])
    assert listed.least["own"][inventory.REQUESTS] == {"tests/a/test_a.py::test_two": [0, 2]}
    waiting = LISTED.recorded("own", "ci", [tally([SECOND, RecordConcluded(SECOND.test, [], 100)])])
    assert waiting.least["own"][inventory.REQUESTS] == {"tests/a/test_a.py::test_two": [0, 4]}
    chosen = Scope("ci", selected=lambda test: "two" in test)
    assert missing(SECOND, RecordConcluded(SECOND.test, [], 2), scope=chosen, listed=listed) == []
    assert missing(SECOND, RecordConcluded(SECOND.test, [], 1), scope=chosen, listed=listed) == [
        f"Fewer {inventory.REQUESTS} than it has to have: {SECOND.test} 1 of 2."
    ]
    failed = Outcome(FIRST.test, "failed")
    assert missing(SECOND, failed, scope=chosen, listed=listed) == []


def test_least_numbers_are_a_part_of_what_runs_saw() -> None:
    """The same run reaches them, a run with a quarter of it does not, and a failed run has another reason."""
    recorded = LISTED.recorded("own", "smoke", [tally(counted(40)), tally(counted(80))])
    assert recorded.least["own"][inventory.ORACLES] == {"stored": [20]}
    assert recorded.least["own"][inventory.ACCEPTED] == {"getJob": [10]}
    assert missing(FIRST, SECOND, PAGE, *counted(20), listed=recorded) == []
    assert missing(FIRST, SECOND, PAGE, *counted(9), listed=recorded) == [
        "Fewer judged records by oracle than a run has to have: stored 9 of 20.",
        "Fewer judged records by folder than a run has to have: tests/a 9 of 20.",
        "Fewer invariants with rows than a run has to have: BG-INV-001 9 of 20.",
        "Fewer generated requests than a run has to have: getJob 9 of 20.",
        "Fewer accepted generated requests than a run has to have: getJob 9 of 10.",
    ]
    failed = Outcome(FIRST.test, "failed", FIRST.criteria)
    assert missing(failed, SECOND, PAGE, *counted(9), listed=recorded) == []
    assert missing(FIRST, SECOND, PAGE, reported(), *counted(9), listed=recorded) == []


def test_numbers_of_a_deeper_run_stand_beside_those_of_a_quick_one() -> None:
    quick = LISTED.recorded("own", "smoke", [tally(counted(40))])
    both = quick.recorded("own", "ci", [tally(counted(400))])
    assert both.least["own"][inventory.ORACLES] == {"stored": [20, 200]}
    assert both.recorded("own", "smoke", [tally(counted(20))]).least["own"][inventory.ORACLES] == {"stored": [10, 200]}


def test_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = LISTED.recorded("own", "smoke", [tally(counted(40))])
    (tmp_path / "inventory.toml").write_text(written.text(), encoding="utf-8")
    assert load(tmp_path / "inventory.toml") == written


@pytest.mark.parametrize("content", [None, "", "tests = 3", "[["], ids=["gone", "empty", "of another form", "no TOML"])
def test_file_that_lists_nothing_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "inventory.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(GateError, match=r"inventory\.toml"):
        load(path)


def test_every_check_has_a_least_number() -> None:
    """Otherwise ``gate update --from DIR`` with the reports of a run."""
    least = load(pack().root / pack().suite.inventory).least["own"]
    assert {oracle.name for oracle in pack().oracles} == set(least[inventory.ORACLES])
    assert set(pack().promises.invariants) == set(least[inventory.INVARIANTS])
    assert {operation.id for operation in pack().contract.operations} <= set(least[inventory.ACCEPTED])
