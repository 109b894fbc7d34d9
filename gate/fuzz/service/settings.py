"""The options of ``gate judge``."""

from __future__ import annotations

from typing import Annotated

from gate.core.options import Option
from gate.core.settings import Settings


class ServiceSettings(Settings):
    """The gate's options, and those of a declared service."""

    network: Annotated[bool, Option("target", typed=True)] = False
    """let the service reach the network; by default it has no way out of this machine"""
