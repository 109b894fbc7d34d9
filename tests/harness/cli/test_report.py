"""``gate report`` makes one page of a run's results, and says what is missing where it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beacon.pack import pack
from gate.cli import report
from gate.cli.main import main

PAGE = f'<script src="{report.ANALYTICS}?id=G-1"></script>'
NPX = f"""#!/bin/sh
cp "$5" "$8/../settings.json"
printf %s '{PAGE}' > "$7/index.html"
"""


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results of a run, and a PATH with nothing but a few programs of the system."""
    folder = tmp_path / "reports" / "allure-results"
    folder.mkdir(parents=True)
    (folder / "1-result.json").write_text("{}")
    (folder / "categories.json").write_text(json.dumps([{"name": "BG-LIFE-003"}]))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "cp").symlink_to("/bin/cp")
    monkeypatch.setenv("PATH", str(programs))
    return folder


def npx(results: Path, script: str) -> None:
    program = results.parents[1] / "bin" / "npx"
    program.write_text(script)
    program.chmod(0o755)


def test_page_has_the_categories_and_calls_nobody(results: Path) -> None:
    npx(results, NPX)
    assert main(pack(), arguments=["report", str(results.parent)]) == 0
    page = (results.parent / "allure-report" / "index.html").read_text()
    assert page == PAGE.replace(report.ANALYTICS, "data:,")
    settings = json.loads((results.parent / "settings.json").read_text())
    assert settings["categories"] == [{"name": "BG-LIFE-003"}]


def test_missing_node_is_named(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(pack(), arguments=["report", str(results.parent)]) == 3
    assert "npx was not found" in capsys.readouterr().err


def test_failure_of_allure_shows_its_last_lines(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    npx(results, "#!/bin/sh\necho 'registry unreachable' >&2\nexit 1\n")
    assert main(pack(), arguments=["report", str(results.parent)]) == 3
    assert "registry unreachable" in capsys.readouterr().err


def test_directory_without_results_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(pack(), arguments=["report", str(tmp_path)]) == 2
    assert "holds no results" in capsys.readouterr().err
