"""The rows determine whether a job has an analysis, and the reason if not."""

from __future__ import annotations

from itertools import product

import pytest

from beacon.contract import published
from beacon.oracles.analysis import expected_answer
from beacon.rows import JobRows
from tests.harness.support import sample_rows as sample

STATUSES = ["queued", "running", "completed", "partial", "failed", "cancelled"]
ENDED = STATUSES[2:]


def rows(status: str, *, stored: bool = False, enabled: bool = True, error: str | None = None) -> JobRows:
    run = sample.run(enable_analysis=enabled, analysis_error=error)
    return JobRows(sample.job(status=status), run=run, analysis=sample.analysis() if stored else None)


# In the order in which the contract names them, each for every state that it is about.
CASES: list[tuple[JobRows, str]] = [
    (JobRows(), "job_not_found"),
    *[(JobRows(sample.job(status=status)), "standard_workflow") for status in STATUSES],
    *[
        (rows(status, stored=True, enabled=enabled, error=error), "200")
        for status, enabled, error in product(ENDED, [True, False], [None, "away"])
    ],
    *[(rows(status, enabled=enabled), "analysis_pending") for status in STATUSES[:2] for enabled in (True, False)],
    *[(rows(status, enabled=False, error=error), "analysis_disabled") for status in ENDED for error in (None, "away")],
    *[(rows(status, error=error), "analysis_failed") for status in ENDED[2:] for error in (None, "away")],
    *[(rows(status, error="away"), "analysis_failed") for status in ENDED[:2]],
    *[(rows(status), "analysis_not_applicable") for status in ENDED[:2]],
]


@pytest.mark.parametrize(("rows", "answer"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_first_reason_that_holds_is_the_expected_answer(rows: JobRows, answer: str) -> None:
    assert expected_answer(rows) == answer


def test_every_published_reason_can_be_due() -> None:
    """The oracle knows each code that the contract has for a missing analysis, and no other."""
    contract = published()
    reasons = contract.document["components"]["schemas"]["AnalysisUnavailableError"]["anyOf"]
    codes = {contract.resolve(reason)["properties"]["error_code"]["const"] for reason in reasons}
    assert {answer for _, answer in CASES} == codes | {"200"}
