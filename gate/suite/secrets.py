"""Keeps secrets out of what pytest and Allure write of each test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import allure_commons
import pytest

from gate.suite.state import SETTINGS, redactor_of


class AllureRedactor:
    """Takes secrets out of Allure's results just before these are written, and out of attached texts just after."""

    def __init__(self, config: pytest.Config) -> None:
        self._option = config.option
        self._redact = redactor_of(config)

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: object) -> None:
        """Redacts the result of a test."""
        self._clean(result)

    @allure_commons.hookimpl(tryfirst=True)
    def report_container(self, container: object) -> None:
        """Redacts the results of fixtures."""
        self._clean(container)

    @allure_commons.hookimpl(trylast=True)
    def report_attached_data(self, body: object, file_name: str) -> None:
        """Redacts an attachment."""
        if isinstance(body, str) and (text := self._redact(body)) != body:
            Path(self._option.allure_report_dir, file_name).write_text(text, encoding="utf-8")

    def _clean(self, item: object) -> None:
        for name, value in vars(item).items():
            if isinstance(value, str):
                setattr(item, name, self._redact(value))
            for member in value if isinstance(value, list) else [value]:
                if hasattr(member, "__attrs_attrs__"):
                    self._clean(member)


def pytest_configure(config: pytest.Config) -> None:
    """Joins Allure's writers."""
    if SETTINGS in config.stash:
        plugin = AllureRedactor(config)
        allure_commons.plugin_manager.register(plugin)
        config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(plugin))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Redacts the report of a test before anything else reads it."""
    report = yield
    redact = redactor_of(item.config)
    report.sections = [(name, redact(text)) for name, text in report.sections]
    longrepr: Any = report.longrepr
    if isinstance(longrepr, tuple):
        path, line, reason = longrepr
        report.longrepr = (path, line, redact(reason))
    elif longrepr is not None and (text := redact(str(longrepr))) != str(longrepr):
        report.longrepr = text
    return report
