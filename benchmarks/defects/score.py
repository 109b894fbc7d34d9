"""Results of each defect and of the whole table, as JSON and Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from benchmarks import reports
from benchmarks.defects.catalogue import Defect, Known
from benchmarks.defects.trial import Outcome, Sighting
from gate.core.errors import Exit

Result = Literal["caught", "missed", "error"]
OF_TOGETHER = 0.8
"""Share of the defects in one runner whose causes the findings must name apart."""
OVER_HTTP = 0.6
"""Share of the defects that must be caught without rows and router stand-in."""
SPECIFIC = "BG-TEST-"
"""Codes of single tests; all others are those of oracles, which judge every test."""
Causes = Mapping[str, Sequence[Sighting]]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Trial(_Document):
    """The result of one defect or violation.

    ``codes`` are those of findings about it, ``others`` of all others. ``seconds`` is the time from the start of the
    gate's process to the first finding about it. ``oracle`` is true if an oracle that judges every test found it,
    ``named`` if a finding names the cause, and ``first`` if that is the first of the first group.
    """

    id: str
    slug: str
    title: str
    kind: str
    result: Result
    reason: str = ""
    codes: list[str] = []
    others: list[str] = []
    seconds: float | None = None
    at_first: bool = False  # the first test that failed found it
    oracle: bool = False
    named: bool = False
    first: bool = False
    first_finding: str = ""  # its code and place
    groups: int = 0  # of findings that share a cause
    hidden: str = ""  # the first finding, if the run's last screen does not show it
    instead: str = ""

    @property
    def by(self) -> str:
        """``oracle`` or ``test``, by what caught it; empty if nothing did."""
        return ("oracle" if self.oracle else "test") if self.result == "caught" else ""


class Together(_Document):
    """One runner with several defects, and those whose causes its findings name apart."""

    defects: list[str]
    named: list[str]
    error: str = ""

    @property
    def enough(self) -> bool:
        """True if enough of the causes are named."""
        return not self.error and len(self.named) >= OF_TOGETHER * len(self.defects)


class Clean(_Document):
    """One run against the runner without a defect."""

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
    ninth_seconds: float | None = None  # within which nine of ten were caught
    without_rows: bool = False

    def count(self, result: Result) -> int:
        """Return the number of defects with this result."""
        return sum(trial.result == result for trial in self.trials)

    @property
    def exit_code(self) -> Exit:
        """1 for a missed defect, a finding on the clean runner or one that the screen hides; 3 for a run not judged."""
        few = self.count("caught") < OVER_HTTP * len(self.trials) if self.without_rows else self.count("missed")
        wrong = few or any(clean.findings for clean in self.clean) or any(trial.hidden for trial in self.trials)
        if wrong or (self.together and not self.together.error and not self.together.enough):
            return Exit.BROKEN
        errors = self.count("error") or any(clean.error for clean in self.clean)
        return Exit.UNJUDGED if errors or (self.together and self.together.error) else Exit.PASS

    def summary(self) -> Iterator[str]:
        """Yield the table in sentences."""
        caught = [trial for trial in self.trials if trial.result == "caught"]
        if self.trials:
            parts = [f"{len(caught)} of {len(self.trials)} defects and violations caught"]
            if caught:
                oracles = sum(trial.oracle for trial in caught)
                parts.append(f"{oracles} by oracles that judge every test, {len(caught) - oracles} by a test")
                parts.append(f"the cause named for {sum(trial.named for trial in self.trials)}")
                first = sum(trial.first for trial in caught) / len(caught)
                groups = statistics.median(trial.groups for trial in caught)
                parts.append(f"it comes first for {first:.0%}, in {groups:g} groups of findings (median)")
                parts.append(
                    f"first finding after {self.median_seconds:.1f} s (median), {self.ninth_seconds:.1f} s (9 of 10)"
                )
            yield "; ".join(parts) + "."
        if self.together:
            named, total = len(self.together.named), len(self.together.defects)
            yield f"With {total} in one runner the findings name {named} causes apart."
        if self.clean:
            wrong = sum(bool(clean.findings or clean.error) for clean in self.clean)
            yield f"{len(self.clean)} clean runs, {wrong} of them with findings or not judged."
        missed = ", ".join(trial.id for trial in self.trials if trial.result == "missed")
        if self.without_rows and missed:
            yield f"Judged over HTTP alone; {missed} need rows or the router stand-in."
        for trial in self.trials:
            if trial.hidden:
                yield f"The last screen of {trial.id} does not show {trial.hidden}."
        yield f"The table took {self.seconds:.0f} s."


def trial(defect: Known, outcome: Outcome, *, at_first: bool, earlier: Outcome | None = None) -> Trial:
    """Return the result of a run; ``earlier`` is one that ended with another finding, which so came first.

    A violation is caught by any finding, since it breaks nothing else; a defect only by those about it.
    """
    about = outcome.about(defect) if isinstance(defect, Defect) else outcome.sightings
    codes = {each.finding.code for each in about}
    others = sorted({each.finding.code for each in outcome.sightings} - codes)
    missed: Result = "error" if outcome.error else "missed"
    reason = outcome.error or ("only findings about something else" if others else "nothing was found")
    groups = (earlier or outcome).groups
    before = earlier.seconds if earlier else 0.0
    first = groups[0].first if groups else None
    return Trial(
        id=defect.id,
        slug=defect.slug,
        title=defect.title,
        kind=defect.kind,
        result="caught" if about else missed,
        reason="" if about else reason,
        codes=sorted(codes),
        others=others,
        seconds=round(before + about[0].seconds, 2) if about else None,
        at_first=at_first,
        oracle=any(not code.startswith(SPECIFIC) for code in codes),
        named=any(_named(defect, each) for each in about),
        first=first is not None and defect.matches(first.code, first.where),
        first_finding=f"{first.code} {first.where}" if first else "",
        groups=len(groups),
        hidden=outcome.hidden,
        instead=defect.instead,
    )


def _named(defect: Known, sighting: Sighting) -> bool:
    """Return whether a finding names the cause: by its words for a defect, by its code and place for a violation."""
    if isinstance(defect, Defect):
        return defect.named_in(sighting.text)
    return defect.matches(sighting.finding.code, sighting.finding.where)


def apart(defects: Sequence[Defect], outcome: Outcome) -> Together:
    """Return the defects with a finding of their own that names the cause; no finding counts twice."""
    candidates = {defect.id: [each for each in outcome.about(defect) if _named(defect, each)] for defect in defects}
    owner: dict[tuple[str, str], str] = {}
    named = [defect.id for defect in defects if _match(defect.id, candidates, owner, set())]
    return Together(defects=[defect.id for defect in defects], named=named, error=outcome.error)


def _match(defect: str, candidates: Causes, owner: dict[tuple[str, str], str], tried: set[tuple[str, str]]) -> bool:
    """Give a defect a finding, and its present owner another one (an augmenting path)."""
    for cause in (sighting.finding.cause for sighting in candidates[defect]):
        if cause in tried:
            continue
        tried.add(cause)
        if cause not in owner or _match(owner[cause], candidates, owner, tried):
            owner[cause] = defect
            return True
    return False


def score(
    trials: Sequence[Trial], clean: Sequence[Clean], together: Together | None, seconds: float, *, without_rows: bool
) -> Score:
    """Return the whole table."""
    times = [trial.seconds for trial in trials if trial.seconds is not None]
    return Score(
        trials=sorted(trials, key=lambda trial: trial.id),
        clean=sorted(clean, key=lambda clean: clean.seed),
        together=together,
        seconds=round(seconds, 1),
        median_seconds=round(statistics.median(times), 2) if times else None,
        ninth_seconds=sorted(times)[len(times) * 9 // 10] if times else None,
        without_rows=without_rows,
    )


def write(table: Score, directory: Path) -> None:
    """Write defects.json and defects.md."""
    reports.write(directory, "defects", table.model_dump(mode="json"), _markdown(table))


def _markdown(table: Score) -> Iterator[str]:
    yield from ("# Defects", "", *table.summary())
    if table.trials:
        columns = ("defect", "what", "result", "by", "codes", "seconds", "cause named", "first", "groups")
        yield from ("", *reports.table(columns, map(_cells, table.trials)))
    if replaced := [trial for trial in table.trials if trial.instead]:
        yield from ("", "Replaced by a relative:", "", *(f"- {trial.id}: {trial.instead}" for trial in replaced))
    if table.together:
        named = ", ".join(table.together.named) or "none"
        yield f"\nIn one runner: {', '.join(table.together.defects)}; named apart: {named}. {table.together.error}"
    for clean in table.clean:
        findings = ", ".join(clean.findings) or clean.error or "no finding"
        yield f"\nClean, seed {clean.seed}: {findings}; {clean.seconds:.0f} s."


def _cells(trial: Trial) -> list[str]:
    codes = ", ".join(trial.codes) or trial.reason
    seconds = "" if trial.seconds is None else f"{trial.seconds:.1f}"
    named = "yes" if trial.named else "no"
    first = "yes" if trial.first else trial.first_finding
    return [
        f"{trial.id} {trial.slug}",
        trial.title,
        trial.result,
        trial.by,
        codes,
        seconds,
        named,
        first,
        str(trial.groups),
    ]
