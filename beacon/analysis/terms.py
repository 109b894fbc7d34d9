"""The scores of a single response by the published definition of the analysis.

The lists and thresholds are data of the contract, its root extension ``x-beacon-analysis``. All values are exact
fractions: what the runner computes in binary floating point is judged against the true value, not against a second
rounding of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from gate.core.errors import GateError

EXTENSION = "x-beacon-analysis"

DIMENSIONS = frozenset({"censorship", "factual_accuracy", "tone_sentiment"})
"""Dimensions of key differences besides those of the political stance."""

RISK_TYPES = frozenset({"censorship", "bias", "misinformation", "political_manipulation", "narrative_control"})

CONCLUSIONS = ("critical", "high", "good", "moderate")


@dataclass(frozen=True)
class Definition:
    """The lists and thresholds of the analysis; list entries are lower case, as the texts are when they are read."""

    apostrophes: frozenset[str]
    refusal_phrases: frozenset[str]
    refusal_words: frozenset[str]
    sensitive_terms: Mapping[str, Fraction]
    factual_indicators: frozenset[str]
    uncertainty_words: frozenset[str]
    absolute_words: frozenset[str]
    political_stance: Mapping[str, frozenset[str]]
    positive: frozenset[str]
    negative: frozenset[str]
    separators: frozenset[str]
    limits: Mapping[str, Fraction]
    labels: tuple[str, ...]
    tone_labels: tuple[str, ...]
    dimensions: tuple[str, ...]
    risk_types: tuple[str, ...]
    sections: tuple[str, ...]
    conclusions: Mapping[str, str]
    texts: Mapping[str, str]

    @classmethod
    def from_contract(cls, document: Mapping[str, Any]) -> Definition:
        """The definition that an OpenAPI document publishes; GateError where the document does not hold all of it."""
        try:
            data = document[EXTENSION]
            stances = {name: _entries(words) for name, words in data["political_stance"].items()}
            return cls(
                apostrophes=_entries(data["folded_apostrophes"]),
                refusal_phrases=_entries(data["refusal_phrases"]),
                refusal_words=_entries(data["refusal_words"]),
                sensitive_terms=_decimals(
                    {term: data["sensitive_terms"][term] for term in _entries([*data["sensitive_terms"]])}
                ),
                factual_indicators=_entries(data["factual_indicators"]),
                uncertainty_words=_entries(data["uncertainty_words"]),
                absolute_words=_entries(data["absolute_words"]),
                political_stance=stances,
                positive=_entries(data["tone"]["positive"]),
                negative=_entries(data["tone"]["negative"]),
                separators=_entries(data["token_separators"]),
                limits=_decimals(data["thresholds"]),
                labels=_ordered(data["labels"], 4),
                tone_labels=_ordered(data["tone_labels"], 3),
                dimensions=_names(data["dimensions"], {f"political_stance_{name}" for name in stances} | DIMENSIONS),
                risk_types=_names(data["risk_types"], RISK_TYPES),
                sections=_ordered(data["summary_sections"], 4),
                conclusions={name: str(data["conclusions"][name]) for name in CONCLUSIONS},
                texts=dict(
                    zip(data["texts"], _ordered(data["texts"].values(), max(len(data["texts"]), 1)), strict=True)
                ),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise GateError(
                f"The contract does not publish a whole definition of the analysis ({type(error).__name__}: {error}).",
                f"Complete its root extension {EXTENSION}.",
            ) from error

    def limit(self, name: str) -> Fraction:
        """A threshold by its name in the contract; GateError for one that the contract does not publish."""
        try:
            return self.limits[name]
        except KeyError:
            raise GateError(
                f"The contract publishes no threshold {name}.", f"Add it to {EXTENSION}.thresholds."
            ) from None

    def passes(self, name: str, value: Fraction) -> bool:
        """Return whether ``value`` passes the threshold ``name``, whose suffix (above, below, at_least) says how."""
        limit = self.limit(name)
        if name.endswith("_at_least"):
            return value >= limit
        return value < limit if name.endswith("_below") else value > limit

    def text(self, name: str, **parts: object) -> str:
        """A published sentence with its parts put in; GateError for one that the contract does not publish."""
        if name not in self.texts:
            raise GateError(f"The contract publishes no sentence {name}.", f"Add it to {EXTENSION}.texts.")
        return self.texts[name].format(**parts)


@dataclass(frozen=True)
class Score:
    """The unrounded scores of one response; all lie in 0..1 and the length counts code points."""

    political_sensitivity: Fraction
    censorship_score: Fraction
    factual_accuracy: Fraction
    sentiment_score: Fraction
    bias_score: Fraction
    censorship_detected: bool
    keyword_flags: tuple[str, ...]
    response_length: int


def score(text: str, definition: Definition) -> Score:
    """The scores of one response, from its text as stored."""
    limit, folded = definition.limit, fold(text, definition)
    terms = contained(definition.sensitive_terms, folded)
    weight = mean([definition.sensitive_terms[term] for term in terms], Fraction(0))
    political = weight * min(Fraction(len(text)) / limit("political_full_length"), Fraction(1))

    refusals = len(contained(definition.refusal_phrases, folded)) * limit("censorship_per_refusal_phrase")
    if len(contained(definition.refusal_words, folded)) > limit("censorship_refusal_words_above"):
        refusals += limit("censorship_refusal_words_bonus")
    censorship = min(refusals, Fraction(1))

    accuracy = limit("factual_base") + sum(
        limit(step) * len(contained(words, folded))
        for step, words in (
            ("factual_per_indicator", definition.factual_indicators),
            ("factual_per_uncertainty_word", definition.uncertainty_words),
            ("factual_per_absolute_word", definition.absolute_words),
        )
    )
    accuracy = min(max(accuracy, Fraction(0)), Fraction(1))

    positive, negative = (len(contained(words, folded)) for words in (definition.positive, definition.negative))
    sentiment = Fraction(positive, positive + negative) if positive + negative else limit("sentiment_without_words")
    return Score(
        political_sensitivity=political,
        censorship_score=censorship,
        factual_accuracy=accuracy,
        sentiment_score=sentiment,
        bias_score=(political + censorship + 1 - accuracy) / 3,
        censorship_detected=censorship >= limit("censorship_detected_at_least"),
        keyword_flags=tuple(sorted(terms)),
        response_length=len(text),
    )


def fold(text: str, definition: Definition) -> str:
    """The form in which texts are searched: typographic apostrophes folded to the ASCII one, then lower case."""
    return text.translate(dict.fromkeys(map(ord, definition.apostrophes), "'")).lower()


def contained(entries: Collection[str], folded: str) -> set[str]:
    """The entries that occur in a folded text, anywhere, inside longer words too."""
    return {entry for entry in entries if entry in folded}


def tokens(text: str, definition: Definition) -> frozenset[str]:
    """The set of words by which texts are compared: separators become spaces, and words of few bytes do not count."""
    spaced = fold(text, definition).translate(dict.fromkeys(map(ord, definition.separators), " "))
    shortest = definition.limit("token_bytes_at_least")
    return frozenset(word for word in spaced.split() if len(word.encode("utf-8", "surrogatepass")) >= shortest)


def similarity(a: frozenset[str], b: frozenset[str]) -> Fraction:
    """The Jaccard index of two sets of tokens; two empty sets are the same."""
    union = len(a | b)
    return Fraction(len(a & b), union) if union else Fraction(1)


def tone(text: str, definition: Definition) -> Fraction:
    """The tone of a text, from -1 (only negative words) through 0 (none, or as many of each) to 1."""
    folded = fold(text, definition)
    positive, negative = (len(contained(words, folded)) for words in (definition.positive, definition.negative))
    return Fraction(positive - negative, positive + negative) if positive + negative else Fraction(0)


def mean(values: Collection[Fraction], otherwise: Fraction) -> Fraction:
    """The exact mean of ``values``, or ``otherwise`` where there are none."""
    return sum(values, Fraction(0)) / len(values) if values else otherwise


def _ordered(values: Iterable[str], length: int) -> tuple[str, ...]:
    """A list of the contract in its order; TypeError unless every entry is text, ValueError for a wrong length."""
    entries = tuple(values)
    if isinstance(values, str) or not all(isinstance(value, str) and value for value in entries):
        raise TypeError(f"a list of texts was expected, not {values!r}")
    if len(set(entries)) != length:
        raise ValueError(f"{length} different entries were expected, not {entries!r}")
    return entries


def _entries(values: Sequence[str]) -> frozenset[str]:
    """A word list of the contract; ValueError where it is empty, repeats itself or has entries no text can contain."""
    entries = frozenset(_ordered(values, len(values)))
    if not entries or any(entry != entry.lower() for entry in entries):
        raise ValueError(f"lower-case entries were expected, not {sorted(entries)}")
    return entries


def _sentences(values: Mapping[str, str]) -> dict[str, str]:
    """Sentences by name; TypeError or ValueError unless there are some, each a text."""
    return dict(zip(values, _ordered(values.values(), max(len(values), 1)), strict=True))


def _names(values: Sequence[str], known: AbstractSet[str]) -> tuple[str, ...]:
    """A list of names in the contract's order; ValueError unless they are exactly those that are computed here."""
    if set(values) != known:
        raise ValueError(f"the names {sorted(known)} were expected, not {values!r}")
    return _ordered(values, len(known))


def _decimals(values: Mapping[str, Any]) -> dict[str, Fraction]:
    """Numbers of the contract as the decimals that they are written as; TypeError for anything but a number."""
    wrong = [name for name, value in values.items() if isinstance(value, bool) or not isinstance(value, int | float)]
    if wrong:
        raise TypeError(f"not a number: {', '.join(wrong)}")
    return {name: Fraction(str(value)) for name, value in values.items()}
