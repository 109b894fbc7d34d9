"""The log of a job: its submission, each answer and its outcome have their lines, and no line has an answer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from beacon import contract
from beacon.rows import JobRows
from beacon.states import TERMINAL_BY_TABLE
from gate.contract.document import Contract
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.log import LogLine
from gate.core.record import Observation, Observations, Record, Row
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-LOG-005 major: Job without its log lines
    A job that ended lacks a line of its submission, of an answer that was stored, or of its outcome, or such a line has
    other values than the rows. Nobody can follow the job in the log.
BG-LOG-006 critical: Log holds a prompt or an answer
    Prompts and answers are the data of those who submit jobs, and may be long; they belong into the database alone.
""")
LINES, ANSWER = (code.id for code in CODES)
SHORTEST_ANSWER, SHORTEST_PROMPT = 24, 12
UNCALLED = frozenset({"ROUTER_NO_PROVIDER", "RUNNER_ERROR"})
"""Codes of failures for which no call was made, or which none brought."""


def check(record: Record, observations: Observations, document: Contract) -> Iterator[Finding]:
    """Findings on the lines of each job that the test created and that ended."""
    names = document.document.get(contract.LOG, {}).get("job")
    lines = observations.log[record.logged :]
    if not names or record.others or not any(line.get("level") == "info" for line in lines):
        return
    by_job: dict[Any, list[LogLine]] = defaultdict(list)
    for line in lines:
        by_job[line.get(names["job_id"])].append(line)
    texts = "\n".join(line.text for line in lines)
    for job, observation in observations.resources.items():
        created, rows = record.resources.get(job), JobRows.of(observation.rows)
        if created is not None and rows.job is not None and not record.interrupted:
            for expected, got in _missing(names, rows, created, by_job[job]):
                yield Finding(LINES, f"the log of a job: {expected.split()[0]}", expected, got, job)
        prompts = [call.prompt for call in getattr(observation.calls, "calls", None) or ()]
        for text in (*_telling(_answers(rows), SHORTEST_ANSWER), *_telling(prompts, SHORTEST_PROMPT)):
            if text in texts:
                yield Finding(ANSWER, "the log", "no prompt and no answer", text, job)


def _missing(
    names: dict[str, str], rows: JobRows, created: Exchange, lines: Sequence[LogLine]
) -> Iterator[tuple[str, str]]:
    """Each line that is missing, and what stands in its place."""
    by_event: dict[Any, list[LogLine]] = defaultdict(list)
    for line in lines:
        by_event[line.get("event")].append(line)
    accepted = [(line.get("workflow"), line.get("request_id")) for line in by_event[names["accepted"]]]
    expected = [((rows.job or {})["workflow"], created.request_id)]
    if accepted != expected:
        yield f"{names['accepted']} {expected}", f"{accepted}"
    yield from _unstored(names, rows, by_event[names["stored"]])
    for event in (names["running"], names["stored"], names["decided"]):
        others = {line.get("request_id") for line in by_event[event]} - {created.request_id}
        if others:
            yield f"{event} with the request {created.request_id}", f"{sorted(others, key=str)}"
    status = (rows.job or {})["status"]
    decided = [(line.get("status"), line.get(names["successful"])) for line in by_event[names["decided"]]]
    outcome = status, len({row.get("region") for row in rows.executions if row["status"] == "completed"})
    if status in {"completed", "partial", "failed"} and (outcome not in decided or not by_event[names["running"]]):
        yield f"{names['decided']} {outcome} after {names['running']}", f"{decided}"


def _unstored(names: dict[str, str], rows: JobRows, lines: Iterable[LogLine]) -> Iterator[tuple[str, str]]:
    """Each execution that a call ended and whose line is missing, or says something else than its row.

    The log is read after the rows: of an execution that had not ended in them it may say more already.
    """
    stored = {line.get(names["execution_id"]): line for line in lines}
    for row in rows.executions:
        output = row.get("output_data")
        code = str(output["error_code"]) if isinstance(output, dict) and output.get("error_code") else None
        called = row["status"] == "completed" or (row["status"] == "failed" and code not in UNCALLED)
        line = stored.get(row["id"]) if row["status"] in TERMINAL_BY_TABLE["executions"] else None
        if (called or line is not None) and not (_says(line, row) and line and line.get(names["code"]) == code):
            yield f"{names['stored']} with execution {row['id']} {code or ''}", f"{line.text if line else [*stored]}"


def _says(line: LogLine | None, row: Row) -> bool:
    """Return whether a line has what the row of its execution has."""
    columns = ("region", "model_id", "question_id")
    return line is not None and all(line.get(column) in (row[column], row[column] or "default") for column in columns)


def _answers(rows: JobRows) -> Iterator[str]:
    for row in rows.executions:
        output = row.get("output_data")
        text = output.get("response") if isinstance(output, dict) else None
        if isinstance(text, str):
            yield text


def _telling(texts: Iterable[str], shortest: int) -> Iterator[str]:
    """A part of each text that is the same in JSON."""
    for text in dict.fromkeys(texts):
        yield from re.findall(rf"[ -!#-\[\]-~]{{{shortest},}}", text)[:1]


def _violation(_: Contract) -> tuple[Record, Observations]:
    answer = "an answer that is long enough"
    created = Exchange("POST", "http://service/", 202, headers={"x-request-id": "r"})
    rows = {
        "jobs": [{"id": 1, "jobspec_id": "a", "workflow": "standard", "status": "completed"}],
        "executions": [{"id": 1, "status": "completed", "output_data": {"response": answer}}],
    }
    line = LogLine.of(f'{{"level": "info", "event": "x", "text": "{answer}"}}')
    record = Record("", [created], resources={"a": created})
    return record, Observations({"a": Observation("a", rows)}, log=[line])


ORACLE = Oracle(
    name="job log",
    promise="Submission, answers and outcome of a job have their log lines, and no line has an answer.",
    codes=CODES,
    check=check,
    violation=_violation,
    needs={Need.LOG: "lines of jobs, and answers in them"},
)
