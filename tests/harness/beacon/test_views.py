"""Each view of a job that has ended is asked for as a whole."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from beacon import views
from beacon.rows import JobRows
from gate.core.client import Client
from gate.core.record import Record
from gate.session.pack import Views

EARLY = [job for job in map("job-{}".format, range(200)) if views.early(job)[0] == views.FILTERED]


@pytest.mark.parametrize(("number", "offsets"), [(1, ["0"]), (200, ["0"]), (216, ["0", "200"])])
def test_listing_that_a_job_is_watched_through_is_read_to_its_end(number: int, offsets: list[str]) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        query = parse_qs(urlsplit(str(request.url)).query)
        if "jobspec_id" in query:
            asked.append(query["offset"][0])
        return httpx.Response(200, json={})

    assert EARLY
    for job in EARLY:
        asked.clear()
        rows = JobRows({"jobspec_id": job, "status": "completed"}, [{"id": each} for each in range(number)])
        views.observe(
            Views(Client("http://h", lambda _: None, transport=httpx.MockTransport(answer))), job, rows, Record("")
        )
        assert asked == offsets
