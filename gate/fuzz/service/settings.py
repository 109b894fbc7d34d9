"""The options of ``gate judge``."""

from __future__ import annotations

from typing import Annotated, ClassVar

from gate.core.options import Option, check, declared
from gate.core.settings import Settings, duration

BUDGETS = {"smoke": 60.0, "ci": 300.0, "full": 1800.0}
"""Seconds for the exploration by depth."""


class ServiceSettings(Settings):
    """The gate's options without those that gate.toml takes the place of, and those of a declared service."""

    without: ClassVar[frozenset[str]] = frozenset(
        {"target", "allow_partial", *(each.name for each in declared(Settings) if each.option.targets)} - {"keep"}
    )

    budget: Annotated[
        float | None, check(duration), Option("depth", "TIME", "1m at depth smoke, 5m at ci, 30m at full")
    ] = None
    """how long to explore the service, such as 600 (seconds), 90s or 10m; each operation has its share"""
    network: Annotated[bool, Option("target", typed=True)] = False
    """let the service reach the network; by default it has no way out of this machine"""
