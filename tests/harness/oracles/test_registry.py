"""Each registered oracle is red on its violation, and silent on what a sound service does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from beacon.checkout import ROOT
from beacon.pack import pack
from beacon.scenario import Scenario
from beacon.states import STANDARD
from gate.core.findings import Code, add, catalogue
from gate.core.record import Observations, Record
from gate.oracles.registry import Need, Oracle, available, offered, unavailable
from gate.session.session import Session
from gate.targets import Target
from gate.verdict.journal import Journal

ORACLES = {oracle.name: oracle for oracle in pack().oracles}


@pytest.fixture(scope="session")
def sound(
    target: Target, shared: dict[str, str], ids: object, journal: Journal
) -> Iterator[tuple[Record, Observations]]:
    """A record of a job of each workflow on the reference runner, and the observations on it."""
    del ids
    numbers = iter(range(100))
    session = Session(pack(), target.system(shared), lambda: f"sound-{next(numbers)}", journal)
    scenario = Scenario(session, "sound")
    scenario.finished()
    scenario.finished(workflow=STANDARD)
    observations = session.conclude(scenario.record).observations
    yield scenario.record, observations
    session.close()


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_oracle_is_red_on_its_violation(oracle: Oracle) -> None:
    contract = pack().contract
    codes = {finding.code for finding in oracle.check(*oracle.violation(contract), contract)}
    assert codes
    assert codes <= {code.id for code in oracle.codes}


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_oracle_is_silent_on_a_sound_record(oracle: Oracle, sound: tuple[Record, Observations]) -> None:
    assert list(oracle.check(*sound, pack().contract)) == []


def test_every_need_that_is_not_met_is_named() -> None:
    """With what is lost; an oracle whose needs are met is not named."""
    assert unavailable(ORACLES.values(), offered(own=True, rows=True)) == {}
    without_rows = offered(own=False, rows=False)
    lacking = {Need.ROWS, Need.STAND_IN, Need.LOG, Need.SETTINGS}
    unmet = {oracle.name for oracle in ORACLES.values() if lacking & {*oracle.needs, *oracle.wants}}
    assert unavailable(ORACLES.values(), without_rows).keys() == unmet
    judged = {oracle.name for oracle in available(ORACLES.values(), without_rows)}
    assert {"stored", "listings", "analysis", "invariants"} <= judged
    assert not {"rows", "refused", "schema", "router"} & judged


def test_code_has_one_meaning() -> None:
    known = next(iter(catalogue().values()))
    assert add(known) == (known,)
    with pytest.raises(ValueError, match="another meaning"):
        add(Code(known.id, known.severity, "other", known.explanation))


@pytest.mark.parametrize("name", pack().generated)
def test_generated_file_is_current(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == pack().generated[name]()
