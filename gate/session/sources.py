"""The files in which the promises of a pack stand."""

from __future__ import annotations

from collections.abc import Mapping

from gate.session.pack import Pack
from gate.verdict.places import Place, Sources


def sources(pack: Pack, tests: Mapping[str, Place]) -> Sources:
    """The files of a pack, with the places of its tests."""
    return Sources(
        root=pack.root,
        openapi=pack.openapi,
        contract=pack.contract,
        schema=pack.database.schema,
        invariants={rule.code: rule.path for rule in pack.database.invariants if rule.path},
        tests=tests,
    )
