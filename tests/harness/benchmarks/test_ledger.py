"""The ledger of promises is whole: no place of the contract without a promise, and every name in it is known."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from beacon.pack import pack
from benchmarks.defects.catalogue import defects_and_violations
from gate.contract.document import Contract
from gate.contract.ledger import Promise, load, places, without_promise
from gate.core.errors import DocumentError
from gate.fuzz.codes import whole
from gate.verdict.inventory import load as load_inventory

PROMISES = load(pack().ledger)


@cache
def known_places() -> list[str]:
    return places(pack().contract, (ROOT / "contracts" / "database" / "schema.txt").read_text(encoding="utf-8"))


@cache
def checks() -> set[str]:
    """Codes, tests, their modules, and folders of modules."""
    inventory = load_inventory(ROOT / pack().suite.inventory)
    tests = {test for by_depth in inventory.tests.values() for test in by_depth}
    modules = {test.partition("::")[0] for test in tests}
    return {*whole(pack()), *tests, *modules, *(f"{Path(module).parent}/" for module in modules)}


def test_nothing_in_the_contract_is_without_a_promise() -> None:
    assert without_promise(PROMISES, known_places()) == []


@pytest.mark.parametrize("name", PROMISES)
def test_every_place_of_a_promise_is_in_the_contract(name: str) -> None:
    promise = PROMISES[name]
    alone = [promise.model_copy(update={"of": (place,)}) for place in promise.of]
    assert [single.of for single in alone if not any(map(single.covers, known_places()))] == []


@pytest.mark.parametrize("name", PROMISES)
def test_checks_and_violations_of_a_promise_exist(name: str) -> None:
    promise = PROMISES[name]
    assert set(promise.checks) <= checks()
    assert set(promise.violations) <= defects_and_violations().keys()
    assert promise.deployed in {"", *(deviation.id for deviation in pack().profile("deployed").deviation)}


def test_every_defect_and_violation_breaks_a_promise() -> None:
    named = {violation for promise in PROMISES.values() for violation in promise.violations}
    assert sorted(defects_and_violations().keys() - named) == []


DESCRIPTION = """
A **first** word.

## Rules

* One `rule` in a list
* Another

| a | b |
|---|---|
| c | d |
"""
DOCUMENT = {
    "info": {"description": DESCRIPTION},
    "paths": {"/a": {"get": {"operationId": "getA", "responses": {"200": {"description": "x"}}}}},
    "x-own": {"limits": {"most": 3}, "names": ["a"]},
}
NAMES = [
    "operation getA",
    "status getA 200",
    "table a",
    "column a.b",
    "rule x-own.limits.most",
    "rule x-own.names",
    "words Introduction/A first word.",
    "words Rules/One rule in a list",
    "words Rules/Another",
    "words Rules/c d",
]


def test_places_are_the_parts_of_document_and_schema() -> None:
    assert places(Contract(DOCUMENT), "table a\ncolumn a.b integer not null\n\n") == NAMES


def test_place_without_a_promise_is_named() -> None:
    promise = Promise(text="x", of=("words *", "rule *", "column a.*"), checks=("c",), violations=("v",))
    assert without_promise({"a": promise}, NAMES) == ["operation getA", "status getA 200", "table a"]


@pytest.mark.parametrize("text", ["", "[promises.a]\ntext = 'x'\n", "[promises]\na = 1\n"])
def test_unusable_ledger_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "promises.toml").write_text(text)
    with pytest.raises(DocumentError):
        load(tmp_path / "promises.toml")
