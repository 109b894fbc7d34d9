"""No oracle raises on an answer of an odd form: that would be the gate's fault, where the build is broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from beacon.contract import published
from beacon.pack import pack
from gate.contract.nodes import Operation
from gate.core.exchange import Exchange
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CONTRACT = published()
ODD: tuple[Any, ...] = (None, {}, [], "x", True, -1, 1e300, [{}], {"a": []}, ["x"])
ORACLES = {oracle.name: oracle for oracle in pack().oracles}
Place = tuple[str | int, ...]


def examples() -> Iterator[tuple[Operation, int, Any]]:
    """Each answer that the contract gives as an example."""
    for operation in CONTRACT.operations:
        for status, response in operation.document["responses"].items():
            content = CONTRACT.resolve(response).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                yield operation, int(status), CONTRACT.resolve(example)["value"]
            if "example" in content:
                yield operation, int(status), content["example"]


def places(value: Any, above: Place = ()) -> Iterator[Place]:
    """The way to each part of a value."""
    yield above
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*above, name))


def changed(value: Any, place: Place, odd: Any) -> Any:
    """A value with an odd one at a place."""
    if not place:
        return odd
    copy = json.loads(json.dumps(value))
    part = copy
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = odd
    return copy


def records() -> Iterator[Record]:
    """Records of one exchange with an odd answer, to a request whose parameters are odd too."""
    for operation, status, value in examples():
        path = "/".join("a" if part.startswith("{") else part for part in operation.path.split("/"))
        for number, place in enumerate(places(value)):
            odd = ODD[number % len(ODD)]
            query = "?limit=x&offset=1e2&exec_limit=" if operation.method == "GET" and number % 2 else ""
            headers = {"content-type": "application/json", "x-request-id": "r", "retry-after": "x", "date": "?"}
            body = json.dumps(changed(value, place, odd)).encode()
            exchange = Exchange(
                operation.method, f"http://service{path}{query}", status, {}, headers=headers, body=body
            )
            yield Record("", [exchange])


RECORDS = list(records())


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_oracle_judges_an_answer_of_any_form(oracle: Oracle) -> None:
    assert len(RECORDS) > 1000
    for record in RECORDS:
        list(oracle.check(record, Observations(), CONTRACT))
