"""What became of each defect, and of the table as a whole; written as JSON and Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from benchmarks.defects.catalogue import Defect
from benchmarks.defects.trial import Seen, Sighting
from gate.core.errors import Exit

Result = Literal["caught", "missed", "error"]
OF_TEN = 0.8
"""Share of the defects that are on at once whose causes the findings have to name apart."""
OVER_HTTP = 0.6
"""Share of the defects that are caught without a database and without programming the router."""
SPECIFIC = "BG-TEST-"
"""Codes of what a test expects by itself; all others are those of oracles that judge whatever is done."""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Trial(_Document):
    """What became of one defect.

    ``codes`` are those of the findings about it, ``others`` of the rest. ``seconds`` is the time from the start of the
    gate's process to the first finding about it. ``oracle`` says whether an oracle that judges every test made one, and
    ``named`` whether one of them names the cause.
    """

    id: str
    slug: str
    what: str
    kind: str
    result: Result
    reason: str = ""
    codes: list[str] = []
    others: list[str] = []
    seconds: float | None = None
    at_first: bool = False  # the first test that failed told of it
    oracle: bool = False
    named: bool = False
    instead: str = ""

    @property
    def by(self) -> str:
        """What caught it."""
        return ("oracle" if self.oracle else "test") if self.result == "caught" else ""


class Together(_Document):
    """One runner with several defects at once, and whose causes its findings name apart."""

    defects: list[str]
    named: list[str]
    error: str = ""

    @property
    def enough(self) -> bool:
        """Whether enough of the causes are told apart."""
        return not self.error and len(self.named) >= OF_TEN * len(self.defects)


class Clean(_Document):
    """One run against the runner without a defect, at a seed."""

    seed: int
    findings: list[str]
    seconds: float
    error: str = ""


class Score(_Document):
    """The content of defects.json."""

    trials: list[Trial]
    clean: list[Clean]
    together: Together | None
    seconds: float
    median_seconds: float | None  # to the first finding, over all that were caught
    without_rows: bool = False  # judged over HTTP alone

    def count(self, result: Result) -> int:
        """How many defects became so."""
        return sum(trial.result == result for trial in self.trials)

    @property
    def by_oracles(self) -> int:
        """How many were caught by an oracle that judges every test."""
        return sum(trial.oracle for trial in self.trials if trial.result == "caught")

    @property
    def exit_code(self) -> Exit:
        """1 where the gate did not bite, or bit the clean runner; 3 where something could not be judged."""
        few = self.count("caught") < OVER_HTTP * len(self.trials) if self.without_rows else self.count("missed")
        missed = few or any(one.findings for one in self.clean)
        if missed or (self.together and not self.together.error and not self.together.enough):
            return Exit.BROKEN
        errors = self.count("error") or any(one.error for one in self.clean)
        return Exit.UNJUDGED if errors or (self.together and self.together.error) else Exit.PASS

    def lines(self) -> list[str]:
        """The table in words."""
        caught = self.count("caught")
        told = [f"{caught} of {len(self.trials)} defects caught"] if self.trials else []
        if caught:
            told.append(f"{self.by_oracles} by oracles that judge every test, {caught - self.by_oracles} by a test")
            named = sum(trial.named for trial in self.trials)
            told.append(f"the cause named for {named}")
            told.append(f"first finding after {self.median_seconds:.1f} s (median)")
        text = ["; ".join(told) + "."] if told else []
        if self.together:
            apart, all_of_them = len(self.together.named), len(self.together.defects)
            text.append(f"With {all_of_them} at once the findings name {apart} causes apart.")
        if self.clean:
            wrong = sum(bool(one.findings or one.error) for one in self.clean)
            text.append(f"{len(self.clean)} clean runs, {wrong} of them with findings or not judged.")
        unseen = [one.id for one in self.trials if one.result == "missed"]
        if self.without_rows and unseen:
            text.append(f"Judged over HTTP alone; {', '.join(unseen)} need rows, or a router that is programmed.")
        return [*text, f"The table took {self.seconds:.0f} s."]


def trial(defect: Defect, seen: Seen, *, at_first: bool, before: float = 0.0) -> Trial:
    """The result of a run; ``before`` are the seconds of an earlier one that ended with another finding."""
    about = seen.about(defect)
    others = sorted({one.finding.code for one in seen.sightings} - {one.finding.code for one in about})
    result: Result = "caught"
    reason = ""
    if not about:
        result = "error" if seen.error else "missed"
        reason = seen.error or ("only findings about something else" if others else "nothing was found")
    return Trial(
        id=defect.id,
        slug=defect.slug,
        what=defect.what,
        kind=defect.kind,
        result=result,
        reason=reason,
        codes=sorted({one.finding.code for one in about}),
        others=others,
        seconds=round(before + about[0].seconds, 2) if about else None,
        at_first=at_first,
        oracle=any(not one.finding.code.startswith(SPECIFIC) for one in about),
        named=any(defect.named_in(one.text) for one in about),
        instead=defect.instead,
    )


def apart(defects: Sequence[Defect], seen: Seen) -> Together:
    """Which of the defects have a finding of their own that names the cause: no finding counts for two."""
    candidates = {defect.id: [one for one in seen.about(defect) if defect.named_in(one.text)] for defect in defects}
    owner: dict[tuple[str, str], str] = {}
    named = [defect.id for defect in defects if _match(defect.id, candidates, owner, set())]
    return Together(defects=[defect.id for defect in defects], named=named, error=seen.error)


def _match(
    defect: str, candidates: dict[str, list[Sighting]], owner: dict[tuple[str, str], str], tried: set[tuple[str, str]]
) -> bool:
    """Gives a defect a finding, and where another one has it, that one another (an augmenting path)."""
    for one in candidates[defect]:
        cause = one.finding.cause
        if cause in tried:
            continue
        tried.add(cause)
        if cause not in owner or _match(owner[cause], candidates, owner, tried):
            owner[cause] = defect
            return True
    return False


def score(
    trials: Sequence[Trial],
    clean: Sequence[Clean],
    together: Together | None,
    seconds: float,
    *,
    without_rows: bool = False,
) -> Score:
    """The table as a whole."""
    times = [one.seconds for one in trials if one.seconds is not None]
    return Score(
        trials=sorted(trials, key=lambda one: one.id),
        clean=sorted(clean, key=lambda one: one.seed),
        together=together,
        seconds=round(seconds, 1),
        median_seconds=round(statistics.median(times), 2) if times else None,
        without_rows=without_rows,
    )


def write(table: Score, directory: Path) -> None:
    """Writes defects.json and defects.md."""
    (directory / "defects.json").write_text(table.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (directory / "defects.md").write_text(markdown(table), encoding="utf-8")


def markdown(table: Score) -> str:
    """The table as Markdown."""
    lines = ["# Defects", "", *table.lines(), ""]
    if table.trials:
        lines += ["| defect | what | result | by | codes | seconds | cause named |", "|---|---|---|---|---|---|---|"]
    for one in table.trials:
        what = one.what.replace("|", "\\|")
        codes = ", ".join(one.codes) or " ".join(one.reason.split()).replace("|", "\\|")
        seconds = "" if one.seconds is None else f"{one.seconds:.1f}"
        named = "yes" if one.named else "no"
        lines.append(f"| {one.id} {one.slug} | {what} | {one.result} | {one.by} | {codes} | {seconds} | {named} |")
    replaced = [one for one in table.trials if one.instead]
    if replaced:
        lines += ["", "Replaced by a relative:", "", *(f"- {one.id}: {one.instead}" for one in replaced)]
    if table.together:
        named = ", ".join(table.together.named) or "none"
        lines += [
            "",
            f"At once: {', '.join(table.together.defects)}; told apart: {named}. {table.together.error}".strip(),
        ]
    for clean in table.clean:
        found = ", ".join(clean.findings) or clean.error or "nothing found"
        lines += ["", f"Clean, seed {clean.seed}: {found}; {clean.seconds:.0f} s."]
    return "\n".join(lines) + "\n"
