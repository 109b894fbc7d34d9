"""Mutants of the runner: their enumeration, the sample, and the outcome of a trial."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from benchmarks.mutation import mutants
from benchmarks.mutation.mutants import Mutant, Sample, changed_lines, enumerated, named, sampled, useless
from benchmarks.mutation.report import Reason, Result, earlier, reasons, write
from benchmarks.mutation.trial import FIRST, Outcome, Suite, Trial, change, classified
from gate.core.errors import Exit, UsageError
from gate.verdict.events import Outcome as Ended
from gate.verdict.verdict import Verdict
from tests.harness.support.verdicts import EXCHANGE
from tests.harness.support.verdicts import verdict as judged

SOURCE = '''"""Nothing."""
from dataclasses import dataclass
import structlog
_log = structlog.get_logger()


@dataclass(frozen=True)
class Range:
    low: int | None


def inside(value: int | float, limits: Range) -> bool | None:
    _log.info("asked", half=value / 2)
    return value >= 10
'''


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout whose runner is one file in each area."""
    for parts in mutants.AREAS.values():
        path = tmp_path / "runner" / parts[0] / "one.py"
        path.parent.mkdir(parents=True)
        path.write_text(SOURCE)
    return tmp_path


def test_every_mutant_changes_its_file_at_its_place(tree: Path) -> None:
    possible = enumerated(tree, ["runner/store/one.py"])
    assert {mutant.area for mutant in possible} == {"store"}
    for mutant in possible:
        removed, _ = changed_lines(SOURCE, mutant.applied(SOURCE))
        assert SOURCE.splitlines()[mutant.span[0][0] - 1].strip() in removed


def test_sample_is_the_same_for_the_same_seed_and_spread_over_the_areas(tree: Path) -> None:
    possible = enumerated(tree)
    first, again, other = (sampled(tree, possible, 8, seed).mutants for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert {area: sum(mutant.area == area for mutant in first) for area in mutants.AREAS} == dict.fromkeys(
        mutants.AREAS, 2
    )
    assert len({mutant.place for mutant in first}) == len(first)


def test_sample_counts_the_useless_mutants_by_reason(tree: Path) -> None:
    sample = sampled(tree, enumerated(tree), 1000, 0)
    assert all(useless(mutant, SOURCE) is None for mutant in sample.mutants)
    assert set(sample.skipped) == {
        "changes a type in an annotation",
        "changes only what is logged",
        "lifts a guard against mistakes in the source",
    }
    assert sum(sample.places.values()) == len(sample.mutants) + sample.skipped.total()


def test_mutant_that_cosmic_ray_cannot_make_is_skipped(tree: Path) -> None:
    path = tree / "runner" / "store" / "one.py"
    path.write_text("import ssl\n\ntry:\n    import two\nexcept (ImportError, ssl.SSLError):\n    two = None\n")
    sample = sampled(tree, enumerated(tree, ["runner/store/one.py"]), 1000, 0)
    assert "cannot be made by Cosmic Ray" in sample.skipped


def test_mutant_is_chosen_by_its_id(tree: Path) -> None:
    mutant = enumerated(tree)[-1]
    assert named(tree, [mutant.id]).mutants == [mutant]
    with pytest.raises(UsageError, match="no mutant"):
        named(tree, ["store/one:AddNot:99"])


def verdict(failed: int = 0, passed: int = 1, stopped: str = "") -> Verdict:
    """A verdict on a run with so many failed tests, each with a finding, and so many that passed."""
    outcomes = [*(Ended(f"f{n}", "failed") for n in range(failed)), *(Ended(f"p{n}", "passed") for n in range(passed))]
    return judged(EXCHANGE, *outcomes, stopped=stopped)


CASES: dict[str, tuple[int, Verdict | None, Outcome]] = {
    "passes": (0, verdict(), "survived"),
    "finding": (1, verdict(failed=1), "killed"),
    "runner ends": (3, verdict(stopped="The runner ended with exit code 1 before it was ready."), "killed at start"),
    "no schema": (3, verdict(stopped="The migration failed with exit code 1."), "killed at start"),
    "no Postgres": (3, verdict(stopped="No Postgres was found."), "error"),
    "nothing ran": (3, verdict(passed=0), "error"),
    "no verdict": (4, None, "error"),
    "passes, but the harness fails": (1, verdict(), "error"),
}


@pytest.mark.parametrize(("code", "judged", "expected"), CASES.values(), ids=CASES)
def test_outcome_follows_from_the_run_of_the_suite(code: int, judged: Verdict | None, expected: Outcome) -> None:
    assert classified(code, judged, "")[0] == expected


def test_suite_beyond_its_limit_is_timed_out(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    suite = Suite(tree, tmp_path_factory.mktemp("suite"), threading.Event(), time_factor=1.0, limit=0.0)
    assert suite.judge("tests") == ("timed out", ())


REVIEWED = (Reason("runner/store/one.py", "a", "b", "it is the same"),)


def result(*outcomes: Outcome, planned: int | None = None, reviewed: Sequence[Reason] = REVIEWED) -> Result:
    mutant = Mutant("store", "runner/store/one.py", "AddNot", 0, ((1, 0), (1, 1)))
    trials = [Trial(mutant, outcome, 1.0, (), (mutant.file, "a", "b"), "") for outcome in outcomes]
    return Result(0, Sample([mutant] * (planned or len(trials))), trials, reviewed, 1.0)


ENDINGS: dict[str, tuple[Sequence[Outcome], int | None, Exit]] = {
    "all killed, in every way": (("killed", "killed at start", "timed out"), None, Exit.PASS),
    "too many reasons": (("killed",) * 8 + ("survived",) * 2, None, Exit.BROKEN),
    "just few enough": (("killed",) * 18 + ("survived",) * 2, None, Exit.PASS),
    "one could not be tried": (("killed",) * 20 + ("error",), None, Exit.UNJUDGED),
    "some are left": (("killed",) * 20, 21, Exit.UNJUDGED),
    "nothing": ((), None, Exit.UNJUDGED),
}


@pytest.mark.parametrize(("outcomes", "planned", "code"), ENDINGS.values(), ids=ENDINGS)
def test_exit_code_follows_from_the_outcomes(outcomes: Sequence[Outcome], planned: int | None, code: Exit) -> None:
    assert result(*outcomes, planned=planned).exit_code == code


def test_survivor_without_a_reason_fails() -> None:
    outcomes: list[Outcome] = ["killed"] * 99
    assert result(*outcomes, "survived", reviewed=()).exit_code == Exit.BROKEN


def test_run_goes_on_where_an_earlier_one_was_ended(tree: Path, tmp_path: Path) -> None:
    """A mutant is tried again when it could not be judged, when its place has moved, and a survivor on request."""
    sample = sampled(tree, enumerated(tree), 4, 0)
    outcomes: list[Outcome] = ["killed", "survived", "error"]
    trials = []
    for mutant, outcome in zip(sample.mutants, outcomes, strict=False):
        trials.append(Trial(mutant, outcome, 1.0, (), *change(mutant, SOURCE, mutant.applied(SOURCE))))
    write(Result(0, sample, trials, (), 1.0), tmp_path)
    assert earlier(tree, sample, tmp_path, retry=False) == trials[:2]
    assert earlier(tree, sample, tmp_path, retry=True) == trials[:1]
    first = tree / sample.mutants[0].file
    first.write_text(f"# moves every place\n{SOURCE}")
    assert trials[0] not in earlier(tree, sample, tmp_path, retry=False)
    assert earlier(tree, sample, tmp_path / "new", retry=False) == []


def test_every_reviewed_reason_is_about_lines_of_the_runner() -> None:
    for reason in reasons():
        lines = [line.strip() for line in (ROOT / reason.file).read_text(encoding="utf-8").splitlines()]
        assert set(filter(None, reason.was.splitlines())) <= set(lines), reason
        assert reason.why


def test_first_tests_of_each_area_exist() -> None:
    assert set(FIRST) == set(mutants.AREAS)
    assert all((ROOT / test).exists() for tests in FIRST.values() for test in tests)
