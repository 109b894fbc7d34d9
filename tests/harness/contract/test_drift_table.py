"""Each part that one side lacks or has alone drifts, and a reason covers only the parts that it names."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beacon.contract import published
from gate.cli.drift import suite_use
from gate.contract.consumer_use import consumer_use
from gate.contract.drift import Reason, rows, stale
from gate.core.errors import GateError

CONTRACT = published()
PUBLISHED = CONTRACT.parts
Document = dict[str, Any]


def drifting(change: Callable[[Document], Any]) -> set[str]:
    """The parts that drift when the served document is the published one after a change."""
    document: Document = copy.deepcopy(dict(CONTRACT.document))
    change(document)
    served = CONTRACT.parts_of(document)
    return {f"{row.side} {row.name}" for row in rows(PUBLISHED, served, {}, ()) if row.unexplained}


def schemas(document: Document) -> Document:
    schemas: Document = document["components"]["schemas"]
    return schemas


def get(document: Document, path: str) -> Document:
    operation: Document = document["paths"][path]["get"]
    return operation


LIMITED = [name for name in PUBLISHED.headers if name.endswith(" x-ratelimit-limit")]
BOUNDS = (("published", 1), ("served", 2))

CHANGES: dict[str, tuple[Callable[[Document], Any], set[str]]] = {
    "nothing": (lambda d: d["info"].update(title="Another", description=""), set()),
    "the same in place of a reference": (
        lambda d: get(d, "/health/live")["responses"]["200"]["content"]["application/json"].update(
            schema={"allOf": [{"$ref": "#/components/schemas/Liveness"}]}
        ),
        set(),
    ),
    "path parameter renamed": (
        lambda d: d["paths"].update({"/api/v1/jobs/{id}/cancel": d["paths"].pop("/api/v1/jobs/{job_id}/cancel")}),
        set(),
    ),
    "operation removed": (
        lambda d: d["paths"].pop("/health/live"),
        {
            "published getLiveness",
            "published getLiveness header x-request-id",
            "published getLiveness 200",
            "published getLiveness 200 application/json",
            "published getLiveness 200 x-request-id",
            "published getLiveness 200 /status",
            'published getLiveness 200 /status "alive"',
        },
    ),
    "operation added": (
        lambda d: d["paths"].update({"/extra/{id}": {"get": {"responses": {}}}}),
        {"served GET /extra/{}"},
    ),
    "parameter removed": (lambda d: get(d, "/api/v1/jobs")["parameters"].pop(0), {"published listJobs query limit"}),
    "status added": (
        lambda d: get(d, "/api/v1/questions")["responses"].update({"410": {"description": "Gone"}}),
        {"served listQuestions 410"},
    ),
    "field added": (
        lambda d: schemas(d)["Liveness"]["properties"].update(since={"type": "string"}),
        {"served getLiveness 200 /since"},
    ),
    "value added": (
        lambda d: schemas(d)["Liveness"]["properties"].update(status={"enum": ["alive", "well"]}),
        {'served getLiveness 200 /status "well"'},
    ),
    "bound changed": (
        lambda d: get(d, "/api/v1/jobs")["parameters"].__setitem__(
            0, {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1.0, "maximum": 201}}
        ),
        {"published listJobs query limit maximum 200", "served listJobs query limit maximum 201"},
    ),
    "bound left out": (lambda d: schemas(d)["SuccessRate"].pop("maximum"), set()),
    "bound of a header changed": (
        lambda d: d["components"]["headers"]["RateLimitLimit"]["schema"].update(minimum=2),
        {f"{side} {name} minimum {least}" for name in LIMITED for side, least in BOUNDS},
    ),
    "value removed from a request": (
        lambda d: d["components"]["parameters"]["Include"]["schema"].pop("enum"),
        {'published getJob query include "executions"'},
    ),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_each_difference_is_named(change: Callable[[Document], Any], expected: set[str]) -> None:
    """A difference in writing alone is none."""
    assert drifting(change) == expected


def test_reason_covers_its_side_and_is_stale_without_a_difference() -> None:
    """A pattern explains parts of its own side alone."""
    document: Document = copy.deepcopy(dict(CONTRACT.document))
    schemas(document)["Liveness"]["properties"]["since"] = {"type": "string"}
    served = CONTRACT.parts_of(document)
    good, other = Reason("served", "getLiveness 200 /*", "so"), Reason("published", "getLiveness 200 /*", "not so")
    table = rows(PUBLISHED, served, {}, (other, good))
    assert [row.name for row in table if row.side] == ["getLiveness 200 /since"]
    assert [row for row in table if row.unexplained] == []
    assert stale(table, (good, other)) == [other]
    assert [row.name for row in rows(PUBLISHED, served, {}, (other,)) if row.unexplained] == ["getLiveness 200 /since"]


def pact(directory: Path, method: str, path: str, status: int, body: Any, query: Any = None) -> Path:
    interaction = {
        "type": "Synchronous/HTTP",
        "description": "a call",
        "request": {"method": method, "path": path, "query": query or {}},
        "response": {"status": status, "body": {"content": body}},
    }
    document = {
        "consumer": {"name": "portal"},
        "provider": {"name": "runner"},
        "metadata": {"pactSpecification": {"version": "4.0"}},
        "interactions": [interaction],
    }
    file = directory / "pact.json"
    file.write_text(json.dumps(document))
    return file


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "query", "expected"),
    [
        ("GET", "/api/v1/jobs/j", 200, {"status": "queued", "job": {"id": "j"}}, {"include": ["executions"]}, []),
        ("GET", "/api/v2/jobs/j/bias-analysis", 200, {"region_scores": {"US": {"bias_score": 1}}}, None, []),
        ("GET", "/api/v1/jobs/j", 200, {"state": "queued"}, None, ["getJob 200 /state"]),
        ("GET", "/api/v1/jobs/j", 418, {}, None, ["getJob 418"]),
        ("GET", "/api/v1/jobs", 200, {"jobs": [{"name": "x"}]}, None, ["listJobs 200 /jobs/*/name"]),
        ("GET", "/api/v1/jobs", 200, {}, {"page": ["1"]}, ["listJobs query page"]),
        ("GET", "/api/v3/jobs", 200, {}, None, ["GET /api/v3/jobs", "GET /api/v3/jobs 200"]),
    ],
)
def test_undocumented_parts_that_a_consumer_uses_drift(
    tmp_path: Path, method: str, path: str, status: int, body: Any, query: Any, expected: list[str]
) -> None:
    """Operations, statuses, parameters and fields of its consumer contract."""
    pact(tmp_path, method, path, status, body, query)
    used = consumer_use(tmp_path, CONTRACT)
    assert [row.name for row in rows(PUBLISHED, PUBLISHED, {"portal": used}, ()) if row.unexplained] == expected


def test_missing_sources_are_unknown_and_broken_ones_are_errors(tmp_path: Path) -> None:
    """A part of a source that was not read is neither used nor unused."""
    assert consumer_use(tmp_path, CONTRACT) is None
    assert suite_use(tmp_path) is None
    assert {row.uses["portal"] for row in rows(PUBLISHED, PUBLISHED, {"portal": None}, ())} == {None}
    (tmp_path / "pact.json").write_text("{}")
    (tmp_path / "verdict.json").write_text("{}")
    with pytest.raises(GateError):
        consumer_use(tmp_path, CONTRACT)
    with pytest.raises(GateError):
        suite_use(tmp_path)
