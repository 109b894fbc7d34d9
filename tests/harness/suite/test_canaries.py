"""Each way to silence a check makes the run unjudged, and the sentence names the check."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from pydantic import BaseModel

from beacon.database import DATABASE
from beacon.pack import BeaconPack, pack
from gate import suite
from gate.core.client import Client
from gate.core.errors import GateError
from gate.core.exchange import Exchange
from gate.core.findings import Finding
from gate.fuzz import checks
from gate.oracles import invariants, schema
from gate.oracles.checks import FUZZ as FUZZ_CHECK
from gate.oracles.checks import names, read
from gate.session import judge
from gate.session.observe import Observer
from gate.session.session import Session
from gate.session.write_watch import WriteWatch
from gate.suite import canaries, hooks
from gate.suite.state import worker_of
from gate.targets import Target
from gate.targets.embedded import EmbeddedTarget
from gate.verdict.decide import Run
from gate.verdict.journal import Journal
from gate.verdict.profile import Deviation, Profile

MEANINGLESS = "so a green run would mean nothing."
TEST, FUZZ = "tests/lifecycle/test_a.py::test_a", "tests/fuzz/test_a.py::test_a"


class Anything(BaseModel):
    """A row model that takes every row."""


class Worker:
    """A worker whose canaries can be shown, and what the controlling process says of them."""

    def __init__(self, request: pytest.FixtureRequest, target: Target, directory: Path) -> None:
        self.request, self.target = request, target
        self.directory = directory
        self.shows: canaries.Shows | None = None
        self.roll: canaries.Roll

    def show(self, test: str = TEST, profile: Profile | None = None) -> str:
        """Show the canaries, and return why the worker's first test means nothing."""
        for fuzz in (False, True) if test == FUZZ else (False,):
            self.shows = canaries.show_all(self.request.session, self.directory, fuzz=fuzz)
        return self.silent(test, profile)

    def show_again(self) -> str:
        """Show the canaries after the last test, and return why the tests mean nothing."""
        assert self.shows
        canaries.show_again(self.request.session, self.directory, self.shows)
        return self.silent_at_the_end()

    def silent(self, test: str = TEST, profile: Profile | None = None) -> str:
        """Why a test means nothing after what was shown."""
        self.roll = canaries.Roll(suite.pack(), self.target, self.directory)
        self.roll.call()
        report: Any = pytest.TestReport(test, ("", 0, ""), {}, "passed", None, "call")
        report.node = SimpleNamespace(gateway=SimpleNamespace(id=worker_of(self.request.config)))
        return self.roll.silent(report, Run(profile=profile or pack().profile("published")), pack().promises)

    def silent_at_the_end(self) -> str:
        """Why the tests mean nothing once the last is over."""
        return self.roll.silent_at_the_end(Run(profile=pack().profile("published")), pack().promises)


@pytest.fixture
def run(request: pytest.FixtureRequest, target: Target, shared: object, tmp_path: Path) -> Worker:
    """A run with the target of this one."""
    del shared
    return Worker(request, target, tmp_path)


@pytest.fixture
def promise(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change members of the pack's contract of the database."""

    def change(**members: Any) -> None:
        monkeypatch.setattr(BeaconPack, "database", replace(DATABASE, **members))

    return change


def test_every_check_is_red(run: Worker) -> None:
    assert run.show(FUZZ) == ""


def test_a_known_deviation_leaves_every_check_able_to_be_red(run: Worker) -> None:
    """A profile names what is known of a deviation, not all that its check could report."""
    assert run.show() == ""
    for profile in sorted((pack().root / "contracts" / "profiles").glob("*.toml")):
        assert run.silent(profile=pack().profile(str(profile))) == ""


@pytest.mark.parametrize("name", [oracle.name for oracle in pack().oracles if oracle.part == "oracle"])
def test_an_oracle_that_finds_nothing_is_named(run: Worker, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    oracles = [
        replace(oracle, check=lambda *_: ()) if oracle.name == name else oracle for oracle in BeaconPack().oracles
    ]
    monkeypatch.setattr(BeaconPack, "oracles", oracles)
    assert run.show() == f"The oracle {name} did not report its minimal violation, {MEANINGLESS}"


def test_an_oracle_that_raises_is_named(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[Finding]:
        raise KeyError("status")

    oracles = [replace(oracle, check=fail) if oracle.name == "listings" else oracle for oracle in BeaconPack().oracles]
    monkeypatch.setattr(BeaconPack, "oracles", oracles)
    assert "The oracle listings failed: KeyError" in run.show()


def test_an_oracle_that_is_not_registered_is_named(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    oracles = [oracle for oracle in BeaconPack().oracles if oracle.name != "analysis"]
    monkeypatch.setattr(BeaconPack, "oracles", oracles)
    with pytest.raises(GateError, match="lists the oracle analysis, which this checkout does not have"):
        run.silent()


def test_an_invariant_that_finds_no_row_is_named(run: Worker, promise: Callable[..., None]) -> None:
    rules = [replace(rule, sql=f"{rule.sql} LIMIT 0") for rule in DATABASE.invariants[11:13]]
    promise(invariants=(*DATABASE.invariants[:11], *rules, *DATABASE.invariants[13:]))
    first, second = "BG-INV-012 (First response wrong)", "BG-INV-013 (Run counts wrong)"
    sentence = f"The invariant {first}, the invariant {second} did not report their minimal violation, {MEANINGLESS}"
    assert run.show() == sentence


def test_an_invariant_that_is_deleted_is_named(run: Worker, promise: Callable[..., None]) -> None:
    promise(invariants=DATABASE.invariants[:-1])
    with pytest.raises(GateError, match=r"lists the invariant BG-INV-047 \(Region reason wrong\), which"):
        run.silent()


@pytest.mark.parametrize("table", DATABASE.tables)
def test_a_row_model_that_takes_every_row_is_named(run: Worker, promise: Callable[..., None], table: str) -> None:
    model = replace(DATABASE.tables[table], model=Anything)
    promise(tables={**DATABASE.tables, table: model})
    assert f"The row model {model.code.id} ({model.code.title}) did not report" in run.show()


@pytest.mark.parametrize(
    ("part", "name", "silenced", "unseen"),
    [
        (
            BeaconPack,
            "rows",
            {},
            "the rows of cross_region_analyses, cross_region_executions",
        ),
        (BeaconPack, "created", "", "which exchange creates a resource"),
        (Session, "final_findings", [], "what is wrong at the end of a run"),
        (BeaconPack, "observe", None, "the views of a resource"),
        (Observer, "lines", (), "the log of the service"),
        (WriteWatch, "_changes", [], "what a refused request changes"),
        (invariants, "offending", {}, "the rows that break an invariant"),
        (schema, "read", {}, "a table that is in the database"),
    ],
)
def test_what_is_not_seen_is_named(
    run: Worker, monkeypatch: pytest.MonkeyPatch, part: object, name: str, silenced: object, unseen: str
) -> None:
    monkeypatch.setattr(part, name, lambda *_: silenced)
    assert f"The gate does not see {unseen}" in run.show()


def test_an_answer_that_is_not_seen_is_named(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "request", lambda *_, **__: Exchange("POST", "http://shown/", 418))
    assert "The gate does not see the headers of an answer, or sends none." in run.show()


def test_a_judge_that_drops_findings_is_named(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "nearest_first", lambda _: [])
    silenced = names([check for check in read(pack().checks) if check.kind != FUZZ_CHECK])
    assert f"{silenced[1:]} did not report their minimal violation" in run.show()


def test_what_keeps_every_canary_from_being_shown_is_the_reason(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: pytest.Config) -> None:
        raise GateError("A hook is in the way.")

    monkeypatch.setattr(hooks, "check", refuse)
    assert run.show() == "A hook is in the way. Until then a green run would mean nothing."


def test_a_journal_without_findings_is_noticed(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "write_findings", lambda *_: None)
    assert MEANINGLESS in run.show()


def test_a_journal_that_is_cut_off_is_noticed(run: Worker) -> None:
    assert run.show() == ""
    (journal,) = run.directory.glob("*/*/*.ndjson")
    journal.write_bytes(journal.read_bytes()[:-200])
    assert MEANINGLESS in run.silent()


def test_a_judging_plugin_that_is_gone_is_noticed(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "REPORTERS", (*canaries.REPORTERS, "gate.suite.judging"))
    assert MEANINGLESS in run.show()


def test_a_plugin_that_makes_tests_pass_is_noticed(run: Worker) -> None:
    class Passing:
        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_call(self) -> Generator[None, object, object]:
            try:
                return (yield)
            except AssertionError:
                return None

    manager, plugin = run.request.config.pluginmanager, Passing()
    manager.register(plugin)
    try:
        assert "has the hook pytest_runtest_call" in run.show()
    finally:
        manager.unregister(plugin)


def test_canaries_that_were_not_shown_are_noticed(run: Worker) -> None:
    """As where the plugin that shows them is not registered."""
    assert run.silent().endswith(f"has shown that it can be red, {MEANINGLESS}")


def test_canaries_are_as_loud_after_the_last_test(run: Worker) -> None:
    assert run.show() == ""
    assert run.show_again() == ""


@pytest.mark.parametrize("name", ["gate.session.session.judge", "gate.suite.judging.must"])
def test_what_silences_the_judge_after_the_first_test_is_noticed(
    run: Worker, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert run.show() == ""
    monkeypatch.setattr(name, lambda *_: [])
    silent = run.show_again()
    assert silent.startswith("After the last test: ")
    assert MEANINGLESS in silent


def test_canaries_that_were_not_shown_again_are_noticed(run: Worker) -> None:
    assert run.show() == ""
    assert run.silent_at_the_end().startswith("After the last test: No check of the worker gw")


def test_a_profile_that_accepts_a_violation_is_named(run: Worker) -> None:
    every = Deviation(
        id="every",
        title="Every finding of a code",
        findings=["BG-LIFE-003"],
        covered_by=["getJob"],
        owner="us",
        reason="A test of the gate.",
        expires=date.max,
    )
    sentence = "The profile lenient accepts the minimal violation of the oracle finished, "
    assert run.show(profile=Profile(name="lenient", deviation=[every])) == sentence + MEANINGLESS


def test_an_older_database_excuses_what_reads_what_it_lacks(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """All other checks have to be red."""
    migrated = EmbeddedTarget.database

    def older(self: EmbeddedTarget, shared: Mapping[str, str]) -> str:
        url = migrated(self, shared)
        with psycopg.connect(url) as connection:
            connection.execute("ALTER TABLE executions DROP COLUMN retry_count")
        return url

    monkeypatch.setattr(EmbeddedTarget, "database", older)
    assert run.show() == ""
    (journal,) = run.directory.glob("*/*/*.ndjson")
    assert "invariant BG-INV-041" in journal.read_text()


def test_a_fuzzer_without_checks_is_noticed(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "selected", lambda _: ())
    assert "The fuzz check not_a_server_error" in run.show(FUZZ)


def test_a_fuzzer_that_does_not_count_acceptance_is_named(run: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gate.fuzz.campaign.Campaign.acceptance_rate_too_low", lambda _: iter(()))
    assert run.show(FUZZ) == f"The fuzz check acceptance rate did not report its minimal violation, {MEANINGLESS}"


def test_fuzz_tests_need_the_canaries_of_the_fuzzer(run: Worker) -> None:
    assert run.show(TEST) == ""
    assert "has shown that it can be red" in run.silent(FUZZ)
