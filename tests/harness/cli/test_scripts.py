"""``scripts/test`` hands its words to pytest so that an existing path behind an option is not taken for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from gate.core.surroundings import compose

WORDS = {
    "none": ([], []),
    "path behind an option": (["--report-dir", "/a b", "-k", "x y"], ["--report-dir=/a b", "-k", "x y"]),
    "joined already": (["--baseline=v", "tests"], ["--baseline=v", "tests"]),
    "path forgotten": (["-q", "--report-dir"], ["-q", "--report-dir"]),
}


@pytest.mark.parametrize(("words", "passed"), WORDS.values(), ids=WORDS)
def test_words_reach_pytest(tmp_path: Path, words: list[str], passed: list[str]) -> None:
    scripts, binaries = tmp_path / "scripts", tmp_path / ".venv" / "bin"
    scripts.mkdir()
    binaries.mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "test", scripts)
    (scripts / "bring-uv").write_text('cd "$(dirname "$0")/.."\ninstall() { :; }\n')
    (binaries / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (binaries / "python").chmod(0o755)
    command = [str(scripts / "test"), *words]
    output = subprocess.run(command, env=compose(os.environ), text=True, capture_output=True, check=True).stdout
    assert output.splitlines() == ["-E", "-m", "pytest", *passed]
