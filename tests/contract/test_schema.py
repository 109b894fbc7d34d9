"""The database has the tables, columns, constraints and indexes that the contract promises."""

from __future__ import annotations

import pytest

from beacon.database import DATABASE
from beacon.scenario import Scenario
from gate.core.findings import must
from gate.oracles import schema


@pytest.mark.smoke
def test_database_has_the_published_schema(scenario: Scenario) -> None:
    must(schema.check(scenario.database.connection, DATABASE))
