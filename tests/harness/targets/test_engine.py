"""Each fault of a container engine or an image is one sentence, with a hint."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import pytest
import requests

from beacon.checkout import ROOT, RUNNER_IMAGE
from beacon.service import SERVICE
from gate.core.errors import GateError
from gate.core.settings import Settings
from gate.targets import engine, images
from gate.targets.choose import CHOICE, resolved
from tests.harness.support.engine import engine as running_engine
from tests.harness.support.engine import target

QUICK = ("--workers", "1", "-k", "test_health_lists_each_service")


def gate(tmp_path: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    return subprocess.run(
        [sys.executable, "-m", "beacon", *words, "--report-dir", str(tmp_path / "reports")],
        cwd=ROOT,
        env={**clean, **env},
        text=True,
        capture_output=True,
        timeout=110,
        check=False,
    )


def test_missing_engine_is_exit_code_3_with_a_hint(tmp_path: Path) -> None:
    """Without an engine nothing can be judged in containers; nothing is shown but that."""
    ended = gate(tmp_path, "--target", "containers", *QUICK, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert ended.returncode == 3
    assert "No container engine answers at unix://" in ended.stdout
    assert "--target embedded" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_auto_takes_containers_where_an_engine_answers() -> None:
    """The reason that is shown is the one of that choice."""
    running_engine()
    assert resolved(Settings(target="auto")).target == "containers"
    assert CHOICE["containers"] == "a container engine answers"


def test_auto_takes_containers_for_a_named_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gate.targets.engine.answers", lambda: False)
    assert resolved(Settings(target="auto")).target == "embedded"
    assert resolved(Settings(target="auto", runner_image="another/runner")).target == "containers"


def connection_failed(error: OSError) -> Exception:
    """The error of the engine's client when its socket fails."""
    outer = docker.errors.DockerException("Error while fetching server API version")
    outer.__cause__ = requests.ConnectionError("Connection aborted.", error)
    return Exception(outer)


UNREACHABLE = {
    "no socket": (FileNotFoundError(2, "No such file or directory"), "No container engine answers", "Start one"),
    "nobody listens": (ConnectionRefusedError(111, "Connection refused"), "No container engine answers", "Start one"),
    "not allowed": (PermissionError(13, "Permission denied"), "This user may not use", "group docker"),
    "another fault": (OSError(5, "Input/output error"), "cannot be used", "Start one"),
}


@pytest.mark.parametrize(("error", "message", "hint"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_reasons_not_to_reach_an_engine_have_hints_of_their_own(error: OSError, message: str, hint: str) -> None:
    """No engine, and one that this user may not use, need different things done."""
    refusal = engine.unreachable(connection_failed(error), "unix:///engine.sock")
    assert message in refusal.message
    assert hint in refusal.hint


REFUSED = {
    "disk full": ("write /layer: no space left on device", "disk is full", "Free some space"),
    "port clash": ("Bind for 127.0.0.1:8090 failed: port is already allocated", "already allocated", "run again"),
    "port clash, by another program": ("listen tcp4 127.0.0.1:80: bind: address already in use", "in use", "run again"),
    "wrong architecture": ("exec /runner: exec format error", "exec format error", "this machine's processor"),
    "anything else": ("invalid mount config", "invalid mount config", "as given"),
}


@pytest.mark.parametrize(("explanation", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_refusal_of_the_engine_is_one_sentence(explanation: str, message: str, hint: str) -> None:
    """Each has the engine's own words and what to do."""
    error = docker.errors.APIError("500 Server Error", explanation=explanation)
    refusal = engine.refused(error, "The service did not start", "Do as given.")
    assert message in refusal.message
    assert hint in refusal.hint
    assert "\n" not in refusal.message


def test_engine_that_goes_away_is_reported() -> None:
    with pytest.raises(GateError, match="does not answer any more"), engine.failing("The service did not start"):
        raise requests.ConnectionError("Connection aborted.")


@pytest.mark.parametrize("address", ["tcp://192.0.2.1:2375", "ssh://user@engine.example"])
def test_engine_of_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Its ports would be published on that machine's loopback address, where nobody here reaches them."""
    monkeypatch.setenv("DOCKER_HOST", address)
    engine.connect.cache_clear()
    try:
        with pytest.raises(GateError, match="another machine"):
            engine.connect()
    finally:
        engine.connect.cache_clear()


def test_image_for_another_processor_is_reported() -> None:
    """The engine's name for its processor and the image's are compared, and both are said."""
    client: Any = SimpleNamespace(info=lambda: {"Architecture": "x86_64"})
    fitting: Any = SimpleNamespace(attrs={"Architecture": "amd64"})
    other: Any = SimpleNamespace(attrs={"Architecture": "arm64"})
    assert images.processor(client, fitting) == ""
    assert "built for arm64" in images.processor(client, other)


def test_missing_image_names_its_option() -> None:
    """The reference runner's is built; what no registry has cannot be pulled."""
    running_engine()
    with pytest.raises(GateError, match=r"not there and cannot be pulled.*--runner-image"):
        target(replace(SERVICE, image="127.0.0.1:1/no/such:image")).start()


def test_image_with_a_foreign_program_is_reported() -> None:
    """A program of another processor, or no program at all, ends the run with a sentence."""
    client = running_engine()
    tag = f"beacon-gate/test-{os.getpid()}"
    recipe = f'FROM {RUNNER_IMAGE}\nUSER root\nRUN printf x > /x && chmod 755 /x\nENTRYPOINT ["/x"]\n'
    client.images.build(fileobj=io.BytesIO(recipe.encode()), tag=tag, rm=True, forcerm=True)
    try:
        with pytest.raises(GateError, match=r"failed with exit code.*another processor"):
            target(replace(SERVICE, image=tag)).start()
    finally:
        client.images.remove(tag, force=True)
