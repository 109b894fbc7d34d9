"""The wheel holds the engine alone, and works in an environment of its own, outside the checkout."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest

from beacon.checkout import ROOT
from gate import __version__

UV = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
NEEDED = ("jsonschema-rs", "pydantic", "pyyaml", "rich")
"""What the commands without a pack import, of all that the wheel depends on."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", str(directory)], cwd=ROOT, check=True)
    return directory / f"beacon_gate-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def gate(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, beside the few packages that it needs here, at the versions of this environment."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([UV, "venv", "--quiet", str(environment)], check=True)
    install = [UV, "pip", "install", "--quiet", "--python", str(environment / "bin" / "python")]
    subprocess.run([*install, *(f"{name}=={version(name)}" for name in NEEDED)], check=True)
    subprocess.run([*install, "--no-deps", str(wheel)], check=True)
    return environment / "bin" / "gate"


def test_wheel_holds_the_import_package_alone_with_its_data(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    assert {name.partition("/")[0] for name in names} == {"gate", f"beacon_gate-{__version__}.dist-info"}
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "gate").rglob("*") if path.is_file()}
    assert {name for name in data if "__pycache__" not in name} <= names


def run(gate: Path, directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([gate, *words], cwd=directory, text=True, capture_output=True, timeout=60, check=False)


def test_installed_gate_says_its_version_and_that_it_needs_a_pack(gate: Path, tmp_path: Path) -> None:
    assert run(gate, tmp_path, "--version").stdout == f"gate {__version__}\n"
    judged = run(gate, tmp_path)
    assert (judged.returncode, "A pack is needed" in judged.stderr) == (2, True)
