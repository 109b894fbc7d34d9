"""The reference runner refuses what is more than its limits allow; other runners are not given any."""

from __future__ import annotations

import pytest

from fixtures.systems import OwnRunner


@pytest.mark.parametrize("rule", ["2/hour", "100/minute;2/hour", "2/hour;100/minute"])
def test_each_limit_is_kept(own_runner: OwnRunner, workflow: str, rule: str) -> None:
    """Whichever is reached first; the refusal says when to come back and leaves no row."""
    scenario = own_runner(RUNNER_RATE_LIMIT=rule)
    specs = [scenario.spec() for _ in range(3)]
    answers = [scenario.send(spec, workflow) for spec in specs]

    assert [answer.status for answer in answers] == [202, 202, 429]
    refused = answers[-1]
    assert refused.error_code == "rate_limit_exceeded"
    assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == ("2", "0")
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert not any(scenario.database.rows(specs[-1]["id"]).counts().values())
