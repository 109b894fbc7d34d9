"""Fuzzing bites: known faults are found, made small and replayed; the same seed gives the same cases and findings."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import combinations, product
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from beacon.contract import published
from beacon.jobs import Ids, spec, wrap
from beacon.pack import pack
from beacon.personalise import Known, freshen
from beacon.sequences import ACTIONS
from beacon.service import REMOTE, service
from beacon.walks import Walks, sequence
from gate.core.errors import Exit, UsageError
from gate.core.redaction import Redactor
from gate.fuzz.campaign import Campaign, Violation
from gate.fuzz.cases import Cases, shot_of
from gate.fuzz.checks import made
from gate.fuzz.plan import plan
from gate.fuzz.probe import Probe
from gate.fuzz.replay import command, load, outcome
from gate.fuzz.request import Shot
from gate.fuzz.shrink import shrink
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
Open = Callable[..., Session]


@pytest.fixture
def faulty(shared: dict[str, str], ids: Ids, tmp_path: Path) -> Iterator[Open]:
    """Starts a runner with a fault; what it answers is no part of the run."""
    opened: list[Session] = []
    journal = Journal(tmp_path / "journal.ndjson", Redactor())

    def start(fault: str, reach: RemoteAccess | None = None) -> Session:
        target = EmbeddedTarget(service(env={"FAULT": fault}, serve=FAULTY), warm=True, say=lambda _: None)
        opened.append(Session(pack(), target.system(shared), ids, journal, reach))
        return opened[-1]

    yield start
    for one in opened:
        one.close()
    journal.close()


@pytest.fixture(scope="module")
def cases() -> Cases:
    return Cases(CONTRACT.document, 1)


def fuzz(session: Session, cases: Cases, operation: str, number: int, directory: Path) -> list[Violation]:
    probe = Probe(session, "harness")
    return Campaign(probe, cases, operation, directory).run(number)


TABLES = ("jobs", "executions", "cross_region_executions", "region_results", "cross_region_analyses")
FAULTS = {
    "fails": ("submitJob", 5, "BG-HTTP-001"),
    "trace": ("submitJob", 25, "BG-REFUSED-001"),
    "member": ("listJobs", 4, "BG-HTTP-004"),
    "lost": ("submitJob", 10, "BG-INV-002"),
    "link": ("submitJob", 5, "BG-FUZZ-005"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_found_and_replayed(faulty: Open, cases: Cases, tmp_path: Path, fault: str) -> None:
    """A fault gives its finding, and a replay of that says FAILED; a sound runner says FIXED."""
    operation, number, code = FAULTS[fault]
    session = faulty(fault)
    found = fuzz(session, cases, operation, number, tmp_path)

    told = next(one for one in found if one.finding.code == code)
    assert f"--replay {told.replay}" in str(told.evidence)
    assert "seed     1" in str(told.evidence)
    assert "curl" in str(told.evidence)
    assert outcome(session, load(told.replay))[0] == Exit.BROKEN
    assert outcome(faulty(""), load(told.replay))[0] == Exit.PASS


def test_gate_ends_at_the_first_finding(tmp_path: Path) -> None:
    """With -x a runner that fails on an accepted job is broken, and not one that could not be judged."""
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
    assert "BG-HTTP-001" in ended.stdout.partition("criteria met")[0]


@pytest.mark.parametrize("seed", [1, 2])
def test_sequence_finds_a_broken_link_and_is_made_short(faulty: Open, tmp_path: Path, seed: int) -> None:
    """One sequence is enough, and submitting and reading under the other version are all that is left of it."""
    walks = Walks(Probe(faulty("link"), "harness"), seed, "harness", tmp_path)
    found = next(one for one in walks.run(1) if one.finding.code == "BG-FUZZ-007")
    steps = load(found.replay).steps
    assert [step["do"] for step in steps] == ["submit", "analysis"]
    assert steps[0]["workflow"] == "standard"
    # What is told and what is shown are of one and the same time that it was done.
    (job,) = re.findall(r"\(job (\S+)\)", found.evidence.message)
    assert [job in exchange["curl"] for exchange in found.evidence.exchanges].count(True) >= len(steps)
    assert set(found.evidence.rows) == {f"{table} of {job}" for table in TABLES}


def test_first_sequence_does_everything_to_a_job_of_each_workflow() -> None:
    """Whatever the seed, so that the smallest depth leaves no step out; others differ by seed, part and number."""
    for seed in range(20):
        steps = sequence(seed, "first", 0)
        assert {step["workflow"] for step in steps[:2]} == {"standard", "cross-region"}
        assert {(step["do"], step["job"]) for step in steps if "job" in step} == set(product(ACTIONS, (0, 1)))
    assert sequence(1, "first", 3) == sequence(1, "first", 3)
    some = [sequence(1, "first", 3), sequence(2, "first", 3), sequence(1, "second", 3), sequence(1, "first", 4)]
    assert all(one != other for one, other in combinations(some, 2))


def test_sound_runner_has_no_findings(faulty: Open, cases: Cases, tmp_path: Path) -> None:
    """What stands between the runner and its clients in these tests is no fault by itself."""
    assert fuzz(faulty(""), cases, "submitCrossRegionJob", 20, tmp_path) == []


def test_replay_says_error_where_the_runner_is_gone(faulty: Open, cases: Cases, tmp_path: Path) -> None:
    """What cannot be judged is neither fixed nor failed."""
    session = faulty("member")
    found = fuzz(session, cases, "listJobs", 2, tmp_path)
    session.system.kill()
    assert outcome(session, load(found[0].replay))[0] == Exit.UNJUDGED


def test_command_that_replays_is_good_where_the_report_is_read(tmp_path: Path) -> None:
    """Reports travel: a path within the checkout is told from there, and what a shell would split is quoted."""
    assert command(ROOT / "reports" / "replay" / "x.json") == "./scripts/gate --replay reports/replay/x.json"
    assert command(tmp_path / "a b.json") == f"./scripts/gate --replay '{tmp_path}/a b.json'"


def test_replay_of_what_is_no_replay_file_is_refused(tmp_path: Path) -> None:
    """A file of another kind is a mistake in the call."""
    path = tmp_path / "x.json"
    path.write_text("{}")
    with pytest.raises(UsageError):
        load(path)


SCRIPT = """
import json, sys
from gate.fuzz.cases import Cases, shot_of
made = Cases(published().document, int(sys.argv[1]))
print(json.dumps({one: [shot_of(case, one).digest for case in made.take(one, 30)] for one in sys.argv[2:]}))
"""
SOME = ["submitJob", "listJobs", "getRegionResult", "cancelJob"]


def digests(seed: int, operations: list[str]) -> dict[str, list[str]]:
    """Hashes of the cases, generated in a process of its own."""
    words = [sys.executable, "-c", SCRIPT, str(seed), *operations]
    found: dict[str, list[str]] = json.loads(subprocess.check_output(words, cwd=ROOT, text=True))
    return found


def test_cases_follow_from_seed_and_operation_alone() -> None:
    """The same in another process, in another order and in another split; others for another seed."""
    whole = digests(7, SOME)
    assert digests(7, SOME[::-1]) == whole
    assert digests(7, SOME[1:2]) | digests(7, SOME[3:]) == {name: whole[name] for name in ("listJobs", "cancelJob")}
    assert digests(8, SOME[:1])["submitJob"] != whole["submitJob"]


def test_depths_have_the_cases_that_they_promise() -> None:
    """Smoke at least 300, ci at least 2,500."""
    totals = {
        depth: sum(plan().cases(depth, operation.id) for operation in CONTRACT.operations) for depth in plan().depths
    }
    assert totals["smoke"] >= 300
    assert totals["ci"] >= 2500
    assert set(plan().submissions | plan().nothing_to_negate) <= {operation.id for operation in CONTRACT.operations}


def test_checks_that_are_left_out_exist_and_have_reasons() -> None:
    """The table names checks, not typing errors, and leaves none out silently."""
    assert all(len(reason) > 20 for reason in plan().left_out.values())
    assert {"negative_data_rejection", "positive_data_acceptance", "unsupported_method"} <= {
        check.__name__ for check in made()
    }


def test_ids_are_fresh_and_what_is_wrong_stays_wrong() -> None:
    """Valid ids and keys are replaced; invalid members are sent as they were generated."""
    ids = Ids("t", "w")
    body = wrap(spec("same"), min_regions=-1)
    shot = Shot("submitCrossRegionJob", "POST", "/", {"Idempotency-Key": "k"}, body, has_body=True)
    first, second = (freshen(shot, "/", ids, Known({})) for _ in range(2))
    assert first.body["job_spec"]["id"] != second.body["job_spec"]["id"]
    assert first.headers != second.headers
    assert first.body["min_regions"] == -1
    wrong = Shot("submitJob", "POST", "/", {}, {**spec("a b"), "jobspec_id": "ok"}, has_body=True)
    assert freshen(wrong, "/", ids, Known({})).body["id"] == "a b"


def test_request_is_made_as_small_as_it_gets() -> None:
    """Everything that the fault does not need goes."""
    shot = Shot("submitJob", "POST", "/x?a=1&b=2", {"X": "1"}, {"a": {"b": [1, 2, 33]}, "c": "text"}, has_body=True)
    small = shrink(shot, lambda one: "b=2" in one.target and 33 in one.body.get("a", {}).get("b", []))
    assert (small.target, dict(small.headers), small.body) == ("/x?b=2", {}, {"a": {"b": [33]}})


def test_generated_requests_carry_nothing_of_the_generator(cases: Cases) -> None:
    """Headers of the fuzzer itself are not part of a request."""
    case = next(iter(cases.take("listJobs", 1)))
    assert not {name for name in shot_of(case, "listJobs").headers if "schemathesis" in name.lower()}


@pytest.mark.timeout(900)  # three whole runs of the gate, on a machine that may be busy
def test_number_of_workers_changes_neither_cases_nor_findings(tmp_path: Path) -> None:
    """Work is split by operation, and the seed of a case does not depend on who sends it."""
    told = [split(tmp_path / str(workers), workers) for workers in (1, 2, 4)]
    cases, findings, replays = told[0]
    assert len(cases) == 5
    assert ("BG-HTTP-004", "GET /api/v1/jobs 200 /") in findings
    assert len(replays) == len(findings)
    assert told[1] == told[0]
    assert told[2] == told[0]


def split(reports: Path, workers: int) -> tuple[dict[str, tuple[int, str]], set[tuple[str, str]], set[str]]:
    """Cases with their hash by operation, findings, and replay files of a run on a runner with a fault."""
    words = ["--depth=smoke", "--seed=3", f"--workers={workers}", f"--report-dir={reports}"]
    words += [f"--runner-command={FAULTY}", "-k", "fuzz and (listJobs or cancelJob or listQuestions or sequence)"]
    environment = {**os.environ, "FAULT": "member"}
    command = [sys.executable, "-m", "beacon", *words]
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)
    verdict = read(reports)
    return (
        {one.operation: (one.cases, one.digest) for one in verdict.fuzz},
        {(finding.code, finding.where) for finding in verdict.findings},
        {path.name for path in (reports / "replay").iterdir()},
    )


def test_campaign_on_a_runner_with_limits_ends_at_them(faulty: Open, shared: dict[str, str], tmp_path: Path) -> None:
    """Its cases that are not safe there are passed over, and that not all were sent is told as not checked."""
    watch, ledger = StopFileWatch([]), Ledger(tmp_path / "ledger.ndjson")
    budget = Budget(tmp_path / "budget.json", Limits(12, 1e6, 600))
    guard = Guard(shared["run"], REMOTE, budget, ledger, watch.stopped)
    session = faulty("none", RemoteAccess(Address("http://h"), guard, watch))
    campaign = Campaign(Probe(session, "t").prepare(), Cases(CONTRACT.document, 0), "submitJob", tmp_path)
    with pytest.raises(UsedUp, match="12 resources is used up"):
        campaign.run(60)
    assert len(session.resources) == 12
    ledger.close()
