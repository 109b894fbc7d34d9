"""The result of a run: figures, survivors with their reasons, and the reports."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import reports
from benchmarks.mutation.mutants import AREAS, Sample
from benchmarks.mutation.trial import Trial, change
from gate.core.errors import Exit

REASONS = Path(__file__).with_name("reasons.toml")
KILLED = ("killed", "killed at start", "timed out")
OUTCOMES = (*KILLED, "survived", "error")
MOST_REASONS = 0.1
"""The share of mutants that may survive, each for a reviewed reason."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reviewed reason why a mutant may survive: its file, the lines that it removes and adds, and why."""

    file: str
    was: str
    becomes: str
    why: str


def reasons(path: Path = REASONS) -> list[Reason]:
    """Return the reviewed reasons."""
    with path.open("rb") as file:
        return [Reason(**entry) for entry in tomllib.load(file).get("survivor", [])]


@dataclass(frozen=True, slots=True)
class Result:
    """All trials of a run, and the sample that they are of."""

    seed: int
    sample: Sample
    trials: Sequence[Trial]
    known: Sequence[Reason]
    seconds: float

    @property
    def counts(self) -> Counter[str]:
        """The number of mutants by outcome."""
        return Counter(trial.outcome for trial in self.trials)

    @property
    def killed(self) -> int:
        """The number of mutants that the gate noticed."""
        return sum(self.counts[outcome] for outcome in KILLED)

    @property
    def share(self) -> float:
        """The share of killed mutants in all that were tried; 0 without any."""
        return self.killed / len(self.trials) if self.trials else 0.0

    def why(self, trial: Trial) -> str:
        """Return the reviewed reason why a mutant may survive; empty if there is none."""
        return next((each.why for each in self.known if (each.file, each.was, each.becomes) == trial.lines), "")

    @property
    def exit_code(self) -> Exit:
        """3 if a mutant could not be tried or was not; 1 if one survived without a reason, or too many did; else 0."""
        if self.counts["error"] or not self.trials or len(self.trials) < len(self.sample.mutants):
            return Exit.UNJUDGED
        survivors = [trial for trial in self.trials if trial.outcome == "survived"]
        sound = all(map(self.why, survivors)) and len(survivors) <= MOST_REASONS * len(self.trials)
        return Exit.PASS if sound else Exit.BROKEN

    def summary(self) -> str:
        """Return the figures in one line."""
        counts = ", ".join(f"{self.counts[outcome]} {outcome}" for outcome in OUTCOMES if self.counts[outcome])
        skipped = ", ".join(f"{number} {reason}" for reason, number in self.sample.skipped.most_common())
        return (
            f"{self.killed} of {len(self.trials)} mutants killed ({self.share:.0%}): {counts}. "
            f"Drawn and skipped: {self.sample.skipped.total()}{f' ({skipped})' if skipped else ''}."
        )


def earlier(root: Path, sample: Sample, directory: Path, *, retry: bool) -> list[Trial]:
    """Return the trials of this sample that a run with the same report directory has made.

    One whose place has moved since is not among them, nor one that could not be judged, nor with ``retry`` one that
    survived.
    """
    path = directory / "mutation.json"
    known = {each["id"]: each for each in json.loads(path.read_text())["mutants"]} if path.exists() else {}
    trials = []
    for mutant in sample.mutants:
        entry = known.get(mutant.id)
        if entry is None or entry["outcome"] == "error" or (retry and entry["outcome"] == "survived"):
            continue
        source = (root / mutant.file).read_text(encoding="utf-8")
        lines, diff = change(mutant, source, mutant.applied(source))
        if diff == entry["diff"]:
            trials.append(Trial(mutant, entry["outcome"], entry["seconds"], tuple(entry["by"]), lines, diff))
    return trials


def write(result: Result, directory: Path) -> None:
    """Write mutation.json and mutation.md."""
    document = {
        "seed": result.seed,
        "seconds": round(result.seconds, 1),
        "places": dict(result.sample.places),
        "skipped": dict(result.sample.skipped),
        "counts": {outcome: result.counts[outcome] for outcome in OUTCOMES},
        "share": round(result.share, 4),
        "mutants": [
            {
                "id": trial.mutant.id,
                "area": trial.mutant.area,
                "line": trial.mutant.span[0][0],
                "outcome": trial.outcome,
                "seconds": round(trial.seconds, 1),
                "by": list(trial.by),
                "reason": result.why(trial),
                "diff": trial.diff,
            }
            for trial in result.trials
        ],
    }
    reports.write(directory, "mutation", document, _markdown(result))


def _markdown(result: Result) -> Iterable[str]:
    yield f"# Mutants of the runner, seed {result.seed}\n\n{result.summary()}\n"
    outcomes: dict[str, list[str]] = {area: [] for area in AREAS}
    for trial in result.trials:
        outcomes[trial.mutant.area].append(trial.outcome)
    cells = [
        (area, result.sample.places[area], len(ended), *(ended.count(outcome) for outcome in OUTCOMES))
        for area, ended in outcomes.items()
    ]
    yield from reports.table(("area", "places", "tried", *OUTCOMES), cells)
    yield "\n## Survivors"
    survivors = [trial for trial in result.trials if trial.outcome == "survived"]
    for trial in survivors:
        yield f"\n`{trial.mutant.id}`: {result.why(trial) or 'no reason given'}\n\n```diff\n{trial.diff}\n```"
    if not survivors:
        yield "\nnone"
    yield "\n## All\n"
    rows = (
        (f"`{trial.mutant.id}`", trial.mutant.span[0][0], trial.outcome, f"{trial.seconds:.1f}", "; ".join(trial.by))
        for trial in result.trials
    )
    yield from reports.table(("mutant", "line", "outcome", "s", "by"), rows)
