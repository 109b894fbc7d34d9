"""Settings of tests that hold a law on generated values: the same values in each run, however slow the machine is."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

LAW = settings(
    derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
