"""What the trials came to: the figures, the survivors with their reasons, and the reports."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutation.mutants import AREAS, Sample
from benchmarks.mutation.trial import Trial
from gate.core.errors import Exit

REASONS = Path(__file__).with_name("reasons.toml")
KILLED = ("killed", "killed at start", "timed out")
OUTCOMES = (*KILLED, "survived", "error")
LEAST = 0.85
"""The share of mutants that the gate has to kill."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a mutant may survive: the lines that it takes from a file, those that it puts there, and the reason."""

    file: str
    was: str
    becomes: str
    why: str


def reasons(path: Path = REASONS) -> list[Reason]:
    """The reviewed reasons."""
    with path.open("rb") as file:
        return [Reason(**entry) for entry in tomllib.load(file).get("survivor", [])]


@dataclass(frozen=True, slots=True)
class Result:
    """All trials of a run, and how their mutants were chosen."""

    seed: int
    sample: Sample
    trials: Sequence[Trial]
    known: Sequence[Reason]
    seconds: float

    @property
    def counts(self) -> Counter[str]:
        """How many mutants ended how."""
        return Counter(one.outcome for one in self.trials)

    @property
    def share(self) -> float:
        """Killed of all that were tried; 0 where none was."""
        return sum(self.counts[one] for one in KILLED) / len(self.trials) if self.trials else 0.0

    @property
    def survivors(self) -> list[Trial]:
        """Mutants that nothing noticed."""
        return [one for one in self.trials if one.outcome == "survived"]

    def why(self, trial: Trial) -> str:
        """The reviewed reason why a mutant may survive; empty where there is none."""
        return next((one.why for one in self.known if (one.file, one.was, one.becomes) == trial.lines), "")

    @property
    def exit_code(self) -> Exit:
        """3 where a mutant could not be tried or some are left, 1 where too few were killed, else 0."""
        if self.counts["error"] or not self.trials or len(self.trials) < len(self.sample.mutants):
            return Exit.UNJUDGED
        return Exit.PASS if self.share >= LEAST else Exit.BROKEN

    def summary(self) -> str:
        """The figures in one line."""
        counts = self.counts
        ended = ", ".join(f"{counts[one]} {one}" for one in OUTCOMES if counts[one])
        skipped = ", ".join(f"{times} {reason}" for reason, times in self.sample.skipped.most_common())
        return (
            f"{sum(counts[one] for one in KILLED)} of {len(self.trials)} mutants killed ({self.share:.0%}): {ended}. "
            f"Drawn and put aside: {self.sample.skipped.total()}{f' ({skipped})' if skipped else ''}."
        )


def write(result: Result, directory: Path) -> None:
    """Writes mutation.json and mutation.md."""
    directory.mkdir(parents=True, exist_ok=True)
    document = {
        "seed": result.seed,
        "seconds": round(result.seconds, 1),
        "places": dict(result.sample.places),
        "skipped": dict(result.sample.skipped),
        "counts": {one: result.counts[one] for one in OUTCOMES},
        "share": round(result.share, 4),
        "mutants": [
            {
                "id": one.mutant.id,
                "area": one.mutant.area,
                "line": one.mutant.span[0][0],
                "outcome": one.outcome,
                "seconds": round(one.seconds, 1),
                "by": list(one.by),
                "reason": result.why(one),
                "diff": one.diff,
            }
            for one in result.trials
        ],
    }
    (directory / "mutation.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (directory / "mutation.md").write_text("\n".join(_markdown(result)) + "\n", encoding="utf-8")


def _markdown(result: Result) -> Iterable[str]:
    yield f"# Mutants of the runner, seed {result.seed}"
    yield f"\n{result.summary()}\n"
    yield f"| area | places | tried | {' | '.join(OUTCOMES)} |"
    yield "|---" * (3 + len(OUTCOMES)) + "|"
    for area in AREAS:
        ended = Counter[str](one.outcome for one in result.trials if one.mutant.area == area)
        cells = [area, result.sample.places[area], ended.total(), *(ended[one] for one in OUTCOMES)]
        yield f"| {' | '.join(map(str, cells))} |"
    yield "\n## Survivors"
    for trial in result.survivors:
        yield f"\n`{trial.mutant.id}`: {result.why(trial) or 'no reason given'}"
        yield f"\n```diff\n{trial.diff}\n```"
    if not result.survivors:
        yield "\nnone"
    yield "\n## All\n\n| mutant | line | outcome | s | by |\n|---|---|---|---|---|"
    for trial in result.trials:
        by = "; ".join(trial.by).replace("|", "\\|")
        cells = [f"`{trial.mutant.id}`", trial.mutant.span[0][0], trial.outcome, f"{trial.seconds:.1f}", by]
        yield f"| {' | '.join(map(str, cells))} |"
