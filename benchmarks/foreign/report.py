"""Tables of ``bench foreign``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

from benchmarks import reports
from benchmarks.foreign import judging
from benchmarks.foreign.faults import faults, looked_at
from benchmarks.foreign.reading import UNSEEN, Reading, Seen, names
from benchmarks.foreign.services import Subject

COLUMNS = ("tool", "lines of set-up", "minutes to the first", "operations reached", "findings", "faults named")
VERDICTS = ("true", "arguable", "false", UNSEEN)


@dataclass(slots=True)
class Outcome:
    """The readings of one service with one seed; ``clean`` is that of the service without its seeded faults."""

    subject: Subject
    seed: int
    readings: list[Reading] = field(default_factory=list)
    clean: Reading | None = None

    @property
    def all_readings(self) -> list[Reading]:
        """Every reading, that of the clean service too."""
        return [*self.readings, *([self.clean] if self.clean else [])]

    @property
    def named(self) -> dict[str, list[str]]:
        """The known faults that the gate confirmed, with the codes."""
        return next((each.named(faults(self.subject.name)) for each in self.readings if each.tool == judging.TOOL), {})

    @property
    def false(self) -> list[Seen]:
        """Findings of the gate that are false; on the small service each that is about none of its faults."""
        bad = {"false"} | ({UNSEEN} if self.clean else set())
        own = [each for reading in self.readings if reading.tool == judging.TOOL for each in _bad(self, reading, bad)]
        return own + list(self.clean.findings if self.clean else ())

    def stock_named(self) -> dict[str, list[str]]:
        """The known faults that schemathesis names by one of the codes for it."""
        failures = [each for reading in self.readings if reading.tool != judging.TOOL for each in reading.findings]
        about = {
            name: sorted(
                {each.code for each in failures if each.operation in fault.places and each.code in fault.stock}
            )
            for name, fault in faults(self.subject.name).items()
        }
        return {name: codes for name, codes in about.items() if codes}

    def document(self) -> dict[str, object]:
        """Return its part of foreign.json."""
        readings = [asdict(reading) for reading in self.all_readings]
        return {
            "service": f"{self.subject.name} {self.subject.version}".strip(),
            "seed": self.seed,
            "readings": readings,
            "named": self.named,
            "stock_named": self.stock_named(),
            "false": self.false,
        }


def _bad(outcome: Outcome, reading: Reading, bad: set[str]) -> list[Seen]:
    name = outcome.subject.name
    return [each for each, verdict in reading.verdicts(faults(name), looked_at(name)).items() if verdict in bad]


def markdown(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the lines of foreign.md."""
    for outcome in outcomes:
        yield from _of_service(outcome)


def _of_service(outcome: Outcome) -> Iterator[str]:
    known = faults(outcome.subject.name)
    yield f"# {outcome.subject.name} {outcome.subject.version}, seed {outcome.seed}\n"
    yield from reports.table(COLUMNS, [_cells(outcome, reading) for reading in outcome.readings])
    if outcome.clean:
        text = f"{len(outcome.clean.findings)} findings, {len(outcome.clean.candidates)} candidates"
        yield f"\nWithout a seeded fault: {outcome.clean.error or text}."
    stock = outcome.stock_named()
    yield "\n## Known faults\n"
    rows = [
        (name, fault.title, " ".join(outcome.named.get(name, ["-"])), " ".join(stock.get(name, ["-"])))
        for name, fault in known.items()
    ]
    yield from reports.table(("fault", "title", judging.TOOL, "st run"), rows)
    yield from _findings(outcome)


def _cells(outcome: Outcome, reading: Reading) -> list[object]:
    known, judged = faults(outcome.subject.name), looked_at(outcome.subject.name)
    own = reading.tool == judging.TOOL
    lines = outcome.subject.setup_lines if own else 0
    if reading.error:
        return [reading.tool, lines, "-", "-", reading.error, "-"]
    first = "-" if reading.first is None else f"{reading.first / 60:.1f}"
    counted = Counter(reading.verdicts(known, judged).values())
    findings = ", ".join(f"{counted[each]} {each}" for each in VERDICTS if counted[each]) or "none"
    named = outcome.named if own else outcome.stock_named()
    text = f"{findings}; {len(reading.candidates)} candidates" if own else f"{len(reading.findings)} failures"
    return [
        reading.tool,
        lines,
        first,
        f"{reading.reached} of {reading.operations}",
        text,
        f"{len(named)} of {len(known)}",
    ]


def _findings(outcome: Outcome) -> Iterator[str]:
    known, judged = faults(outcome.subject.name), looked_at(outcome.subject.name)
    for reading in outcome.readings:
        if reading.tool != judging.TOOL or reading.error:
            continue
        yield "\n## Findings\n"
        rows = []
        for finding, verdict in reading.verdicts(known, judged).items():
            about = ", ".join(name for name, fault in known.items() if names(fault, finding))
            entry = judged.get((finding.code, finding.operation))
            rows.append((verdict, finding.code, finding.operation, about, entry.reason if entry else ""))
        yield from reports.table(("verdict", "code", "operation", "fault", "reason"), rows)
