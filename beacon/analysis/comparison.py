"""Compares a published analysis with the expected one, member by member."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from beacon.analysis.judgements import CLOSE, Difference, Risk
from beacon.analysis.summary import Summary, faults
from gate.core import values
from gate.core.pointer import join

ABSENT = "(absent)"


@dataclass(frozen=True)
class Number:
    """An unrounded value and the decimal places to which it is published."""

    value: Fraction
    places: int

    def accepts(self, got: Any) -> bool:
        """Return whether a published number is this value, to half a unit of its last place."""
        number = values.number(got)
        return number is not None and abs(number - self.value) <= Fraction(1, 2 * 10**self.places) + CLOSE

    def __str__(self) -> str:
        return f"{float(self.value):.{self.places + 2}f} to {self.places} places"


@dataclass(frozen=True)
class Expected:
    """The expected analysis of a job.

    ``borderline`` names the thresholds that a value meets so closely that either outcome is right; ``alternatives``
    are the expectations for the other outcomes.
    """

    metrics: Mapping[str, Number]
    key_differences: tuple[Difference, ...]
    risks: tuple[Risk, ...]
    recommendation: str
    region_scores: Mapping[str, Mapping[str, Number | bool]]
    summary: Summary
    borderline: tuple[str, ...] = ()
    alternatives: tuple[Expected, ...] = ()


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

    Numbers are compared to half a unit of their last place, all else exactly, order included. Where a value meets a
    threshold, the alternative with the fewest mismatches counts.
    """
    judged = (_mismatches(option, published, region_scores) for option in (expected, *expected.alternatives))
    return min(judged, key=len)


def _mismatches(expected: Expected, published: Mapping[str, Any], region_scores: Mapping[str, Any]) -> list[Mismatch]:
    return [
        *_metrics(expected, published),
        *_array("/analysis/key_differences", expected.key_differences, published, _difference, _difference_key),
        *_array("/analysis/risk_assessment", expected.risks, published, _risk, _risk_key),
        *_words(expected, published),
        *_regions(expected, region_scores),
    ]


def _metrics(expected: Expected, published: Mapping[str, Any]) -> Iterator[Mismatch]:
    pair = [values.number(published.get(name)) for name in ("factual_consistency", "narrative_divergence")]
    total = sum((number for number in pair if number is not None), Fraction(0))
    # Two right values add up to 1; the message gives the sum because it shows the fault without recomputation.
    sum_is_wrong = None not in pair and abs(total - 1) > Fraction(1, 100) + CLOSE
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
    for member in ("question_id", "dimension", "severity"):
        yield from _same(f"{pointer}/{member}", getattr(entry, member), got.get(member, ABSENT))
    yield from _described(pointer, got)
    yield from _figures(pointer, entry.figures, got.get("description"))
    variations = got.get("variations", ABSENT)
    if not isinstance(variations, Mapping) or set(variations) != set(entry.variations):
        yield Mismatch(f"{pointer}/variations", sorted(entry.variations), variations, "other keys are due")
        return
    for key, texts in entry.variations.items():
        if variations[key] not in texts:
            at = f"{pointer}/variations{join(key)}"
            yield Mismatch(at, " or ".join(texts), variations[key], "the regions said something else")


def _risk(pointer: str, entry: Risk, got: Mapping[str, Any]) -> Iterator[Mismatch]:
    for member, value in (("type", entry.type), ("severity", entry.severity), ("regions", list(entry.regions))):
        yield from _same(f"{pointer}/{member}", value, got.get(member, ABSENT))
    yield from _described(pointer, got)
    confidence = got.get("confidence", ABSENT)
    if values.number(confidence) not in entry.confidence:
        expected = " or ".join(str(float(number)) for number in entry.confidence)
        yield Mismatch(f"{pointer}/confidence", expected, confidence, "not the share of completed executions")


def _words(expected: Expected, published: Mapping[str, Any]) -> Iterator[Mismatch]:
    yield from _same("/analysis/recommendation", expected.recommendation, published.get("recommendation", ABSENT))
    summary = published.get("summary", ABSENT)
    line = f"**Risk Level: {expected.recommendation}**"
    if not isinstance(summary, str) or summary.partition("\n")[0] != line:
        yield Mismatch("/analysis/summary", line, summary, "the first line does not state the recommendation")
        return
    yield from (Mismatch("/analysis/summary", *fault) for fault in faults(expected.summary, summary))


def _regions(expected: Expected, region_scores: Mapping[str, Any]) -> Iterator[Mismatch]:
    if set(region_scores) != set(expected.region_scores):
        wanted, got = sorted(expected.region_scores), sorted(region_scores)
        yield Mismatch("/region_scores", wanted, got, "there is one entry for each region with a completed execution")
    for region in sorted(set(region_scores) & set(expected.region_scores)):
        pointer, entry = join("region_scores", region), region_scores[region]
        if not isinstance(entry, Mapping):
            yield Mismatch(pointer, sorted(expected.region_scores[region]), entry, "an object is due")
            continue
        for member, value in expected.region_scores[region].items():
            got = entry.get(member, ABSENT)
            right = got is value if isinstance(value, bool) else value.accepts(got)
            if not right:
                message = "not what the region's completed executions give"
                yield Mismatch(f"{pointer}/{member}", value if isinstance(value, bool) else str(value), got, message)


def _same(pointer: str, expected: Any, got: Any) -> Iterator[Mismatch]:
    if not values.equal(got, expected):
        yield Mismatch(pointer, expected, got, "another value is due")


def _figures(pointer: str, figures: Sequence[str], text: Any) -> Iterator[Mismatch]:
    """A mismatch where a description has none of ``figures``; a missing description is another mismatch."""
    words = text.split() if isinstance(text, str) else []
    if figures and words and not any(word.startswith(figure) for word in words for figure in figures):
        yield Mismatch(f"{pointer}/description", " or ".join(figures), text, "another figure is due")


def _described(pointer: str, got: Mapping[str, Any]) -> Iterator[Mismatch]:
    text = got.get("description", ABSENT)
    if "description" not in got or not isinstance(text, str) or not text.strip():
        yield Mismatch(f"{pointer}/description", "a sentence", text, "nothing describes it")
