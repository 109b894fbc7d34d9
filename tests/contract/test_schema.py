"""The database has the tables, columns, constraints and indexes that the contract promises."""

from __future__ import annotations

import pytest

from gate.findings import must
from gate.oracles import schema
from gate.scenario import Scenario


@pytest.mark.smoke
def test_database_has_the_published_schema(scenario: Scenario) -> None:
    must(schema.compare(schema.expected(), schema.read(scenario.database.connection)))
