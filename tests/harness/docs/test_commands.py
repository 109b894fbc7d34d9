"""Every block of the README and of docs/ works as it stands there, or is parsed where it needs what is not here."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from beacon.checkout import ROOT
from beacon.options import BeaconSettings
from fixtures.systems import OwnRunner
from gate.contract.diff.rules import rules
from gate.core import options
from gate.core.waiting import wait
from gate.session.pack import Pack
from gate.targets import Target
from gate.targets.postgres.supervision import free_port
from tests.harness.support.command_lines import problem
from tests.harness.support.engine import engine
from tests.harness.support.markdown import Block, Page

PAGES = [Page.read(ROOT, path) for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))]
BLOCKS = [block for page in PAGES for block in page.blocks]
SHELL = [block for block in BLOCKS if block.language == "sh"]
RUN = list(dict.fromkeys(command for block in SHELL if not block.needs for command in block.commands))
PARSED = list(dict.fromkeys(command for block in SHELL if block.needs for command in block.commands))
DEFECT = "./scripts/gate defects --only D14"
MENTIONED = sorted({span for page in PAGES for span in page.spans if re.match(r"\./scripts/[a-z]+ ", span)})
EXAMPLES = [block for block in BLOCKS if block.language in {"python", "sql"}]
APPENDED = [block for block in BLOCKS if "append" in block.options]
OPTIONS = [block for block in BLOCKS if block.language == "toml" and not {"append", "file"} & block.options.keys()]
NEEDS = {
    "browser": "a Chromium",
    "engine": "a container engine and an image",
    "hours": "more time than a test has",
    "person": "somebody who looks at it and ends it",
    "postgres": "a Postgres and an inference router",
    "reports": "reports of an earlier run",
    "repository": "the repository of another runner",
    "runner": "a runner that is up",
    "staging": "a deployed runner",
    "tools": "Node.js and packages of other tools",
    "wheel": "the wheel, and a service",
}
"""Words that may follow ``needs=``."""
NARROW = "test_health_lists_each_service"
"""Selects one quick test where a command would run the whole suite, this test included."""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with the same environment, so that reports of this run are not overwritten."""
    copy = tmp_path_factory.mktemp("checkout")
    listed = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True)
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    # Compiled modules, which hold the times of their sources, so that no command compiles all of them again.
    for folder in {str(Path(name).parent) for name in listed.splitlines() if name.endswith(".py")}:
        if (compiled := ROOT / folder / "__pycache__").is_dir():
            shutil.copytree(compiled, copy / folder / "__pycache__")
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "A checkout"]):
        subprocess.run(["git", *words], cwd=copy, check=True)
    (copy / ".venv").symlink_to(Path(sys.prefix))
    if (ROOT / ".tools").is_dir():
        (copy / ".tools").symlink_to(ROOT / ".tools")
    return copy


def environment(**more: str) -> dict[str, str]:
    """The environment of a command; one worker starts in half of the time, and takes as long for a single test."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GATE_"))}
    return {**clean, "GATE_WORKERS": "1", **more}


def succeed(words: list[str], checkout: Path, narrow: str = NARROW) -> str:
    """Runs a command that has to exit with 0, and returns its output."""
    suite = words[0] == "./scripts/test" or (words[0] == "./scripts/gate" and not [*words, "-"][1].isalpha())
    words = [*words, "-k", narrow] if suite and "-k" not in words else words
    ended = subprocess.run(
        words, cwd=checkout, env=environment(), text=True, capture_output=True, timeout=110, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_each_block_is_run_or_parsed() -> None:
    fences = sum(len(re.findall(r"^ *```", page.text, re.MULTILINE)) for page in PAGES)
    assert fences == 2 * len(BLOCKS)
    judged = {"sh", "python", "sql", "yaml", "toml"}
    assert [str(block) for block in BLOCKS if block.language not in judged] == []
    assert [str(block) for block in BLOCKS if not block.options.keys() <= {"needs", "file", "append"}] == []
    assert [str(block) for block in BLOCKS if block.needs and block.needs not in NEEDS] == []
    assert [str(block) for block in EXAMPLES if "file" not in block.options] == []
    assert {block.needs for block in SHELL} - {""} == NEEDS.keys()


def test_readme_begins_with_the_two_commands() -> None:
    assert RUN[:2] == ["./scripts/gate", "./scripts/test"]
    assert len(PAGES[0].text.splitlines()) <= 120


@pytest.mark.parametrize("command", [command for command in RUN if command != DEFECT])
def test_command_exits_with_0(checkout: Path, command: str) -> None:
    assert command.startswith("./scripts/")
    succeed(shlex.split(command), checkout)


def test_documented_command_catches_a_defect(checkout: Path) -> None:
    assert DEFECT in RUN
    succeed(shlex.split(DEFECT), checkout)
    (trial,) = json.loads((checkout / "reports" / "defects.json").read_text(encoding="utf-8"))["trials"]
    assert (trial["id"], trial["result"], trial["oracle"], trial["named"]) == ("D14", "caught", True, True)
    assert "BG-INV-024" in trial["codes"]


@pytest.mark.parametrize("command", [*PARSED, *MENTIONED])
def test_command_line_is_accepted(command: str) -> None:
    assert problem(ROOT, command) == ""


@pytest.mark.parametrize("command", ["./scripts/gate --dept ci", "./scripts/gate stages", "./scripts/run", "make all"])
def test_wrong_command_line_is_refused(command: str) -> None:
    assert problem(ROOT, command)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml"], ids=str)
def test_yaml_is_well_formed(block: Block) -> None:
    assert yaml.safe_load(block.text)


@pytest.mark.parametrize("block", OPTIONS, ids=str)
def test_options_file_is_accepted(tmp_path: Path, block: Block) -> None:
    (tmp_path / "gate.toml").write_text(block.text, encoding="utf-8")
    assert options.read(BeaconSettings, tmp_path)


def test_codes_in_the_docs_are_in_the_catalogue() -> None:
    named = {code for page in PAGES for code in re.findall(r"\bBG-[A-Z]+-\d+\b", page.text)}
    known = tomllib.loads((ROOT / "contracts" / "findings.toml").read_text(encoding="utf-8"))
    assert named - {"BG-INV-048", "BG-LEAK-001"} <= known.keys() | rules().keys()


def test_inputs_of_the_action_are_documented() -> None:
    action = yaml.safe_load((ROOT / ".github/actions/gate/action.yml").read_text(encoding="utf-8"))
    page = next(page for page in PAGES if page.name == "docs/pull-requests.md")
    (workflow,) = (yaml.safe_load(block.text) for block in page.blocks if block.language == "yaml")
    step = next(step for step in workflow["jobs"]["gate"]["steps"] if "/actions/gate@" in step.get("uses", ""))
    assert step["with"].keys() <= action["inputs"].keys()
    assert action["inputs"].keys() <= set(page.spans)


def test_stages_are_documented() -> None:
    """The pages name each stage and no other; the tests of the rollout run each of them."""
    named = {span.split()[2] for span in MENTIONED if span.startswith("./scripts/gate stage ")}
    assert named == tomllib.loads((ROOT / "contracts" / "stages.toml").read_text(encoding="utf-8")).keys()


@pytest.mark.parametrize("command", [command for command in PARSED if "--target containers" in command])
def test_container_command_exits_with_0(checkout: Path, command: str) -> None:
    engine()
    succeed(shlex.split(command), checkout)


def test_remote_command_exits_with_0(checkout: Path, own_runner: OwnRunner) -> None:
    (command,) = (command for block in SHELL if block.needs == "runner" for command in block.commands)
    address = own_runner().session.system.base_url
    succeed(shlex.split(command.replace("http://127.0.0.1:8090", address)), checkout)


def test_portal_is_recorded_as_it_is_checked_in(checkout: Path) -> None:
    (command,) = (command for command in PARSED if "--record-portal" in command)
    (contract,) = (checkout / "contracts" / "portal").iterdir()
    before, written = contract.read_text(encoding="utf-8"), contract.stat().st_mtime_ns
    succeed(shlex.split(command), checkout, "recorded_contract")
    assert contract.read_text(encoding="utf-8") == before
    assert contract.stat().st_mtime_ns > written


def test_runner_starts_as_documented(checkout: Path, target: Target, shared: dict[str, str]) -> None:
    """The commands that run the reference runner by hand: the schema, then a service that becomes ready."""
    migrate, serve = (shlex.split(line) for line in PARSED if re.match(r"\S+ -m runner (migrate|serve)", line))
    env = environment(
        DATABASE_URL=target.database(shared), ROUTER_URL="http://127.0.0.1:1", PORT=str(free_port()), PATH=_path()
    )
    subprocess.run(migrate, cwd=checkout, env=env, check=True, capture_output=True, timeout=60)
    with subprocess.Popen(serve, cwd=checkout, env=env, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout
            wait("the service", service.stdout.readline, until=lambda line: "serving" in line, kind="ready")
        finally:
            service.terminate()
        assert service.wait(20) == 0


def test_members_of_a_pack_are_documented() -> None:
    page = next(page for page in PAGES if page.name == "docs/writing-a-pack.md")
    assert {name for name in vars(Pack) if not name.startswith("_")} <= set(page.spans)


def test_settings_of_the_runner_are_documented() -> None:
    page = next(page for page in PAGES if page.name == "docs/running-the-runner.md")
    variables = re.findall(r'validation_alias="(\w+)"', (ROOT / "runner" / "settings.py").read_text(encoding="utf-8"))
    assert variables
    assert set(variables) <= set(page.spans)


def test_example_files_of_the_docs_fit_the_checkout_and_pass_its_tests(checkout: Path) -> None:
    """Each example is written where it belongs; it has the form of its neighbours, and the tests that judge it pass."""
    examples = {block.options["file"]: block.text for block in EXAMPLES}
    python = [name for name in examples if name.endswith(".py")]
    tests = [name for name in python if "/test_" in name]
    tests += ["tests/harness/oracles/test_invariants.py::test_sound_database_has_no_findings"]
    tests += ["tests/harness/oracles/test_registry.py::test_oracle_is_red_on_its_violation[internals]"]
    try:
        for name, text in examples.items():
            assert not (checkout / name).exists()
            (checkout / name).write_text(text, encoding="utf-8")
        for block in APPENDED:
            with (checkout / block.options["append"]).open("a", encoding="utf-8") as file:
                file.write(f"\n{block.text}")
        for words in (["ruff", "check"], ["ruff", "format", "--check"]):
            succeed([sys.executable, "-m", *words, *python], checkout)
        succeed([sys.executable, "-m", "beacon", "update"], checkout)
        output = succeed([sys.executable, "-m", "pytest", *tests, "--workers", "1"], checkout)
    finally:
        for words in (["checkout", "-q", "."], ["clean", "-fdq", "beacon", "contracts", "tests"]):
            subprocess.run(["git", *words], cwd=checkout, check=True)
    *_, passed = re.findall(r"(\d+) passed", output)  # pytest's closing line: the verdict's leaves out the harness
    assert int(passed) > len(tests)  # one of them runs through both workflows


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
