"""A load run accounts for every submission, compares with its limits, and its seeded faults apply to this runner."""

from __future__ import annotations

import json
import random
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from beacon.checkout import ROOT
from beacon.contract import published
from beacon.load_codes import CODES, DRAIN, LOST, MEMORY, REFUSALS, REPEATED, SAME_KEY, SLOW, STORED, STUCK
from beacon.router.log import Call
from benchmarks.defects.patches import edited
from benchmarks.load import accounts, clients, plan, thresholds, trends
from benchmarks.load.accounts import Books
from benchmarks.load.answers import Answer, Follower, percentile, submissions
from benchmarks.load.faults import CAUSES
from benchmarks.load.matrix import cells, rules
from benchmarks.load.plan import Order
from benchmarks.load.router import CountingLog
from benchmarks.load.run import Wanted, run
from benchmarks.load.timeline import Span, svg
from benchmarks.load.violated import seeded
from benchmarks.load.watch import Sample
from gate.core.errors import GateError
from gate.core.findings import Finding
from gate.core.surroundings import environment
from tests.harness.support.command_lines import problem

PLAN = plan.read()
ALERTS = ROOT / "docs" / "alerts.yml"


def entry(status: int = 202, job: str = "j", op: str = "submitJob", **more: Any) -> Answer:
    body = json.dumps(more.pop("body", {"id": job}))
    return Answer.of(
        {"at": more.pop("at", 0.0), "op": op, "ms": 1.0, "status": status, "job": job, "body": body} | more
    )


class Stored:
    """A connection whose statements give these rows."""

    def __init__(self, *rows: tuple[object, ...]) -> None:
        self._rows = rows

    def execute(self, _: str, __: object) -> list[tuple[object, ...]]:
        """The rows, whatever is asked."""
        return list(self._rows)


def books(*answers: Answer, cancelled: str = "", log: CountingLog | None = None) -> Books:
    known = log or CountingLog(lambda _: True)
    return Books(submissions(answers), frozenset({cancelled}), known, {"q": "text"}, killed=False, failing=False)


def codes(findings: Any) -> list[str]:
    return [finding.code for finding in findings]


@pytest.mark.parametrize(
    ("answer", "row", "expected"),
    [
        (entry(), ("j", "standard", "completed"), []),
        (entry(), None, [LOST]),
        (entry(), ("j", "cross-region", "completed"), [LOST]),
        (entry(400), ("j", "standard", "completed"), [STORED]),
        (entry(0), ("j", "standard", "completed"), []),
        (entry(0), None, []),
        (entry(), ("j", "standard", "running"), [STUCK]),
        (entry(), ("j", "standard", "cancelled"), ["BG-LOAD-006"]),
    ],
)
def test_each_submission_is_accounted_for(answer: Answer, row: tuple[str, ...] | None, expected: list[str]) -> None:
    connection: Any = Stored(*([row] if row else []))
    assert codes(accounts.of_jobs(connection, "j", books(answer))) == expected


def call(job: str = "j", key: str = "k") -> Call:
    members: dict[str, Any] = {"job": job, "path": "/inference", "model": "m", "prompt": "text"}
    headers = {"idempotency-key": key}
    return Call(at=0.0, at_utc=None, region_preference="us-east", headers=headers, **members)  # type: ignore[arg-type]  # no time is read


@pytest.mark.parametrize(
    ("calls", "retries", "status", "expected"),
    [
        ([call()], 0, "completed", []),
        ([call(), call(key="l")], 1, "completed", []),
        ([call(), call(key="l")], 0, "completed", ["BG-LOAD-004"]),
        ([], 0, "completed", ["BG-LOAD-004"]),
        ([], 0, "cancelled", []),
        ([call(), call()], 1, "completed", [SAME_KEY]),
        ([call()], 0, "failed", ["BG-LOAD-006"]),
    ],
)
def test_calls_and_executions_are_compared(calls: list[Call], retries: int, status: str, expected: list[str]) -> None:
    log = CountingLog(lambda _: False)
    for each in calls:
        log.add(each)
    connection: Any = Stored(("j", "US", "m", "q", status, retries, True, None))
    assert codes(accounts.of_calls(connection, "j", books(entry(), log=log))) == expected


def test_repeated_submission_gets_the_first_answer() -> None:
    first, right = entry(key=True), entry(200, at=1.0, key=True, body={"id": "j", "idempotent": True})
    assert not list(accounts.of_repetitions(submissions([first, right])))
    wrong = entry(409, at=2.0, key=True, body={"error_code": "duplicate_job"})
    assert codes(accounts.of_repetitions(submissions([first, right, wrong]))) == [REPEATED]


def test_error_of_no_contract_is_a_finding() -> None:
    kept: dict[str, Any] = {"method": "POST", "path": "/api/v1/jobs", "headers": {"content-type": "application/json"}}
    assert codes(accounts.of_errors([entry(500, **kept)], published()))


GOOD = thresholds.figures([entry(), entry(at=10.0)], [Sample(9.9, memory=100.0)], 0.25, 1.0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"refusals": 0.01}, [REFUSALS]),
        ({"milliseconds": {"submitJob": 251.0}}, [SLOW, SLOW]),
        ({"milliseconds": {"submitJob": 31.0, "getJob": 251.0}}, [SLOW, SLOW]),
        ({"milliseconds": {"submitJob": 31.0}}, [SLOW]),
        ({"drain_seconds": 31.0}, [DRAIN, DRAIN]),
        ({"memory_growth": 97.0}, [MEMORY]),
        ({"memory": 131.0}, [MEMORY]),
    ],
)
def test_limits_are_absolute_and_beside_a_baseline(change: dict[str, Any], expected: list[str]) -> None:
    assert codes(thresholds.check(replace(GOOD, **change), PLAN.thresholds, GOOD)) == expected


def rising(place: int) -> float:
    return 100 + place / 10


@pytest.mark.parametrize(
    ("value", "grows"),
    [(rising, True), (lambda _: 100.0, False), (lambda place: 100 + place % 7, False), (lambda place: -place, False)],
)
def test_growth_is_told_from_noise(value: Callable[[int], float], grows: bool) -> None:
    seen = trends.trend("memory", [value(place) for place in range(600)])
    assert (seen.chance < trends.LIKELY) == grows


def test_random_values_have_a_trend_as_rarely_as_it_says() -> None:
    chance = random.Random(1)
    rare = sum(trends.mann_kendall([chance.random() for _ in range(40)]) < 0.05 for _ in range(200))
    assert 2 <= rare <= 20


def test_leak_of_series_is_a_finding() -> None:
    samples = [Sample(float(second), series=100 + 10 * second, connections=5) for second in range(30)]
    assert codes(trends.leaks(samples, 0.25, 50)) == ["BG-LOAD-011"]


def test_follower_leaves_a_line_that_is_not_whole(tmp_path: Path) -> None:
    path, line = tmp_path / "answers", json.dumps({"at": 1.0, "op": "getJob", "ms": 2.0, "status": 200, "job": "j"})
    follower = Follower(path)
    assert not list(follower.read())
    path.write_text(f"{line}\n{line[:9]}")
    assert [answer.operation for answer in follower.read()] == ["getJob"]
    path.write_text(f"{line}\n{line}\n")
    assert len(list(follower.read())) == 1


def test_percentile_is_by_the_nearest_rank() -> None:
    assert [percentile(list(range(1, 101)), share) for share in (0.5, 0.95, 1.0)] == [51, 96, 100]
    assert percentile([], 0.5) == 0


def test_sample_is_the_same_in_each_process_and_about_as_large_as_asked() -> None:
    order = Order.of(PLAN, "p", 3, 4, 100.0, 100.0)
    again = Order.from_dict(json.loads(json.dumps(order.as_dict())))
    chosen = [number for number in range(10_000) if order.samples(f"p-{number}")]
    assert 850 < len(chosen) < 1150
    assert chosen == [number for number in range(10_000) if again.samples(f"p-{number}")]


def test_time_line_is_well_formed_and_names_the_faults() -> None:
    drawn = svg([entry(), entry(503, at=9.0)], [Sample(1.0, queue=3, memory=90.0)], [Span("a <fault>", 2.0, 4.0)])
    texts = [element.text for element in ET.fromstring(drawn).iter() if element.text]  # noqa: S314 (our own text)
    assert "a <fault>" in texts


def test_mix_names_operations_of_the_contract_and_limits_each() -> None:
    known = {operation.id for operation in published().operations}
    assert PLAN.mix.keys() <= known
    assert PLAN.thresholds.milliseconds.keys() == PLAN.mix.keys()


def test_matrix_says_what_holds_for_each_cause() -> None:
    assert rules().causes.keys() == CAUSES.keys()
    assert len(cells()) == 2 * len(CAUSES) * len(rules().moments)


@pytest.mark.parametrize("name", seeded())
def test_seeded_fault_applies_to_this_runner_and_names_its_run(name: str) -> None:
    fault = seeded()[name]
    edited.texts([fault.violation(name)])
    program = {"load": "./scripts/gate", "faults": "./scripts/bench"}[shlex.split(fault.run)[0]]
    assert not problem(ROOT, f"{program} {fault.run}")
    assert {code for code in fault.codes if code.startswith("BG-LOAD")} <= {code.id for code in CODES}


def test_machine_without_locust_is_told_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "find_spec", lambda _: None)
    with pytest.raises(GateError, match="scripts/gate load"):
        run(Wanted(1.0, 1, 1.0), PLAN, tmp_path, None, lambda _: None, lambda *_: None)


def test_finding_names_at_most_five_jobs() -> None:
    (finding,) = accounts.named(LOST, "jobs", "rows", "without a row", [str(number) for number in range(9)])
    assert isinstance(finding, Finding)
    assert finding.got == "9 jobs without a row: 0, 1, 2, 3, 4 and 4 more"


def test_alerts_name_metrics_of_the_contract() -> None:
    families = published().document["x-beacon-metrics"]["families"]
    rules_ = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    metrics = set(re.findall(r"\bbeacon_\w+", " ".join(rule["expr"] for rule in rules_)))
    endings = ("", "_bucket", "_count", "_sum")
    assert len(metrics) >= 7
    assert metrics <= {f"{family}{ending}" for family in families for ending in endings}
    if promtool := shutil.which("promtool"):
        subprocess.run([promtool, "check", "rules", ALERTS], env=environment(), check=True, capture_output=True)
