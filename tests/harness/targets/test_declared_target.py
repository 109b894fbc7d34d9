"""A target declares what its systems show; the verdict lists unavailable checks by that."""

from __future__ import annotations

from gate.session.session import Session
from gate.targets import Target


def test_system_is_as_its_target_declares(target: Target, session: Session) -> None:
    declared = session.system.exclusive, session.database is not None
    assert declared == (target.exclusive, target.shows_rows)
