"""Options that make no sense are refused with a sentence that says what was expected."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest

from gate.core import settings as options
from gate.core.errors import UsageError
from gate.core.settings import Settings


def parse(*words: str) -> Settings:
    parser = ArgumentParser()
    options.add_to(parser)
    return options.settings(parser.parse_args(words))


def test_defaults_need_no_argument() -> None:
    """Without an option the gate judges the reference runner on the embedded target."""
    settings = parse()
    assert (settings.target, settings.depth, settings.seed) == ("embedded", "ci", 0)
    assert settings.workers >= 1


REMOTE = ["--target", "remote", "--base-url", "http://h"]
NONSENSE: dict[str, tuple[list[str], str]] = {
    "remote without address": (["--target", "remote"], "--base-url"),
    "address without remote": (["--base-url", "http://127.0.0.1:1"], "--target remote"),
    "database without remote": (["--database-url", "postgresql://127.0.0.1/x"], "--target remote"),
    "address without scheme": (["--target", "remote", "--base-url", "127.0.0.1:80"], "https://host"),
    "address with a bad port": (["--target", "remote", "--base-url", "http://host:99999"], "https://host"),
    "command for remote": (
        ["--target", "remote", "--base-url", "http://h", "--runner-command", "x"],
        "--runner-command",
    ),
    "limit without remote": (["--max-jobs", "5"], "--target remote"),
    "stop file without remote": (["--stop-file", "x"], "--target remote"),
    "no jobs allowed": ([*REMOTE, "--max-jobs", "0"], "whole number above 0"),
    "half a job allowed": ([*REMOTE, "--max-jobs", "1.5"], "whole number above 0"),
    "no rate": ([*REMOTE, "--max-rate", "fast"], "above 0"),
    "stop file that is there": ([*REMOTE, "--stop-file", "pyproject.toml"], "is there already"),
    "address with a path": (["--target", "remote", "--base-url", "http://h/api"], "has a path"),
    "reading nothing": ([*REMOTE, "--read-only"], "none was named"),
    "jobs without reading": ([*REMOTE, "--job", "x"], "--read-only"),
    "list of jobs that is not there": ([*REMOTE, "--read-only", "--jobs-from", "no-such-file"], "cannot be read"),
    "production": (["--target", "remote", "--base-url", "http://runner-prod"], "--i-know-this-is-production"),
    "image for embedded": (["--runner-image", "x"], "--target containers"),
    "worker containers for embedded": (["--worker-containers", "2"], "--target containers"),
    "environment for remote": (
        ["--target", "remote", "--base-url", "http://h", "--runner-env", "A=1"],
        "--runner-env goes with",
    ),
    "environment without a value": (["--runner-env", "NAME"], "NAME=VALUE"),
    "environment with a bad name": (["--runner-env", "1=2"], "NAME=VALUE"),
    "browser that is none": (["--browser-path", "pyproject.toml"], "no program"),
    "seed no number": (["--seed", "one"], "whole number"),
    "seed negative": (["--seed=-1"], "whole number"),
    "no workers": (["--workers", "0"], "from 1 up"),
    "very many workers": (["--workers", "1000"], "at most 64"),
    "time factor 0": (["--time-factor", "0"], "0.1 to 100"),
    "time factor no number": (["--time-factor", "fast"], "0.1 to 100"),
    "command empty": (["--runner-command", " "], "Give a command"),
    "command with an open quotation": (["--runner-command", "'x"], "quotation"),
}


@pytest.mark.parametrize(("words", "said"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_refused_with_what_was_expected(words: list[str], said: str) -> None:
    """Each refusal names the option, or what to give in its place."""
    with pytest.raises(UsageError) as caught:
        parse(*words)
    assert said in str(caught.value)


def test_report_directory_must_not_be_a_file(tmp_path: Path) -> None:
    """A file in the way is named."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="names a file"):
        parse("--report-dir", str(tmp_path / "file"))


def test_remote_run_has_workers_enough_to_wait_for_the_network() -> None:
    """On any machine at least four, unless another number is asked for."""
    assert parse(*REMOTE).workers >= 4
    assert parse(*REMOTE, "--workers", "2").workers == 2


def test_ci_is_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CI is set nothing of an earlier run is used."""
    monkeypatch.delenv("CI", raising=False)
    assert not parse().cold
    monkeypatch.setenv("CI", "true")
    assert parse().cold


def test_the_environment_of_the_runner_is_collected() -> None:
    """Each --runner-env is one variable; a value may hold equals signs."""
    assert parse("--runner-env", "A=1", "--runner-env", "B=x=y").runner_env == {"A": "1", "B": "x=y"}
