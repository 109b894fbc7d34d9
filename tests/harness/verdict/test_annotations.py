"""A pull request shows the findings, or why there is no verdict; no text of a finding breaks out of its line."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest
import yaml

from beacon.checkout import ROOT
from beacon.pack import pack
from gate.cli.annotate import annotate
from gate.core.errors import GateError
from gate.core.redaction import Redactor
from gate.session.sources import sources
from gate.verdict import reports
from gate.verdict.annotations import workflow_commands
from tests.harness.support.verdicts import passing, reported

ACTION = ROOT / ".github" / "actions" / "gate"


def test_each_finding_is_an_annotation() -> None:
    """The level follows from the severity, the title has the code, and the text the place."""
    [line] = workflow_commands(passing(reported("GET /x")))
    assert line.startswith("::error title=BG-HTTP-001 ")
    assert "::GET /x%0Aexpected 200%0Agot 500%0A" in line


def test_annotation_is_at_the_promise() -> None:
    """Below the workspace of the code host, which may hold the checkout of the gate in a folder."""
    verdict = sources(pack(), {}).placed(passing(reported("job_not_in_queue", code="BG-INV-042")))
    [line] = workflow_commands(verdict, "50%,a:b/")
    place = "contracts/database/invariants/042_job_not_in_queue.sql"
    assert line.startswith(f"::error file=50%25%2Ca%3Ab/{place},line=1,title=BG-INV-042 ")


def test_text_of_a_finding_cannot_become_another_workflow_command() -> None:
    """Line breaks and percent signs are escaped everywhere, and in titles what separates properties too."""
    [line] = workflow_commands(passing(reported("100%\n::stop-commands::x\r")))
    assert "\n" not in line
    assert "100%25%0A::stop-commands::x%0D" in line


def test_annotations_beyond_the_limit_are_counted_in_the_last_one() -> None:
    lines = list(workflow_commands(passing(*(reported(f"GET /{number}") for number in range(30)))))
    assert len(lines) == 10
    assert "21 more findings" in lines[-1]


def test_a_run_without_verdict_says_why() -> None:
    """A run that could not be judged is an error too; a pass is silent."""
    [line] = workflow_commands(passing(stopped="No container engine answers."))
    assert line == "::error title=Beacon Gate%3A unjudged::No container engine answers."
    assert list(workflow_commands(passing())) == []


def test_summary_and_outputs_are_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output of earlier steps stays in the files."""
    reports.write(passing(), tmp_path, Redactor())
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        (tmp_path / name).write_text("earlier\n")
        monkeypatch.setenv(name, str(tmp_path / name))
    assert annotate(Namespace(reports=tmp_path)) == 0
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "earlier\nverdict=pass\n"
    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text() == "earlier\n" + (tmp_path / "verdict.md").read_text()


def test_a_directory_without_verdict_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="no verdict"):
        annotate(Namespace(reports=tmp_path))


def test_action_reports_what_the_gate_could_not_judge(tmp_path: Path) -> None:
    """Without an engine the job fails as the gate does, with the reason in its annotations, summary and outputs."""
    action = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
    step = next(entry for entry in action["runs"]["steps"] if entry.get("id") == "gate")
    given = {
        "IMAGE": "a/runner",
        "POSTGRES": "",
        "DEPTH": "smoke",
        "ARGUMENTS": "--workers=1\n-k\ntest_health_lists_each_service\n",
        "COMMENT_TOKEN": "",
        "REPORTS": str(tmp_path),
    }
    assert set(given) == set(step["env"])
    files = {name: str(tmp_path / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    engine = {"DOCKER_HOST": f"unix://{tmp_path}/none", "GITHUB_ACTION_PATH": str(ACTION)}
    ended = subprocess.run(
        ["bash", "-c", step["run"]],
        env={**clean, **given, **files, **engine, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "::error title=Beacon Gate%3A unjudged::No container engine answers at unix://" in ended.stdout
    assert Path(files["GITHUB_OUTPUT"]).read_text() == "verdict=unjudged\n"
    assert "No container engine answers" in Path(files["GITHUB_STEP_SUMMARY"]).read_text()


@pytest.mark.parametrize(
    ("workspace", "expected"),
    [(".", "file=contracts/a.yaml"), ("..", "file=here/contracts/a.yaml"), ("elsewhere", "file=contracts/a.yaml")],
)
def test_places_begin_at_the_workspace(
    workspace: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    broken = passing(reported())
    placed = [finding.model_copy(update={"file": "contracts/a.yaml", "line": 7}) for finding in broken.findings]
    reports.write(broken.model_copy(update={"findings": placed}), here, Redactor())
    monkeypatch.chdir(here)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(here / workspace))
    assert annotate(Namespace(reports=here)) == 0
    assert f"{expected},line=7" in capsys.readouterr().out
