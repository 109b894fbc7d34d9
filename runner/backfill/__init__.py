"""Gives jobs of workflow A that have ended what workflow B would have made of them: run, region results, analysis.

Computed from the stored executions by the worker's own code. Rows that exist are not touched: the jobs stay standard
jobs. Each batch is one transaction, and jobs that are done are not looked at again: it can be killed and repeated, and
several may run at once.
"""

from runner.backfill.run import UnknownJobError, backfill

__all__ = ["UnknownJobError", "backfill"]
