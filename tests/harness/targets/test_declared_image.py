"""A service in an image is declared, started and judged, has no way out of its network, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import playwright
import psycopg
import pytest

from beacon.checkout import ROOT
from benchmarks.images import build
from benchmarks.images.__main__ import OFFLINE_BASE
from gate.core.client import Client
from gate.core.declaration import load, parse
from gate.core.errors import DocumentError, Exit
from gate.core.isolation import NAMESPACE, OPEN, VARIABLE
from gate.core.surroundings import FILE
from gate.targets import System, addresses, sweep
from gate.targets.containers import LABELS
from gate.targets.declared_image import ImageTarget, contain
from gate.targets.declared_service import service_of
from tests.harness.support.engine import engine, names_of

IMAGE = "beacon-gate/tool-library"
TEXT = f"""[service]
image = "{IMAGE}"
image_port = 3000
env = {{ API_KEY = "tool-library" }}
database_env = {{ DATABASE_URL = "postgresql://{{user}}@{{host}}:{{port}}/{{name}}" }}
ready = "/health"
"""


@pytest.fixture(scope="session")
def image() -> docker.DockerClient:
    """The engine with the small service's image on it."""
    client = engine()
    node = shutil.which("node") or str(Path(playwright.__file__).with_name("driver") / "node")
    build.library(client, IMAGE, OFFLINE_BASE, Path(node), lambda _: None)
    return client


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the service, in which commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path


@pytest.fixture(params=[NAMESPACE, OPEN])
def started(
    request: pytest.FixtureRequest, image: docker.DockerClient, inside: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ImageTarget, dict[str, str]]]:
    """A target with a way out, and one without."""
    del image
    monkeypatch.setenv(VARIABLE, request.param)
    target = ImageTarget(service_of(parse(TEXT, inside / FILE)), say=lambda _: None)
    yield target, target.start()
    target.stop()


def health(system: System) -> int:
    """The status that the service answers with."""
    with closing(Client(system.base_url, lambda _: None)) as client:
        return client.get("/health").status


def test_service_of_an_image_answers_on_a_database_of_its_own(
    started: tuple[ImageTarget, dict[str, str]], image: docker.DockerClient
) -> None:
    target, shared = started
    system, other = target.system(shared), target.system(shared)
    assert health(system) == 200
    assert system.database_url != other.database_url
    with psycopg.connect(system.database_url or "") as connection:
        assert connection.execute("SELECT count(*) FROM tools").fetchone() == (0,)
    other.close()
    system.stop()
    system.start()
    assert health(system) == 200
    run = str(json.loads(shared[LABELS])[sweep.RUN])
    assert names_of(image, run) != []
    system.close()
    target.stop()
    assert names_of(image, run) == []


def test_container_has_a_way_out_only_where_that_was_asked_for(
    started: tuple[ImageTarget, dict[str, str]], image: docker.DockerClient
) -> None:
    target, shared = started
    system = target.system(shared)
    container = image.containers.get(system.service.name)
    (network,) = container.attrs["NetworkSettings"]["Networks"]
    closed = image.networks.get(network).attrs["Internal"]
    published = [each["HostIp"] for ports in container.ports.values() for each in ports or ()]
    assert (closed, published) in [(True, []), (False, ["127.0.0.1"])]
    system.close()


def gate(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line of the gate in the folder of the service."""
    own = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "gate", *words], cwd=directory, env=own, capture_output=True, text=True, check=False
    )


def test_image_is_declared_and_judged(image: docker.DockerClient, inside: Path) -> None:
    del image
    words = ["--image", IMAGE, "--image-port", "3000", "--env", "API_KEY=secret", "--header", "X-API-Key=secret"]
    declared = gate(inside, "init", *words, "--database-env", "DATABASE_URL")
    assert declared.returncode == Exit.PASS, declared.stderr
    assert (load(inside).service.image, load(inside).service.image_port) == (IMAGE, 3000)
    judged = gate(inside, "judge", "--budget", "5s", "-k", "GET and tools", "--workers", "1")
    assert judged.returncode == Exit.PASS, judged.stdout + judged.stderr
    assert "reach the network" not in judged.stdout
    verdict = json.loads((inside / "reports" / "verdict.json").read_text())
    assert (verdict["target"], verdict["judged"]["image"]) == ("containers", IMAGE)


def test_way_out_is_closed_where_containers_are_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    def decided(*, direct: bool, **options: Any) -> tuple[str, str]:
        monkeypatch.delenv(VARIABLE, raising=False)
        monkeypatch.setattr(addresses, "reachable_directly", lambda: direct)
        sentence = contain(**options)
        return sentence.partition(":")[0], os.environ[VARIABLE]

    assert decided(direct=True, network=False) == ("", NAMESPACE)
    assert decided(direct=False, network=False) == ("The service may reach the network", "proxy")
    assert decided(direct=True, network=False, near="the server mail")[1] == "proxy"
    assert decided(direct=True, network=True) == ("The service can reach the network (--network).", OPEN)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('base_url = "http://a"', "one of start, image and base_url"),
        ('postgres = "postgresql://a"', "the name of an image of Postgres"),
        ('[services.mail]\nstart = "mail"', "address instead of start in services.mail"),
    ],
)
def test_what_does_not_fit_an_image_is_named(inside: Path, more: str, expected: str) -> None:
    with pytest.raises(DocumentError, match=expected):
        parse(f"{TEXT}{more}\n", inside / FILE)


def test_missing_image_is_named(image: docker.DockerClient, inside: Path) -> None:
    del image
    (inside / FILE).write_text(TEXT.replace(IMAGE, "beacon-gate/nowhere"))
    judged = gate(inside, "judge")
    assert judged.returncode == Exit.UNJUDGED
    assert "The image beacon-gate/nowhere is not there" in judged.stderr
