"""The wheel holds the engine alone, and works in an environment of its own, outside the checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from beacon.checkout import ROOT
from gate import __version__
from gate.core.declaration import load
from tests.harness.support.documents import AB, ABC, response

SERVICE = ROOT / "tests" / "harness" / "support" / "declared_service.py"
UV = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", str(directory)], cwd=ROOT, check=True)
    return directory / f"beacon_gate-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="session")
def gate(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, beside the packages that the wheel asks for, at their locked versions."""
    directory = tmp_path_factory.mktemp("installed")
    versions = ["--no-default-groups", "--no-emit-project", "--no-hashes", "--output-file", str(directory / "versions")]
    subprocess.run([UV, "export", "--quiet", "--locked", *versions], cwd=ROOT, check=True)
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, str(directory / "venv")], check=True)
    python = directory / "venv" / "bin" / "python"
    words = ["--quiet", "--python", str(python), "--constraints", str(directory / "versions"), str(wheel)]
    subprocess.run([UV, "pip", "install", *words], check=True)
    return python.with_name("gate")


def test_wheel_holds_the_import_package_alone_with_its_data(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    assert {name.partition("/")[0] for name in names} == {"gate", f"beacon_gate-{__version__}.dist-info"}
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "gate").rglob("*") if path.is_file()}
    assert {name for name in data if "__pycache__" not in name} <= names
    assert f"beacon_gate-{__version__}.dist-info/licenses/gate/contract/LICENSE.Apache-2.0" in names


def run(gate: Path, directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([gate, *words], cwd=directory, text=True, capture_output=True, timeout=60, check=False)


def test_installed_gate_compares_and_explains(gate: Path, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps(response(AB)))
    (tmp_path / "new.json").write_text(json.dumps(response(ABC)))
    compared = run(gate, tmp_path, "diff", "old.json", "new.json")
    assert (compared.returncode, compared.stderr) == (1, "")
    assert "BG-DIFF-207" in compared.stdout
    for code in ("BG-DIFF-207", "BG-HTTP-001"):
        assert run(gate, tmp_path, "explain", code).stdout.startswith(code)


def test_installed_gate_says_its_version_and_that_it_needs_a_pack(gate: Path, tmp_path: Path) -> None:
    assert run(gate, tmp_path, "--version").stdout == f"gate {__version__}\n"
    judged = run(gate, tmp_path)
    assert (judged.returncode, "A pack is needed" in judged.stderr) == (2, True)


def test_installed_gate_declares_a_service(gate: Path, tmp_path: Path) -> None:
    """It starts it on a Postgres of its own, and says what it saw and what it could not reach."""
    shutil.copy(SERVICE, tmp_path / "service.py")
    start = ["--start", "python service.py {port} {database_url}", "--env", "MODE=late", "--cold"]
    ended = run(gate, tmp_path, "init", *start)
    assert (ended.returncode, ended.stderr.count("gate:")) == (0, 0), ended.stderr
    declaration = load(tmp_path)
    assert declaration.service.base == "/api"
    assert declaration.rows.late == ("events",)
    assert declaration.rows.resources["/notes"].table == "notes"
    assert "may end the service" in declaration.fuzz.reason_to_skip("POST /admin/shutdown")
    assert "4: 3 accepted, 1 left out" in ended.stdout
    assert "POST /admin/shutdown" in ended.stdout
