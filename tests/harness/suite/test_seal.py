"""Code that judges, or a test, that is replaced for the time of that test alone is named after the last one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

import pytest

from beacon.pack import pack
from gate.core.errors import GateError
from gate.oracles.registry import Oracle
from gate.session.session import Session
from gate.suite.seal import Seal

ORACLES = pack().oracles


class Judging(Session):
    """A session without a system."""

    def __init__(self, *, oracles: Any = ORACLES, judging: bool = True) -> None:
        self.absent, self.alone, self.database = frozenset(), True, None
        self.oracles, self._judging = oracles, judging


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Looks at this test and some sessions, and raises what the seal says of them at the end."""
    seal = Seal(("gate", "beacon"), Judging())

    def look(*sessions: Session) -> None:
        seal.look(request.node, sessions)
        seal.check()

    return look


def test_sealed_code_is_left_alone(look: Callable[..., None]) -> None:
    look(Judging(), Judging(oracles=list(pack().oracles)))


@pytest.mark.parametrize(
    "name",
    ["gate.session.session.judge", "gate.session.session.Session.conclude", "beacon.pack.BeaconPack.oracles"],
)
def test_code_that_is_replaced_is_named(look: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(name, lambda *_: [])
        with pytest.raises(GateError, match=f"{name} was another than before"):
            look()
    with pytest.raises(GateError, match=name):  # although it is back in its place
        look()


def deaf(oracle: Oracle) -> Oracle:
    """An oracle of the same name that finds nothing."""
    return Oracle(oracle.name, oracle.promise, oracle.codes, lambda *_: (), oracle.violation)


@pytest.mark.parametrize(
    "session",
    [Judging(oracles=()), Judging(oracles=[*map(deaf, ORACLES)]), Judging(judging=False)],
    ids=["none", "deaf", "not asked"],
)
def test_session_that_asks_other_oracles_is_named(look: Callable[..., None], session: Session) -> None:
    with pytest.raises(GateError, match="other oracles than those that were shown"):
        look(session)


def test_session_with_a_method_of_its_own_is_named(look: Callable[..., None]) -> None:
    session = cast("Any", Judging())
    session.conclude = lambda record: record
    with pytest.raises(GateError, match="conclude of its session was another"):
        look(session)


def test_test_that_is_wrapped_is_named(request: pytest.FixtureRequest, look: Callable[..., None]) -> None:
    own = request.node.obj

    @wraps(own)
    def quiet(*args: object, **named: object) -> None:
        own(*args, **named)

    request.node.obj = quiet
    with pytest.raises(GateError, match="its function was not the one of its file"):
        look()
