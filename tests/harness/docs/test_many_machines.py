"""The documented Job and the nightly workflow run each shard once, and merge all of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from beacon.checkout import ROOT
from gate.core.shards import Shard
from gate.core.surroundings import environment
from tests.harness.support.command_lines import problem
from tests.harness.support.markdown import Page

SCHEMA = json.loads(Path(__file__).with_name("job.schema.json").read_text(encoding="utf-8"))
"""Kubernetes publishes a schema of all of its API; this one has the members that the Job uses, by its reference."""


@pytest.fixture
def job() -> Any:
    page = Page.read(ROOT, ROOT / "docs" / "many-machines.md")
    (block,) = (block for block in page.blocks if block.language == "yaml")
    return yaml.safe_load(block.text)


def commands(job: Any) -> list[str]:
    """The command of each pod, with its words as the shell of the container expands them."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    shell, flag, script = container["command"]
    printed = script.replace("./scripts/gate", "echo ./scripts/gate")
    return [
        subprocess.check_output(
            [shell, flag, printed], env={**environment(), "JOB_COMPLETION_INDEX": str(index)}, text=True
        ).strip()
        for index in range(job["spec"]["completions"])
    ]


def shards(lines: list[str]) -> list[tuple[Shard, str]]:
    """The shard of each command with its report directory; each command line is one that the gate accepts."""
    assert [problem(ROOT, line) for line in lines] == [""] * len(lines)
    words = [line.split() for line in lines]
    return [(Shard.of(each[each.index("--shard") + 1]), each[each.index("--report-dir") + 1]) for each in words]


def test_job_is_one_that_kubernetes_takes(job: Any) -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    validator.validate(job)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    named = {volume["name"] for volume in job["spec"]["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == named
    for wrong in ({**job, "kind": "Jobs"}, {**job, "status": {}}, {**job, "spec": {**job["spec"], "completion": 4}}):
        assert not validator.is_valid(wrong)


def test_each_pod_of_the_job_runs_a_shard_of_its_own(job: Any) -> None:
    number = job["spec"]["completions"]
    ran = shards(commands(job))
    assert [shard for shard, _ in ran] == [Shard(index, number) for index in range(1, number + 1)]
    assert len({directory for _, directory in ran}) == number


def test_nightly_workflow_runs_each_shard_and_merges_all() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "full.yml").read_text(encoding="utf-8"))["jobs"]
    indexes = jobs["shard"]["strategy"]["matrix"]["shard"]
    (line,) = (step["run"] for step in jobs["shard"]["steps"] if "--shard" in step.get("run", ""))
    ran = shards([line.replace("${{ matrix.shard }}", str(index)) for index in indexes])
    assert [shard for shard, _ in ran] == [Shard(index, len(indexes)) for index in indexes]
    (merge,) = (step["run"] for step in jobs["merge"]["steps"] if " merge " in step.get("run", ""))
    assert problem(ROOT, merge) == ""
    assert merge.split()[2:] == [directory for _, directory in ran]
