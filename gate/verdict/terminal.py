"""The last screen of a run: its findings by cause, one line of counts, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from gate.core.texts import clip, counted
from gate.verdict.reports import headline, not_tried
from gate.verdict.verdict import FindingResult, Group, Unreached, Verdict

MOST_GROUPS = 5
"""Groups that the screen shows; the reports have all."""
MOST_NAMES, MOST_CRITERIA, MOST_CHARACTERS = 3, 8, 160
"""Names in a line of the screen; criteria; characters of a value."""
STYLES = {"pass": "bold green", "broken": "bold red", "partial": "bold yellow", "unjudged": "bold magenta"}


def show(verdict: Verdict, directory: Path, console: Console) -> None:
    """Prints the last screen."""
    for line in screen(verdict, directory):
        console.print(line, highlight=False, soft_wrap=True)


def screen(verdict: Verdict, directory: Path) -> Iterator[Text]:
    """The lines of the last screen."""
    yield from _unreached(verdict)
    for group in verdict.groups[:MOST_GROUPS]:
        yield from _group(group, verdict)
    hidden = len(verdict.groups) - MOST_GROUPS
    if hidden > 0:
        yield Text(f"+ {counted(hidden, 'more finding')}, in {directory / 'verdict.html'}", "yellow")
    if verdict.candidates:
        text = f"{counted(len(verdict.candidates), 'candidate')} to look at, which did not decide"
        yield Text(text, "yellow").append(f": {_names(_codes_of(verdict))}", "default")
    yield from _notes(verdict)
    yield Text(_counts(verdict))
    yield Text(f"reports: {directory / 'verdict.html'}, and what else is in {directory}")
    ending = Text(headline(verdict), STYLES[verdict.verdict])
    yield ending.append(f". {verdict.reason}", "default not bold")


def _unreached(verdict: Verdict) -> Iterator[Text]:
    """The operations of which nothing is known, by what would lead further."""
    if not verdict.unreached:
        return
    total = len(verdict.coverage.operations)
    yield Text(f"not reached: {len(verdict.unreached)} of {counted(total, 'operation')}", "bold yellow")
    advice: dict[str, list[Unreached]] = {}
    for each in verdict.unreached:
        advice.setdefault(each.advice, []).append(each)
    for text, same in sorted(advice.items(), key=lambda entry: -len(entry[1])):
        yield Text(f"  {len(same)}: {_names([each.operation for each in same])}").append(f". {text}", "dim")
        refusal = next(iter(same[0].refusals), "no request was sent")
        yield Text(f"     {clip(refusal, MOST_CHARACTERS)}", "dim")


def _codes_of(verdict: Verdict) -> list[str]:
    codes = Counter(each.finding.code for each in verdict.candidates)
    return [f"{number}x {code}" for code, number in codes.most_common()]


def _group(group: Group, verdict: Verdict) -> Iterator[Text]:
    """At most four lines: the code, the place with both values, the consequences, and the command."""
    first = group.first
    head = Text(first.code, "bold red").append(f" {first.title}", "default bold")
    head.append(f" ({first.severity}, seen {first.times}x)", "default not bold dim")
    if first.flaky:
        seen_in = ", ".join(map(str, first.seen_in))
        head.append(f" flaky: only in repetitions {seen_in} of {verdict.repetitions}", "yellow not bold")
    yield head
    yield Text(f"  {_sentence(first)}")
    if more := "; ".join(filter(None, (_resources(first), _consequences(group)))):
        yield Text(f"  {more}", "dim")
    yield Text(f"  {_command(first)}", "cyan")


def _sentence(finding: FindingResult) -> str:
    short = {name: clip(" ".join(getattr(finding, name).split()), MOST_CHARACTERS) for name in ("expected", "got")}
    return finding.model_copy(update=short).sentence


def _resources(finding: FindingResult) -> str:
    """The resources of a finding that is of no test, but of the end of the run."""
    of_run = finding.resources and not any("::" in test for test in finding.tests)
    return f"about {_names(finding.resources)}" if of_run else ""


def _consequences(group: Group) -> str:
    tests = len(group.first.tests) - 1
    parts = [counted(tests, "test")] if tests > 0 else []
    places = Counter(finding.code for finding in group.consequences)
    parts += [f"{code} in {number} places" if number > 1 else code for code, number in places.items()]
    return ", ".join(f"+ {part}" for part in parts)


def _command(finding: FindingResult) -> str:
    return finding.command or f"./scripts/gate explain {finding.code}"


def _names(names: Sequence[str], most: int = MOST_NAMES) -> str:
    hidden = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *hidden])


def _notes(verdict: Verdict) -> Iterator[Text]:
    """A line for each thing beside the findings that a reader has to know."""
    settled = [f"{entry.finding.code} until {entry.expires} ({entry.owner})" for entry in verdict.accepted]
    unavailable = Counter(verdict.unavailable_checks.values())
    reasons: Mapping[str, int] = {reason: len(tests) for reason, tests in verdict.not_checked.items()}
    unmet = [criterion.id for criterion in verdict.criteria if criterion.state == "not met"]
    notes: list[tuple[str, str, Sequence[str]]] = [
        ("accepted", "yellow", settled),
        ("could not be attributed", "yellow", verdict.unattributed),
        ("missing", "bold magenta", verdict.missing),
        ("not tried", "yellow", not_tried(verdict)),
        ("not checked", "yellow", [f"{counted(count, 'oracle')}: {reason}" for reason, count in unavailable.items()]),
        ("not checked", "yellow", [f"{counted(count, 'test')}: {reason}" for reason, count in reasons.items()]),
        ("left behind", "bold red", verdict.left_behind),
    ]
    for title, style, names in notes:
        if names:
            number = f" ({len(names)})" if len(names) > MOST_NAMES else ""
            yield Text(f"{title}{number}", style).append(f" {_names(names)}", "default not bold")
    if unmet:
        yield Text("criteria not met", "yellow").append(f" {_names(unmet, MOST_CRITERIA)}", "default")
    if verdict.compared:
        changes = (f"{title}: {_names(names) or 'none'}" for title, names in verdict.compared.sections)
        yield Text(f"since the baseline {'; '.join(changes)}")


def _counts(verdict: Verdict) -> str:
    counts, coverage = verdict.counts, verdict.coverage
    outcomes = {"failed": counts.failed + counts.errors, "passed": counts.passed, "skipped": counts.skipped}
    tests = ", ".join(f"{number} {name}" for name, number in outcomes.items() if number) or "no test ran"
    states = Counter(criterion.state for criterion in verdict.criteria)
    criteria = ", ".join(f"{number} {state}" for state, number in states.items())
    reached = {"operations": coverage.operations, "error codes": coverage.error_codes}
    seen = ", ".join(
        f"{sum(map(bool, names.values()))} of {len(names)} {kind}" for kind, names in reached.items() if names
    )
    place = f"{verdict.target}, depth {verdict.depth}, seed {verdict.seed}"
    place += f", shard {verdict.shard}" if verdict.shard else ""
    parts = {"tests": f"{tests} in {verdict.duration_seconds:.0f} s", "criteria": criteria, "seen": seen}
    return "; ".join([*(f"{name}: {text}" for name, text in parts.items() if text), place])
