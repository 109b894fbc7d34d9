"""A conftest.py that takes part in the outcome of tests is named before the first of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gate.core.errors import GateError
from gate.suite import hooks


def plugin(file: Path, hook: str) -> SimpleNamespace:
    names: dict[str, Any] = {}
    exec(compile(f"def {hook}():\n    return None\n", file, "exec"), names)  # noqa: S102 (as pytest loads a conftest.py)
    return SimpleNamespace(**{hook: names[hook]})


def test_suite_has_no_such_hook(request: pytest.FixtureRequest) -> None:
    hooks.check(request.config)


@pytest.mark.parametrize("hook", ["pytest_pyfunc_call", "pytest_runtest_call", "pytest_runtest_makereport"])
def test_hook_of_a_folder_is_named(request: pytest.FixtureRequest, tmp_path: Path, hook: str) -> None:
    manager = request.config.pluginmanager
    name = manager.register(plugin(tmp_path / "conftest.py", hook), f"folder of {hook}")
    try:
        with pytest.raises(GateError, match=f"conftest.py has the hook {hook}"):
            hooks.check(request.config)
    finally:
        manager.unregister(name=name)


def test_hook_of_a_plugin_is_not(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    manager = request.config.pluginmanager
    name = manager.register(plugin(tmp_path / "plugin.py", "pytest_pyfunc_call"), "a plugin")
    try:
        hooks.check(request.config)
    finally:
        manager.unregister(name=name)
