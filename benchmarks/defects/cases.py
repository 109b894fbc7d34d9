"""Cases of finding codes: faults of a runner that make such a finding, and a finding that a run really had.

``gate explain`` shows both. The findings are in ``examples.json``, which ``gate defects --record`` writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from beacon.pack import pack
from benchmarks.defects.catalogue import Defect, defects_and_violations
from gate.cli.explain import Case, Cases
from gate.contract.ledger import load as promised
from gate.core.findings import Finding

EXAMPLES = Path(__file__).parent / "examples.json"


class Example(BaseModel):
    """The first finding of a run, and the id of the defect or violation that it was about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str
    where: str
    expected: str
    got: str

    @property
    def length(self) -> int:
        """Characters of the finding; the shortest one explains a code best."""
        return len(self.where) + len(self.expected) + len(self.got)


_FILE = TypeAdapter(dict[str, Example])


def load() -> dict[str, Example]:
    """The recorded examples by code."""
    return _FILE.validate_json(EXAMPLES.read_bytes())


def record(findings: Iterable[tuple[str, Finding]]) -> None:
    """Keep the shortest finding of each code; each comes with the id of the defect or violation that it is about."""
    examples = load()
    for by, finding in findings:
        new = Example(by=by, where=finding.where, expected=finding.expected, got=finding.got)
        if finding.code not in examples or new.length < examples[finding.code].length:
            examples[finding.code] = new
    text = _FILE.dump_json(dict(sorted(examples.items())), indent=2)
    EXAMPLES.write_bytes(text + b"\n")


def cases(code: str) -> Cases:
    """The faults whose first finding has a code, the promises that it judges, and the recorded example."""
    known = defects_and_violations()
    causes = [
        Case(each.id, each.title)
        for each in known.values()
        if code in {place.partition(" ")[0] for place in (each.caught_by if isinstance(each, Defect) else each.first)}
    ]
    ledger = promised(pack().ledger)
    promises = [Case(name, promise.text) for name, promise in ledger.items() if code in promise.checks]
    example = load().get(code)
    if example is None or example.by not in known:
        return Cases(causes, promises)
    finding = Finding(code, example.where, example.expected, example.got)
    return Cases(causes, promises, finding, Case(example.by, known[example.by].title))
