"""A profile accepts the deviations of the deployed runner, each by itself, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from beacon.database import DATABASE
from beacon.jobs import wrap
from beacon.pack import pack
from beacon.scenario import Scenario
from beacon.service import service
from beacon.states import CROSS_REGION, STANDARD
from beacon.wire import Wire
from gate.core.errors import UsageError
from gate.core.findings import BrokenPromise, Finding
from gate.core.ids import Ids
from gate.core.redaction import Redactor
from gate.session.session import Session
from gate.targets.embedded import EmbeddedTarget
from gate.verdict.journal import Journal
from gate.verdict.profile import Profile
from tests.harness.support.deployed import DEVIATIONS

DEPLOYED = pack().profile("deployed")
WIRE = Wire(**DEPLOYED.wire)
BY_ID = {deviation.id: deviation for deviation in DEPLOYED.deviation}
TESTS = (
    "tests/workflows/test_submission.py::test_wrapper_is_taken_under_either_name[job_spec]",
    "tests/analysis/test_missing_analysis.py::test_sample_request_without_enable_analysis_is_analysed",
    "tests/workflows/test_idempotency.py::test_same_request_again[cross-region]",
)
"""Tests of the suite with the same requests as ``provoke``."""


@contextmanager
def deployed(names: str, shared: dict[str, str], directory: Path) -> Iterator[Scenario]:
    """A scenario on a runner with these deviations, spelled as the profile says."""
    command = f"{sys.executable} -m tests.harness.support.deployed {names} serve"
    target = EmbeddedTarget(service(serve=command), warm=False)
    journal = Journal(directory / "journal.ndjson", Redactor())
    session = Session(pack(), target.system(shared), Ids("run", "gw0"), journal, wire=DEPLOYED.wire)
    try:
        yield Scenario(session, "test")
    finally:
        session.close()
        journal.close()


def provoke(scenario: Scenario) -> tuple[list[Finding], list[str]]:
    """Sends the requests that show each deviation; returns the findings, and what a run with them covers."""
    client, unknown = scenario.client, scenario.new_id()
    for workflow in (STANDARD, CROSS_REGION):
        scenario.finished(workflow=workflow)
        spec = scenario.spec()
        body = spec if workflow == STANDARD else wrap(spec, spelling=WIRE.wrapper)
        path = "/api/v1/jobs" + ("/cross-region" if workflow == CROSS_REGION else "")
        for _ in range(2):
            client.post(path, body, idempotency_key=spec["id"])
        scenario.jobs[spec["id"]].wait().cancel()
    refused: list[Finding] = []
    try:
        scenario.accepted(client.submit_cross_region(wrap(scenario.spec(), spelling="job_spec")))
    except BrokenPromise as error:
        refused += error.findings
    scenario.accepted(client.submit_cross_region(wrap(scenario.spec(), spelling="jobspec"))).wait()
    for reading in (client.job, client.executions, client.analysis):
        reading(unknown)
    client.get("/api/v1/executions", jobspec_id=unknown)
    for job in scenario.jobs.values():
        job.wait()
    findings = refused + scenario.session.conclude(scenario.record).findings
    covered = [rule.code for rule in DATABASE.invariants]
    for exchange in scenario.exchanges:
        operation = scenario.session.contract.operation(exchange.method, exchange.path)
        covered += [operation.id, f"{operation.id} {exchange.status}"] if operation else []
    return findings, [*covered, *TESTS]


def standing(profile: Profile, findings: Iterable[Finding]) -> list[Finding]:
    """Findings that a profile does not accept."""
    return [finding for finding in findings if profile.deviation_of(finding) is None]


def test_every_deviation_has_a_stand_in() -> None:
    """Otherwise nothing proves that the profile accepts it."""
    assert set(BY_ID) == set(DEVIATIONS)


def test_deployed_runner_passes_with_its_profile_and_fails_without(shared: dict[str, str], tmp_path: Path) -> None:
    """All deviations at once: each occurs, every finding is accepted, and the published profile accepts none."""
    with deployed("all", shared, tmp_path) as scenario:
        findings, covered = provoke(scenario)
    assert standing(DEPLOYED, findings) == []
    occurred = {deviation.id for finding in findings if (deviation := DEPLOYED.deviation_of(finding))}
    assert DEPLOYED.stale(occurred, covered) == []
    assert standing(pack().profile("published"), findings) == findings != []


@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviation_is_accepted_by_itself_and_found_without(name: str, shared: dict[str, str], tmp_path: Path) -> None:
    """The runner with this deviation alone: it explains all findings, and some stand without it in the profile."""
    with deployed(name, shared, tmp_path) as scenario:
        findings, covered = provoke(scenario)
    assert findings
    only = Profile(name="only", deviation=[BY_ID[name]])
    assert standing(only, findings) == []
    assert only.stale([name], covered) == []
    without = Profile(name="without", deviation=[BY_ID[other] for other in BY_ID if other != name])
    assert standing(without, findings)


def test_deviations_that_no_longer_occur_are_stale(shared: dict[str, str], tmp_path: Path) -> None:
    """A fixed runner: every deviation that the run would have seen fails, so that none stays for ever."""
    with deployed("none", shared, tmp_path) as scenario:
        findings, covered = provoke(scenario)
    assert findings == []
    assert {deviation.id for deviation in DEPLOYED.stale([], covered)} == set(BY_ID)


def test_deviation_that_was_not_covered_is_not_stale() -> None:
    assert DEPLOYED.stale([], ["listQuestions", "listQuestions 200", "tests/x.py::test_y"]) == []


def test_expired_deviation_accepts_nothing() -> None:
    """On its last day it is accepted; the day after, its findings stand and it is reported itself."""
    deviation = BY_ID["null-lists"].model_copy(update={"expires": date(2026, 1, 31)})
    finding = Finding(
        "BG-HTTP-004", where="GET /api/v1/jobs/{job_id}/executions/all 200 /executions", expected="", got="null"
    )
    profile = Profile(name="x", deviation=[deviation])
    for day, left, expired in ((0, [], []), (1, [finding], [deviation])):
        vars(profile)["today"] = date(2026, 1, 31) + timedelta(days=day)
        assert (standing(profile, [finding]), profile.expired) == (left, expired)


WRONG = {
    "unknown": ("no-such-profile", "Known are deployed, published"),
    "no file": ("no/such.toml", "There is no profile"),
}


@pytest.mark.parametrize(("name", "message"), WRONG.values(), ids=WRONG)
def test_profile_that_does_not_exist_is_a_usage_error(name: str, message: str) -> None:
    """The message names the known profiles."""
    with pytest.raises(UsageError, match=message):
        pack().profile(name)


DEVIATION = """
id = "null-lists"
title = "A list without entries is null"
findings = ["BG-HTTP-004 executions = null"]
covered_by = ["listJobs"]
owner = "runner team"
reason = "A nil slice is written as null."
expires = 2027-03-31
"""


@pytest.mark.parametrize("member", ["owner", "reason", "expires", "findings", "covered_by"])
def test_deviation_without_owner_reason_or_expiry_is_refused(tmp_path: Path, member: str) -> None:
    """Nobody accepts anything for ever, or for no reason."""
    lines = [line for line in DEVIATION.splitlines() if not line.startswith(member)]
    (tmp_path / "x.toml").write_text('name = "x"\n[[deviation]]\n' + "\n".join(lines))
    with pytest.raises(UsageError, match=member):
        pack().profile(str(tmp_path / "x.toml"))


def test_profile_with_an_unknown_spelling_is_refused(tmp_path: Path) -> None:
    """The pack says what a profile may spell."""
    (tmp_path / "x.toml").write_text('name = "x"\n[wire]\nwrapper = "spec"\n')
    with pytest.raises(UsageError, match="wrapper"):
        pack().profile(str(tmp_path / "x.toml"))


def test_own_profile_is_taken_from_its_path(tmp_path: Path) -> None:
    """A deployed system of somebody else's."""
    (tmp_path / "x.toml").write_text(f'name = "x"\n[[deviation]]\n{DEVIATION}')
    [deviation] = pack().profile(str(tmp_path / "x.toml")).deviation
    assert deviation.id == "null-lists"
