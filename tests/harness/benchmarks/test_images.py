"""The images have the promised content, and each reason why one cannot be built is one sentence."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from beacon.checkout import ROOT, RUNNER_IMAGE
from benchmarks.images import build, debian, wheels
from benchmarks.images.__main__ import main
from gate.core.errors import GateError
from gate.core.waiting import wait
from gate.targets.images import OFFLINE_POSTGRES, POSTGRES_IMAGE
from tests.harness.support.engine import engine

MEGABYTE = 10**6


def test_requirements_of_the_image_are_those_of_the_lock_file() -> None:
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    words = ["--quiet", "--locked", "--only-group", "runner", "--no-emit-project", "--format", "requirements-txt"]
    exported = subprocess.check_output([uv, "export", *words], cwd=ROOT, text=True)

    def content(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("#")]

    stored = (ROOT / "runner" / "requirements.txt").read_text(encoding="utf-8")
    assert content(stored) == content(exported), "run the command in its first lines"


def test_runner_image_is_unprivileged_and_has_no_tools_to_build_or_install() -> None:
    client = engine()
    image = client.images.get(RUNNER_IMAGE)
    assert image.attrs["Config"]["User"] == "runner"
    assert image.attrs["Config"]["Healthcheck"]["Test"][0] == "CMD"
    ours = sum(layer["Size"] for layer in image.history() if "/opt/runner" in layer["CreatedBy"])
    assert 0 < ours <= 200 * MEGABYTE
    look = (
        "id -u; python3 -m pip --version 2>&1 | grep -c 'No module'; command -v gcc make uv; touch /app/x /opt/runner/x"
    )
    seen = client.containers.run(image, ["-c", f"{look}; true"], entrypoint="sh", remove=True, network_disabled=True)
    assert seen.decode().split() == ["10001", "1"]


def test_postgres_image_refuses_to_start_without_a_password() -> None:
    client = engine()
    if not build.there(client, OFFLINE_POSTGRES):
        pytest.skip("./scripts/images --offline was not run; the official image has another message")
    container = client.containers.create(OFFLINE_POSTGRES)
    try:
        container.start()
        assert container.wait(timeout=30)["StatusCode"] != 0
        assert b"POSTGRES_PASSWORD: is not set: give the container a password" in container.logs()
    finally:
        container.remove(force=True, v=True)


def test_compose_file_runs_the_images_of_the_gate_and_publishes_one_local_port() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert services["postgres"]["image"] == f"${{POSTGRES_IMAGE:-{POSTGRES_IMAGE}}}"
    assert {services[name]["image"] for name in ("migrate", "runner", "worker")} == {
        f"${{RUNNER_IMAGE:-{RUNNER_IMAGE}}}"
    }
    assert [service["ports"] for service in services.values() if "ports" in service] == [
        ["127.0.0.1:${PORT:-8090}:8090"]
    ]


def test_router_of_the_demo_starts_as_the_compose_file_has_it() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["router"]
    container = engine().containers.run(
        RUNNER_IMAGE,
        service["command"],
        entrypoint=service["entrypoint"],
        working_dir=service["working_dir"],
        volumes=[volume.replace(".", str(ROOT), 1) for volume in service["volumes"]],
        tmpfs=dict.fromkeys(service.get("tmpfs", ()), ""),
        read_only=service["read_only"],
        cap_drop=service["cap_drop"],
        security_opt=service["security_opt"],
        network_disabled=True,
        detach=True,
    )
    try:
        wait("its first line", container.logs, until=bool, kind="ready")
        assert container.logs() == b"The router stand-in answers on port 8000.\n"
    finally:
        container.remove(force=True, v=True)


def test_missing_base_image_is_named() -> None:
    with pytest.raises(GateError, match=r"cannot be built.*127\.0\.0\.1:1/no/such"):
        build.runner(engine(), "beacon-gate/test-none", "127.0.0.1:1/no/such:image", lambda _: None, offline=False)


def test_failed_build_is_quoted_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    client = engine()
    for name in ("runner", "portal", "contracts/openapi"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "contracts" / "openapi" / "runner.yaml").touch()
    recipe = f"FROM {RUNNER_IMAGE}\nRUN echo what is wrong && exit 7\n"
    (tmp_path / "runner" / "Dockerfile").write_text(recipe)
    monkeypatch.setattr(build, "ROOT", tmp_path)
    with pytest.raises(GateError, match=r"cannot be built.*non-zero code: 7") as caught:
        build.runner(client, "beacon-gate/test-none", None, lambda _: None, offline=False)
    assert caught.value.log[-1] == "what is wrong"
    assert not build.there(client, "beacon-gate/test-none")


def test_missing_root_or_debootstrap_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(GateError, match="needs root"):
        debian.import_base(None, "x", lambda _: None)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(GateError, match="apt-get install debootstrap"):
        debian.import_base(None, "x", lambda _: None)


def test_release_unknown_to_apt_is_an_error() -> None:
    with pytest.raises(GateError, match=r"apt knows no packages of sarge.*|apt-get does not list"):
        debian.mirror("sarge")


def test_error_of_missing_wheels_quotes_pip(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="cannot be fetched") as caught:
        wheels.download(["--no-index", "no-such-package"], tmp_path)
    assert "no-such-package" in "\n".join(caught.value.log)


@pytest.mark.parametrize("words", [["--fresh"], ["--offline", "--base", "x"], ["--no-such-option"]])
def test_bad_usage_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: images" in capsys.readouterr().err
