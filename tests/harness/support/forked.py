"""Runs of pytest in processes forked from a server with pytest and the gate loaded, so that each begins at once."""

from __future__ import annotations

import multiprocessing
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

import pytest

from beacon.checkout import ROOT

LOADED = [
    "pytest",
    "xdist.workermanage",
    "pytest_timeout",
    "allure_pytest.plugin",
    "beacon.pack",
    "gate.suite.controller",
    "gate.suite.run",
    "gate.suite.judging",
    "gate.suite.selecting",
    "gate.suite.canaries",
    __name__,
]
"""Modules that the server loads."""


def run_pytest(words: Sequence[str], directory: Path, variables: Mapping[str, str]) -> tuple[int, str]:
    """The exit code and the output of a run in ``directory``, with these variables beside those of this process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    output = directory / "output"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    process = context.Process(target=_run, args=(words, directory, environment, output))
    with patch.dict(os.environ, PYTHONPATH=str(ROOT)):  # the server may begin here
        process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode, output.read_text(encoding="utf-8", errors="replace")


def _run(words: Sequence[str], directory: Path, environment: Mapping[str, str], output: Path) -> None:
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    with output.open("w", encoding="utf-8") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    code = 1
    try:
        code = int(pytest.main(list(words)))
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 (as the interpreter would)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # the server's threads and exit handlers are none of this process
