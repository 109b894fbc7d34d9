"""The options of ``gate judge``."""

from __future__ import annotations

from gate.core.settings import Settings


class ServiceSettings(Settings):
    """The gate's options; those of other targets and of a checkout mean nothing to a declared service."""
