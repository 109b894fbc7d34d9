"""Fuzzing finds known faults, shrinks and replays them; the same seed gives the same findings."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from beacon.contract import published
from beacon.pack import pack
from beacon.service import REMOTE, service
from gate.core.errors import Exit
from gate.core.ids import Ids
from gate.core.redaction import Redactor
from gate.fuzz.campaign import Campaign
from gate.fuzz.cases import Cases
from gate.fuzz.probe import Probe
from gate.fuzz.replay import Violation, load, outcome
from gate.fuzz.sequences import SequenceRun
from gate.session.session import Session
from gate.targets.embedded import EmbeddedTarget
from gate.targets.remote_run.access import RemoteAccess
from gate.targets.remote_run.address import Address
from gate.targets.remote_run.guard import Guard
from gate.targets.remote_run.ledger import Ledger
from gate.targets.remote_run.limits import Budget, Limits, UsedUp
from gate.targets.remote_run.stop import StopFileWatch
from gate.verdict.journal import Journal
from gate.verdict.verdict import read

FAULTY = shlex.join([sys.executable, str(Path(__file__).parents[1] / "support" / "faulty_runner.py")])
CONTRACT = published()
RULES = pack().fuzzing
Open = Callable[..., Session]


@pytest.fixture
def faulty(shared: dict[str, str], ids: Ids, tmp_path: Path) -> Iterator[Open]:
    """Starts a runner with a fault; its answers do not count in the run."""
    opened: list[Session] = []
    journal = Journal(tmp_path / "journal.ndjson", Redactor())

    def start(fault: str, reach: RemoteAccess | None = None) -> Session:
        target = EmbeddedTarget(service(env={"FAULT": fault}, serve=FAULTY), warm=True, say=lambda _: None)
        opened.append(Session(pack(), target.system(shared), ids, journal, reach))
        return opened[-1]

    yield start
    for session in opened:
        session.close()
    journal.close()


@pytest.fixture(scope="session")
def cases() -> Cases:
    return Cases(CONTRACT.document, 1, RULES.plan.nothing_to_negate)


def fuzz(session: Session, cases: Cases, operation: str, number: int, directory: Path) -> list[Violation]:
    return Campaign(Probe(session, RULES, "harness"), cases, operation, directory).run(number)


TABLES = ("jobs", "executions", "cross_region_executions", "region_results", "cross_region_analyses")
FAULTS = {
    "fails": ("submitJob", 5, "BG-HTTP-001"),
    "trace": ("submitJob", 25, "BG-REFUSED-001"),
    "member": ("listJobs", 4, "BG-HTTP-004"),
    "lost": ("submitJob", 10, "BG-INV-002"),
    "link": ("submitJob", 5, "BG-FUZZ-005"),
}


@pytest.mark.parametrize(
    "fault",
    [pytest.param(name, marks=[pytest.mark.full] if name in {"fails", "trace", "lost"} else []) for name in FAULTS],
)
def test_replay_of_a_fault_fails_until_the_fault_is_fixed(
    faulty: Open, cases: Cases, tmp_path: Path, fault: str
) -> None:
    operation, number, code = FAULTS[fault]
    session = faulty(fault)
    violations = fuzz(session, cases, operation, number, tmp_path)

    violation = next(each for each in violations if each.finding.code == code)
    assert f"--replay {violation.replay}" in str(violation.evidence)
    assert "seed     1" in str(violation.evidence)
    assert "curl" in str(violation.evidence)
    assert outcome(session, RULES, load(violation.replay))[0] == Exit.BROKEN
    assert outcome(faulty(""), RULES, load(violation.replay))[0] == Exit.PASS


def test_gate_with_x_ends_at_the_first_finding_and_calls_the_build_broken(tmp_path: Path) -> None:
    words = ["-x", "--depth=smoke", "--workers=1", f"--report-dir={tmp_path}", f"--runner-command={FAULTY}"]
    ended = subprocess.run(
        [sys.executable, "-m", "beacon", *words, "-k", "test_submission"],
        cwd=ROOT,
        env={**os.environ, "FAULT": "fails"},
        capture_output=True,
        text=True,
        check=False,
    )
    verdict = read(tmp_path)
    assert (ended.returncode, verdict.verdict) == (Exit.BROKEN, "broken"), ended.stdout
    assert verdict.counts.failed == 1
    assert "BG-HTTP-001" in {finding.code for finding in verdict.findings}
    assert "BG-HTTP-001" in ended.stdout.partition("criteria:")[0]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full)])
def test_broken_link_shows_in_one_sequence_which_shrinks_to_a_submission_and_a_read(
    faulty: Open, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gate.fuzz.shrink.SEQUENCE_SECONDS", 600.0)  # the tries are the limit, on a busy machine too
    run = SequenceRun(Probe(faulty("link"), RULES, "harness"), seed, "harness", tmp_path)
    violation = next(each for each in run.run(1) if each.finding.code == "BG-FUZZ-007")
    steps = load(violation.replay).steps
    assert [step["do"] for step in steps] == ["submit", "analysis"]
    assert steps[0]["workflow"] == "standard"
    # Message and evidence belong to the same run of the steps.
    (job,) = re.findall(r"\((gate-\S+)\)", violation.evidence.message)
    assert [job in exchange["curl"] for exchange in violation.evidence.exchanges].count(True) >= len(steps)
    assert set(violation.evidence.rows) == {f"{table} of {job}" for table in TABLES}


def test_sound_runner_has_no_findings(faulty: Open, cases: Cases, tmp_path: Path) -> None:
    assert fuzz(faulty(""), cases, "submitCrossRegionJob", 20, tmp_path) == []


def test_replay_says_error_where_the_runner_is_gone(faulty: Open, cases: Cases, tmp_path: Path) -> None:
    session = faulty("member")
    violations = fuzz(session, cases, "listJobs", 2, tmp_path)
    session.system.kill()
    assert outcome(session, RULES, load(violations[0].replay))[0] == Exit.UNJUDGED


@pytest.mark.full
@pytest.mark.timeout(900)  # three whole runs of the gate, on a machine that may be busy
def test_number_of_workers_changes_neither_cases_nor_findings(tmp_path: Path) -> None:
    first, *others = [split(tmp_path / str(workers), workers) for workers in (1, 2, 4)]
    cases, findings, replays = first
    assert len(cases) == 5
    assert ("BG-HTTP-004", "GET /api/v1/jobs 200 /") in findings
    assert len(replays) == len(findings)
    assert others == [first, first]


def split(reports: Path, workers: int) -> tuple[dict[str, tuple[int, str]], set[tuple[str, str]], set[str]]:
    """Cases with their digest by operation, findings, and replay files of a run on a faulty runner."""
    words = ["--depth=smoke", "--seed=3", f"--workers={workers}", f"--report-dir={reports}"]
    words += [f"--runner-command={FAULTY}", "-k", "fuzz and (listJobs or cancelJob or listQuestions or sequence)"]
    environment = {**os.environ, "FAULT": "member"}
    command = [sys.executable, "-m", "beacon", *words]
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)
    verdict = read(reports)
    return (
        {each.operation: (each.cases, each.digest) for each in verdict.fuzz},
        {(finding.code, finding.where) for finding in verdict.findings},
        {path.name for path in (reports / "replay").iterdir()},
    )


def test_campaign_ends_at_the_limits_of_a_remote_target(faulty: Open, shared: dict[str, str], tmp_path: Path) -> None:
    watch, ledger = StopFileWatch([]), Ledger(tmp_path / "ledger.ndjson")
    budget = Budget(tmp_path / "budget.json", Limits(12, 1e6, 600))
    guard = Guard(shared["run"], REMOTE, budget, ledger, watch.stopped)
    session = faulty("none", RemoteAccess(Address("http://h"), guard, watch))
    campaign = Campaign(Probe(session, RULES, "t").prepare(), Cases(CONTRACT.document, 0), "submitJob", tmp_path)
    with pytest.raises(UsedUp, match="12 resources is used up"):
        campaign.run(60)
    assert len(session.resources) == 12
    ledger.close()
