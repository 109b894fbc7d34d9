"""A declared service is explored; what it does wrong is confirmed on a fresh database, what it does late is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from beacon.checkout import ROOT
from gate.core.client import Client, Unreachable
from gate.core.declaration import parse
from gate.core.errors import Exit, GateError
from gate.core.exchange import Exchange
from gate.core.redaction import Redactor
from gate.core.rerun import RunOptions
from gate.core.surroundings import environment
from gate.fuzz import replay
from gate.fuzz.replay import Violation
from gate.fuzz.service import pack as packs
from gate.fuzz.service.judging import Judgement, Judging
from gate.oracles import declared_rows, unchanged
from gate.session.codes import SILENT
from gate.session.session import Session
from gate.targets.declared import DeclaredTarget
from gate.verdict.journal import Journal
from gate.verdict.verdict import read
from tests.harness.support.declared_service import DOCUMENT

SERVICE = Path(__file__).parents[1] / "support" / "declared_service.py"
Judge = Callable[..., Judgement]


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    """Judges an operation of the small service in a mode."""
    closing: list[Callable[[], object]] = []

    def judge(operation: str, mode: str, invariant: str = "") -> Judgement:
        (tmp_path / "invariants").mkdir()
        (tmp_path / "invariants" / "texts_are_short.sql").write_text(invariant)
        text = f"""
            {'invariants = "invariants"' if invariant else ""}
            [service]
            start = "python {SERVICE} {{port}} {{database_url}}"
            env = {{ MODE = "{mode}", ONCE = "{tmp_path / "ended"}" }}
            openapi = "{tmp_path / "openapi.json"}"
        """
        (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
        pack = packs.DeclaredPack(parse(text, tmp_path / "gate.toml"))
        target = DeclaredTarget(pack.service, warm=False, say=lambda _: None)
        closing.append(target.stop)
        shared = target.start()
        journal = Journal(tmp_path / "journal.ndjson", Redactor(()))
        closing.append(journal.close)

        def opened() -> Session:
            return Session(pack, target.system(shared), lambda: "x", journal).unwatched()

        judging = Judging(
            pack, opened(), opened, seed=0, directory=tmp_path / "replay", options=RunOptions(program="gate judge")
        )
        closing.append(lambda: list(judging.close()))
        named = next(each for each in pack.contract.operations if str(each) == operation)
        return judging.judge(named, "test", 12, lambda _: None)[1]

    yield judge
    for close in reversed(closing):
        close()


def rows(judgement: Judgement) -> list[Violation]:
    """The violations that rows show: the small service also fails at a text that its database cannot hold."""
    return [each for each in judgement.violations if each.finding.code in {unchanged.REFUSED, unchanged.GET}]


def test_refusal_that_writes_is_confirmed_with_the_requests_that_show_it(judge: Judge) -> None:
    (violation,) = rows(judge("POST /notes", "refused"))
    assert violation.finding.cause == ("BG-REFUSED-001", "POST /notes 400 -> events")
    assert violation.evidence.command.startswith("gate judge --replay ")
    steps = replay.load(violation.replay).steps
    assert [step["request"]["method"] for step in steps] == ["POST"]


def test_request_that_met_a_closed_connection_is_sent_again(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many servers close a kept connection after an error, which says nothing about the request."""
    tried: set[object] = set()
    send = Client.request

    def request(client: Client, method: str, path: str, **members: Any) -> Exchange:
        place = method, path, members.get("content")
        if place not in tried:
            tried.add(place)
            raise Unreachable("The connection was closed.")
        return send(client, method, path, **members)

    monkeypatch.setattr(Client, "request", request)
    (violation,) = rows(judge("POST /notes", "refused"))
    assert violation.finding.cause == ("BG-REFUSED-001", "POST /notes 400 -> events")


def test_late_writes_are_no_findings(judge: Judge) -> None:
    assert rows(judge("POST /notes", "late")) == []


def test_service_that_ended_by_itself_is_a_finding_though_it_does_not_come_again(judge: Judge) -> None:
    judgement = judge("POST /notes", "once")
    (violation,) = [each for each in judgement.violations if each.finding.code == SILENT]
    assert violation.finding.where == "the service"
    assert violation.finding.got == "it ended by itself with exit code 7; its last line: no more notes"
    assert "no more notes" in violation.evidence.log
    assert judgement.candidates == []


def test_service_that_is_killed_from_outside_is_not_judged(judge: Judge) -> None:
    with pytest.raises(GateError, match="killed from outside by SIGKILL"):
        judge("POST /notes", "killed")


@pytest.mark.long
def test_whole_run_of_a_service_that_is_killed_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "gate.toml").write_text(f"""[service]
        start = "{sys.executable} {SERVICE} {{port}} {{database_url}}"
        env = {{ MODE = "killed", ONCE = "{mark}" }}
        openapi = "openapi.json"
    """)
    words = [sys.executable, "-m", "gate", "judge", "--depth", "smoke", "--workers", "1", "--report-dir", "reports"]
    env = environment({"PYTHONPATH": str(ROOT)})
    run = subprocess.run(words, cwd=tmp_path, env=env, text=True, capture_output=True, timeout=110, check=False)
    assert run.returncode == Exit.UNJUDGED, run.stdout + run.stderr
    assert "killed from outside by SIGKILL" in read(tmp_path / "reports").reason
    assert len(read(tmp_path / "reports").reason.splitlines()) == 1
    assert [each.pid for each in psutil.process_iter(["environ"]) if mark in str(each.info["environ"])] == []


def test_declared_invariant_is_confirmed_with_the_request_that_breaks_it(judge: Judge) -> None:
    judgement = judge("POST /notes", "", "SELECT id, text FROM notes\nWHERE length(text) > 1 -- 100 % of them")
    (violation,) = [each for each in judgement.violations if each.finding.code == declared_rows.INVARIANT]
    assert violation.finding.where == "texts_are_short"
    assert json.loads(violation.finding.got)["id"] == 1
    assert len(replay.load(violation.replay).steps) == 1


def test_invariant_that_cannot_be_evaluated_is_named(judge: Judge) -> None:
    with pytest.raises(GateError, match="texts_are_short cannot be evaluated"):
        judge("POST /notes", "", "SELECT id FROM note")
