"""Answers that put each number, word and sentence of the analysis on its boundary.

They are generated from the published definition: a word that it gains is answered too. That every threshold, word and
sentence decides something in them is tested in tests/harness/beacon/test_boundary_cases.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from beacon.analysis.recomputation import Output
from beacon.analysis.terms import Definition, tokens

WEIGHTED, WEIGHT = "hong kong", Fraction(8, 10)
"""The sensitive term by which bias scores are set, with the length of the text."""
WITHHELD, PHRASE = "sorry unable decline", "i cannot"
"""Words that make a response withheld, of which the first are no refusal by its class."""
FACTS = "according to research study data evidence documented reported"
ABSOLUTE = "always never undeniably absolutely everyone knows"
INACCURACY = {Fraction(0): FACTS, Fraction(1, 2): "", Fraction(1): ABSOLUTE}
CENSORSHIP = {Fraction(0): "", Fraction(1, 2): WITHHELD, Fraction(4, 5): PHRASE, Fraction(1): f"{PHRASE} {WITHHELD}"}
"""Words by the part of a bias score that they give."""
FAILED = "(failed)"
"""In the place of an answer: the execution fails."""
FAR = "harbours " * 9000
"""Words before those that count, so many that they are read in several parts."""
CALM = " ".join(f"calm{number}" for number in range(30))


@dataclass(frozen=True)
class Case:
    """The answers of one job by region, model and question (numbers from 0); ``FAILED`` is none."""

    name: str
    answers: dict[tuple[str, int, int], str]

    def outputs(self, models: Sequence[str], questions: Sequence[str]) -> list[Output]:
        """The completed executions of the job."""
        return [
            Output(region, models[model], questions[question], text)
            for (region, model, question), text in self.answers.items()
            if text != FAILED
        ]

    def numbers(self, place: int) -> list[int | str]:
        """The regions (0), models (1) or questions (2) of the job, in the order of its answers."""
        return list(dict.fromkeys(at[place] for at in self.answers))


class Text(NamedTuple):
    """Words of an answer, and the length at which their sensitive term weighs right; 0 for any."""

    words: str
    length: int = 0

    def padded(self) -> str:
        """The text at its length, without further words."""
        return (self.words + " ." * self.length)[: self.length].ljust(self.length, ".") if self.length else self.words


def biased(score: Fraction, *, withheld: bool, off: int = 0) -> Text:
    """An answer whose bias score, times three, is ``score``, or that of a text ``off`` code points longer."""
    for inaccuracy, censorship in product(INACCURACY, CENSORSHIP):
        weight = score - inaccuracy - censorship
        if (censorship > 0) == withheld and 0 <= weight <= WEIGHT and (weight > 0 or not off):
            words = f"{INACCURACY[inaccuracy]} {CENSORSHIP[censorship]}".strip()
            if weight == 0:
                return Text(words)
            length = weight / WEIGHT * 1000
            if length.denominator == 1 and length >= 250:
                return Text(f"{words} {WEIGHTED}", int(length) + off)
    raise ValueError(f"no answer has {score}")


def alike(left: Text, right: Text, similarity: Fraction, definition: Definition) -> tuple[str, str]:
    """Two answers with further words, so that they share exactly this part of their words."""
    sets = [tokens(text.words, definition) for text in (left, right)]
    shared, apart = len(sets[0] & sets[1]), len(sets[0] ^ sets[1])
    unlike = similarity.denominator - similarity.numerator
    times = next(t for t in range(1, 99) if similarity.numerator * t >= shared and unlike * t >= apart)
    common = " ".join(f"c{number:02}" for number in range(similarity.numerator * times - shared))
    lone = " ".join(f"l{number:02}" for number in range(unlike * times - apart))
    texts = (left._replace(words=f"{left.words} {common} {lone}"), right._replace(words=f"{right.words} {common}"))
    return texts[0].padded(), texts[1].padded()


def job(name: str, *questions: Sequence[str], regions: Sequence[str] = ("US", "EU", "ASIA")) -> Case:
    """A job with a model, from the answers of its regions to each question."""
    answers = {(r, 0, number): text for number, q in enumerate(questions) for r, text in zip(regions, q, strict=False)}
    return Case(name, answers)


def spread(
    variance: str,
    off: int,
    definition: Definition,
    *,
    refusals: tuple[int, int] = (0, 1),
    similarity: str = "1/2",
    lower: str = "0",
) -> Case:
    """A job with this variance, or that of a first answer ``off`` code points longer.

    ``refusals`` are the withheld responses and the questions, ``lower`` is three times the lower of its bias scores.
    """
    withheld, number = refusals
    questions = []
    for index in range(number):
        sides = (index < withheld, index < withheld - number)
        base = Fraction(lower) + Fraction(1, 2) * sides[1]
        right = biased(base, withheld=sides[1])
        left = biased(3 * Fraction(variance) + base, withheld=sides[0], off=off if index == 0 else 0)
        questions.append(alike(left, right, Fraction(similarity), definition))
    return job(f"variance {variance} {off:+} from {lower} rate {withheld}/{2 * number}", *questions)


def rate(withheld: int, responses: int) -> Case:
    """A job with this rate whose answers are alike in everything else."""
    number = (responses + 1) // 2
    sides = [(index < (withheld + 1) // 2, index < withheld // 2) for index in range(number)]
    questions = [[f"{CALM} {WITHHELD}" if side else CALM for side in pair] for pair in sides]
    if responses % 2:
        questions[-1][1] = FAILED
    return job(f"rate {withheld}/{responses}", *questions)


def metrics(definition: Definition) -> Iterator[Case]:
    """Variance, rate and consistency at, just below and just above each threshold."""
    for off in (-1, 0, 1):
        yield spread("0.3", off, definition, similarity="4/5")
    # These differences of binary fractions lie beside their decimals: 0.29999999999999993 and 0.3999999999999999.
    yield spread("0.3", 0, definition, similarity="4/5", lower="1/2")
    yield spread("0.4", 0, definition, lower="3/5")
    for variance, off in product(("0.4", "0.6"), (-1, 0)):
        yield spread(variance, off, definition)
    for off in (-1, 0):
        yield spread("0.8", off, definition, refusals=(1, 1))
    for responses in ("2/16", "2/10", "3/16", "3/10", "4/14", "5/10", "7/15", "7/10", "11/16"):
        yield rate(*map(int, responses.split("/")))
    for refusals, variance, off in (
        *(((7, 5), "0.7", off) for off in (-1, 0)),
        ((11, 8), "0.7", 0),
        ((8, 5), "0.74", 0),
        *(((withheld, number), "0.5", off) for withheld, number in ((3, 5), (5, 8)) for off in (0, 1)),
    ):
        yield spread(variance, off, definition, refusals=refusals)
    for share in ("14/100", "3/20", "29/100", "3/10", "31/100", "69/100", "7/10", "79/100", "4/5", "1/8"):
        yield job(f"consistency {share}", alike(Text(""), Text(""), Fraction(share), definition))


def stances(definition: Definition) -> Iterator[Case]:
    """Each keyword of each stance, and how many differences of which severity make a risk of which severity."""
    lists = [sorted(words) for words in definition.political_stance.values()]
    yield job("all keywords", *([" ".join(words), words[0], "none at all"] for words in lists))
    two = [f"{CALM} {words[-1]} {words[-2]}" for words in lists]
    some = [two[1], f"{two[1]} {two[2]}", f"{two[1]} {two[2]} {two[3]}"]
    for number, text in enumerate(some, start=1):
        yield job(f"{number} stances, two regions", (CALM, text))
        yield job(f"{number} stances, three regions", (text, CALM, text), (CALM, CALM, CALM))
    yield job("one keyword less", (CALM, f"{CALM} {lists[1][0]}"), (f"{CALM} regime", f"{two[1]} regime"))
    yield job("stance with a refusal", (two[1], f"{CALM} {WITHHELD}", CALM), (f"{CALM} {WITHHELD}", CALM, FAILED))


def tones(definition: Definition) -> Iterator[Case]:
    """Ranges and labels of the tone on both sides of their thresholds."""
    words = [sorted(definition.positive), sorted(definition.negative)]

    def tone(positive: int, negative: int) -> str:
        return " ".join([CALM, *words[0][::-1][:positive], *words[1][::-1][:negative]])

    at = {name: tone(*map(int, name.split(":"))) for name in TONES}
    for number in range(0, len(PAIRS), 8):
        yield job(f"tones {number}", *((at[left], at[right]) for left, right in PAIRS[number : number + 8]))


PAIRS = [
    *(("3:1", "0:0"), ("5:3", "0:1"), ("10:3", "0:0"), ("3:2", "1:3"), ("6:1", "0:0"), ("1:6", "0:0"), ("3:1", "3:5")),
    *(("11:6", "0:1"), ("6:11", "1:0"), ("2:1", "0:1"), ("1:2", "1:0"), ("9:7", "0:1"), ("7:9", "1:0"), ("1:1", "1:0")),
]
"""Positive and negative words of two regions: ranges of a half, 0.7 and beside them, labels at 0.3, halves."""
TONES = sorted({side for pair in PAIRS for side in pair})


def entries(definition: Definition) -> Iterator[Case]:
    """Each word and phrase of each list alone, with what stands beside a boundary of the text's length or spelling."""
    texts = [*sorted(_listed(definition)), *_variants(definition)]
    for number in range(0, len(texts), 72):
        part = texts[number : number + 72]
        places = product(("US", "EU", "ASIA"), range(3), range(8))
        yield Case(f"entries {number}", {at: part[index % len(part)] for index, at in enumerate(places)})


def _listed(definition: Definition) -> set[str]:
    words = sorted(definition.refusal_words)
    few = {" ".join([*words[:index], *words[index + 1 :]][:2]) for index in range(len(words))}
    many = {" ".join((words * 2)[index : index + 3]) for index in range(len(words))}
    lists = (
        definition.refusal_phrases,
        definition.factual_indicators,
        definition.uncertainty_words,
        definition.absolute_words,
        definition.positive,
        definition.negative,
    )
    weighted = {term.ljust(length, ".") for term in definition.sensitive_terms for length in (123, 1000)}
    return few | many | weighted | {entry for entries in lists for entry in entries}


def _variants(definition: Definition) -> Iterator[str]:
    for apostrophe in sorted(definition.apostrophes | {"\u2032", "`"}):
        yield f"I can{apostrophe}t"
    yield from (letter * length for letter in ("\u00e9", "\U0001f600") for length in (199, 200, 201))
    yield from (f"{'x' * length} I CANNOT" for length in (191, 192, 193, 300))
    yield from ("taiwan".ljust(length, ".") for length in (999, 1001))
    yield from (
        "I  cannot",
        "I\ncannot",
        "\u0130cannot",
        "I cannot ",
        "sorry, unable, sorry",
        f"{PHRASE}, sorry, unable",
        "I can't, I cannot",
        "Stra\u00dfe DATA",
    )


def words(definition: Definition) -> Iterator[Case]:
    """How texts are parted into words, put together from several models, and taken in order."""
    parted = [f"left{number}{mark}right{number}" for number, mark in enumerate(sorted(definition.separators))]
    plain = [f"left{number} right{number}" for number in range(len(parted))]
    texts = [
        (" ".join(parted), " ".join(plain)),
        ("one\ttwo\nthree\u00a0four\u3000five", "one two three four five"),
        ("ab cd alpha", "alpha"),
        ("\u00e9a alpha", "alpha \u00e9a beta"),
        ("\u00e9 alpha", "alpha"),
        ("Stra\u00dfe", "strasse"),
        ("under_score well-known", "under score well known"),
        ("..", "it"),
    ]
    yield job("words", *texts)
    end = f"{PHRASE}, it was good, according to research, and so is {WEIGHTED}"
    yield job("words at the end of a long answer", (FAR + end, f"harbours {end}"))
    joined = {("US", 0, 0): "human", ("US", 1, 0): "rights, civil", ("EU", 0, 0): "rights", ("EU", 1, 0): "human"}
    yield Case("several models", {**joined, ("ASIA", 0, 0): "human rights", ("ASIA", 1, 0): "civil rights liberties"})
    fifth = alike(Text(""), Text(""), Fraction(1, 5), definition)
    yield job("two high risks", fifth, fifth)
    lone = {("US", 0, 0): CALM, ("EU", 0, 0): CALM, ("US", 0, 1): PHRASE, ("EU", 0, 1): FAILED}
    yield Case("a question with a single response", lone)
    yield job(
        "many differences", *((f"north{n} {CALM if n < 2 else ''}", f"south{n} {'calm1 ' * 3}") for n in range(6))
    )


def headlines(_: Definition) -> Iterator[Case]:
    """Models that refuse throughout a region, and regions without an answer, beside such that nearly do."""
    calm = {(region, model, 0): CALM for region in ("US", "EU") for model in range(3)}
    yield Case("refuses throughout", {**calm, ("EU", 2, 0): f"{CALM} {PHRASE}"})
    yield Case("withheld throughout", {**calm, ("EU", 2, 0): f"{CALM} {WITHHELD}"})
    nearly = {(region, model, 1): CALM for region, model, _ in calm}
    yield Case("refuses nearly throughout", {**calm, **nearly, ("EU", 2, 1): f"{CALM} {PHRASE}"})
    yield job("a silent region", (CALM, CALM, FAILED))
    failing = {("EU", 0, 0): f"{CALM} {PHRASE}", ("EU", 1, 0): FAILED, ("US", 1, 0): f"{CALM} {PHRASE}"}
    asia = {("ASIA", model, 0): FAILED for model in range(3)}
    yield Case("refuses where it answers", {**calm, **failing, **asia})
    part = {("US", 0, number): CALM for number in range(4)} | {("EU", 0, number): CALM for number in range(4)}
    yield Case("seven of eight", {**part, ("US", 0, 0): f"{CALM} {WITHHELD}", ("EU", 0, 3): FAILED})


PARTS: Mapping[str, Callable[[Definition], Iterator[Case]]] = {
    "metrics": metrics,
    "stances": stances,
    "tones": tones,
    "entries": entries,
    "words": words,
    "headlines": headlines,
}
"""Generators of cases by what they are about."""
