"""The comparison of contracts gives the right answer where it is known."""

from __future__ import annotations

from itertools import islice

from benchmarks.changes.cli import wrong
from benchmarks.changes.pairs import documents, pairs

EVERY = 211
"""A prime, so that each keyword and each place comes up."""


def test_each_part_of_a_document_is_compared_rightly() -> None:
    """Parameters, bodies, media types, statuses, headers, links, security, servers, discriminators, webhooks."""
    assert [(pair.name, answer) for pair, answer in wrong(documents())] == []


def test_keywords_are_compared_rightly_at_every_place() -> None:
    """A sample of the pairs of ``bench changes``."""
    assert [(pair.name, answer) for pair, answer in wrong(islice(pairs(), 0, None, EVERY))] == []
