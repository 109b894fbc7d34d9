"""Headers of the runner's responses are those of the contract."""

from __future__ import annotations

from beacon import contract
from gate.oracles import headers

ORACLE = headers.oracle(contract.PREFIX)
