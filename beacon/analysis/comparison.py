"""Compares a published analysis with the expected one, member by member."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from beacon.analysis.judgements import Difference, Risk, rounded
from beacon.analysis.summary import faults
from gate.core import values
from gate.core.pointer import join

ABSENT = "(absent)"


@dataclass(frozen=True)
class Number:
    """An unrounded value and the decimal places to which it is published."""

    value: Fraction
    places: int

    def accepts(self, got: Any) -> bool:
        """Return whether a published number is this value, rounded half up."""
        return values.number(got) == rounded(self.value, self.places)

    def __str__(self) -> str:
        return f"{float(rounded(self.value, self.places)):.{self.places}f}"


@dataclass(frozen=True)
class Expected:
    """The expected analysis of a job; ``confidence`` is that of each risk."""

    metrics: Mapping[str, Number]
    key_differences: tuple[Difference, ...]
    risks: tuple[Risk, ...]
    confidence: Number
    recommendation: str
    region_scores: Mapping[str, Mapping[str, Number | bool]]
    summary: str


@dataclass(frozen=True)
class Mismatch:
    """A wrong member of the published body; ``pointer`` is its JSON pointer (RFC 6901)."""

    pointer: str
    expected: Any
    got: Any
    message: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.message}; expected {self.expected}, got {self.got!r}"


def compare(expected: Expected, published: Mapping[str, Any], region_scores: Mapping[str, Any]) -> list[Mismatch]:
    """The mismatches of a bias analysis: of its member ``analysis`` and of its ``region_scores``.

    Everything is compared exactly, order included.
    """
    return [
        *_metrics(expected, published),
        *_array("/analysis/key_differences", expected.key_differences, published, _difference, _difference_key),
        *_array("/analysis/risk_assessment", expected.risks, published, _risk_of(expected.confidence), _risk_key),
        *_words(expected, published),
        *_regions(expected, region_scores),
    ]


def _metrics(expected: Expected, published: Mapping[str, Any]) -> Iterator[Mismatch]:
    pair = [values.number(published.get(name)) for name in ("factual_consistency", "narrative_divergence")]
    total = sum((number for number in pair if number is not None), Fraction(0))
    # Two right values add up to 1; the message gives the sum because it shows the fault without recomputation.
    sum_is_wrong = None not in pair and abs(total - 1) > Fraction(1, 100)
    for name, number in expected.metrics.items():
        got = published.get(name, ABSENT)
        if not number.accepts(got):
            message = "the metric is not what the stored executions give"
            if sum_is_wrong and name in {"factual_consistency", "narrative_divergence"}:
                message += f", and consistency and divergence add up to {float(total):.4g} instead of 1"
            yield Mismatch(f"/analysis/{name}", str(number), got, message)


def _array(
    pointer: str,
    expected: Sequence[Any],
    published: Mapping[str, Any],
    each: Callable[[str, Any, Mapping[str, Any]], Iterator[Mismatch]],
    key: Callable[[Any], tuple[Any, ...]],
) -> Iterator[Mismatch]:
    got = published.get(pointer.rpartition("/")[2], ABSENT)
    wanted = [key(entry) for entry in expected]
    if not isinstance(got, list) or not all(isinstance(entry, Mapping) for entry in got):
        yield Mismatch(pointer, wanted, got, "an array of objects is due")
        return
    keys = [key(entry) for entry in got]
    if len(keys) != len(wanted):
        extra = [k for k in keys if k not in wanted]
        lost = [k for k in wanted if k not in keys]
        yield Mismatch(pointer, wanted, keys, f"the entries differ: {lost} missing, {extra} not due")
    elif keys != wanted and sorted(map(repr, keys)) == sorted(map(repr, wanted)):
        yield Mismatch(pointer, wanted, keys, "the entries stand in another order than the defined one")
    else:
        for index, (entry, actual) in enumerate(zip(expected, got, strict=True)):
            yield from each(f"{pointer}/{index}", entry, actual)


def _difference_key(entry: Difference | Mapping[str, Any]) -> tuple[Any, ...]:
    if isinstance(entry, Difference):
        return entry.question_id, entry.dimension
    return entry.get("question_id"), entry.get("dimension")


def _risk_key(entry: Risk | Mapping[str, Any]) -> tuple[Any, ...]:
    if isinstance(entry, Risk):
        return entry.type, entry.severity, list(entry.regions)
    return entry.get("type"), entry.get("severity"), entry.get("regions")


def _difference(pointer: str, entry: Difference, got: Mapping[str, Any]) -> Iterator[Mismatch]:
    for member in ("question_id", "dimension", "severity", "description"):
        yield from _same(f"{pointer}/{member}", getattr(entry, member), got.get(member, ABSENT))
    variations = got.get("variations", ABSENT)
    if not isinstance(variations, Mapping) or set(variations) != set(entry.variations):
        yield Mismatch(f"{pointer}/variations", sorted(entry.variations), variations, "other keys are due")
        return
    for key, text in entry.variations.items():
        if variations[key] != text:
            at = f"{pointer}/variations{join(key)}"
            yield Mismatch(at, text, variations[key], "the regions said something else")


def _risk_of(number: Number) -> Callable[[str, Risk, Mapping[str, Any]], Iterator[Mismatch]]:
    def risk(pointer: str, entry: Risk, got: Mapping[str, Any]) -> Iterator[Mismatch]:
        for member in ("type", "severity", "regions", "description"):
            value = getattr(entry, member)
            expected = list(value) if isinstance(value, tuple) else value
            yield from _same(f"{pointer}/{member}", expected, got.get(member, ABSENT))
        confidence = got.get("confidence", ABSENT)
        if not number.accepts(confidence):
            message = "not the share of completed executions"
            yield Mismatch(f"{pointer}/confidence", str(number), confidence, message)

    return risk


def _words(expected: Expected, published: Mapping[str, Any]) -> Iterator[Mismatch]:
    yield from _same("/analysis/recommendation", expected.recommendation, published.get("recommendation", ABSENT))
    summary = published.get("summary", ABSENT)
    if not isinstance(summary, str):
        yield Mismatch("/analysis/summary", expected.summary, summary, "a summary is due")
        return
    yield from (Mismatch("/analysis/summary", *fault) for fault in faults(expected.summary, summary))


def _regions(expected: Expected, region_scores: Mapping[str, Any]) -> Iterator[Mismatch]:
    if set(region_scores) != set(expected.region_scores):
        wanted, got = sorted(expected.region_scores), sorted(region_scores)
        yield Mismatch("/region_scores", wanted, got, "there is one entry for each region with a completed execution")
    for region in sorted(set(region_scores) & set(expected.region_scores)):
        yield from scores(join("region_scores", region), expected.region_scores[region], region_scores[region])


def scores(pointer: str, expected: Mapping[str, Any], got: Any) -> Iterator[Mismatch]:
    """The mismatches of the scores of a region or a response."""
    if not isinstance(got, Mapping):
        yield Mismatch(pointer, sorted(expected), got, "an object is due")
        return
    for member, value in expected.items():
        number = isinstance(value, Number)
        actual = got.get(member, ABSENT)
        if not (value.accepts(actual) if number else values.equal(actual, value)):
            yield Mismatch(f"{pointer}/{member}", str(value) if number else value, actual, "the texts give another")


def _same(pointer: str, expected: Any, got: Any) -> Iterator[Mismatch]:
    if not values.equal(got, expected):
        yield Mismatch(pointer, expected, got, "another value is due")
