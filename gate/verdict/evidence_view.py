"""The evidence of a finding as the page shows it: exchanges, rows and log lines, with what was not expected marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from gate.verdict.verdict import FindingResult

_WORD = re.compile(r"\w+|\W")
_PAIR = re.compile(r"(\w+)=([^,;]*)")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]]|,|:|[^{}\[\],:"\s]+|\s+', re.DOTALL)
_BODIES = re.compile(r"^\s*[{\[]")
INDENT = 2
FEW, SOME = 4, 7
"""Columns for which a phone, and a window, are wide enough."""

Text = list[tuple[str, bool]]
"""Parts of a text, and which of them are marked."""


@dataclass(frozen=True, slots=True)
class Step:
    """An exchange, with its bodies a line for each member; ``shows`` is set on the one that shows the finding."""

    method: str
    path: str
    status: str
    milliseconds: str
    curl: str
    sent: str
    body: Text
    shows: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a table: the cells that are the same in all of them, and a line of the others for each row.

    A cell is a text and whether it is marked.
    """

    title: str
    number: int
    same: dict[str, tuple[str, bool]]
    columns: list[str]
    lines: list[list[tuple[str, bool]]]

    @property
    def width(self) -> str:
        """How much room it needs."""
        return "few" if len(self.columns) <= FEW else "some" if len(self.columns) <= SOME else "many"


@dataclass(frozen=True, slots=True)
class Line:
    """A log line by its parts; ``fields`` is the whole of one that is no JSON object."""

    time: str
    level: str
    event: str
    fields: str
    mine: bool


def difference(expected: str, got: str) -> tuple[Text, Text]:
    """Both texts, with the words marked that only one of them has."""
    before, after = _WORD.findall(expected), _WORD.findall(got)
    same = SequenceMatcher(None, before, after, autojunk=False)
    left: Text = []
    right: Text = []
    for kind, start, end, begin, stop in same.get_opcodes():
        left += [("".join(before[start:end]), kind != "equal")] if start < end else []
        right += [("".join(after[begin:stop]), kind != "equal")] if begin < stop else []
    return left, right


def pretty(text: str) -> str:
    """A JSON text with a line for each member, whole or clipped; any other text as it is."""
    if not _BODIES.match(text):
        return text
    written: list[str] = []
    depth = 0
    for sign in _TOKEN.findall(text):
        if sign in "}]":
            depth = max(depth - 1, 0)
            empty = written and written[-1].strip() in ("{", "[") and written.pop()
            written.append(f"{empty.strip()}{sign}" if empty else f"\n{' ' * INDENT * depth}{sign}")
        elif sign in "{[":
            depth += 1
            written.append(f"{sign}\n{' ' * INDENT * depth}")
        elif sign == ",":
            written.append(f",\n{' ' * INDENT * depth}")
        elif sign == ":":
            written.append(": ")
        elif not sign.isspace():
            written.append(sign)
    return "".join(written)


def steps(finding: FindingResult) -> list[Step]:
    """The exchanges of a finding's evidence in their order."""
    exchanges = finding.evidence.exchanges
    shows = [each for each in exchanges if finding.request and each.get("id") == finding.request]
    return [_step(exchange, finding, exchange in (shows or exchanges[-1:])) for exchange in exchanges]


def _step(exchange: Mapping[str, str], finding: FindingResult, shows: bool) -> Step:
    seconds = exchange.get("seconds", "")
    return Step(
        method=exchange.get("method", ""),
        path=exchange.get("path", ""),
        status=exchange["status"],
        milliseconds=f"{float(seconds) * 1000:.0f} ms" if seconds else "",
        curl=exchange["curl"],
        sent=pretty(exchange.get("sent", "")),
        body=_marked(pretty(exchange["body"]), finding) if shows else [(pretty(exchange["body"]), False)],
        shows=shows,
    )


def _marked(body: str, finding: FindingResult) -> Text:
    """A body whose lines are marked that hold the member that a finding is about, or words that were not expected."""
    member = re.split(r"[/ ]", finding.where.rstrip("/*"))[-1]
    right = difference(finding.expected, finding.got)[1]
    words = {
        part.strip() for part, unexpected in right if unexpected and re.fullmatch(r"[a-z]+(?:_[a-z]+)+", part.strip())
    }
    parts: Text = []
    for line in body.splitlines(keepends=True):
        named = line.lstrip().startswith(f'"{member}":')
        parts.append((line, named or any(f'"{word}"' in line for word in words)))
    return parts


def tables(finding: FindingResult) -> list[Table]:
    """The rows of a finding's evidence."""
    views = []
    for title, texts in finding.evidence.rows.items():
        rows = [_row(text) for text in texts]
        names = list(dict.fromkeys(name for row in rows for name in row))
        offending = _offending(title.partition(" of ")[0], rows, finding)
        cells = [
            [(_text(row.get(name)), (place, name) in offending) for name in names] for place, row in enumerate(rows)
        ]
        same = {name: cells[0][at] for at, name in enumerate(names) if len({line[at] for line in cells}) == 1}
        varying = [at for at, name in enumerate(names) if name not in same]
        lines = [[line[at] for at in varying] for line in cells] if varying else []
        views.append(Table(title, len(rows), same, [names[at] for at in varying], lines))
    return views


def _row(text: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except ValueError:
        row = None
    return row if isinstance(row, dict) else {"row": text}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _offending(table: str, rows: Sequence[Mapping[str, Any]], finding: FindingResult) -> set[tuple[int, str]]:
    """The cells that a finding is about, by the place of their row and the name of their column.

    They are the column that it names; or the cells of the offending rows of an invariant; or those of the row that most
    words of its place describe, as in "a completed standard job".
    """
    named, _, column = re.split(r"[/ :]", finding.where)[0].partition(".")
    if named == table and column:
        return {(place, column) for place, row in enumerate(rows) if column in row}
    entries = [dict(_PAIR.findall(entry)) for entry in finding.got.split("; ")]
    if any(entries):
        return {cell for entry in entries for cell in _cells_of(entry, rows)}
    words = set(re.findall(r"[a-z_-]+", finding.where.partition(" for ")[2]))
    matches = [{name for name, value in row.items() if isinstance(value, str) and value in words} for row in rows]
    most = max(map(len, matches), default=0)
    return {(place, name) for place, names in enumerate(matches) if len(names) == most > 1 for name in names}


def _cells_of(entry: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Iterable[tuple[int, str]]:
    """The cells of the rows that hold everything that an offending row says of their columns."""
    for place, row in enumerate(rows):
        about = {name: text.strip() for name, text in entry.items() if name in row}
        if about and all(_text(row[name]) == text for name, text in about.items()):
            yield from ((place, name) for name in about)


def log(finding: FindingResult) -> list[Line]:
    """The log lines of a finding's evidence; ``mine`` are those of the request that shows it."""
    return [_line(text, finding.request) for text in finding.evidence.log]


def _line(text: str, request: str) -> Line:
    mine = bool(request) and request in text
    entry = _row(text)
    if "event" not in entry:
        return Line("", "", "", text, mine)
    time, level, event = (_text(entry.pop(name, "")) for name in ("timestamp", "level", "event"))
    fields = " ".join(f"{name}={_text(value)}" for name, value in entry.items())
    return Line(time.partition("T")[2] or time, level, event, fields, mine)
