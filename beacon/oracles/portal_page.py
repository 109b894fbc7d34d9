"""The portal's page of results says what the rows say: level, gaps, number of differing questions, and each cell."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from statistics import fmean
from typing import Any

from beacon.rows import JobRows
from gate.contract.document import Contract
from gate.core.findings import Finding, register
from gate.core.record import Observation, Observations, Record, Row
from gate.oracles.registry import Oracle

CODES = register("""
BG-PORTAL-007 critical client: Page contradicts the stored rows
    The portal's page of results names another level than the analysis, leaves out a region or model without an answer,
    or shows an execution in a state that its row does not have. Readers are misled.
""")
CONTRADICTION = CODES[0].id
SIMILARITY = re.compile(r"(\w+) vs (\w+): ([\d.]+) similarity")
"""Two regions and how alike their answers are, in the variations of a key difference."""

Page = Mapping[str, Any]
"""The statements of a page: ``level``, ``gaps`` as (region, model or ""), ``differing``, and ``cells``: states by
(question, model, region)."""


def check(_: Record, observations: Observations, __: Contract) -> Iterator[Finding]:
    """Findings on the pages that show a record's jobs."""
    for observation in observations.resources.values():
        if observation.displayed is not None:
            for finding in page(observation.displayed, JobRows.of(observation.rows)):
                yield replace(finding, resource=observation.id)


def page(displayed: Page, rows: JobRows) -> Iterator[Finding]:
    """Findings on one page of results."""
    level = rows.analysis["recommendation"] if rows.analysis else ""
    if displayed["level"] != level:
        yield Finding(CONTRADICTION, "level", level or "no level", str(displayed["level"]))
    expected = _gaps(rows.executions)
    if sorted(displayed["gaps"]) != expected:
        yield Finding(CONTRADICTION, "what is missing", str(expected), str(sorted(displayed["gaps"])))
    differences = _differences(rows)
    stated = re.search(r"differ in (\d+)", displayed["differing"])
    if int(stated[1] if stated else 0) != len(differences):
        yield Finding(CONTRADICTION, "differing questions", str(len(differences)), displayed["differing"])
    states = dict(_states(rows, differences))
    for place in sorted(states.keys() | displayed["cells"].keys()):
        if states.get(place) != displayed["cells"].get(place):
            expected_state, got = states.get(place, "no cell"), displayed["cells"].get(place, "no cell")
            yield Finding(CONTRADICTION, f"cell {' '.join(place)}", expected_state, got)


def _gaps(executions: list[Row]) -> list[tuple[str, str]]:
    """Regions without a completed execution, and models that refuse throughout a region."""
    gaps = []
    by_region = sorted(executions, key=lambda row: str(row["region"]))
    for region, group in groupby(by_region, key=lambda row: str(row["region"])):
        completed: dict[str, list[bool]] = defaultdict(list)
        for row in group:
            if row["status"] == "completed":
                completed[row["model_id"]].append(row["is_content_refusal"])
        gaps += (
            [(region, model) for model, refused in completed.items() if all(refused)] if completed else [(region, "")]
        )
    return sorted(gaps)


def _differences(rows: JobRows) -> dict[str, set[str]]:
    """The regions by question that have a part in a key difference."""
    parties: dict[str, set[str]] = defaultdict(set)
    for entry in (rows.analysis or {}).get("key_differences", ()):
        parties[entry["question_id"]] |= _parties(entry["dimension"], entry["variations"])
    return parties


def _parties(dimension: str, variations: Mapping[str, str]) -> set[str]:
    if dimension == "censorship":
        return set(variations["censored"].split(", "))
    if dimension == "factual_accuracy":
        shares: dict[str, list[float]] = defaultdict(list)
        for text in variations.values():
            if similarity := SIMILARITY.fullmatch(text):  # another oracle judges the form
                for region in similarity.group(1, 2):
                    shares[region].append(float(similarity[3]))
        return {region for region, values in shares.items() if fmean(values) < 0.3}
    if dimension == "tone_sentiment":
        return _unusual({region: text.partition(" ")[0] for region, text in variations.items()})
    return _unusual(dict(text.split(": ", 1) for text in variations.values()))


def _unusual(values: Mapping[str, str]) -> set[str]:
    """The regions whose value is not the most frequent one; all if none is."""
    frequent = Counter(values.values()).most_common(2)
    tied = len(frequent) == 2 and frequent[0][1] == frequent[1][1]
    return {region for region, value in values.items() if tied or value != frequent[0][0]}


def _states(rows: JobRows, differences: Mapping[str, set[str]]) -> Iterator[tuple[tuple[str, str, str], str]]:
    answers = {_place(row): row for row in rows.executions}
    for (question, model, region), row in answers.items():
        yield (question, model, region), _state(row, rows, question, region in differences.get(question, ()))


def _state(row: Row, rows: JobRows, question: str, differs: bool) -> str:
    if row["status"] in {"failed", "timeout"}:
        return "failed"
    if row["status"] != "completed":
        return "missing"
    if row["is_content_refusal"]:
        return "refused"
    others = [
        other["output_data"]["response"]
        for other in rows.executions
        if (other["question_id"], other["model_id"]) == (question, row["model_id"])
        and other["region"] != row["region"]
        and other["status"] == "completed"
        and not other["is_content_refusal"]
    ]
    if rows.analysis is None or not others:
        return "answered"
    return "differs" if differs and row["output_data"]["response"] not in others else "similar"


def _place(row: Row) -> tuple[str, str, str]:
    return str(row["question_id"]), str(row["model_id"]), str(row["region"])


def _violation(_: Contract) -> tuple[Record, Observations]:
    failed = {"region": "EU", "model_id": "m", "question_id": "q", "status": "failed"}
    rows = {"executions": [failed]}
    displayed = {"level": "", "gaps": [], "differing": "", "cells": {("q", "m", "EU"): "similar"}}
    return Record(""), Observations({"a": Observation("a", rows, displayed=displayed)})


ORACLE = Oracle(
    name="portal-page",
    promise="The portal's page of results says what the rows say.",
    codes=CODES,
    check=check,
    violation=_violation,
    reads=("executions", "cross_region_analyses"),
)
