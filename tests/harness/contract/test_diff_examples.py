"""Each breaking change has an example that is valid in one document and not in the other."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from benchmarks.changes.pairs import documents, pairs
from gate.contract.diff import compare
from gate.contract.diff.consumer import Consumer
from gate.contract.diff.examples import exemplified
from gate.contract.diff.languages import contained, difference
from gate.contract.document import Contract
from gate.contract.pact import read
from tests.harness.support.documents import AB, ABC, N, S, Schema, obj, query, request, response

EVERY = 499


def test_each_breaking_change_has_an_example() -> None:
    """A sample of the pairs of ``bench changes``, and each part of a document."""
    for pair in [*documents(), *islice(pairs(), 0, None, EVERY)]:
        for change in exemplified(compare(pair.old, pair.new)):
            assert change.severity != "breaking" or change.example, (pair.name, change)


VALUES: dict[str, tuple[Schema, Schema]] = {
    "member": (obj(a=S, b=N), obj("b", a=S, b=N)),
    "entry": ({"type": "array", "items": S, "minItems": 2}, {"type": "array", "items": AB, "minItems": 2}),
    "pattern": ({**S, "pattern": "^[a-z]+$"}, {**S, "pattern": "^[a-y]+$"}),
    "deep": (obj("m", m=obj("n", n={"type": ["string", "null"]})), obj("m", m=obj("n", n=S))),
    "map": ({"type": "object", "additionalProperties": N}, {"type": "object", "additionalProperties": False}),
    "variant": ({"oneOf": [obj("a", True, a=S), obj("b", True, b=S)]}, {"oneOf": [obj("a", True, a=S)]}),
}


@pytest.mark.parametrize(("wide", "narrow"), VALUES.values(), ids=VALUES)
def test_example_is_valid_in_one_document_and_not_in_the_other(wide: Schema, narrow: Schema) -> None:
    """A request that was valid, or an answer that was not; the validator of the contract says so."""
    for around in (request, response):
        old, new = (wide, narrow) if around is request else (narrow, wide)
        [change, *_] = exemplified(compare(around(old), around(new)))
        assert change.severity == "breaking"
        assert change.example is not None
        valid = [Contract(around({})).validator(schema).is_valid(change.example.value) for schema in (wide, narrow)]
        assert valid == [True, False], change.example


def test_shortest_text_tells_two_patterns_apart() -> None:
    """Inclusion is decided for each anchor, class, choice and repetition; what is no regular language is left open."""
    assert difference("^[a-c]$", "^[ab]$") == "c"
    assert difference("a", "^a") == "Aa"
    assert contained("^[0-9]{3}$", r"^\d+$") is True
    assert contained("^(a|b)*$", "^[ab]*$") is True
    assert contained("^(?!a)b", "b") is True
    assert contained("b", "^(?!a)b") is None
    assert contained("^(a|b)*a(a|b){20}$", "^(a|b)*b(a|b){20}$") is None


@pytest.mark.parametrize(
    ("narrow", "wide", "answer"),
    [
        ("^[a-z]+$", r"^\p{L}+$", True),
        (r"^\p{L}+$", "^[a-z]+$", False),
        (r"^\p{Lu}\p{Ll}*$", r"^\p{Letter}+$", True),
        (r"^[^\p{L}]$", r"^\P{gc=L}$", True),
        (r"^\p{Nd}$", r"^\d$", False),
        (r"^[\p{L}\p{M} ]{1,9}$", r"^[\p{L}\p{M} -]{1,9}$", True),
        (r"^\p{Script=Han}$", r"^\p{L}$", None),
        (r"^[\u0000-\uffff]$", r"^\p{L}$", None),  # a later Unicode has more letters among these
        (r"^[a-\p{L}]$", "^x$", None),
        (r"^\\p{2}$", r"^\\pp$", True),  # a backslash and two letters
    ],
)
def test_properties_of_unicode_are_compared_by_category(narrow: str, wide: str, answer: bool | None) -> None:
    assert contained(narrow, wide) is answer


def pact(sent: Any, status: int, answered: Any, path: str = "/things", **query_: str) -> dict[str, Any]:
    interaction = {
        "type": "Synchronous/HTTP",
        "description": "D",
        "request": {"method": "POST", "path": path, "query": {name: [text] for name, text in query_.items()}},
        "response": {"status": status, "body": {"content": answered, "contentType": "application/json"}},
    }
    if sent is not None:
        interaction["request"]["body"] = {"content": sent, "contentType": "application/json"}  # type: ignore[index]  # a mapping
    return {
        "consumer": {"name": "portal"},
        "provider": {"name": "runner"},
        "interactions": [interaction],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


FELT: dict[str, tuple[Schema, Schema, dict[str, Any], bool]] = {
    "member that is read": (
        response(obj("a", a=S)),
        response(obj(a=S)),
        pact(None, 200, {"a": "x"}),
        True,
    ),
    "member that is not read": (
        response(obj("a", a=S, b=S)),
        response(obj(a=S, b=S)),
        pact(None, 200, {"b": "x"}),
        False,
    ),
    "value of a member": (
        response(obj(a=AB)),
        response(obj(a=ABC)),
        pact(None, 200, {"a": "a"}),
        True,
    ),
    "another status": (
        response(obj(a=AB)),
        response(obj(a=ABC)),
        pact(None, 404, {"a": "a"}),
        False,
    ),
    "another operation": (
        response(obj(a=AB)),
        response(obj(a=ABC)),
        pact(None, 200, {"a": "a"}, "/others"),
        False,
    ),
    "member that is sent": (
        request(obj(a=S)),
        request(obj(a=AB)),
        pact({"a": "x"}, 200, {}),
        True,
    ),
    "member that is not sent": (
        request(obj(a=S)),
        request(obj(a=AB)),
        pact({"b": 1}, 200, {}),
        False,
    ),
    "required and not sent": (
        request(obj()),
        request(obj("b", b=S)),
        pact({"a": 1}, 200, {}),
        True,
    ),
    "parameter": (
        query(),
        query(schema={**N, "maximum": 9}),
        pact(None, 200, {}, limit="3"),
        True,
    ),
    "other parameter": (
        query(),
        query(schema={**N, "maximum": 9}),
        pact(None, 200, {}, page="3"),
        False,
    ),
}


@pytest.mark.parametrize(("old", "new", "contract", "expected"), FELT.values(), ids=FELT)
def test_consumer_feels_the_changes_of_what_it_uses(
    old: Schema, new: Schema, contract: dict[str, Any], expected: bool
) -> None:
    consumer = Consumer.of(read(contract), old)
    assert [consumer.feels(change) for change in compare(old, new)] == [expected]
