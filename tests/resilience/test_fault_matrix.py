"""Faults at each moment of a job break no promise: two cells by the seed, at depth full all of them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from beacon.checkout import ROOT
from beacon.service import service
from benchmarks.load.matrix import Cell, Trial, cells, theatre
from benchmarks.load.stage import Stage
from gate.core.errors import NotAvailable
from gate.core.ids import Ids
from gate.core.settings import Settings
from gate.targets import Target

QUICK = [cell for cell in cells() if cell.cause in {"disconnect", "cut", "router-closing", "router-error"}]
"""Cells of causes that are over at once."""


@pytest.fixture(scope="module")
def stage(settings: Settings, target: Target) -> Iterator[Stage]:
    """A Postgres of the module's own, with relays before it and before the router."""
    if target.name != "embedded":
        raise NotAvailable("this check stops its Postgres, which this target does not let it do")
    with theatre(service(ROOT, {"RUNNER_DATABASE_POOL": "3"}, **settings.commands)) as running:
        yield running


def judge(stage: Stage, cell: Cell, ids: Ids, seed: int) -> None:
    """Put a fault into a job, and fail with what is wrong afterwards."""
    result = Trial(stage, cell, ids(), Random(f"{seed} {cell}")).run()
    assert not result.findings, "\n".join(f"{cell}: {finding}" for finding in result.findings)


@pytest.mark.parametrize("place", [0, 1])
def test_fault_at_a_moment_breaks_no_promise(stage: Stage, settings: Settings, ids: Ids, place: int) -> None:
    judge(stage, Random(settings.seed).sample(QUICK, 2)[place], ids, settings.seed)


@pytest.mark.full
@pytest.mark.parametrize("number", range(len(cells())))
def test_cell_of_the_matrix_breaks_no_promise(stage: Stage, settings: Settings, ids: Ids, number: int) -> None:
    judge(stage, cells()[number], ids, settings.seed)
