"""The options of ``gate judge``."""

from __future__ import annotations

from typing import Annotated, ClassVar

from gate.core.options import Option, declared
from gate.core.settings import Settings


class ServiceSettings(Settings):
    """The gate's options without those that gate.toml takes the place of, and those of a declared service."""

    without: ClassVar[frozenset[str]] = frozenset(
        {"target", "allow_partial", *(each.name for each in declared(Settings) if each.option.targets)} - {"keep"}
    )

    network: Annotated[bool, Option("target", typed=True)] = False
    """let the service reach the network; by default it has no way out of this machine"""
