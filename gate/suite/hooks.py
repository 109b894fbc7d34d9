"""Hooks of pytest that decide how a test ends: in other hands they could turn a failure into a success."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

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
PACKAGES = frozenset({"_pytest", "allure_pytest", "gate", "pytest_timeout", "xdist", "__channelexec__"})
"""Those that may have such hooks: pytest, the plugins that the gate requires, the gate, and xdist within a worker."""


def check(config: pytest.Config) -> None:
    """GateError where anybody else takes part in what a test ends with: a canary can be let through, and a test not."""
    own = _named(config)
    for name in DECIDING:
        for hook in getattr(config.hook, name).get_hookimpls():
            file = next((file for file in _files(hook) if file.name == "conftest.py"), None)
            module = _module(hook.plugin)
            if file or not (module in own or module.partition(".")[0] in PACKAGES):
                message = f"{file or f'The plugin {module}'} has the hook {name}, which can turn the failure of a test"
                raise GateError(
                    f"{message} into a success.", "Remove it, or have the pack register a plugin of its own."
                )


def _named(config: pytest.Config) -> frozenset[str]:
    """The plugins that the pack's own conftest.py names."""
    own = config.pluginmanager.get_plugin(str(config.rootpath / "conftest.py"))
    return frozenset(getattr(own, "pytest_plugins", ()))


def _module(plugin: object) -> str:
    return plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__


def _files(hook: HookImpl) -> Iterator[Path]:
    """The file of a plugin, and that of its function, which may be another's where it was wrapped or registered."""
    code = getattr(hook.function, "__code__", None)
    for name in (getattr(hook.plugin, "__file__", None), getattr(code, "co_filename", None)):
        if name:
            yield Path(name)
