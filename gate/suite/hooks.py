"""Hooks of pytest that decide how a test ends: in a conftest.py they could turn a failure into a success."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.core.errors import GateError

DECIDING = (
    "pytest_pyfunc_call",
    "pytest_report_from_serializable",
    "pytest_report_to_serializable",
    "pytest_runtest_call",
    "pytest_runtest_logreport",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
)
"""The hooks through which each outcome goes; those of the gate and of the pack are in its plugins."""


def check(config: pytest.Config) -> None:
    """GateError where a conftest.py takes part in what a test ends with: no canary goes through hooks of a folder."""
    for name in DECIDING:
        for hook in getattr(config.hook, name).get_hookimpls():
            file = Path(hook.function.__code__.co_filename)
            if file.name == "conftest.py":
                message = f"{file} has the hook {name}, which can turn the failure of a test into a success."
                raise GateError(message, "Remove it, or have the pack register a plugin of its own.")
