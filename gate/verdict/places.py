"""Places of promises in the files of a checkout, so that a code host can show a finding beside its promise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from gate.contract.document import Contract
from gate.contract.nodes import METHODS
from gate.core.documents import load_text
from gate.core.errors import DocumentError
from gate.core.findings import OWN, code_of
from gate.core.yaml_reader import PARSER
from gate.verdict.verdict import FindingResult, Verdict

_REQUEST = re.compile(rf"\b({'|'.join(METHODS).upper()}) (/[^\s?:,]*)")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: Path
    line: int = 1


@dataclass(frozen=True)
class Sources:
    """Files that hold the promises of a service: its OpenAPI document, schema and invariants, and the tests."""

    root: Path
    openapi: Path
    contract: Contract
    schema: Path | None
    invariants: Mapping[str, Path] = field(default_factory=dict)  # by code
    tests: Mapping[str, Place] = field(default_factory=dict)  # by id

    def placed(self, verdict: Verdict) -> Verdict:
        """Return the verdict with the place of the promise that each finding breaks."""
        findings = [finding.model_copy(update=self._fields(finding)) for finding in verdict.findings]
        return verdict.model_copy(update={"findings": findings})

    def _fields(self, finding: FindingResult) -> dict[str, object]:
        place = self.place(finding)
        root = self.root.resolve()
        file = (root / place.file).resolve()
        return {"file": file.relative_to(root).as_posix(), "line": place.line} if file.is_relative_to(root) else {}

    def place(self, finding: FindingResult) -> Place:
        """The invariant, line of the schema, operation or test of a finding; else the OpenAPI document."""
        layer = code_of(finding.code).layer
        if finding.code in self.invariants:
            return Place(self.invariants[finding.code])
        if layer == "schema" and self.schema is not None:
            return Place(self.schema, self._line_of_schema(finding.where))
        tests = [self.tests[test] for test in finding.tests if test in self.tests]
        if layer in OWN and tests:
            return tests[0]
        return self._operation(finding) or next(iter(tests), Place(self.openapi))

    def _operation(self, finding: FindingResult) -> Place | None:
        """The last operation that the finding names, else that of the request that shows it."""
        named = _REQUEST.findall(finding.where)
        answered = [
            (exchange.get("method", ""), exchange.get("path", "").partition("?")[0])
            for exchange in finding.evidence.exchanges
            if finding.request and exchange.get("id") == finding.request
        ]
        for method, path in [*reversed(named), *answered]:
            operation = self.contract.operation(method, path)
            if line := self._lines.get(str(operation)):
                return Place(self.openapi, line)
        return None

    def _line_of_schema(self, where: str) -> int:
        lines = enumerate(self._lines_of_schema, 1) if where else ()
        return next((number for number, line in lines if where in line), 1)

    @cached_property
    def _lines_of_schema(self) -> list[str]:
        try:
            return load_text(self.schema).splitlines() if self.schema else []
        except DocumentError:
            return []

    @cached_property
    def _lines(self) -> dict[str, int]:
        """The line of each operation; none where the document has no lines that a reader would look for."""
        try:
            root: Any = yaml.compose(load_text(self.openapi), Loader=PARSER)
        except (DocumentError, yaml.YAMLError):
            return {}
        return {
            f"{method.value.upper()} {path.value}": method.start_mark.line + 1
            for key, paths in root.value
            if key.value == "paths"
            for path, item in paths.value
            for method, _ in item.value
            if method.value in METHODS
        }
