"""The published contract, the document that the runner serves, and what the portal uses are one contract."""

from __future__ import annotations

from gate.contract import Contract
from gate.drift import uses
from gate.drift.cli import CONSUMERS, PATH
from gate.drift.table import accepted, rows, stale
from gate.exercised import of_contract
from gate.scenario import Scenario
from gate.surface import operation_ids, surface

CONTRACT = Contract.published()
PUBLISHED = of_contract(CONTRACT)


def test_served_document_and_portal_keep_to_what_is_published_but_for_what_has_a_reason(scenario: Scenario) -> None:
    served = surface(scenario.client.get(PATH).json, operation_ids(CONTRACT.document))
    table = rows(PUBLISHED, served, None, uses.of_portal(CONSUMERS, CONTRACT, PUBLISHED), accepted())

    assert [f"{row.side} only: {row.name}" for row in table if row.unexplained] == []
    assert stale(table, accepted()) == []


def test_portal_gets_nothing_answered_that_is_not_published() -> None:
    """What it sends may have members of its own; what it reads has to be promised."""
    portal = uses.of_portal(CONSUMERS, CONTRACT, PUBLISHED)
    table = rows(PUBLISHED, PUBLISHED, None, portal, ())

    assert [row.name for row in table if row.side and " body " not in row.name] == []
    assert [row.name for row in table if row.kind == "operations" and row.portal] != []
