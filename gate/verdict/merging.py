"""One run of its shards: the tally of all journals, the conditions, and the results of JUnit and Allure together."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from gate.core.rerun import Rerun, relative
from gate.verdict.allure_report import END
from gate.verdict.baseline import Baseline
from gate.verdict.decide import Run
from gate.verdict.events import Event, FindingReported
from gate.verdict.inventory import Scope
from gate.verdict.journal import read
from gate.verdict.part import Part
from gate.verdict.profile import Profile
from gate.verdict.report_directory import PARTIAL

COUNTS = ("tests", "failures", "errors", "skipped")
"""Numbers of a suite in JUnit's results."""


def run_of(parts: Sequence[Part], directory: Path, profile: Profile, baseline: Baseline | None) -> Run:
    """The conditions of the whole run, whose reports go to ``directory``."""
    first, conditions = parts[0], parts[0].conditions
    not_tried = sum((Counter(part.not_tried) for part in parts), Counter[str]())
    return Run(
        target=conditions["target"],
        setting=conditions["setting"],
        depth=conditions["depth"],
        seed=int(conditions["seed"]),
        workers=sum(part.processes for part in parts),
        repeat=int(conditions["repeat"]),
        judged=first.judged.model_copy(update={"date": min(part.judged.date for part in parts)}),
        rerun=Rerun(first.options, directory, conditions["expression"]),
        profile=profile,
        baseline=baseline,
        unavailable={name: reason for part in parts for name, reason in part.unavailable.items()},
        narrowed=any(part.narrowed or part.cut_short for part in parts) or bool(conditions["expression"]),
        duration=max(part.duration for part in parts),
        stopped=next((f"Shard {part.shard}: {part.stopped}" for part in parts if part.stopped), ""),
        not_tried=dict(sorted(not_tried.items())),
        left_behind=[text for part in parts for text in part.left_behind],
    )


def tests_of(parts: Sequence[Part]) -> set[str]:
    """The tests that any of the shards had to judge."""
    return {test for part in parts for test in part.tests}


def scope_of(parts: Sequence[Part]) -> Scope:
    """The part of the inventory that the whole run was asked to judge."""
    first, tests = parts[0], tests_of(parts)
    return Scope(
        depth=first.conditions["depth"],
        setting=first.conditions["setting"],
        selected=tests.__contains__ if first.conditions["expression"] else None,
        existing=first.existing,
        repeat=int(first.conditions["repeat"]),
    )


def events_of(parts: Mapping[Path, Part], directory: Path) -> tuple[list[Event], list[str]]:
    """The events of all journals, with replay files in ``directory``, and a sentence for each that is not whole."""
    events: list[Event] = []
    faults: list[str] = []
    for source, part in parts.items():
        own, sentences = read(source / "journal", part.workers)
        events += (_moved(event, part, directory) for event in own)
        faults += (f"Shard {part.shard}: {sentence}" for sentence in sentences)
    return events, faults


def _moved(event: Event, part: Part, directory: Path) -> Event:
    """An event with the place of its replay file among the reports of the whole run."""
    if not isinstance(event, FindingReported) or "--replay" not in event.evidence.command + event.evidence.message:
        return event
    places = [(relative(Path(part.report_dir) / "replay"), relative(directory / "replay"))]
    places.append((f"{part.report_dir}/replay", f"{directory}/replay"))
    command, message = event.evidence.command, event.evidence.message
    for old, new in places:
        command, message = command.replace(f"{old}/", f"{new}/"), message.replace(f"{old}/", f"{new}/")
    return replace(event, evidence=replace(event.evidence, command=command, message=message))


def collect(sources: Sequence[Path], directory: Path) -> None:
    """Copies results and replay files of the shards, for the reports of the whole run to complete."""
    results = directory / f"allure-results{PARTIAL}"
    for source in sources:
        for name, target in (("allure-results", results), ("replay", directory / "replay")):
            if (source / name).is_dir():
                shutil.copytree(source / name, target, dirs_exist_ok=True, ignore=_of_the_end)
    _merge_junit([source / "junit.xml" for source in sources], directory / f"junit.xml{PARTIAL}")


def _of_the_end(folder: str, names: list[str]) -> list[str]:
    """Results that are of the end of a shard's run, which the whole run has its own of."""
    ends = []
    for name in names:
        if name.endswith("-result.json"):
            result = json.loads(Path(folder, name).read_text(encoding="utf-8"))
            ends += [name] if result.get("fullName") == END else []
    return ends


def _merge_junit(files: Sequence[Path], path: Path) -> None:
    whole = ElementTree.Element("testsuite", name="pytest")
    seconds, counts = 0.0, Counter[str]()
    for file in filter(Path.is_file, files):
        for suite in ElementTree.parse(file).iter("testsuite"):  # noqa: S314 (written by a run of the gate)
            counts.update({name: int(suite.get(name, "0")) for name in COUNTS})
            seconds += float(suite.get("time", "0"))
            for case in suite.findall("testcase"):
                if (case.get("classname"), case.get("name")) == ("gate", END):
                    counts.subtract({"tests": 1, "failures": 1})
                else:
                    whole.append(case)
    for name in COUNTS:
        whole.set(name, str(counts[name]))
    whole.set("time", f"{seconds:.3f}")
    root = ElementTree.Element("testsuites", name="pytest tests")
    root.append(whole)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
