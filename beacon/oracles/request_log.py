"""The runner's log is that of ``x-beacon-log``."""

from __future__ import annotations

from beacon import contract
from gate.oracles import request_log

ORACLE = request_log.oracle(contract.LOG)
