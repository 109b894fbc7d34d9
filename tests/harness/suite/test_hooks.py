"""Whoever takes part in the outcome of tests and is no plugin of the gate is named before the first of them."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

import pytest

from gate.core.errors import GateError
from gate.suite import hooks


def plugin(file: Path, hook: str, code: Path | None = None) -> ModuleType:
    """A module in ``file`` with a hook, whose code is in another file where ``code`` names one."""

    def function() -> None:
        return None

    function.__code__ = function.__code__.replace(co_filename=str(code or file))
    module = ModuleType(file.stem)
    module.__file__ = str(file)
    setattr(module, hook, function)
    return module


def test_suite_has_no_such_hook(request: pytest.FixtureRequest) -> None:
    hooks.check(request.config)


FILES = {"its own": ("conftest.py", None), "wrapped": ("conftest.py", "a.py"), "registered": ("a.py", "conftest.py")}
"""Files of a plugin and of the code of its hook."""


@pytest.mark.parametrize("hook", ["pytest_pyfunc_call", "pytest_runtest_call", "pytest_runtest_makereport"])
@pytest.mark.parametrize(("file", "code"), FILES.values(), ids=FILES)
def test_hook_of_a_folder_is_named(
    request: pytest.FixtureRequest, tmp_path: Path, hook: str, file: str, code: str | None
) -> None:
    manager = request.config.pluginmanager
    name = manager.register(plugin(tmp_path / file, hook, tmp_path / code if code else None), f"folder of {hook}")
    try:
        with pytest.raises(GateError, match=f"conftest.py has the hook {hook}"):
            hooks.check(request.config)
    finally:
        manager.unregister(name=name)


@pytest.mark.parametrize(("name", "known"), [("plugin", False), ("gate_like", False), ("xdist", True)])
def test_hook_of_an_unknown_plugin_is_named(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, known: bool
) -> None:
    manager = request.config.pluginmanager
    registered = manager.register(plugin(tmp_path / f"{name}.py", "pytest_pyfunc_call"), f"a plugin {name}")
    expected = nullcontext() if known else pytest.raises(GateError, match=f"The plugin {name} has the hook")
    try:
        with expected:
            hooks.check(request.config)
    finally:
        manager.unregister(name=registered)
