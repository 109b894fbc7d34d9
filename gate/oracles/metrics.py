"""Metrics: the documented series and no other ones, with values that agree with the log and with the rows."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.log import LogLine
from gate.core.record import Observations, Record, Row
from gate.oracles.exposition import Family, Series, read
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-METRIC-001 major: Metric missing or malformed
    A documented metric is missing, has another type, no help, other labels, or a form that no scraper reads. Alerts on
    it stay silent.
BG-METRIC-002 major: Series that is not documented
    A series has a name or a value of a label that the contract does not list. A label with a value for each path, id or
    client makes a series for each of them, until memory is used up.
BG-METRIC-003 major: Metric contradicts itself
    The buckets of a histogram are not cumulative, the last one is not its count, or two metrics that count the same
    have different sums.
BG-METRIC-004 major: Counter differs from what happened
    A counter fell, or is not the number of events that the service logged since it started.
BG-METRIC-005 major: Gauge differs from the rows
    A gauge shows another number than the database had at that moment: it keeps a value that is gone.
""")
FORM, UNKNOWN, ITSELF, COUNT, GAUGE = (code.id for code in CODES)

VIEW = "metrics"
"""Name of the view under which the metrics are observed."""
AGE_SECONDS = 5.0
"""Seconds by which an age may differ that is read before and after."""

Labels = tuple[tuple[str, str], ...]


def oracle(extension: str) -> Oracle:
    """The oracle of the rules in an extension of the contract."""

    def check(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
        rules = contract.document.get(extension) or {"path": None}
        wanted = ("GET", rules["path"], 200)
        asked = [each for each in record.exchanges if (each.method, each.path, each.status) == wanted]
        scrapes: list[tuple[Exchange, dict[str, Family]]] = []
        for exchange in {id(each): each for each in (*asked, *observations.answers.get(VIEW, ()))}.values():
            try:
                scrapes.append((exchange, read(exchange.text)))
            except ValueError as error:
                yield Finding(FORM, "GET /metrics", "lines of the text format", str(error), request=exchange.request_id)
        for exchange, families in scrapes:
            yield from _of_request(exchange, [*_form(rules, families, contract), *_consistent(rules, families)])
        yield from _counted(rules, scrapes, observations.log)
        for (_, before), (exchange, after) in pairwise(scrapes):
            yield from _of_request(exchange, _fallen(before, after))
        for exchange, families in scrapes[-1:]:
            yield from _of_request(exchange, _gauges(observations.gauges, families))

    def violation(contract: Contract) -> tuple[Record, Observations]:
        return Record(""), Observations(answers={VIEW: _broken(contract.document[extension])}, gauges=_OFFENDING)

    return Oracle(
        name="metrics",
        promise="Metrics are the documented ones, count what happened, and show what the rows are.",
        codes=CODES,
        check=check,
        violation=violation,
        wants={
            Need.LOG: "counters are not compared with the log",
            Need.ROWS: "gauges are not compared with the rows",
        },
    )


_OFFENDING: Mapping[str, Sequence[Row]] = {"a_gauge": [{"value": 1.0}]}


def _broken(rules: Mapping[str, Any]) -> list[Exchange]:
    texts = (
        'a_total 2\na_gauge 3\n# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_count 2\nh_sum 1\n',
        "# TYPE a_total counter\na_total 2\n",
        "# TYPE a_total counter\na_total 1\na_gauge 3\n",
    )
    return [Exchange("GET", f"http://service{rules['path']}", 200, body=text.encode()) for text in texts]


def _of_request(exchange: Exchange, findings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in findings:
        yield Finding(finding.code, finding.where, finding.expected, finding.got, request=exchange.request_id)


def _form(rules: Mapping[str, Any], families: Mapping[str, Family], contract: Contract) -> Iterator[Finding]:
    documented = rules.get("families", {})
    for name, rule in documented.items():
        family = families.get(name)
        if family is None or family.kind != rule["type"] or not family.help:
            got = "no such metric" if family is None else f"{family.kind} {family.help!r}"
            yield Finding(FORM, f"metric {name}", f"a {rule['type']} with a help", got)
    for name, family in families.items():
        rule = documented.get(name)
        if rule is not None:
            for series in family.series:
                yield from _labels(rules, rule, series, contract)
        elif not name.startswith(rules.get("others") or "\0"):
            yield Finding(UNKNOWN, f"metric {name}", "a documented metric", f"{len(family.series)} series")


def _labels(rules: Mapping[str, Any], rule: Mapping[str, Any], series: Series, contract: Contract) -> Iterator[Finding]:
    documented = rule.get("labels", {})
    given = {name: value for name, value in series.labels.items() if name != "le"}
    if given.keys() != documented.keys():
        yield Finding(FORM, f"metric {series.name}", f"labels {sorted(documented)}", f"{sorted(given)}")
    for name in given.keys() & documented.keys():
        allowed = documented[name]
        if allowed == "routes":
            allowed = [*rules["routes"], *{operation.path for operation in contract.operations}]
        elif isinstance(allowed, str) and allowed in rules:
            allowed = rules[allowed]
        if re.fullmatch(allowed, given[name]) is None if isinstance(allowed, str) else given[name] not in allowed:
            where = f"metric {series.name}: label {name}"
            yield Finding(UNKNOWN, where, str(allowed), given[name])
    if rule["type"] != "gauge" and not 0 <= series.value < math.inf:
        yield Finding(FORM, f"metric {series.name}", "a number from 0 on", str(series.value))


def _consistent(rules: Mapping[str, Any], families: Mapping[str, Family]) -> Iterator[Finding]:
    for family in families.values():
        if family.kind == "histogram":
            yield from _buckets(family)
    totals: dict[str, tuple[str, float]] = {}
    for name, rule in rules.get("families", {}).items():
        if rule.get("counts") and name in families:
            total = sum(_counts(families[name]).values())
            other, expected = totals.setdefault(rule["counts"], (name, total))
            if total != expected:
                yield Finding(ITSELF, f"metric {name}", f"{expected:g} as {other}", f"{total:g}")


def _buckets(family: Family) -> Iterator[Finding]:
    by_labels: dict[Labels, dict[str, list[tuple[float, float]]]] = {}
    for series in family.series:
        labels = tuple(sorted((name, value) for name, value in series.labels.items() if name != "le"))
        part = series.name.removeprefix(family.name)
        bound = float(series.labels.get("le", "nan").replace("+Inf", "inf"))
        by_labels.setdefault(labels, {}).setdefault(part, []).append((bound, series.value))
    for labels, parts in by_labels.items():
        buckets, (count,) = sorted(parts.get("_bucket", ())), [value for _, value in parts.get("_count", [(0, -1.0)])]
        values = [value for _, value in buckets]
        whole = bool(buckets) and buckets[-1][0] == math.inf and values[-1] == count and "_sum" in parts
        if not whole or values != sorted(values):
            expected, got = "cumulative buckets, +Inf the count, and a sum", f"{values} of {count:g} {dict(labels)}"
            yield Finding(ITSELF, f"metric {family.name}", expected, got)


def _counts(family: Family) -> dict[Labels, float]:
    """The number that a counter or a histogram counted, by its labels."""
    end = "_count" if family.kind == "histogram" else ""
    return {
        tuple(sorted(series.labels.items())): series.value
        for series in family.series
        if series.name == family.name + end
    }


@dataclass(slots=True)
class _Tally:
    """The lines of one event since the service started, counted once for all scrapes."""

    lines: list[LogLine] = field(default_factory=list)
    counts: dict[tuple[str, ...], tuple[int, Counter[Labels]]] = field(default_factory=dict)  # by names of labels

    def by(self, names: tuple[str, ...], rules: Mapping[str, Any]) -> Counter[Labels]:
        """The number of lines by the members with these names."""
        done, counted = self.counts.get(names, (0, Counter[Labels]()))
        for line in self.lines[done:]:
            counted[tuple((name, _label(rules, name, line.get(name))) for name in names)] += 1
        self.counts[names] = len(self.lines), counted
        return counted


def _counted(
    rules: Mapping[str, Any], scrapes: Iterable[tuple[Exchange, Mapping[str, Family]]], log: Sequence[LogLine]
) -> Iterator[Finding]:
    events = rules.get("log", {})
    asked = {exchange.request_id: (exchange, families) for exchange, families in scrapes if exchange.request_id}
    if not asked or not events:
        return
    ids = [str(line.get("request_id")) for line in log]  # a line may have any value there
    times = Counter(ids)
    tallies: dict[str, _Tally] | None = None  # by event; none before the service starts
    works = starts = 0
    for request, line in zip(ids, log, strict=True):
        if request in asked and times[request] == 1 and tallies is not None:
            exchange, families = asked[request]
            yield from _of_request(exchange, _since_start(rules, families, tallies, elsewhere=works != starts))
        event = line.get("event")
        works += event == events["work"]
        if event == events["start"]:
            starts += 1
            tallies = defaultdict(_Tally)
        if tallies is not None and isinstance(event, str):
            tallies[event].lines.append(line)


def _since_start(
    rules: Mapping[str, Any], families: Mapping[str, Family], tallies: Mapping[str, _Tally], *, elsewhere: bool
) -> Iterator[Finding]:
    """Findings of one scrape against the lines since the start; ``elsewhere`` says that others may have logged jobs."""
    for name, rule in rules["families"].items():
        event = {"requests": "request"}.get(rule.get("counts"), rule.get("counts"))
        if event and name in families and (event == "request" or not elsewhere):
            tally = tallies[event]
            yield from _compared(rules, families[name], tally)
            if rule.get("sums"):
                yield from _summed(families[name], [line.get(rule["sums"]) for line in tally.lines])


def _compared(rules: Mapping[str, Any], family: Family, tally: _Tally) -> Iterator[Finding]:
    counts = _counts(family)
    shared = {name for labels in counts for name, _ in labels} & {
        name for line in tally.lines[:1] for name in line.members or ()
    }
    expected = tally.by(tuple(sorted(shared)), rules)
    got = Counter[Labels]()
    for labels, value in counts.items():
        got[tuple((name, text) for name, text in labels if name in shared)] += int(value)
    for labels in sorted(expected.keys() | got.keys()):
        if expected[labels] != got[labels]:
            where = f"metric {family.name}"
            yield Finding(COUNT, where, f"{expected[labels]} as logged, {dict(labels)}", str(got[labels]))


def _summed(family: Family, milliseconds: Sequence[Any]) -> Iterator[Finding]:
    """Seconds of a histogram against the milliseconds that were logged."""
    expected = sum(value for value in milliseconds if isinstance(value, int | float)) / 1000
    got = sum(series.value for series in family.series if series.name == f"{family.name}_sum")
    if abs(got - expected) > 0.02 * expected + 0.001 * len(milliseconds):
        yield Finding(COUNT, f"metric {family.name}_sum", f"{expected:.3f} seconds as logged", f"{got:.3f}")


def _label(rules: Mapping[str, Any], name: str, value: Any) -> str:
    return "other" if name == "method" and value not in rules["methods"] else str(value)


def _fallen(before: Mapping[str, Family], after: Mapping[str, Family]) -> Iterator[Finding]:
    start = "process_start_time_seconds"
    if [series.value for series in before.get(start, Family("")).series] != [
        series.value for series in after.get(start, Family("")).series
    ]:
        return
    for name, family in before.items():
        if family.kind in {"counter", "histogram"} and name in after:
            now = _counts(after[name])
            for labels, value in _counts(family).items():
                if now.get(labels, 0) < value:
                    yield Finding(COUNT, f"metric {name}", f"at least {value:g}", f"{now.get(labels, 0):g}")


def _gauges(truth: Mapping[str, Sequence[Row]], families: Mapping[str, Family]) -> Iterator[Finding]:
    for name, rows in truth.items():
        values = {tuple(sorted(each.labels.items())): each.value for each in families.get(name, Family("")).series}
        tolerance = AGE_SECONDS if name.endswith("_seconds") else 0.0
        for row in rows:
            labels = tuple(sorted((label, str(value)) for label, value in row.items() if label != "value"))
            got = values.get(labels, math.nan)
            if not abs(got - row["value"]) <= tolerance:
                yield Finding(GAUGE, f"metric {name}", f"{row['value']:g} {dict(labels)}", f"{got:g}")
