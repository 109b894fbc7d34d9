"""Parameters at every limit of the contract are taken; beyond it, and in other spellings, they are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from beacon.api import EXECUTIONS, JOBS, job_at
from beacon.boundaries import spellings
from beacon.contract import published
from beacon.regions import REGIONS
from beacon.scenario import Scenario
from gate.contract.nodes import Operation
from gate.core.findings import Finding, must
from gate.fuzz.codes import INVALID_ACCEPTED, VALID_REFUSED

READING = [operation for operation in published().operations if operation.method == "GET" and "/api/" in operation.path]
NUMBERS = (
    "",
    "01",
    "+1",
    " 1",
    "1 ",
    "1\n",
    "1.0",
    "1e0",
    "0x1",
    "1_0",
    "\u0661",
    "1\u0661",
    "\uff11",
    "9" * 30,
    "true",
    "null",
    "NaN",
)
DATES = (
    "",
    "2025-02-29",
    "2025-13-01",
    "2025-1-01",
    "20250101",
    "2025-W01-1",
    "2025-01-01T00:00:00Z",
    " 2025-01-01",
    "2025-01-01\n",
    "\u0662025-01-01",
    "2025-01-0\u0661",
    "today",
)
UUID = "0b8f6a4e-2c1d-4e3f-9a5b-6c7d8e9f0a1b"
UUIDS = (
    f"{{{UUID}}}",
    f"urn:uuid:{UUID}",
    UUID.replace("-", ""),
    f"{UUID}\n",
    f" {UUID}",
    f"{UUID}0",
    UUID.replace("b", "\uff42"),
)


def texts(schema: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Texts of a parameter, and whether each is valid."""
    match schema:
        case {"type": "integer", "minimum": least, "maximum": most}:
            yield from ((str(least), True), (str(most), True), (str(least - 1), False), (str(most + 1), False))
            yield from ((text, False) for text in NUMBERS)
        case {"enum": names}:
            yield from ((name, True) for name in names)
            yield from ((text, False) for text in ("", *spellings(names[0])))
        case {"pattern": _, "maxLength": most}:
            yield from (("x" * most, True), ("x" * (most + 1), False), ("", False))
            yield from ((text, False) for text in spellings("a-b_1") if text != "A-B_1")
        case {"minLength": 1, "maxLength": most}:
            yield from (
                ("x" * most, True),
                ("%_\\\0\u0130", True),
                ("_", True),
                ("%", True),
                ("x" * (most + 1), False),
                ("", False),
            )
        case {"format": "date"}:
            yield from ((text, True) for text in ("2024-02-29", "0001-01-01", "9999-12-31"))
            yield from ((text, False) for text in DATES)
        case {"format": "uuid"}:
            yield from ((text, False) for text in UUIDS)


def schema_of(parameter: Any) -> Mapping[str, Any]:
    """The schema of a parameter, references followed."""
    return dict(published().resolve(parameter.value["schema"]))


def valid_path(scenario: Scenario, operation: Operation) -> str:
    """A path of the operation at which there is something."""
    job = scenario.finished(regions=REGIONS)
    rows = job.rows()
    run, execution = str(rows.run["id"]) if rows.run else "", str(rows.executions[0]["id"])
    values = {"job_id": job.id, "cross_region_execution_id": run, "execution_id": execution, "region": "US"}
    return operation.path.format(**values)


def queries(operation: Operation) -> Iterator[tuple[str, int]]:
    """Query strings of an operation with one parameter, and the status of their answers."""
    for (place, name), parameter in operation.parameters().items():
        if place == "query":
            cases = list(texts(schema_of(parameter)))
            yield from ((urlencode({name: text}), 200 if valid else 400) for text, valid in cases)
            good = next(text for text, valid in cases if valid)
            yield from ((urlencode([(name, good), (name, other)]), 400) for other in (good, ""))
            yield from ((urlencode({unknown: "x"}), 200) for unknown in (name.upper(), f"{name}[]", f" {name}"))
    yield from ((query, 200) for query in ("", "&&=&", "x=1&x=2", "x=" + "y" * 8000, "x=%00%ff&%F0%9F"))


def paths(operation: Operation, path: str) -> Iterator[tuple[str, int]]:
    """Paths with a UUID in capitals or one impossible value, and the status of their answers."""
    given, parts = path.split("/"), operation.path.split("/")
    for (place, name), parameter in operation.parameters().items():
        if place == "path":
            index, status = parts.index(f"{{{name}}}"), 404 if name == "job_id" else 400
            if schema_of(parameter).get("format") == "uuid":
                yield "/".join([*given[:index], given[index].upper(), *given[index + 1 :]]), 200
            for text, valid in texts(schema_of(parameter)):
                if not valid and text:
                    changed = [*given[:index], quote(text, safe=""), *given[index + 1 :]]
                    yield "/".join(changed), status


@pytest.mark.parametrize("operation", READING, ids=lambda operation: operation.id)
def test_parameters_are_taken_in_the_published_form_alone(scenario: Scenario, operation: Operation) -> None:
    path = valid_path(scenario, operation) if "{" in operation.path else operation.path
    targets = [(f"{path}?{query}", status) for query, status in queries(operation)] + [*paths(operation, path)]

    answers = [(target, status, scenario.client.request("GET", target)) for target, status in targets]
    must(
        Finding(
            VALID_REFUSED if status == 200 else INVALID_ACCEPTED,
            f"GET {operation.path} {target[-90:]}",
            str(status),
            str(answer),
        )
        for target, status, answer in answers
        if answer.status != status
    )


def test_page_is_the_default_where_none_is_asked_for(scenario: Scenario) -> None:
    job = scenario.finished(regions=REGIONS)
    for path in (JOBS, EXECUTIONS, f"{EXECUTIONS}/cross-region"):
        page = scenario.client.get(path).json
        assert (page["limit"], page["offset"]) == (50, 0)
    view = scenario.client.get(job_at(job.id), include="executions").json
    assert len(view["executions"]) == view["executions_total"] == 3


def test_each_number_of_a_page_is_obeyed_by_itself(scenario: Scenario) -> None:
    """The oracles compare each page with the rows and with its total."""
    job = scenario.finished(regions=REGIONS)
    for operation in READING:
        names = {name: schema_of(node) for (place, name), node in operation.parameters().items() if place == "query"}
        beside = {"include": "executions"} if "include" in names else {}
        for name in (name for name, schema in names.items() if schema.get("type") == "integer"):
            page = scenario.client.get(operation.path.format(job_id=job.id), **beside, **{name: 1})
            assert page.status == 200
