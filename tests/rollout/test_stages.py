"""Each stage of the rollout is one command: it passes on a runner as that stage has it, and fails on another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beacon.checkout import ROOT
from beacon.scenario import Scenario
from fixtures.systems import OwnRunner

pytestmark = pytest.mark.timeout(300)  # each starts a gate in a process of its own
# What the production stages and the way back are made of is tested at every depth in test_portals.py.


def stage(scenario: Scenario, directory: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and verdict of a stage's command against the scenario's runner, whose rows it may see and remove."""
    system = scenario.session.system
    assert system.database_url
    assert scenario.client.get("/health/ready").status == 200
    addresses = ("--base-url", system.base_url, "--database-url", system.database_url)
    options = (*addresses, "--cleanup-database-url", system.database_url, "--report-dir", str(directory))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GATE_"))}
    command = [sys.executable, "-m", "beacon", "stage", *words[:1], *options, "--workers", "1", *words[1:]]
    ended = subprocess.run(command, cwd=ROOT, env=clean, text=True, capture_output=True, timeout=280, check=False)
    verdict: dict[str, Any] = json.loads((directory / "verdict.json").read_text(encoding="utf-8"))
    return ended.returncode, verdict


def passed(scenario: Scenario, directory: Path, *words: str) -> bool:
    """Return whether a stage passed, ran tests, and left nothing behind."""
    code, verdict = stage(scenario, directory, *words)
    remaining = scenario.database.query("SELECT jobspec_id FROM jobs")
    done = verdict["counts"]["passed"] > 0 and verdict["findings"] == []
    return (code, verdict["verdict"], done, verdict["left_behind"], remaining) == (0, "partial", True, [], [])


@pytest.mark.criterion("rollout.staging")
def test_integration_tests_run_on_staging(own_runner: OwnRunner, tmp_path: Path) -> None:
    narrow = "rows_that_its_analysis_needs or enqueued"
    assert passed(own_runner(), tmp_path, "staging", "-k", narrow)


@pytest.mark.full
@pytest.mark.criterion("rollout.production")
def test_runner_is_first_in_production(own_runner: OwnRunner, tmp_path: Path) -> None:
    assert passed(own_runner(), tmp_path, "production-runner")


@pytest.mark.full
@pytest.mark.criterion("rollout.production")
def test_portal_is_second_in_production(own_runner: OwnRunner, tmp_path: Path) -> None:
    assert passed(own_runner(), tmp_path, "production-portal")


@pytest.mark.criterion("rollout.verification")
def test_test_job_is_verified_afterwards(own_runner: OwnRunner, tmp_path: Path) -> None:
    assert passed(own_runner(), tmp_path, "verification")


@pytest.mark.full
@pytest.mark.criterion("rollout.rollback")
def test_portal_of_before_is_verified_on_the_way_back(own_runner: OwnRunner, tmp_path: Path) -> None:
    assert passed(own_runner(), tmp_path, "rollback")


@pytest.mark.full
def test_stage_fails_on_a_runner_that_is_not_ready_for_it(own_runner: OwnRunner, tmp_path: Path) -> None:
    code, verdict = stage(own_runner(RUNNER_REQUIRE_SIGNATURE="true"), tmp_path, "verification")
    assert (code, verdict["verdict"]) == (1, "broken")
