"""Pages of allowed origins read the runner's answers, and no other ones."""

from __future__ import annotations

from beacon import contract
from gate.oracles import cross_origin

ORACLE = cross_origin.oracle(contract.CROSS_ORIGIN)
