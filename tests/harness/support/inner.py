"""Inner runs of pytest with the gate's plugins, a suite of four tests and no service."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from beacon.checkout import ROOT
from gate.core.settings import CALL
from gate.verdict.inventory import CollectedTest, Inventory
from gate.verdict.verdict import NAME, Verdict, read
from tests.harness.support.forked import run_pytest

CONFTEST = """\
from dataclasses import replace
from pathlib import Path

import pytest

from beacon.pack import SUITE, BeaconPack
from gate import suite
from gate.suite import canaries, controller
from gate.verdict.promises import Promises


class Pack(BeaconPack):
    promises = Promises()
    oracles = ()


class Nothing:
    exclusive = shows_rows = True

    def start(self):
        return {}

    def stop(self):
        pass


suite.use(Pack(root=Path(__file__).parent, suite=replace(SUITE, inventory="inventory.toml")))
controller.choose = lambda *_: Nothing()
canaries.needed = lambda _: False
canaries.Roll.call = lambda _: None
pytest_plugins = ["gate.suite.run", "gate.suite.judging", "gate.suite.selecting"]
"""
TESTS = """\
import os

import pytest

from gate.core.errors import NotAvailable
from gate.suite.state import journal_of
from gate.verdict.events import ExchangeRecorded


@pytest.fixture(autouse=True)
def exchange(request):
    journal_of(request.config).write(ExchangeRecorded("getJob", 200))


def test_first():
    pass


@pytest.mark.parametrize("number", [1, 2])
def test_second(number):
    pass


def test_third():
    pass
"""
FOLDER = "tests/promise"
EXPECTED = [f"{FOLDER}/test_a.py::{name}" for name in ("test_first", "test_second[1]", "test_second[2]", "test_third")]


@dataclass(frozen=True, slots=True)
class Ending:
    """How an inner run ended."""

    code: int
    verdict: Verdict
    output: str


@dataclass(frozen=True, slots=True)
class Inner:
    """A change of the inner suite or of its surroundings: texts that replace others, further hooks, and variables."""

    tests: tuple[str, str] = ("", "")
    conftest: str = ""
    ini: str = ""
    options: str = ""  # PYTEST_ADDOPTS
    variables: dict[str, str] = field(default_factory=dict)
    asked: dict[str, object] = field(default_factory=dict)
    workers: int = 1
    reports: str = "reports"

    def run(self, root: Path) -> Ending:
        """Runs the suite in ``root``, as the gate does."""
        folder = root / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "test_a.py").write_text(TESTS.replace(*self.tests, 1) if self.tests[0] else TESTS)
        (root / "conftest.py").write_text(CONFTEST + self.conftest)
        (root / "pytest.ini").write_text(f"[pytest]\n{self.ini}\n")
        if not (root / "contracts").exists():
            (root / "contracts").symlink_to(ROOT / "contracts")
        inventory = Inventory().renewed([CollectedTest(test, "smoke") for test in EXPECTED], {}, {})
        (root / "inventory.toml").write_text(inventory.text())
        words = [
            "tests",
            "-q",
            "-pno:schemathesis",
            "-pno:cacheprovider",
            f"--workers={self.workers}",
            f"--report-dir={root / self.reports}",
        ]
        variables = {CALL: json.dumps(self.asked), "PYTEST_ADDOPTS": self.options, **self.variables}
        code, output = run_pytest(words, root, variables)
        assert (root / self.reports / NAME).exists(), output
        return Ending(code, read(root / self.reports), output)
