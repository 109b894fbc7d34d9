"""The published contract, the document that the runner serves, and what the portal uses are one contract."""

from __future__ import annotations

import pytest

from beacon.contract import published
from beacon.pack import pack
from beacon.scenario import Scenario
from fixtures.fuzzing import PLAN
from gate.cli.drift import PATH
from gate.contract.consumer_use import Uses, consumer_use
from gate.contract.document import Contract
from gate.contract.drift import accepted, rows, stale
from gate.core.settings import Settings
from gate.fuzz.bodies import valid

CONTRACT = published()
PUBLISHED = CONTRACT.parts
REASONS = accepted(pack().accepted_drift)


def portal() -> Uses | None:
    return consumer_use(pack().consumers["portal"], CONTRACT)


def test_served_document_and_portal_keep_to_what_is_published_but_for_what_has_a_reason(scenario: Scenario) -> None:
    served = CONTRACT.parts_of(scenario.client.get(PATH).json)
    table = rows(PUBLISHED, served, {"portal": portal()}, REASONS)

    assert [f"{row.side} only: {row.name}" for row in table if row.unexplained] == []
    assert stale(table, REASONS) == []


@pytest.mark.parametrize("operation", sorted(PLAN.submissions))
def test_served_document_takes_the_same_submissions_as_the_published_one(
    scenario: Scenario, settings: Settings, operation: str
) -> None:
    from gate.fuzz.cases import cases_of, request_of  # noqa: PLC0415 (loads schemathesis)

    served = Contract(scenario.client.get(PATH).json)
    requests = [request_of(case, operation) for case in cases_of(pack(), settings.seed).whole(operation, 0)]
    bodies = [request for request in requests if request.is_json]

    assert len(bodies) > 100
    differing = [
        request.description
        for request in bodies
        if valid(served, operation, request.body) != valid(CONTRACT, operation, request.body)
    ]
    assert differing == []


def test_portal_gets_nothing_answered_that_is_not_published() -> None:
    """Requests may have members of their own; members that are read must be promised."""
    table = rows(PUBLISHED, PUBLISHED, {"portal": portal()}, ())

    assert [row.name for row in table if row.side and " body " not in row.name] == []
    assert [row.name for row in table if row.kind == "operations" and row.uses["portal"]] != []
