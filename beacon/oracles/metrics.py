"""The runner's metrics are those of ``x-beacon-metrics``."""

from __future__ import annotations

from beacon import contract
from gate.oracles import metrics

ORACLE = metrics.oracle(contract.METRICS)
