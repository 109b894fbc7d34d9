"""The runner's answers reveal nothing of its inside."""

from __future__ import annotations

from beacon import contract
from gate.oracles import reveal

ORACLE = reveal.oracle(contract.REVEALS_NOTHING)
