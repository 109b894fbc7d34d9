"""No variable of a shell reaches a process of the gate that could judge otherwise by it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from gate.core.surroundings import compose, environment

HURTS = {
    "PGDATESTYLE": "German",
    "PGOPTIONS": "-c default_transaction_isolation=serializable",
    "PGSERVICE": "nobody",
    "PGTZ": "Asia/Tokyo",
    "PYTHONPATH": "/nowhere",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSAFEPATH": "1",
    "PYTEST_ADDOPTS": "-k nothing",
    "PYTEST_PLUGINS": "nothing",
    "LC_TIME": "de_DE.UTF-8",
    "LANGUAGE": "de",
    "PWDEBUG": "1",
    "SSLKEYLOGFILE": "/nowhere/keys",
}
STAYS = {"PATH": "/bin", "LD_PRELOAD": "", "DOCKER_HOST": "unix:///x", "SSL_CERT_FILE": "/ca", "PGPASSWORD": "s3cret"}


def test_composed_environment_is_fixed_where_it_can_hurt_and_else_the_shells() -> None:
    composed = compose({**HURTS, **STAYS, "HOME": "/", "TZ": "Asia/Tokyo", "LC_ALL": "C", "GATE_DEPTH": "smoke"})
    assert not composed.keys() & HURTS.keys()
    assert composed.items() >= STAYS.items()
    assert (composed["TZ"], composed["LC_ALL"], composed["GATE_DEPTH"]) == ("UTC", "C.UTF-8", "smoke")
    assert compose(composed) == composed


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "intern.example", "no_proxy": "localhost"}, "intern.example,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "*", "HTTP_PROXY": "http://proxy.example"}, "*"),
    ],
)
def test_loopback_is_reached_without_a_proxy(shell: dict[str, str], expected: str) -> None:
    """In either case of the variable; the proxy stays for a service elsewhere."""
    composed = compose(shell)
    assert composed["NO_PROXY"] == composed["no_proxy"] == expected
    assert composed.get("HTTP_PROXY") == shell.get("HTTP_PROXY")


def test_process_of_this_machine_gets_no_proxy_and_nothing_of_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "all_proxy", "GATE_DATABASE_URL", "PGPASSWORD", "RUNNER_LOG_LEVEL"):
        monkeypatch.setenv(name, "s3cret")
    given = environment({"PGPASSFILE": "mine"}, drop=("RUNNER_",))
    assert "s3cret" not in given.values()
    assert given["PGPASSFILE"] == "mine"


@pytest.mark.parametrize("home", [None, "", "/nowhere/at/all"])
def test_home_and_cache_are_ours_where_there_is_no_home(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # a user whom the system does not know
    composed = compose({} if home is None else {"HOME": home})
    assert Path(composed["HOME"]).parent == tmp_path
    assert Path(composed["HOME"]).stat().st_mode & 0o777 == 0o700


def test_what_cannot_be_written_is_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home and a checkout that can only be read: home stays what it is, for the settings of git and Docker."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path).is_relative_to(tmp_path))
    composed = compose({"HOME": "/root" if os.geteuid() == 0 else "/"})
    assert "HOME" in composed
    assert not Path(composed["HOME"]).is_relative_to(tmp_path)
    for name in ("XDG_CACHE_HOME", "PYTHONPYCACHEPREFIX", "HYPOTHESIS_STORAGE_DIRECTORY"):
        assert Path(composed[name]).is_relative_to(tmp_path)


def test_interpreter_that_obeyed_the_shell_begins_again() -> None:
    code = "from gate.core.surroundings import enter; enter(); import sys, os; "
    code += "print(sys.flags.optimize, sys.warnoptions, sys.stdout.encoding, os.environ.get('PGTZ'))"
    hurts = {**HURTS, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)}
    del hurts["PYTHONSAFEPATH"]
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=hurts, capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("0 [] utf-8 None\n", "")


def test_each_process_is_started_in_a_composed_environment() -> None:
    """Each start of a process names its environment, and none takes that of the shell."""
    wrong = []
    for path in (path for room in ("gate", "beacon", "fixtures") for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"subprocess.run", "subprocess.Popen"}:
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                env = given.get("env", "os.environ").replace("compose(os.environ)", "")
                wrong += [str(path.relative_to(ROOT))] if "os.environ" in env else []
    assert wrong == []
