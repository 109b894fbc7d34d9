"""The containers target starts isolated systems, explains its errors, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial

import docker
import httpx
import psycopg
import pytest

from beacon.api import Api
from beacon.checkout import ROOT, RUNNER_IMAGE
from beacon.jobs import spec, wrap
from beacon.router import router_in
from beacon.service import SERVICE, service
from gate.core.client import Client
from gate.core.errors import GateError
from gate.core.waiting import wait
from gate.targets import sweep
from gate.targets.container import Container, Plan
from gate.targets.container_system import ContainerSystem
from gate.targets.containers import LABELS, STACK, ContainersTarget
from gate.targets.images import postgres as postgres_image
from gate.targets.postgres.supervision import free_port
from gate.targets.stack import PORT, Stack
from tests.harness.support.engine import engine, names_of, target


@pytest.fixture(scope="session")  # not module: the order of tests is shuffled
def client() -> docker.DockerClient:
    return engine()


@pytest.fixture(scope="session")  # not module: the order of tests is shuffled
def started(client: docker.DockerClient) -> Iterator[tuple[ContainersTarget, dict[str, str]]]:
    del client
    running = target()
    shared = running.start()
    yield running, shared
    running.stop()


@pytest.fixture(scope="session")  # not module: the order of tests is shuffled
def shared(started: tuple[ContainersTarget, dict[str, str]]) -> dict[str, str]:
    return started[1]


@pytest.fixture(scope="session")  # not module: the order of tests is shuffled
def system(shared: dict[str, str]) -> Iterator[ContainerSystem]:
    """Made from what ``start`` returned alone, as in a worker."""
    running = target(service(env={"RUNNER_LOG_LEVEL": "debug"})).system(json.loads(json.dumps(shared)))
    yield running
    running.close()


def run_of(shared: dict[str, str]) -> str:
    return str(json.loads(shared[LABELS])[sweep.RUN])


def completed(system: ContainerSystem, job: str) -> None:
    """A job goes all the way: through the service, Postgres, the router stand-in and back.

    Connections that another test broke may cost the service a 503 each before it is what it was.
    """
    client = Client(system.base_url, lambda _: None)
    api = Api(client)
    send = partial(api.submit_cross_region, wrap(spec(job)))
    wait("a submission", lambda: send().status, until=(202).__eq__, never=lambda status: status not in {202, 503})
    wait(job, lambda: api.job(job).json["status"], until="completed".__eq__, kind="terminal")
    client.close()


def ready(system: ContainerSystem) -> int:
    try:
        return httpx.get(f"{system.base_url}/health/ready", timeout=1).status_code
    except httpx.HTTPError:
        return 0


def test_job_goes_through_all_containers(system: ContainerSystem) -> None:
    """Service, database and router stand-in reach each other, and the lines can be read."""
    completed(system, "through-all")
    router = router_in(system.stand_ins)
    assert router is not None
    assert len(router.calls("through-all")) > 0
    assert any("/api/v1/jobs/cross-region" in line for line in system.log())


def test_health_check_of_the_image_fails_without_the_service(
    client: docker.DockerClient, system: ContainerSystem
) -> None:
    """It succeeds on the service, and fails where nothing listens."""
    check = client.images.get(RUNNER_IMAGE).attrs["Config"]["Healthcheck"]["Test"][1:]
    assert system.service.execute(*check) == 0
    assert system.service.execute("env", "PORT=1", *check) == 1


def test_ports_are_published_on_the_loopback_address_only(client: docker.DockerClient, shared: dict[str, str]) -> None:
    """Nobody on the network around this machine reaches a container of a run."""
    containers = client.containers.list(filters={"label": f"{sweep.RUN}={run_of(shared)}"})
    ports = [port for container in containers for ports in container.ports.values() for port in ports or ()]
    assert {port["HostIp"] for port in ports} == {"127.0.0.1"}


def test_databases_are_migrated_and_isolated(started: tuple[ContainersTarget, dict[str, str]]) -> None:
    running, shared = started
    first, second = running.database(shared), running.database(shared)
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regclass('mine'), to_regclass('jobs')").fetchone() == (None, "jobs")


def test_log_that_is_read_again_and_again_is_that_of_the_engine(
    client: docker.DockerClient, system: ContainerSystem
) -> None:
    container = system.service
    for number in range(3):
        completed(system, f"read-{number}")
        read = container.log()
        whole = client.containers.get(container.name).logs(timestamps=True).decode().splitlines()
        assert read == whole[: len(read)]
        assert any(f"read-{number}" in line for line in read)


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_start_again_keeps_database_and_address(system: ContainerSystem, end: str) -> None:
    """A runner that was killed or stopped comes back where it was, on what it had stored."""
    completed(system, f"before-{end}")
    getattr(system, end)()
    assert ready(system) == 0
    system.start()
    job = httpx.get(f"{system.base_url}/api/v1/jobs/before-{end}").json()
    assert job["status"] == "completed"


def test_paused_service_answers_again_when_it_is_resumed(system: ContainerSystem) -> None:
    system.service.pause()
    assert ready(system) == 0
    system.service.unpause()
    wait("readiness", lambda: ready(system), until=lambda status: status == 200, kind="ready")


def test_partition_heals(system: ContainerSystem) -> None:
    """Off the network the runner is not reached; back on it everything works, under the same address."""
    system.service.disconnect()
    assert ready(system) == 0
    system.service.connect()
    wait("readiness", lambda: ready(system), until=lambda status: status == 200, kind="ready")
    completed(system, "after-the-partition")


@pytest.mark.parametrize("verb", ["restart", "kill"])
def test_postgres_comes_back_with_its_data(
    started: tuple[ContainersTarget, dict[str, str]], system: ContainerSystem, verb: str
) -> None:
    """After a restart or a crash every database is as it was, the runner finds its way back, and there can be more."""
    running, shared = started
    running.database(shared)
    completed(system, f"before-postgres-{verb}")
    getattr(system.postgres, verb)()
    if verb == "kill":
        system.postgres.start()
    assert system.database_url
    with psycopg.connect(system.database_url) as connection:
        rows = connection.execute("SELECT status FROM jobs WHERE jobspec_id = %s", (f"before-postgres-{verb}",))
        assert rows.fetchone() == ("completed",)
    wait("readiness", lambda: ready(system), until=lambda status: status == 200, kind="ready")
    psycopg.connect(running.database(shared)).close()


def test_jobs_are_worked_on_in_containers_of_their_own(shared: dict[str, str]) -> None:
    """With worker containers the service only serves, and stop and start are those of all."""
    system = target(replace(SERVICE, workers=1)).system(shared)
    try:
        completed(system, "worked-elsewhere")
        system.kill()
        system.start()
        completed(system, "worked-elsewhere-again")
        assert any('"working"' in line for line in system.workers[0].lines())
        assert not any('"working"' in line for line in system.service.lines())
    finally:
        system.close()


def test_commands_of_the_image_work_on_databases_of_the_run(
    client: docker.DockerClient, started: tuple[ContainersTarget, dict[str, str]]
) -> None:
    """Migration and backfill are those of the image; each ends with its code and what it printed, and is gone."""
    running, shared = started
    before = names_of(client, run_of(shared))
    migrate = running.command(shared, running.database(shared), "migrate")
    assert migrate.communicate(timeout=60) == ("nothing to do\n", "")
    backfill = running.command(shared, running.database(shared), "backfill", "--no-such-option")
    out, err = backfill.communicate(timeout=60)
    assert (migrate.returncode, backfill.returncode, out) == (0, 2, "")
    assert "--no-such-option" in err
    assert names_of(client, run_of(shared)) == before


def test_image_that_exits_is_quoted_and_removed(client: docker.DockerClient, shared: dict[str, str]) -> None:
    """The error has the exit code and the last lines; the container is gone."""
    before = names_of(client, run_of(shared))
    with pytest.raises(GateError, match="exit code 2 before it was ready") as caught:
        target().system(shared, {"RUNNER_DATABASE_POOL": "many"})
    assert "RUNNER_DATABASE_POOL" in caught.value.log[-1]
    assert names_of(client, run_of(shared)) == before


def test_failing_migration_is_quoted_and_leaves_nothing(client: docker.DockerClient) -> None:
    """The error has the last lines; what was started is gone."""
    before = runs(client)
    failing = target(replace(SERVICE, image_words={**SERVICE.image_words, "migrate": ("migrate", "--target", "99")}))
    with pytest.raises(GateError, match="migration failed with exit code 1") as caught:
        failing.start()
    assert "99" in caught.value.log[-1]
    assert runs(client) == before


def runs(client: docker.DockerClient) -> set[str]:
    """The runs of this process that have anything on the engine."""
    ours = sweep.labels("any")[sweep.OWNER]
    every = [sweep.labels_of(item) for item in sweep.objects(client, sweep.RUN)]
    return {labels[sweep.RUN] for labels in every if labels[sweep.OWNER] == ours}


GATE = """
import json, sys
from tests.harness.support.engine import target
running = target()
shared = running.start()
system = running.system(shared)
print(shared["labels"], flush=True)
sys.stdin.read()
running.stop()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, None], ids=["SIGKILL", "Ctrl-C", "success"])
def test_nothing_outlives_the_gate(client: docker.DockerClient, how: signal.Signals | None) -> None:
    """However the gate ends, Ctrl-C to its whole group included, no container, volume or network of it is left."""
    with subprocess.Popen(
        [sys.executable, "-c", GATE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
        start_new_session=True,
    ) as gate:
        assert gate.stdout
        assert gate.stdin
        run = json.loads(gate.stdout.readline())[sweep.RUN]
        assert len(names_of(client, run)) == 4
        if how is None:
            gate.stdin.close()
        else:
            os.killpg(gate.pid, how)
        gate.wait(60)
    wait("everything gone", lambda: names_of(client, run), until=lambda names: not names, kind="resume")


def test_taken_port_is_given_up_for_another(
    client: docker.DockerClient, shared: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken ports are no reason to give up as long as one is free; else the error says so, and nothing is left."""
    taken = Stack.joined(shared[STACK]).server.container.port
    image = str(postgres_image(client, None, lambda _: None).tags[0])
    labels = json.loads(shared[LABELS])
    plan = Plan(image, "gate-clash", Stack.joined(shared[STACK]).network, labels, port=PORT, published=True)
    plan = Plan(**{**asdict(plan), "entrypoint": ["sleep"], "command": ["60"]})
    ports = iter([taken, taken, free_port(), taken, taken, taken])
    monkeypatch.setattr("gate.targets.container.free_port", lambda: next(ports))
    Container.run("The clash", plan).remove()
    with pytest.raises(GateError, match=f"The clash did not start.*{taken}.*end that process"):
        Container.run("The clash", plan)
    assert "gate-clash" not in names_of(client, run_of(shared))
