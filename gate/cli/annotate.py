"""``gate annotate DIR``: puts a verdict where a code host shows it."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from gate.cli.command import Run
from gate.cli.comment import TOKEN, comment
from gate.core.errors import Exit, GateError
from gate.verdict.annotations import warning, workflow_commands
from gate.verdict.verdict import read


def prepare(parser: ArgumentParser) -> Run:
    """Fills the parser of the command."""
    parser.description = (
        "Prints the findings as annotations, and adds the verdict to the files that GITHUB_STEP_SUMMARY and "
        "GITHUB_OUTPUT name. With a token in COMMENT_TOKEN it updates one comment on the pull request."
    )
    parser.add_argument("reports", metavar="DIR", type=Path, help="the report directory of a run")
    return annotate


def annotate(values: Namespace) -> int:
    """Prints the annotations of the verdict in a report directory."""
    verdict = read(values.reports)
    summary = (values.reports / "verdict.md").read_text(encoding="utf-8")
    for line in workflow_commands(verdict, _way_to_here()):
        print(line)
    _append("GITHUB_STEP_SUMMARY", summary)
    _append("GITHUB_OUTPUT", f"verdict={verdict.verdict}\n")
    if os.environ.get(TOKEN):
        _comment(summary)
    return Exit.PASS


def _way_to_here() -> str:
    """The way from the code host's workspace to this checkout, which may be in a folder of it; places begin with it."""
    workspace, here = os.environ.get("GITHUB_WORKSPACE", ""), Path.cwd()
    if not workspace or not here.is_relative_to(Path(workspace).resolve()):
        return ""
    way = here.relative_to(Path(workspace).resolve()).as_posix()
    return "" if way == "." else f"{way}/"


def _comment(summary: str) -> None:
    """Updates the comment on the pull request; a failure is a warning, since the verdict is the same without it."""
    try:
        print(comment(summary))
    except GateError as error:
        print(warning("Beacon Gate", str(error)))


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
