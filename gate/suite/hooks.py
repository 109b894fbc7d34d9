"""Hooks of pytest that decide how a test ends: in a conftest.py they could turn a failure into a success."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pluggy import HookImpl

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
            if file := next((file for file in _files(hook) if file.name == "conftest.py"), None):
                message = f"{file} has the hook {name}, which can turn the failure of a test into a success."
                raise GateError(message, "Remove it, or have the pack register a plugin of its own.")


def _files(hook: HookImpl) -> Iterator[Path]:
    """The file of a plugin, and that of its function, which may be another's where it was wrapped or registered."""
    code = getattr(hook.function, "__code__", None)
    for name in (getattr(hook.plugin, "__file__", None), getattr(code, "co_filename", None)):
        if name:
            yield Path(name)
