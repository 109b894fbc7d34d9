"""``gate report DIR``: makes the Allure report of a run, as one page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from gate.cli.command import Run
from gate.core.errors import Exit, GateError, UsageError
from gate.core.surroundings import compose

ALLURE = "allure@3.18.0"
ANALYTICS = "https://www.googletagmanager.com/gtag/js"
"""Address that Allure's page asks when it is opened; nothing of a run goes there."""
SECONDS = 300
"""The longest time for npx to fetch Allure, once, and for Allure to make the page."""


def prepare(parser: ArgumentParser) -> Run:
    """Fills the parser of the command."""
    parser.description = (
        "Makes the Allure report of a run as one page, with npx, which fetches Allure at the first time. "
        "The run's own verdict.html needs neither."
    )
    parser.add_argument(
        "reports",
        metavar="DIR",
        type=Path,
        nargs="?",
        default=Path("reports"),
        help="the report directory of a run (default: reports)",
    )
    return report


def report(values: Namespace) -> int:
    """Makes the report beside the results and prints its place."""
    results, page = values.reports / "allure-results", values.reports / "allure-report" / "index.html"
    if not any(results.glob("*-result.json")):
        raise UsageError(f"{results} holds no results.", "Give the report directory of a run that has ended.")
    npx = shutil.which("npx")
    if npx is None:
        raise GateError(
            "Allure needs Node.js, and npx was not found.",
            "Install it (on Debian and Ubuntu: apt-get install npm), or open verdict.html, which needs nothing.",
        )
    with tempfile.TemporaryDirectory(prefix="beacon-gate-") as folder:
        source = Path(folder) / "index.html"
        _make(npx, results.resolve(), Path(folder))
        if not source.is_file():
            raise GateError("Allure ended without a report.", f"Its results are in {results}.")
        page.parent.mkdir(exist_ok=True)
        page.write_text(source.read_text(encoding="utf-8").replace(ANALYTICS, "data:,"), encoding="utf-8")
    print(page)
    return Exit.PASS


def _make(npx: str, results: Path, folder: Path) -> None:
    """Let Allure make its page in ``folder``; GateError with its last lines where it does not."""
    rules = results / "categories.json"
    config = {
        "name": "Beacon Gate",
        "plugins": {"awesome": {"options": {"singleFile": True}}},
        # Allure 3 reads these from its settings alone.
        "categories": json.loads(rules.read_text(encoding="utf-8")) if rules.is_file() else [],
    }
    settings = folder / "allurerc.json"
    settings.write_text(json.dumps(config), encoding="utf-8")
    words = [npx, "--yes", ALLURE, "generate", "--config", str(settings), "--output", str(folder), str(results)]
    try:
        ended = subprocess.run(
            words,
            cwd=folder,
            env=compose(os.environ),  # with the proxy by which the registry is reached
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise GateError(f"Allure took longer than {SECONDS} s.", "Is the package registry reachable?") from error
    if ended.returncode:
        lines = tuple((ended.stderr or ended.stdout).strip().splitlines()[-5:])
        raise GateError("Allure made no report.", "Is the package registry reachable?", lines)
