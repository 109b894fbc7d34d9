"""The time line of a load run as an SVG: rate, latency, queue and faults on one axis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.load.answers import Answer, percentile
from benchmarks.load.watch import Sample

WIDTH, LEFT, PANEL, GAP, TOP = 900, 78, 96, 34, 56
POINTS = 450
"""Most points of a line."""


@dataclass(frozen=True, slots=True)
class Span:
    """A fault, from its beginning to its end; both in seconds since the epoch."""

    cause: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a panel: its name, colour, and points of moment and value."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]


def svg(answers: Sequence[Answer], samples: Sequence[Sample], spans: Sequence[Span]) -> str:
    """Draw a run."""
    begin = min(answer.at for answer in answers)
    samples = [sample for sample in samples if sample.at >= begin]
    end = max([answer.at for answer in answers] + [sample.at for sample in samples])
    panels = [
        ("requests a second", _rates(answers, begin, end)),
        ("submissions, ms", _latencies(answers, begin, end)),
        (
            "jobs queued or running",
            [Line("queue", "#7a4fb5", [(s.at, s.queue) for s in samples if s.queue is not None])],
        ),
        ("memory, MB", [Line("runner", "#a05a00", [(s.at, s.memory) for s in samples if s.memory is not None])]),
    ]
    height = TOP + (PANEL + GAP) * len(panels) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + LEFT + 20} {height}" font-family="sans-serif"'
        ' font-size="12" role="img" aria-label="Rate, latency, queue and memory of a load run, with its faults">',
        f'<rect width="{WIDTH + LEFT + 20}" height="{height}" fill="#ffffff"/>',
        *_faults(spans, begin, end, height),
    ]
    for number, (title, lines) in enumerate(panels):
        parts += _panel(title, lines, begin, end, TOP + number * (PANEL + GAP))
    for tenth in range(0, 11, 2):
        text = f"{(end - begin) * tenth / 10:.0f} s"
        parts.append(f'<text x="{LEFT + WIDTH * tenth / 10:.0f}" y="{height - 10}" text-anchor="middle">{text}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(title: str, lines: Sequence[Line], begin: float, end: float, y: int) -> Iterator[str]:
    top = max([value for line in lines for _, value in line.points] + [1.0]) * 1.05
    yield f'<text x="{LEFT}" y="{y - 6}" font-weight="bold">{escape(title)}</text>'
    x = LEFT + 190
    for line in lines:
        yield f'<rect x="{x}" y="{y - 14}" width="10" height="10" fill="{line.colour}"/>'
        yield f'<text x="{x + 15}" y="{y - 5}">{escape(line.name)}</text>'
        x += 130
    for share in (0.0, 0.5, 1.0):
        level = y + PANEL * (1 - share)
        yield f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{level:.0f}" y2="{level:.0f}" stroke="#d5d5d5"/>'
        yield f'<text x="{LEFT - 6}" y="{level + 4:.0f}" text-anchor="end">{top * share:.0f}</text>'
    for line in lines:
        places = " ".join(
            f"{LEFT + WIDTH * (at - begin) / max(0.001, end - begin):.1f},{y + PANEL * (1 - value / top):.1f}"
            for at, value in line.points
        )
        yield f'<polyline points="{places}" fill="none" stroke="{line.colour}" stroke-width="1.6"/>'


def _faults(spans: Sequence[Span], begin: float, end: float, height: int) -> Iterator[str]:
    scale = WIDTH / max(0.001, end - begin)
    for number, span in enumerate(spans):
        x, width = LEFT + (span.begin - begin) * scale, max(2.0, (span.end - span.begin) * scale)
        yield f'<rect x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{height - TOP - 30}" fill="#f6c6c6"/>'
        label = escape(span.cause)
        yield f'<text x="{x:.1f}" y="{TOP - 44 + 12 * (number % 2)}" font-size="10" fill="#a01818">{label}</text>'


def _buckets(answers: Sequence[Answer], begin: float, end: float) -> tuple[float, dict[int, list[Answer]]]:
    width = max(1.0, (end - begin) / POINTS)
    buckets: dict[int, list[Answer]] = defaultdict(list)
    for answer in answers:
        buckets[int((answer.at - begin) / width)].append(answer)
    return width, buckets


def _rates(answers: Sequence[Answer], begin: float, end: float) -> list[Line]:
    width, buckets = _buckets(answers, begin, end)
    places = range(int((end - begin) / width) + 1)
    kinds = (
        ("all", "#2b6cb0", lambda _: True),
        ("submissions", "#2f855a", lambda answer: answer.submission),
        ("refused", "#c53030", lambda answer: answer.refused),
    )
    return [
        Line(name, colour, [(begin + n * width, sum(map(of_kind, buckets.get(n, ()))) / width) for n in places])
        for name, colour, of_kind in kinds
    ]


def _latencies(answers: Sequence[Answer], begin: float, end: float) -> list[Line]:
    width, buckets = _buckets([answer for answer in answers if answer.submission], begin, end)

    def line(name: str, colour: str, share: float) -> Line:
        points = [
            (begin + n * width, percentile([answer.milliseconds for answer in buckets[n]], share))
            for n in sorted(buckets)
        ]
        return Line(name, colour, points)

    return [line("p95", "#dd6b20", 0.95), line("p50", "#2b6cb0", 0.5)]
