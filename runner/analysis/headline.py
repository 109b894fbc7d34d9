"""The gaps that a reader has to know of first: models that refuse throughout a region, and silent regions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from runner.analysis.lexicon import REFUSAL_PHRASES
from runner.analysis.scoring import Scored, count


def headline_of(scored: Sequence[Scored], regions: Collection[str]) -> str:
    """The headline of a run that is about ``regions``; empty where every model took part in each of them."""
    return " ".join(_gaps(scored, regions))


def _gaps(scored: Sequence[Scored], regions: Collection[str]) -> Iterator[str]:
    for region in sorted(regions):
        responses = sorted(
            (item for item in scored if item.response.region == region), key=lambda item: item.response.model_id
        )
        if not responses:
            yield f"{region} has no successful execution."
        for model, group in groupby(responses, key=lambda item: item.response.model_id):
            if all(count(REFUSAL_PHRASES, item.entries) for item in group):
                yield f"{model} refuses throughout {region}."
