"""Every command of the README works as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from fixtures.systems import OwnRunner
from gate.core.waiting import wait
from gate.targets import Target
from gate.targets.process import free_port
from tests.harness.support.engine import engine

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if line]
NARROW = "-k test_health_tells_of_each_service"
"""What stands in for the whole suite where a command would run it, this test included."""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with the same environment, so that reports of this run are not overwritten."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True).split(
        "\n"
    ):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "A checkout"]):
        subprocess.run(["git", *words], cwd=copy, check=True)
    (copy / ".venv").symlink_to(Path(sys.prefix))
    if (ROOT / ".tools").is_dir():
        (copy / ".tools").symlink_to(ROOT / ".tools")
    return copy


def environment(**more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GATE_"))}
    return {**clean, "PYTEST_ADDOPTS": NARROW, **more}


def succeed(words: list[str], checkout: Path, **more: str) -> str:
    """Runs a command there, which has to end with 0, and returns what it printed."""
    ended = subprocess.run(
        words, cwd=checkout, env=environment(**more), text=True, capture_output=True, timeout=110, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_commands_are_found() -> None:
    """The commands that the README starts with are among those tested."""
    assert COMMANDS[:2] == ["./scripts/gate", "./scripts/test"]
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize(
    "command",
    [one for one in COMMANDS if one.startswith("./scripts/") and not re.search("--target remote|--record-portal", one)],
)
def test_script_works_as_written(checkout: Path, command: str) -> None:
    """A command of the README ends with 0."""
    if "--target containers" in command:
        engine()
    succeed(shlex.split(command), checkout)


def test_portal_is_recorded_as_written(checkout: Path) -> None:
    """The command that writes the portal's contract anew, which comes out as it is checked in."""
    command = next(one for one in COMMANDS if "--record-portal" in one)
    (contract,) = (checkout / "contracts" / "portal").iterdir()
    before, written = contract.read_text(encoding="utf-8"), contract.stat().st_mtime_ns
    succeed(shlex.split(command), checkout, PYTEST_ADDOPTS="-k recorded_contract")
    assert contract.read_text(encoding="utf-8") == before
    assert contract.stat().st_mtime_ns > written


def test_stages_of_the_readme_are_those_that_there_are() -> None:
    """Each recipe is named in the README, and no other; the tests of the rollout run each of them."""
    named = set(re.findall(r"\./scripts/gate stage (\S+?)[ `]", TEXT)) | set(re.findall(r"then `([a-z-]+)`", TEXT))
    assert named == tomllib.loads((ROOT / "contracts" / "stages.toml").read_text(encoding="utf-8")).keys()


def test_remote_target_works_as_written(checkout: Path, own_runner: OwnRunner) -> None:
    """The command for a runner that is up, with the address of one that is."""
    command = next(one for one in COMMANDS if "--target remote" in one)
    address = own_runner().session.system.base_url
    words = shlex.split(re.sub(r"http://\S+", address, command))
    succeed(words, checkout)


def test_runner_works_as_written(checkout: Path, target: Target, shared: dict[str, str]) -> None:
    """The commands that run the reference runner by hand: the schema, then a service that gets ready."""
    migrate, serve = (shlex.split(one) for one in COMMANDS if one.startswith("python -m runner"))
    port = free_port()
    url = target.database(shared)
    env = environment(DATABASE_URL=url, ROUTER_URL="http://127.0.0.1:1", PORT=str(port), PATH=_path())
    subprocess.run(migrate, cwd=checkout, env=env, check=True, capture_output=True, timeout=60)
    with subprocess.Popen(serve, cwd=checkout, env=env, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout
            wait("the service", service.stdout.readline, until=lambda line: "serving" in line, kind="ready")
        finally:
            service.terminate()
        assert service.wait(20) == 0


def test_check_works_as_written(checkout: Path) -> None:
    """The test that shows how to add one has the form of the others, and passes through both workflows."""
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    added = checkout / "tests" / "workflows" / "test_example_of_the_readme.py"
    added.write_text(example, encoding="utf-8")
    try:
        succeed([sys.executable, "-m", "ruff", "check", str(added)], checkout)
        told = succeed([sys.executable, "-m", "pytest", str(added), "--workers", "1"], checkout, PYTEST_ADDOPTS="")
    finally:
        added.unlink()
    assert "2 passed" in told


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
