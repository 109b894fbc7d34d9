"""The comparison of contracts gives the right answer where it is known."""

from __future__ import annotations

import json
from itertools import islice

from benchmarks.changes.cli import wrong
from benchmarks.changes.mutilated import mutilated
from benchmarks.changes.pairs import documents, pairs
from benchmarks.changes.soundness import sound
from gate.contract.diff import compare

EVERY = 211
"""A prime, so that each keyword and each place comes up."""


def test_each_part_of_a_document_is_compared_rightly() -> None:
    """Parameters, bodies, media types, statuses, headers, links, security, servers, discriminators, webhooks."""
    assert [(pair.name, answer) for pair, answer in wrong(documents())] == []


def test_each_change_can_be_written_as_json() -> None:
    """Also one of how a part is written, whose values are no values of the document."""
    changed = [change for pair in documents() for change in compare(pair.old, pair.new)]
    assert json.loads(json.dumps([change.as_dict() for change in changed]))
    assert not [change.text for change in changed if "MediaType(" in change.text]


def test_keywords_are_compared_rightly_at_every_place() -> None:
    """A sample of the pairs of ``bench changes``."""
    assert [(pair.name, answer) for pair, answer in wrong(islice(pairs(), 0, None, EVERY))] == []


def test_no_value_contradicts_the_verdict_on_random_schemas() -> None:
    """A sample of ``bench changes --random``."""
    outcome = sound(pairs=80, instances=60, seed=1)
    assert outcome.contradicted == []
    assert {"breaking", "safe", "none"} <= outcome.verdicts.keys()
    assert outcome.examples > 50


def test_mutilated_documents_end_in_an_answer_or_a_sentence() -> None:
    """A sample of ``bench changes --mutilated``."""
    outcome = mutilated(200, seed=1)
    assert outcome.errors == {}
    assert min(outcome.counts["answer"], outcome.counts["sentence"]) > 20
