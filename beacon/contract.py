"""The published contract of the runner."""

from __future__ import annotations

from functools import cache

from beacon.checkout import ROOT
from gate.contract.document import Contract, Conventions

PATH = ROOT / "contracts" / "openapi" / "runner.yaml"
CONVENTIONS = Conventions(
    prefix="/api/",
    error_members=("error", "error_code", "request_id"),
    error_header="X-Request-ID",
    unrouted=("not_found",),
    present_with="x-beacon-present-with",
)


PREFIX = "x-beacon-"
CROSS_ORIGIN, HEADERS, LOG, METRICS, REVEALS_NOTHING = (
    f"{PREFIX}{name}" for name in ("cross-origin", "headers", "log", "metrics", "reveals-nothing")
)
"""Extensions with rules that hold for every answer."""


@cache
def published() -> Contract:
    """The contract of this checkout; raises DocumentError where it does not load."""
    return Contract.load(PATH, CONVENTIONS)
