"""``./scripts/bench profile``: draws where the time of a run goes, by worker, by kind of work and by promise."""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from rich.console import Console
from rich.table import Table

from beacon.checkout import ROOT
from beacon.pack import pack
from benchmarks.measuring import cost
from gate.core.errors import Exit, GateError

PLUGIN = "fixtures.spans"
COLOURS = {
    "service": "#4e79a7",
    "Postgres": "#76b7b2",
    "clock": "#e15759",
    "browser": "#f28e2b",
    "judging": "#59a14f",
    "observing": "#8cd17d",
    "recording": "#b6992d",
    "generating": "#b07aa1",
    "starting": "#ff9da7",
    "command": "#d37295",
    "database": "#499894",
    "test": "#9c755f",
    "loading": "#79706e",
    "idle": "#d4d4d4",
}
"""Kinds of time with the colour of each, in the order of the legend."""
WIDTH, ROW, LEFT, TOP = 1000, 28, 50, 60
SLICES = 500
"""Slices of the time line; each has the colour of the kind that took most of it."""


Seconds = defaultdict[str, float]
"""Seconds by kind."""


def no_seconds() -> Seconds:
    """No seconds of any kind."""
    return defaultdict(float)


def added(tables: Iterable[Seconds]) -> Seconds:
    """The sum of tables."""
    total = no_seconds()
    for kind, seconds in (entry for table in tables for entry in table.items()):
        total[kind] += seconds
    return total


@dataclass(slots=True)
class Span:
    """A stretch of one worker's time, in seconds of the clock."""

    start: float
    end: float
    kind: str
    promise: str  # the folder of the test

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


@dataclass
class Profile:
    """The spans of each worker, and how often it started something."""

    workers: dict[str, list[Span]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, directory: Path) -> Profile:
        """Read what the plugin wrote; GateError where it wrote nothing."""
        profile = cls()
        for path in sorted(directory.glob("*.tsv")):
            spans: list[Span] = []
            for line in path.read_text(encoding="utf-8").splitlines():
                first, *others = line.split("\t")
                if first == "+":
                    profile.counts[others[0]] += 1
                    continue
                end, kind, test = others
                folder = test.partition("::")[0].split("/")[1] if test else ""
                spans.append(Span(float(first), float(end), kind, folder))
            profile.workers[path.stem] = spans
        if not any(profile.workers.values()):
            raise GateError("No worker wrote a span.", "Read the messages of the run above.")
        return profile

    @property
    def bounds(self) -> tuple[float, float]:
        """The first and the last moment."""
        spans = [span for spans in self.workers.values() for span in spans]
        return min(span.start for span in spans), max(span.end for span in spans)

    def table(self) -> Mapping[str, Seconds]:
        """Seconds by promise and kind; a worker that ended before the last is idle until then."""
        seconds: dict[str, Seconds] = defaultdict(no_seconds)
        _, end = self.bounds
        for spans in self.workers.values():
            for span in spans:
                seconds[span.promise][span.kind] += span.seconds
            seconds[""]["idle"] += end - spans[-1].end if spans else 0.0
        return seconds


def svg(profile: Profile) -> str:
    """The time line of each worker."""
    start, end = profile.bounds
    height = TOP + ROW * len(profile.workers) + 30
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + LEFT + 10} {height}" font-family="sans-serif"'
        ' font-size="12" role="img" aria-label="What each worker of a run does at any time">',
        f'<rect width="{WIDTH + LEFT + 10}" height="{height}" fill="#ffffff"/>',
    ]
    totals = added(profile.table().values())
    for index, (kind, colour) in enumerate(COLOURS.items()):
        x, y = LEFT + (index % 7) * 140, 8 + (index // 7) * 20
        lines.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>')
        lines.append(f'<text x="{x + 17}" y="{y + 10}">{escape(kind)} {totals[kind]:.0f} s</text>')
    for row, (worker, spans) in enumerate(profile.workers.items()):
        y = TOP + row * ROW
        lines.append(f'<text x="5" y="{y + 15}">{escape(worker)}</text>')
        for left, width, kind in _stretches(spans, start, end):
            lines.append(f'<rect x="{LEFT + left}" y="{y}" width="{width}" height="{ROW - 6}" fill="{COLOURS[kind]}"/>')
    y = TOP + ROW * len(profile.workers) + 12
    for tenth in range(0, 11, 2):
        text = f"{(end - start) * tenth / 10:.0f} s"
        lines.append(f'<text x="{LEFT + WIDTH * tenth / 10:.0f}" y="{y}" text-anchor="middle">{text}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _stretches(spans: Sequence[Span], start: float, end: float) -> Iterator[tuple[float, float, str]]:
    """Place, width and kind of each stretch of slices that the same kind took most of."""
    length = (end - start) / SLICES
    slices = [no_seconds() for _ in range(SLICES)]
    for span in spans:
        for index in range(int((span.start - start) / length), min(int((span.end - start) / length), SLICES - 1) + 1):
            left = start + index * length
            slices[index][span.kind] += min(span.end, left + length) - max(span.start, left)
    kinds = [max(taken, key=taken.__getitem__) if taken else "idle" for taken in slices]
    first = 0
    for index in range(1, SLICES + 1):
        if index == SLICES or kinds[index] != kinds[first]:
            yield first * WIDTH / SLICES, (index - first) * WIDTH / SLICES, kinds[first]
            first = index


def show(profile: Profile, console: Console) -> None:
    """Print seconds by promise and kind, and what was started."""
    seconds = profile.table()
    kinds = [kind for kind in COLOURS if any(taken[kind] >= 0.05 for taken in seconds.values())]
    table = Table("promise", "seconds", *kinds)
    for column in table.columns[1:]:
        column.justify = "right"
    rows = sorted(seconds.items(), key=lambda entry: -sum(entry[1].values()))
    for name, taken in [*rows, ("all", added(seconds.values()))]:
        table.add_row(name or "no test", f"{sum(taken.values()):.1f}", *(f"{taken[kind]:.1f}" for kind in kinds))
    start, end = profile.bounds
    console.print(table)
    console.print(f"{len(profile.workers)} workers, {end - start:.1f} s")
    console.print("; ".join(f"{name}: {number}" for name, number in sorted(profile.counts.items())))


def profile(words: Sequence[str], console: Console) -> int:
    """Run the suite and draw it."""
    parser = argparse.ArgumentParser(
        prog="bench profile",
        description="Runs the suite and draws where its time goes: in a table, and as a time line for each worker.",
    )
    parser.add_argument("--depth", default="ci", help="depth of the run (default: ci)")
    parser.add_argument("--workers", default="2", help="workers of the run (default: 2)")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the time line into this file")
    parser.add_argument("tests", nargs="*", help="files or folders of tests (default: the suite)")
    values = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as directory:
        options = [f"--depth={values.depth}", f"--workers={values.workers}", f"--report-dir={directory}/reports"]
        (spans := Path(directory, "spans")).mkdir()
        tests = [str(ROOT / test) for test in values.tests] or pack().suite.words
        console.print(f"running the suite at depth {values.depth} ...", style="dim")
        cost("-m", "pytest", "-q", "-p", PLUGIN, *options, *tests, BEACON_GATE_SPANS=str(spans))
        measured = Profile.read(spans)
    show(measured, console)
    if values.svg:
        values.svg.write_text(svg(measured), encoding="utf-8")
        console.print(f"wrote {values.svg}")
    return Exit.PASS
