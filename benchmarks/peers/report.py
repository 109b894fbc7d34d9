"""The table of tools: what each caught, what it said of a clean runner, and what it cost."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from benchmarks.defects.catalogue import Defect
from benchmarks.peers.tools import Tool
from benchmarks.peers.trial import Trial
from gate.core.errors import Exit

COLUMNS = ("tool", "given", "caught", "which", "false alarms", "median s", "requests", "not judged")


@dataclass(slots=True)
class Row:
    """One tool; ``why`` says why it could not be had, where that is so."""

    tool: Tool
    why: str = ""
    trials: list[Trial] = field(default_factory=list)

    @property
    def clean(self) -> list[Trial]:
        """Its runs on the clean runner."""
        return [one for one in self.trials if not one.defect]

    @property
    def alarms(self) -> frozenset[str]:
        """What it said of the clean runner, in any of its runs: false, as the runner is right."""
        return frozenset[str]().union(*(one.heard.findings for one in self.clean))

    def told(self, trial: Trial) -> frozenset[str]:
        """What it said of a runner with a defect and not of the clean one."""
        return trial.heard.findings - self.alarms

    @property
    def caught(self) -> dict[str, list[str]]:
        """The defects that it caught, each with what it said; none as long as it has said nothing of a clean runner."""
        if not any(not one.error for one in self.clean):
            return {}
        with_defect = sorted((one for one in self.trials if one.defect), key=lambda one: one.defect)
        return {one.defect: sorted(self.told(one)) for one in with_defect if self.told(one)}

    @property
    def errors(self) -> dict[str, str]:
        """Runs that came to nothing, with the reason."""
        return {one.defect or "clean": one.error for one in self.trials if one.error}

    @property
    def seconds(self) -> float:
        """Median seconds of its runs."""
        return statistics.median([one.seconds for one in self.trials if not one.error] or [0.0])

    @property
    def requests(self) -> int:
        """Median requests of its runs."""
        return round(statistics.median([one.heard.requests for one in self.trials if not one.error] or [0]))


@dataclass(frozen=True, slots=True)
class Study:
    """All rows, and the defects that every tool was held against."""

    rows: Sequence[Row]
    defects: Sequence[Defect]
    out_of_reach: Sequence[Defect]
    seed: int

    @property
    def exit_code(self) -> Exit:
        """3 where a run came to nothing or no tool could be had, else 0: other tools are measured, not judged."""
        had = [row for row in self.rows if row.trials]
        return Exit.UNJUDGED if not had or any(row.errors for row in had) else Exit.PASS


def cells(row: Row, study: Study) -> list[str]:
    """A row of the table, as text."""
    if row.why:
        return [f"{row.tool.name} {row.tool.version}", row.tool.given, "-", row.why, "", "", "", ""]
    caught = row.caught
    return [
        f"{row.tool.name} {row.tool.version}",
        row.tool.given,
        f"{len(caught)} of {len(study.defects) + len(study.out_of_reach)}",
        " ".join(caught) or "none",
        str(len(row.alarms)),
        f"{row.seconds:.1f}",
        str(row.requests),
        " ".join(row.errors) or "none",
    ]


def table(study: Study) -> Table:
    """The table for a terminal."""
    made = Table(*COLUMNS)
    for row in study.rows:
        made.add_row(*cells(row, study))
    return made


def note(study: Study) -> str:
    """What the table does not say by itself."""
    beyond = ", ".join(one.id for one in study.out_of_reach)
    return (
        "Caught: a finding that the tool does not have on the clean runner. "
        + (f"Out of reach of a tool that is given a contract and a runner, so missed: {beyond}. " if beyond else "")
        + f"Seed {study.seed}."
    )


def write(study: Study, directory: Path) -> None:
    """Writes peers.json and peers.md."""
    directory.mkdir(parents=True, exist_ok=True)
    document = {
        "seed": study.seed,
        "defects": [one.id for one in study.defects],
        "out_of_reach": [one.id for one in study.out_of_reach],
        "tools": [
            {
                "tool": row.tool.name,
                "version": row.tool.version,
                "given": row.tool.given,
                "why_not": row.why,
                "caught": row.caught,
                "false_alarms": sorted(row.alarms),
                "errors": row.errors,
                "median_seconds": round(row.seconds, 1),
                "median_requests": row.requests,
            }
            for row in study.rows
        ],
    }
    (directory / "peers.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (directory / "peers.md").write_text("\n".join(_markdown(study)) + "\n", encoding="utf-8")


def _markdown(study: Study) -> Iterable[str]:
    yield f"# Other tools on the same runner, contract and {len(study.defects) + len(study.out_of_reach)} defects\n"
    yield _line(COLUMNS)
    yield _line(["---"] * len(COLUMNS))
    for row in study.rows:
        yield _line(cells(row, study))
    yield f"\n{note(study)}"
    for row in study.rows:
        if row.alarms:
            yield f"\n## False alarms of {row.tool.name}\n"
            yield from (f"- {_cell(one)}" for one in sorted(row.alarms))


def _line(texts: Iterable[str]) -> str:
    return f"| {' | '.join(map(_cell, texts))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
