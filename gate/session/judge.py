"""Judges a record and the observations on it; sends nothing and reads nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gate.contract.document import Contract
from gate.core.findings import Finding, nearest_first
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
    return nearest_first(_linked(finding, record) for finding in findings)


def _linked(finding: Finding, record: Record) -> Finding:
    """The finding, which shares the resources that its request created or named in its path."""
    exchange = next((each for each in record.exchanges if finding.request and each.request_id == finding.request), None)
    if exchange is None:
        return finding
    shares = [name for name, creator in record.resources.items() if creator is exchange or name in exchange.path]
    return replace(finding, shares=(*finding.shares, *shares))
