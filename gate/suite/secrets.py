"""Completes what Allure writes of each test, and keeps secrets out of that and of what pytest writes."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import allure_commons
import pytest

from gate.suite import allure_results
from gate.suite.judging import exchanges_of
from gate.suite.state import SETTINGS, redactor_of


class AllureRedactor:
    """Completes Allure's results and takes secrets out of them just before these are written.

    Secrets leave an attached text just after it was written.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._option = config.option
        self._redact = redactor_of(config)
        self._item: pytest.Item | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Notes the test whose result comes next."""
        self._item = item

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: object) -> None:
        """Completes and redacts the result of a test."""
        if self._item:
            allure_results.add_steps(result, exchanges_of(self._item))
        self._clean(result)
        if self._item:
            allure_results.identify(result, self._redact(self._item.nodeid))

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
        config.pluginmanager.register(plugin)
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
