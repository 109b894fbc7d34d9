"""Options that make no sense are refused with a sentence that says what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from beacon.options import BeaconSettings
from beacon.pack import pack
from gate.cli import options
from gate.cli.parser import Parser
from gate.core.errors import UsageError
from gate.core.options import declared, given
from gate.core.settings import load
from gate.core.surroundings import FILE
from gate.session.start import refuse


def parse(*words: str, directory: Path | None = None) -> BeaconSettings:
    """Settings as the command line makes them; the file is read in ``directory``."""
    parser = Parser()
    options.add(parser, BeaconSettings)
    settings = load(BeaconSettings, given(BeaconSettings, parser.parse_args(words)), directory=directory)
    refuse(settings, pack())
    return settings


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
    "stop file that exists": ([*REMOTE, "--stop-file", "pyproject.toml"], "exists already"),
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


@pytest.mark.parametrize(("words", "message"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_refused_with_what_was_expected(words: list[str], message: str) -> None:
    """Each refusal names the option, or what to give in its place."""
    with pytest.raises(UsageError) as caught:
        parse(*words)
    assert message in str(caught.value)


def test_report_directory_must_not_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="names a file"):
        parse("--report-dir", str(tmp_path / "file"))


def test_remote_run_has_workers_enough_to_wait_for_the_network() -> None:
    """On any machine at least four, unless another number is asked for."""
    assert parse(*REMOTE).workers >= 4
    assert parse(*REMOTE, "--workers", "2").workers == 2


def test_ci_is_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI set, nothing of an earlier run is used."""
    monkeypatch.delenv("CI", raising=False)
    assert not parse().cold
    monkeypatch.setenv("CI", "true")
    assert parse().cold


def test_the_environment_of_the_runner_is_collected() -> None:
    """Each --runner-env is one variable; a value may hold equals signs."""
    assert parse("--runner-env", "A=1", "--runner-env", "B=x=y").runner_env == {"A": "1", "B": "x=y"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of options whose values differ from every default."""
    path = tmp_path / FILE
    path.write_text('[gate]\nseed = 1\ntime-factor = 2.5\nkeep = true\nrunner_env = ["A=1"]\nmax_jobs = 7\n')
    return path


def test_command_line_wins_over_variable_over_file_over_default(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse(directory=file.parent).seed == 1
    monkeypatch.setenv("GATE_SEED", "2")
    assert parse(directory=file.parent).seed == 2
    assert parse("--seed", "3", directory=file.parent).seed == 3
    settings = parse(directory=file.parent)
    assert (settings.time_factor, settings.keep, settings.runner_env) == (2.5, True, {"A": "1"})
    assert settings.repeat == 1


def test_variables_set_switches_and_repeated_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_KEEP", "1")
    monkeypatch.setenv("GATE_ALLOW_PARTIAL", "no")
    monkeypatch.setenv("GATE_RUNNER_ENV", "A=1 'B=x y'")
    settings = parse()
    assert (settings.keep, settings.allow_partial, settings.runner_env) == (True, False, {"A": "1", "B": "x y"})


def test_variable_and_file_may_hold_options_of_another_target(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_BASE_URL", "http://h")
    assert parse(directory=file.parent).base_url is None
    settings = parse("--target", "remote", directory=file.parent)
    assert (settings.base_url, settings.max_jobs, settings.runner_env) == ("http://h", 7, {})


@pytest.mark.parametrize(
    ("name", "hint"),
    {"GATE_DEPHT": "Did you mean GATE_DEPTH?", "GATE_HEADERS_X": "unset it", "GATE_FAIL_FAST": "command line"}.items(),
)
def test_variable_that_nothing_reads_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, hint: str) -> None:
    """A default never stands in the place of an option that somebody misspelt."""
    monkeypatch.setenv(name, "1")
    with pytest.raises(UsageError, match=name) as caught:
        parse()
    assert hint in caught.value.hint


def test_every_variable_that_the_gate_reads_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of no option too, such as those by which its processes speak to each other."""
    texts = [path.read_text(encoding="utf-8") for room in ("gate", "beacon") for path in (ROOT / room).rglob("*.py")]
    names = {name for text in texts for name in re.findall(r'= "(GATE_[A-Z_]*[A-Z])"', text)}
    assert len(names) > 5
    for name in names:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("GATE_HEADER_AUTHORIZATION", "x")
    for name in ("SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_80_TCP_ADDR"):  # of a cluster's service
        monkeypatch.setenv(f"GATE_{name}", "tcp://10.0.0.1:80")
    parse()


def test_production_is_confirmed_on_the_command_line_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATE_I_KNOW_THIS_IS_PRODUCTION", "1")
    with pytest.raises(UsageError, match="--i-know-this-is-production has none"):
        parse("--target", "remote", "--base-url", "http://runner-prod")
    monkeypatch.delenv("GATE_I_KNOW_THIS_IS_PRODUCTION")
    (tmp_path / FILE).write_text("[gate]\ni_know_this_is_production = true\n")
    with pytest.raises(UsageError, match="i_know_this_is_production"):
        parse(directory=tmp_path)


WRONG = {
    "no TOML": ("gate", "cannot be read"),
    "misspelled": ("[gate]\ndept = 'ci'", "Did you mean depth?"),
    "switch as a text": ("[gate]\nkeep = 'yes'", "true or false"),
    "text as a switch": ("[gate]\nseed = true", "a text or a number"),
    "one for many": ("[gate]\nrunner_env = 'A=1'", "a list"),
    "value that makes no sense": ("[gate]\nseed = -1", f"seed in {FILE} is '-1'"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_file_that_makes_no_sense_is_refused_with_its_name(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError) as caught:
        parse(directory=tmp_path)
    assert message in str(caught.value)
    assert FILE in str(caught.value)


def test_variable_that_makes_no_sense_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_TIME_FACTOR", "fast")
    with pytest.raises(UsageError, match="GATE_TIME_FACTOR is 'fast'"):
        parse()
    monkeypatch.setenv("GATE_TIME_FACTOR", "1")
    monkeypatch.setenv("GATE_KEEP", "maybe")
    with pytest.raises(UsageError, match="GATE_KEEP is 'maybe'"):
        parse()


def test_help_of_each_option_ends_with_its_default() -> None:
    parser = Parser()
    options.add(parser, BeaconSettings)
    text = "".join(parser.format_help().split())
    for option in declared(BeaconSettings):
        assert option.flag in text
        assert not option.default or f"(default:{option.default})".replace(" ", "") in text
