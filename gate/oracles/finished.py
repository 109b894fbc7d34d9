"""Every accepted resource reaches its end."""

from __future__ import annotations

from collections.abc import Iterator

from gate.contract.document import Contract
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.oracles.registry import Oracle

CODES = register("""
BG-LIFE-003 critical end: Accepted work never finished
    At the end of the run an accepted resource had no terminal status and nothing was processing it any more.
    Whoever submitted it waits for ever.
""")


def unfinished(where: str, resource: str, got: str = "an unfinished one") -> Finding:
    """The finding on a resource whose status, in the column ``where``, is not terminal."""
    return Finding(CODES[0].id, where, "a terminal status", got, resource)


def oracle(where: str) -> Oracle:
    """The oracle of resources whose status is in the column ``where``."""

    def check(_: Record, observations: Observations, __: Contract) -> Iterator[Finding]:
        return (unfinished(where, resource) for resource in observations.unfinished)

    return Oracle(
        name="finished",
        promise="Every accepted resource reaches its end.",
        codes=CODES,
        check=check,
        violation=lambda _: (Record(""), Observations(unfinished=["a"])),
    )
