"""Reports of a verdict: JSON, Markdown, and one self-contained HTML page."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.bccache import Bucket

from gate.core.redaction import Redactor
from gate.core.texts import counted
from gate.verdict import allure_report, evidence_view, junit, overview, report_directory, sarif
from gate.verdict.verdict import NAME, Verdict

_HEADLINES = {
    "pass": "PASS: this build may ship",
    "broken": "BROKEN: this build must not ship",
    "partial": "PARTIAL: nothing wrong was found, but not everything could be checked",
    "unjudged": "UNJUDGED: the gate could not judge this build",
}


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates beside their sources, as Python keeps modules, where they can be read and written."""

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)


def write(verdict: Verdict, directory: Path, redact: Redactor) -> list[Path]:
    """Writes the verdict to ``directory`` in each form, without secrets, and returns their paths.

    The results of JUnit and Allure are completed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    verdict = Verdict.model_validate(redact.within(verdict.model_dump()))
    templates = Path(__file__).parent / "templates"
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        bytecode_cache=_Compiled(str(templates / "__pycache__")),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    members = view(verdict)
    contents = {
        NAME: verdict.model_dump_json(indent=2) + "\n",
        "verdict.md": environment.get_template("verdict.md").render(members),
        "verdict.html": environment.get_template("verdict.html").render(members),
    }
    allure_report.complete(directory / f"allure-results{report_directory.PARTIAL}", verdict)
    junit.complete(directory / f"junit.xml{report_directory.PARTIAL}", verdict)
    report_directory.publish(directory, contents | {sarif.NAME: sarif.document(verdict)})
    return [directory / name for name in contents]


def view(verdict: Verdict) -> dict[str, Any]:
    """The members that the templates use."""
    notes = {
        "Missing: had to be judged and was not": verdict.missing,
        "Changes of rows that could not be attributed": verdict.unattributed,
        "Not tried: the run ended with the first group of findings": not_tried(verdict),
        "Left behind": verdict.left_behind,
    }
    parts = {
        "unreached": verdict.unreached,
        "findings": verdict.findings,
        "candidates": verdict.candidates,
        "tests": verdict.tests,
        "criteria": verdict.criteria,
        "coverage": True,
        "invariants": verdict.coverage.invariants,
        "fuzzing": verdict.fuzz,
    }
    criteria = Counter(criterion.state for criterion in verdict.criteria)
    return {
        "v": verdict,
        "count": counted,
        "headline": headline(verdict),
        "notes": [(title, lines) for title, lines in notes.items() if lines],
        "parts": [(id_, id_.capitalize()) for id_, content in parts.items() if content],
        "criteria": ", ".join(f"{number} {state}" for state, number in criteria.items()),
        "states": Counter(test.state for test in verdict.tests),
        "files": overview.by_file(verdict),
        "slowest": overview.slowest(verdict),
        "coverage": list(overview.covered(verdict.coverage)),
        "steps": evidence_view.steps,
        "tables": evidence_view.tables,
        "log": evidence_view.log,
        "difference": evidence_view.difference,
    }


def not_tried(verdict: Verdict) -> list[str]:
    """Tests that the run left out as it ended early, a line for each folder."""
    return [f"{counted(number, 'test')} of {folder}" for folder, number in verdict.not_tried.items()]


def headline(verdict: Verdict) -> str:
    """The verdict in one line."""
    if verdict.verdict == "pass" and verdict.narrowed:
        return "PASS: nothing wrong in what was selected; the build as a whole was not judged"
    return _HEADLINES[verdict.verdict]
