"""The browser of this machine, and the command that brings one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from beacon.options import BeaconSettings, lacking
from gate.core import browser
from gate.core.errors import GateError


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any browser; the folder is the whole PATH, the home directory is beside it."""
    monkeypatch.setattr(browser, "PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


@pytest.mark.parametrize("manager", ["apt-get", "dnf", "pacman", "brew"])
def test_package_manager_brings_a_browser(bare: Path, manager: str) -> None:
    program(bare / manager)
    assert browser.command().startswith(f"{manager} ")


@pytest.mark.usefixtures("bare")
def test_playwright_brings_a_browser_where_no_package_manager_is_known() -> None:
    assert browser.command() == f"{sys.executable} -m playwright install chromium-headless-shell"


def test_browser_that_playwright_installed_is_taken(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert browser.find(None) is None
    shell = "chromium_headless_shell-1200/chrome-linux/headless_shell"
    own = program(bare.parent / "home" / ".cache" / "ms-playwright" / shell)
    assert browser.find(None) == own
    elsewhere = program(bare.parent / "elsewhere" / shell)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(bare.parent / "elsewhere"))
    assert browser.find(None) == elsewhere


def test_run_without_a_browser_says_what_brings_one(bare: Path) -> None:
    program(bare / "apt-get")
    assert "apt-get install chromium-headless-shell" in lacking(BeaconSettings())
    with pytest.raises(GateError, match="--require-browser"):
        lacking(BeaconSettings(require_browser=True))
    program(bare / "chromium")
    assert lacking(BeaconSettings(require_browser=True)) == ""
