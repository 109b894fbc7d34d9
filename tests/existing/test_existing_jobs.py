"""A job that is there keeps every promise that shows without sending anything but GET."""

from __future__ import annotations

import pytest

from beacon.scenario import Scenario


@pytest.mark.smoke
def test_existing_job_is_shown_and_its_analysis_is_there_or_explained(scenario: Scenario, existing: str) -> None:
    job = scenario.adopt(existing)

    assert job.view().status == 200
    answer = job.analysis()
    assert answer.status == 200 or (answer.status == 404 and answer.error_code)
