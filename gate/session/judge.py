"""Judges a record and the observations on it; sends nothing and reads nothing."""

from __future__ import annotations

from collections.abc import Iterable

from gate.contract.document import Contract
from gate.core.findings import Finding, distinct
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle
from gate.session import fault
from gate.session.codes import SILENT


def judge(record: Record, observations: Observations, contract: Contract, oracles: Iterable[Oracle]) -> list[Finding]:
    """The findings of every oracle, one for each cause; GateError where one cannot judge."""
    findings: list[Finding] = []
    for oracle in oracles:
        try:
            findings += oracle.check(record, observations, contract)
        except Exception as error:
            raise fault.of_oracle(oracle.name, error) from error
    if observations.unreachable:
        findings.append(Finding(SILENT, "observing what a test left", "an answer", observations.unreachable))
    return distinct(findings)
