"""The end of ``gate init``: a table of what it saw, and what it could not reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from gate.core.texts import clip, counted
from gate.fuzz.survey.look import Look
from gate.fuzz.survey.trial import Attempt

MOST_LISTED = 12
"""Operations of a kind that are printed one by one."""
HINTS = {
    401: "declare the header, or the parameter, that lets a request in: fuzz.headers, fuzz.query",
    403: "declare the header of somebody who may do it: fuzz.headers",
    404: "no id was known for its path: rows.resources, or an operation that creates one",
    409: "what was sent is there already",
    429: "the service limits the rate: turn that off in service.env",
}


def show(look: Look, path: Path, seconds: float) -> None:
    """Prints what was seen, what was not reached and why, and what comes next."""
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    for name, text in _facts(look):
        console.print(Text(f"{name:18}", "bold").append(text, "not bold"))
    for text in unreached([*look.trial.attempts.values()]):
        console.print(Text(text))
    for text in _limits(look):
        console.print(Text(text))
    console.print()
    console.print(Text(f"{path} was written after {seconds:.0f} s. Look at each guess in it, then run: gate judge"))


def _facts(look: Look) -> Iterator[tuple[str, str]]:
    guessed, attempts = look.guessed, [*look.trial.attempts.values()]
    outcomes = Counter(attempt.outcome for attempt in attempts)
    yield "operations", f"{len(attempts)}: " + ", ".join(f"{number} {name}" for name, number in outcomes.most_common())
    yield "base path", f"{guessed.base or '(none)'}  {guessed.base_reason}"
    yield "ready", guessed.ready or "any answer"
    if look.starts:
        yield "start", f"{look.starts:.1f} s on a copy of the database"
    header, _, reason = guessed.header
    given = ", ".join([*guessed.headers, *guessed.query])
    yield "authentication", f"{given} (given)" if given else f"{header or 'none'}  {reason}".strip()
    yield "headers dropped", ", ".join(guessed.drop) or "none"
    yield "left out", counted(len(guessed.skip), "operation")
    tables = look.tables.names if look.tables else []
    yield "tables", f"{len(tables)}, written late: {', '.join(guessed.late) or 'none'}"
    yield (
        "resources",
        f"{len(guessed.resources)} with their tables: "
        + (clip(", ".join(f"{place} -> {names[0]}" for place, names in guessed.resources.items()), 200) or "none"),
    )


def unreached(attempts: list[Attempt]) -> Iterator[str]:
    """The operations that were not reached, by what they answered, and those that were left out."""
    refused = [attempt for attempt in attempts if attempt.outcome in {"refused", "failed", "unanswered", "not tried"}]
    if refused:
        yield f"\nNot reached: {counted(len(refused), 'operation')}."
    for (status, answer), group in sorted(_by_answer(refused).items()):
        hint = HINTS.get(status, "")
        yield f"  {answer}: {counted(len(group), 'operation')}{f'; {hint}' if hint else ''}"
        for attempt in group[:MOST_LISTED]:
            lack = f" (no known {', '.join(attempt.missing)})" if attempt.missing and status == 404 else ""
            yield f"    {attempt.operation}{lack}  {attempt.reason}".rstrip()
        if len(group) > MOST_LISTED:
            yield f"    and {len(group) - MOST_LISTED} more"
    left = [attempt for attempt in attempts if attempt.outcome == "left out"]
    if left:
        yield f"\nLeft out: {counted(len(left), 'operation')}; delete a line of [fuzz.skip] to try one."
        yield from (f"    {attempt.operation}  {attempt.reason}" for attempt in left[:MOST_LISTED])
        if len(left) > MOST_LISTED:
            yield f"    and {len(left) - MOST_LISTED} more"


def _by_answer(attempts: list[Attempt]) -> dict[tuple[int, str], list[Attempt]]:
    """The operations by their status, and by what stands in its place where there is none."""
    groups: dict[tuple[int, str], list[Attempt]] = {}
    for attempt in attempts:
        silent = "not tried" if attempt.outcome == "not tried" else "no answer"
        groups.setdefault((attempt.status, str(attempt.status or silent)), []).append(attempt)
    return groups


def _limits(look: Look) -> Iterator[str]:
    if look.restless:
        yield f"\nNever quiet: {', '.join(sorted(look.restless))} are written all the time."
    if look.tables and look.tables.schemas:
        yield f"\nOnly the schema public is read back; {', '.join(look.tables.schemas)} are watched for change alone."
    if look.tables and (names := look.tables.without_single_key()):
        yield f"\nWithout a key of one column, so watched for change and not read back: {clip(', '.join(names), 200)}"
