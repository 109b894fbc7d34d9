"""Discriminators: words that stand for schemas, and schemas that only a word leads to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness.support.documents import AB, ABC, S, Schema, obj, request, response, worst

CAT, DOG = obj("kind", kind=S, meow=S), obj("kind", kind=S, bark=S)
ANIMALS = {"Cat": CAT, "Dog": DOG}
RENAMED = {"Cat": CAT, "Hound": DOG}


def chosen(around: Callable[..., Schema], schemas: Schema, **mapping: str) -> Schema:
    """A document whose value is one of these schemas."""
    branches = [{"$ref": f"#/components/schemas/{name}"} for name in schemas]
    return around({"oneOf": branches, "discriminator": {"propertyName": "kind", "mapping": mapping}}, **schemas)


def extended(around: Callable[..., Schema], extension: Schema, **mapping: str) -> Schema:
    """A document whose value is a pet, which a dog extends."""
    reference = {"$ref": "#/components/schemas/Pet"}
    pet = {**obj("kind", kind=S), "discriminator": {"propertyName": "kind", "mapping": mapping}}
    return around(reference, Pet=pet, Dog={"allOf": [reference, extension]})


KINDS: dict[str, tuple[Schema, Schema, str]] = {
    "schema of a word renamed": (chosen(request, ANIMALS, d="Dog"), chosen(request, RENAMED, d="Hound"), "safe"),
    "the same in an answer": (chosen(response, ANIMALS, d="Dog"), chosen(response, RENAMED, d="Hound"), "safe"),
    "word for another schema": (chosen(request, ANIMALS, d="Dog"), chosen(request, ANIMALS, d="Cat"), "breaking"),
    "schema renamed whose name is the word": (chosen(request, ANIMALS), chosen(request, RENAMED), "breaking"),
    "a new word in an answer": (chosen(response, ANIMALS), chosen(response, RENAMED), "breaking"),
    "schema renamed whose name stays a word": (
        chosen(request, ANIMALS),
        chosen(request, RENAMED, Dog="Hound"),
        "safe",
    ),
    "schema renamed that never has its name": (
        chosen(request, {"Cat": CAT, "Dog": obj("kind", kind={"const": "d"})}),
        chosen(request, {"Cat": CAT, "Hound": obj("kind", kind={"const": "d"})}),
        "none",
    ),
    "extension tightened": (
        extended(request, obj(bark=S), dog="Dog"),
        extended(request, obj("bark", bark=S), dog="Dog"),
        "breaking",
    ),
    "extension loosened": (
        extended(request, obj("bark", bark=S), dog="Dog"),
        extended(request, obj(bark=S), dog="Dog"),
        "safe",
    ),
    "extension by its name": (extended(request, obj(bark=S)), extended(request, obj("bark", bark=S)), "breaking"),
    "extension of an answer": (extended(response, obj(bark=AB)), extended(response, obj(bark=ABC)), "breaking"),
    "texts of an extension": (extended(request, obj()), extended(request, {**obj(), "description": "D"}), "none"),
}


@pytest.mark.parametrize(("old", "new", "expected"), KINDS.values(), ids=KINDS)
def test_words_are_judged_by_the_schemas_that_they_stand_for(old: Schema, new: Schema, expected: str) -> None:
    assert worst(old, new) == expected
