"""Bodies are taken at their largest and however they arrive; bytes that are no strict JSON in UTF-8 are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.jobs import wrap
from beacon.scenario import Scenario
from beacon.states import CROSS_REGION, STANDARD

PATHS = {STANDARD: JOBS, CROSS_REGION: CROSS_REGION_JOBS}
LARGEST = 1 << 20
Arrival = Callable[[bytes], bytes | Sequence[bytes]]
ARRIVALS: dict[str, Arrival] = {
    "whole": lambda content: content,
    "without its length": lambda content: [content],
    "in pieces": lambda content: [content[at : at + 65521] for at in range(0, len(content), 65521)],
}


def body_of(scenario: Scenario, workflow: str, **members: Any) -> bytes:
    spec = {**scenario.spec(regions=["US"]), **members}
    return json.dumps(spec if workflow == STANDARD else wrap(spec), ensure_ascii=False).encode()


def sized(scenario: Scenario, workflow: str, size: int) -> bytes:
    """A valid body of that many bytes, most of them in characters of three."""
    missing = size - len(body_of(scenario, workflow, note=""))
    return body_of(scenario, workflow, note="\u5929" * (missing // 3) + "x" * (missing % 3))


@pytest.mark.parametrize("arrive", ARRIVALS.values(), ids=ARRIVALS)
def test_body_of_the_largest_size_is_accepted_and_a_byte_more_is_not(
    scenario: Scenario, workflow: str, arrive: Arrival
) -> None:
    headers = {"content-type": "application/json"}
    largest, larger = (arrive(sized(scenario, workflow, size)) for size in (LARGEST, LARGEST + 1))

    refused = scenario.client.request("POST", PATHS[workflow], content=larger, headers=headers)
    assert (refused.status, refused.error_code) == (413, "payload_too_large")
    scenario.accepted(scenario.client.request("POST", PATHS[workflow], content=largest, headers=headers)).wait()


TYPES: dict[str, int] = {
    "application/json": 202,
    "Application/JSON ; Charset=UTF-8": 202,
    'application/json;charset="utf-8"': 202,
    "application/json; charset=utf-16": 415,
    "application/json; charset=iso-8859-1": 415,
    "application/jsonp": 415,
    "application/json-patch+json": 415,
    "application/vnd.api+json": 415,
    "text/json": 415,
    "json": 415,
    "": 415,
}


def test_body_is_taken_as_json_in_utf8_alone(scenario: Scenario, workflow: str) -> None:
    headers = [({"content-type": media_type}, status) for media_type, status in TYPES.items()]
    headers += [
        ({"content-type": "application/json", "content-encoding": name}, 415) for name in ("gzip", "br", "utf-16")
    ]
    headers += [({"content-type": "application/json", "content-encoding": "identity"}, 202)]

    for sent, status in headers:
        answer = scenario.client.request("POST", PATHS[workflow], content=body_of(scenario, workflow), headers=sent)
        assert (answer.status, answer.error_code) == (status, "unsupported_media_type" if status == 415 else ""), sent
    for job in scenario.jobs.values():
        job.wait()


def nested(levels: int, *, lists: bool = False) -> bytes:
    """A body that is nested so many levels deep: of objects, or of lists in one."""
    opening, end = (b"[", b"]") if lists else (b'{"a":', b"}")
    return b'{"a":' + opening * (levels - 1) + b"1" + end * (levels - 1) + b"}"


NO_JSON: dict[str, bytes] = {
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "byte order mark": '{"a": 1}'.encode("utf-8-sig"),
    "Latin-1": '{"a": "\u00e9"}'.encode("latin-1"),
    "overlong": b'{"a": "\xc0\xaf"}',
    "surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "cut off in a character": b'{"a": "\xe5\xa4"}',
    "NUL": b'{"a": "\x00"}',
    "line feed in a text": b'{"a": "\n"}',
    "other white space": b'\x0b{"a": 1}',
    "no-break space": b'\xc2\xa0{"a": 1}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "beyond a double": b'{"a": -1e400}',
    "too many digits": b'{"a": ' + b"9" * 5000 + b"}",
    "leading zero": b'{"a": 01}',
    "leading plus": b'{"a": +1}',
    "bare point": b'{"a": 1.}',
    "hexadecimal": b'{"a": 0x1}',
    "trailing comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "comment": b'{"a": 1} // no',
    "two values": b'{"a": 1}{"a": 1}',
    "member twice": b'{"a": {"b": [{"c": 1, "c": 1}]}}',
    "member twice, in two spellings": b'{"a": {"b": 1, "\\u0062": 2}}',
    "a text": b'"{}"',
    "a number": b"1",
    "true": b"true",
    "101 levels": nested(101),
    "101 levels of lists": nested(101, lists=True),
    "many levels of lists": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


def test_bytes_that_are_no_json_object_are_refused(scenario: Scenario, workflow: str) -> None:
    headers = {"content-type": "application/json"}
    for name, content in NO_JSON.items():
        answer = scenario.client.request("POST", PATHS[workflow], content=content, headers=headers)
        assert (answer.status, answer.error_code) == (400, "invalid_json"), name
    for content in (b"", b" \n\t\r "):
        answer = scenario.client.request("POST", PATHS[workflow], content=content, headers=headers)
        assert (answer.status, answer.error_code) == (400, "invalid_body"), content
    for lists in (False, True):
        content = nested(100, lists=lists)
        deepest = scenario.client.request("POST", PATHS[workflow], content=content, headers=headers)
        assert deepest.error_code == "validation_error"


def respelled(content: bytes) -> bytes:
    """The same JSON value: members the other way round, every letter of a text escaped, white space, other numbers."""

    def spell(value: Any) -> str:
        if isinstance(value, dict):
            return "{\r\n" + " ,\t".join(f"{spell(name)} : {spell(value[name])}" for name in reversed(value)) + " }"
        if isinstance(value, list):
            return f"[ {' , '.join(map(spell, value))} ]"
        if isinstance(value, str):
            units = value.encode("utf-16-be")
            return '"' + "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)) + '"'
        return f"{value}.0" if type(value) is int and abs(value) < 2**53 else json.dumps(value)

    return spell(json.loads(content)).encode()


def test_one_body_in_two_spellings_is_one_request(scenario: Scenario, workflow: str) -> None:
    content = body_of(scenario, workflow, runs=1, custom={"a": 7, "b": 0.5, "c": 2**60, "d": "\U0001f600 e\u0301"})
    spelling = respelled(content)
    headers = {"content-type": "application/json", "idempotency-key": scenario.new_id()}
    job = scenario.accepted(scenario.client.request("POST", PATHS[workflow], content=spelling, headers=headers))
    pieces = [content[at : at + 7] for at in range(0, len(content), 7)]
    again = scenario.client.request("POST", PATHS[workflow], content=pieces, headers=headers)

    assert (again.status, again.json["id"], again.json["idempotent"]) == (200, job.id, True)
    job.wait("completed")
