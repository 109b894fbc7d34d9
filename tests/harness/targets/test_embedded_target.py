"""The embedded target starts isolated systems, explains its errors, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from beacon.service import service
from gate.core.errors import GateError, UsageError
from gate.core.waiting import wait
from gate.targets.embedded import EmbeddedTarget, template_name
from gate.targets.postgres.binaries import fingerprint
from gate.targets.postgres.clones import Clones
from gate.targets.postgres.server import CACHES_KEPT, Cluster
from gate.targets.postgres.supervision import Watched, free_port
from gate.targets.postgres.template_server import ADMIN, DIRECTORY, TEMPLATE
from gate.targets.process import ServiceProcess

ROOT = Path(__file__).parents[3]
STAND_IN = shlex.join([sys.executable, "-I", "-S", str(Path(__file__).parents[1] / "support" / "stand_in_runner.py")])
Say = Callable[[str], None]


def target(mode: str = "ready", *, migrate: str = "true", command: str = STAND_IN, **options: object) -> EmbeddedTarget:
    given: dict[str, object] = {"warm": False, "say": lambda _: None, **options}
    return EmbeddedTarget(service(env={"STAND_IN": mode}, serve=command, migrate=migrate), **given)  # type: ignore[arg-type]  # the options are the target's own


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def gone(pids: list[int], directory: Path) -> None:
    wait(
        "everything being gone",
        lambda: ([pid for pid in pids if alive(pid)], directory.exists()),
        until=lambda seen: seen == ([], False),
    )


def server_pid(url: str) -> int:
    """The server's process id, as its directory says."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row
    return int(row[0].split()[0])


@pytest.fixture(scope="session")
def started() -> Iterator[tuple[EmbeddedTarget, dict[str, str]]]:
    running = target()
    shared = running.start()
    yield running, shared
    running.stop()


@pytest.fixture(scope="session")
def shared(started: tuple[EmbeddedTarget, dict[str, str]]) -> dict[str, str]:
    return started[1]


def test_stop_leaves_nothing_and_may_be_repeated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After stop() there is no process and no directory, and a cold start leaves no cache either."""
    monkeypatch.setattr("gate.targets.postgres.server.user_cache_path", lambda _: tmp_path)
    running = target()
    shared = running.start()
    system = running.system(shared)
    pids = [system.pid, server_pid(shared["admin_url"])]
    assert all(map(alive, pids))
    system.close()
    system.close()
    running.stop()
    running.stop()
    gone(pids, Path(shared[DIRECTORY]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_the_gate(how: signal.Signals) -> None:
    """However the gate dies, Ctrl-C to its whole group included, its processes and its directory go with it."""
    code = (
        "import json, sys\n"
        "from beacon.service import service\n"
        "from gate.targets.embedded import EmbeddedTarget\n"
        f"runner = service(serve={STAND_IN!r}, migrate='true')\n"
        "target = EmbeddedTarget(runner, warm=False, say=lambda _: None)\n"
        "shared = target.start()\n"
        "system = target.system(shared)\n"
        "print(json.dumps([system.pid, shared]), flush=True)\n"
        "sys.stdin.read()\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
        start_new_session=True,
    ) as gate:
        assert gate.stdout
        pid, shared = json.loads(gate.stdout.readline())
        pids = [pid, server_pid(shared["admin_url"])]
        os.killpg(gate.pid, how)
        gate.wait(10)
    gone(pids, Path(shared[DIRECTORY]))


def test_databases_are_migrated_and_isolated(started: tuple[EmbeddedTarget, dict[str, str]]) -> None:
    running, shared = started
    first, second = running.database(shared), running.database(shared)
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)


def test_fresh_databases_outlive_the_connection_that_made_them(shared: dict[str, str]) -> None:
    """A test that ends the server and starts it again does not keep those after it from having databases."""
    own = psycopg.conninfo.make_conninfo(shared[ADMIN], application_name="broken")
    clones = Clones()
    names = [clones.fresh(own, shared[TEMPLATE])]
    with psycopg.connect(shared[ADMIN]) as other:
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'broken'"
        assert other.execute(ended).fetchall() == [(True,)]
    names.append(clones.fresh(own, shared[TEMPLATE]))
    clones.close()
    assert names[0] != names[1]
    with pytest.raises(psycopg.OperationalError, match="refused"):
        clones.fresh("postgresql://127.0.0.1:1/x", shared[TEMPLATE])


def test_worker_makes_systems_from_strings_alone(shared: dict[str, str]) -> None:
    handed_over = json.loads(json.dumps(shared))
    system = target().system(handed_over)
    try:
        assert f"DATABASE_URL={system.database_url}" in system.log()
        assert f"ROUTER_URL={system.stand_ins['ROUTER_URL'].url}" in system.log()
    finally:
        system.close()


def test_service_gets_a_clean_environment(shared: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the caller's shell do not reach the runner; those that the test sets do."""
    monkeypatch.setenv("RUNNER_RATE_LIMIT", "1/hour")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    system = target().system(shared, {"RUNNER_LOG_LEVEL": "debug"})
    system.close()
    assert {"RUNNER_RATE_LIMIT=", "RUNNER_LOG_LEVEL=debug", "PYTHONDONTWRITEBYTECODE=None"} <= set(system.log())


def test_variables_that_a_library_sets_later_reach_no_start(
    shared: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would make every later start a real one, and say of a build what is true of the gate alone."""
    running = target()
    monkeypatch.setenv("LATER", "1")
    system = running.system(shared)
    system.close()
    assert "LATER=None" in system.log()


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_start_again_keeps_database_and_port(shared: dict[str, str], end: str) -> None:
    """A runner that was killed or stopped comes back where it was, on what it had stored."""
    system = target().system(shared)
    try:
        assert system.database_url
        with psycopg.connect(system.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
        before, url = system.pid, system.base_url
        getattr(system, end)()
        assert not alive(before)
        system.start()
        assert (system.base_url, system.pid != before) == (url, True)
        with psycopg.connect(system.database_url) as connection:
            assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
        assert len([line for line in system.log() if line.startswith("ROUTER_URL=")]) == 2
    finally:
        system.close()


def test_service_without_readiness_endpoint_is_asked_for_its_health(shared: dict[str, str]) -> None:
    target("old").system(shared).close()


def test_service_that_ends_at_start_is_quoted(shared: dict[str, str]) -> None:
    """The error holds the exit code and the last fifteen lines."""
    with pytest.raises(GateError, match="exit code 1") as caught:
        target("exit").system(shared)
    assert len(caught.value.log) == 15
    assert caught.value.log[-2:] == ("line 30", "no configuration")


def test_service_that_is_never_ready_is_ended(shared: dict[str, str]) -> None:
    """The error says what the last probe saw."""
    with pytest.raises(GateError, match=r"not ready within 2 s \(GET /health/ready answered 503\)"):
        target("never", ready_seconds=2).system(shared)


def test_missing_command_names_its_option() -> None:
    """Nothing is started for a command that cannot be."""
    with pytest.raises(GateError, match=r"was not found.*--runner-command"):
        target(command="no-such-runner serve").start()
    with pytest.raises(GateError, match=r"was not found.*--migrate-command"):
        target(migrate="no/such/migration").start()
    with pytest.raises(GateError, match=r"is not executable.*--runner-command"):
        target(command=shlex.quote(__file__)).start()
    with pytest.raises(UsageError, match=r"cannot be read.*--runner-command"):
        target(command="serve 'unclosed").start()


def test_program_without_interpreter_is_refused(shared: dict[str, str], tmp_path: Path) -> None:
    """A file that the kernel refuses to execute gives an error with a hint, not a traceback."""
    program = tmp_path / "runner"
    program.write_text("not a program")
    program.chmod(0o755)
    with pytest.raises(GateError, match=r"cannot be executed.*--runner-command"):
        target(command=shlex.quote(str(program))).system(shared)


def test_failing_migration_is_quoted_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error holds the migration's last lines; the cluster is taken down."""
    directories: list[Path] = []

    class Noted(Cluster):
        def start(self) -> None:
            super().start()
            directories.append(self.directory)

    monkeypatch.setattr("gate.targets.postgres.template_server.Cluster", Noted)
    script = tmp_path / "migrate.sh"
    script.write_text("echo relation jobs is broken\nexit 7\n")
    with pytest.raises(GateError, match="exit code 7") as caught:
        target(migrate=f"sh {shlex.quote(str(script))}").start()
    assert caught.value.log == ("relation jobs is broken",)
    gone([], directories[0])


def process(env: Mapping[str, str], choose_port: Callable[[], int] = free_port) -> ServiceProcess:
    return ServiceProcess(service(serve=STAND_IN), env={**os.environ, **env}, choose_port=choose_port)


def test_taken_port_is_given_up_for_another() -> None:
    """Two taken ports are no reason to give up; three are, and the error says so."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy, free = taken.getsockname()[1], free_port()
        ports = iter([busy, busy, free])
        runner = process({}, lambda: next(ports))
        runner.start()
        runner.close()
        assert runner.port == free
        with pytest.raises(GateError, match=f"found its port {busy} in use"):
            process({}, lambda: busy).start()


def test_service_that_ignores_sigterm_is_killed_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """stop() never leaves a runner behind, and does not hide that it had to kill."""
    monkeypatch.setattr("gate.targets.process.STOP_SECONDS", 0.2)
    runner = process({"STAND_IN": "stubborn"})
    runner.start()
    pid = runner.pid
    with pytest.raises(GateError, match=r"did not end within 0\.2 s"):
        runner.stop()
    assert not alive(pid)


def test_children_of_a_service_end_with_it(tmp_path: Path) -> None:
    watched = Watched()
    note = tmp_path / "pid"
    watched.run(["sh", "-c", f"sleep 60 & echo $! > {note}; wait"], env=os.environ)
    wait("the child's note", lambda: note.exists() and note.read_text(), until=bool)
    watched.close()
    pid = int(note.read_text())
    wait("the grandchild's end", lambda: alive(pid), until=lambda seen: not seen)


def test_warm_start_copies_the_cache_and_rebuilds_a_broken_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The migration runs for a new, a damaged or an unusable cache only, and old keys go."""
    monkeypatch.setattr("gate.targets.postgres.server.user_cache_path", lambda _: tmp_path)
    entries = tmp_path / "postgres"
    for age in range(CACHES_KEPT + 1):
        old = entries / f"old{age}"
        old.mkdir(parents=True)
        (old / "fingerprint").touch()
        os.utime(old / "fingerprint", (age + 1, age + 1))
    runs = tmp_path / "runs"
    script = tmp_path / "migrate.sh"
    script.write_text(f"echo run >> {shlex.quote(str(runs))}\n")
    lines: list[str] = []

    def migrations() -> int:
        running = target(migrate=f"sh {shlex.quote(str(script))}", warm=True, say=lines.append)
        try:
            running.database(running.start())
        finally:
            running.stop()
        return len(runs.read_text().splitlines())

    assert [migrations(), migrations()] == [1, 1]
    assert {entry.name for entry in entries.glob("old*")} == {f"old{age}" for age in range(2, CACHES_KEPT + 1)}
    [entry] = [path for path in entries.iterdir() if path.is_dir() and not path.name.startswith("old")]
    (entry / "data" / "PG_VERSION").write_text("damaged")
    (entry / "fingerprint").write_bytes(b"\xfd")
    assert migrations() == 2
    (entry / "data" / "global" / "pg_control").write_bytes(b"\0" * 8192)
    (entry / "fingerprint").write_text(fingerprint(entry / "data"))
    assert migrations() == 3
    assert ["damaged" in lines[0], "does not start" in lines[1], len(lines)] == [True, True, 2]


def test_template_has_another_name_when_its_schema_may_differ(tmp_path: Path) -> None:
    """Name, content and command of the migrations decide, and so does a program that may hold them."""
    migrations = tmp_path / "runner" / "migrations"
    migrations.mkdir(parents=True)
    script = tmp_path / "migrate.py"
    script.touch()

    def name(command: str = "migrate", *programs: str) -> str:
        return template_name(service(tmp_path, migrate=command), list(programs))

    names = [name()]
    (migrations / "0001_jobs.up.sql").write_text("CREATE TABLE jobs ();")
    names.append(name())
    (migrations / "0001_jobs.up.sql").write_text("CREATE TABLE jobs (id int);")
    names.append(name())
    (migrations / "0001_jobs.up.sql").rename(migrations / "0002_jobs.up.sql")
    names.append(name())
    names.append(name("migrate --all"))
    names.append(name("migrate", "migrate.py"))
    script.write_text("changed")
    names.append(name("migrate", "migrate.py"))
    assert len(set(names)) == len(names)
    assert names[-1] == name("migrate", "migrate.py")
    assert name("migrate", "x" * 1000) == name()  # no file has so long a name
