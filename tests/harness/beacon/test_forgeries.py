"""Each forged JobSpec is refused by the published rules, unless its name says that it is valid."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from beacon.forgeries import FORGERIES, forged
from beacon.jobs import spec
from beacon.model.signatures import GOOD, verdicts
from beacon.sequences import similar


@pytest.mark.parametrize("kind", FORGERIES)
def test_forgery_has_the_verdict_that_its_name_says(kind: str) -> None:
    verdict = verdicts(forged(kind, spec("a"), "n"), datetime.now(UTC))
    assert (verdict == {GOOD}) == kind.startswith("valid")
    assert GOOD not in verdict or verdict == {GOOD}
    if kind.startswith(("over", "of")):
        assert verdict == {"signature_mismatch"}


def test_similar_ids_are_others() -> None:
    names = similar("run-b_7")
    assert "run-b_7" not in names
    assert {"run_b_7", "run-b__", "run-b_", "RUN-B_7"} <= set(names)
