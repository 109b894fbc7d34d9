"""A run against somebody else's runner reaches it by proxy and TLS, ends when it is stopped, and keeps its secrets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import pytest

from beacon.checkout import ROOT
from beacon.pack import pack
from beacon.states import STANDARD
from benchmarks import COMMANDS
from fixtures.systems import OwnRunner
from gate.cli.main import main
from gate.core.client import Client, Unreachable
from gate.core.errors import Exit
from gate.core.exchange import Exchange
from gate.core.settings import load
from gate.core.waiting import wait
from gate.session.start import refuse
from gate.targets.remote_run.address import Address, AddressedTransport
from tests.harness.support.fake_runner import FakeRunner, handler, program
from tests.harness.support.gateway import closed_port, gateway

CANARIES = {
    "userinfo": "canary-user-7f3a",
    "password": "canary/pass word",
    "query": "canary-query-91c2",
    "header": "canary-header-5d0e",
    "database": "canary@database:44ab",
    "database query": "canary-sslpassword-8e21",
    "clean-up": "canary-cleanup-c03f",
    "libpq": "canary-libpq-66d1",
    "shell": "canary-shell-2b9a",
    "proxy": "canary-proxy-f417",
    "file": "canary-file-0a5c",
}
SPELLINGS = [*CANARIES.values(), *map(quote, CANARIES.values()), quote(CANARIES["password"], safe="")]
SPELLINGS += ["database:44ab", "database%3A44ab", "Y2FuYXJ5LXVzZXItN2YzY"]
"""How a canary may be written; the last is the beginning of userinfo in base64."""
LEAKS = """
import json, logging, sys
import allure

CANARIES = json.loads({canaries!r})

def pytest_runtest_setup(item):
    for name, secret in CANARIES.items():
        item.user_properties.append((name, secret))
        allure.dynamic.parameter(name, secret)
        allure.dynamic.title(secret)
        allure.attach(secret, secret)
        print(json.dumps(secret), secret.encode().hex())
        print(secret, file=sys.stderr)
        logging.getLogger("leaks").error(secret)
"""
"""A plugin that puts secrets into parameters, properties, output and log of tests."""


def ask(url: str, path: str = "/health/live", *, method: str = "GET", **environment: str) -> Exchange:
    """Sends one request as a run would, and leaves no connection open."""
    address = Address.of(url, environment)
    with closing(Client(address.url, lambda _: None, timeout=5, transport=AddressedTransport(address))) as client:
        return client.request(method, path, body={} if method == "POST" else None)


def clean() -> dict[str, str]:
    """The environment of a run, with a single worker, which starts in half of the time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GATE_"))}
    return {**kept, "GATE_WORKERS": "1"}


def gate(*words: str, cwd: Path = ROOT, timeout: float = 110, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "beacon", "--target", "remote", *words],
        cwd=cwd,
        env={**clean(), **env},
        text=True,
        capture_output=True,
        timeout=timeout,
        check=False,
    )


def test_certificate_is_verified(own_runner: OwnRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody vouches for is refused; SSL_CERT_FILE vouches."""
    with gateway(own_runner().session.system.base_url, tmp_path) as tls:
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            ask(tls.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert ask(tls.url).status == 200


def test_proxy_of_the_environment_gets_the_whole_address(
    own_runner: OwnRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = own_runner().session.system.base_url
    with gateway(address) as proxy:
        for name in ("no_proxy", "NO_PROXY", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert ask("http://runner.staging.example:8090").status == 200
        assert proxy.seen[0][0] == "http://runner.staging.example:8090/health/live"


def test_headers_and_credentials_go_with_every_request_and_into_no_exchange(own_runner: OwnRunner) -> None:
    """From the environment, and from the address' userinfo and query."""
    with gateway(own_runner().session.system.base_url) as between:
        url = between.url.replace("//", "//someone:secret@") + "?token=t0ken-t0ken"
        exchange = ask(url, "/api/v1/jobs?limit=1", GATE_HEADER_X_API_KEY="k3y-k3y")
        target, headers = between.seen[0]
    assert target == "/api/v1/jobs?limit=1&token=t0ken-t0ken"
    assert (headers["x-api-key"], headers["authorization"]) == ("k3y-k3y", "Basic c29tZW9uZTpzZWNyZXQ=")
    assert "k3y" not in str(exchange.request_headers) + exchange.url + exchange.as_curl()
    assert (exchange.status, exchange.query) == (200, "limit=1")


def test_connection_is_tried_again_until_somebody_listens() -> None:
    runner = FakeRunner("")
    runner.close()
    port = int(runner.base_url.rpartition(":")[2])
    servers: list[ThreadingHTTPServer] = []

    def listen() -> None:
        servers.append(ThreadingHTTPServer(("127.0.0.1", port), handler(runner)))
        servers[0].serve_forever(0.01)

    late = threading.Timer(0.3, listen)
    late.start()
    assert ask(runner.base_url, "/").status == 200
    servers[0].shutdown()
    servers[0].server_close()
    late.join()


def test_request_that_was_sent_is_never_sent_again() -> None:
    runner, calls = FakeRunner(""), list[tuple[str, str]]()
    runner.answer = lambda method, path: calls.append((method, path))
    with pytest.raises(Unreachable):
        ask(runner.base_url, "/api/v1/jobs", method="POST")
    runner.close()
    assert len(calls) == 1


PRODUCTION = {
    "http://runner.staging.example.org": False,
    "http://127.0.0.1:8090": False,
    "https://products.example.org": False,
    "https://runner-prod.example.org": True,
    "https://PROD2.example.org": True,
    "https://api.production.example.org": True,
    "https://projectbeacon.netlify.app": True,
    "https://a.projectbeacon.netlify.app.": True,
    "postgresql://reader@db.example.org/beacon_prod": True,
    "postgresql://prod:secret@db.example.org/beacon": False,
}


@pytest.mark.parametrize(("url", "production"), PRODUCTION.items(), ids=PRODUCTION)
def test_production_is_recognised_by_words_and_domains(url: str, production: bool) -> None:
    assert bool(pack().production.why(url)) == production


def test_production_needs_to_be_typed_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is sent before, and an abbreviation does not do."""
    words = ("--base-url", "http://runner.prod.invalid", "--report-dir", str(tmp_path))
    for more in ((), ("--i-know",), ("--i-know-this-is-prod",)):
        assert main(pack(), COMMANDS, ["--target", "remote", *words, *more]) == 2
        assert "--i-know-this-is-production" in capsys.readouterr().err
    typed = {"target": "remote", "base_url": words[1], "i_know_this_is_production": True}
    refuse(load(pack().options, typed, directory=tmp_path), pack())


def secret_options(base_url: str, database_url: str) -> dict[str, str]:
    """Variables with a secret at each place that can hold one."""
    userinfo = f"{CANARIES['userinfo']}:{quote(CANARIES['password'], safe='')}@"
    database = database_url.replace("//postgres@", f"//postgres:{quote(CANARIES['database'], safe='')}@")
    return {
        "GATE_BASE_URL": base_url.replace("//", f"//{userinfo}") + f"?key={CANARIES['query']}",
        "GATE_DATABASE_URL": f"{database}&sslpassword={CANARIES['database query']}",
        "GATE_CLEANUP_DATABASE_URL": database_url.replace("//postgres@", f"//postgres:{CANARIES['clean-up']}@"),
        "GATE_HEADER_X_CANARY": f"Bearer {CANARIES['header']}",
        "PGPASSWORD": CANARIES["libpq"],
        "CI_JOB_TOKEN": CANARIES["shell"],
        "HTTPS_PROXY": f"http://me:{CANARIES['proxy']}@proxy.example:8080",
    }


def leaks(directory: Path, *outputs: str) -> list[tuple[str, str]]:
    """The files and outputs that hold a secret, each with it."""
    written = {str(path): path.read_text(errors="replace") for path in directory.rglob("*") if path.is_file()}
    texts = [*written.items(), *(("output", output) for output in outputs), ("names", "\n".join(written))]
    return [(name, secret) for name, text in texts for secret in SPELLINGS if secret in text]


def test_no_secret_is_in_anything_that_a_run_writes(own_runner: OwnRunner, tmp_path: Path) -> None:
    """Reports, results, ledger, output and process titles of a run with findings, whose service repeats secrets."""
    system = own_runner().session.system
    assert system.database_url
    with gateway(system.base_url, echo=True) as between:
        env = {**clean(), **secret_options(between.url, system.database_url), "PYTHONPATH": str(ROOT)}
        (tmp_path / "gate.toml").write_text(f'[gate]\nrunner-env = ["TOKEN={CANARIES["file"]}"]\n', encoding="utf-8")
        words = ["--target", "remote", "--depth", "smoke", "--workers", "1", "--report-dir", str(tmp_path / "reports")]
        words += ["-k", "test_health_lists_each_service or test_standard_submission"]
        with subprocess.Popen(
            [sys.executable, "-m", "beacon", *words],
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as run:
            titles = Titles(run.pid)
            output = run.communicate(timeout=110)[0]
            titles.stop()
    assert run.returncode == 1, output  # the gateway's 404 is not as published
    names = {path.name for path in (tmp_path / "reports").rglob("*") if path.is_file()}
    assert {"verdict.html", "verdict.md", "verdict.json", "junit.xml"} <= names
    assert (tmp_path / "reports" / "ledgers").is_dir()
    assert leaks(tmp_path / "reports", output, *titles.lines) == []
    assert any("pytest" in line for line in titles.lines)
    assert any(CANARIES["header"] in str(headers) for _, headers in between.seen)


def test_no_secret_is_in_what_is_written_of_a_test_that_prints_it(tmp_path: Path) -> None:
    """Parameters, properties, titles, attachments, output, log and exception, in JUnit's and Allure's results too."""
    (tmp_path / "leaks.py").write_text(LEAKS.format(canaries=json.dumps(CANARIES)), encoding="utf-8")
    runner = FakeRunner("")
    runs = program(tmp_path, json.dumps({"status": " ".join(CANARIES.values())}))  # which the exception shows
    env = {**clean(), **secret_options(runner.base_url, "postgresql://postgres@h/x?a=b"), "PYTHONPATH": str(tmp_path)}
    del env["GATE_DATABASE_URL"], env["GATE_CLEANUP_DATABASE_URL"]
    secret = [f"--runner-env=TOKEN_{number}={text}" for number, text in enumerate(CANARIES.values())]
    words = ["tests/contract/test_service.py", "-k", "test_health_lists_each_service", "-p", "leaks", "--workers", "1"]
    words += [*secret, "--runner-command", runs, "--report-dir", str(tmp_path / "reports")]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        env=env,
        text=True,
        capture_output=True,
        timeout=110,
        check=False,
    )
    runner.close()
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "AssertionError" in (tmp_path / "reports" / "junit.xml").read_text()
    assert any((tmp_path / "reports" / "allure-results").glob("*-result.json"))
    assert leaks(tmp_path / "reports", ended.stdout, ended.stderr) == []


class Titles:
    """The command lines of all that a process starts."""

    def __init__(self, pid: int) -> None:
        self.lines: set[str] = set()
        self._over = threading.Event()
        self._root = psutil.Process(pid)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._over.wait(0.05):
            with suppress(psutil.Error):
                for process in self._root.children(recursive=True):
                    self.lines.add(" ".join(process.cmdline()))

    def stop(self) -> None:
        """Ends the thread."""
        self._over.set()
        self._thread.join()


@pytest.mark.full
def test_secrets_of_addresses_that_do_not_work_are_not_repeated(tmp_path: Path) -> None:
    """Neither a runner nor a database that nobody answers at is shown with its password."""
    nowhere = f"127.0.0.1:{closed_port()}"
    base = f"http://{CANARIES['userinfo']}:{CANARIES['query']}@{nowhere}"
    ended = gate("--base-url", base, "--report-dir", str(tmp_path))
    runner = FakeRunner("")
    database = f"postgresql://reader:{quote(CANARIES['database'], safe='')}@{nowhere}/x"
    other = gate("--base-url", runner.base_url, "--database-url", database, "--report-dir", str(tmp_path / "b"))
    runner.close()
    for run in (ended, other):
        assert run.returncode == 3, run.stdout + run.stderr
        assert not [secret for secret in SPELLINGS if secret in run.stdout + run.stderr]


@pytest.mark.parametrize("how", [pytest.param("stop file", marks=pytest.mark.full), "Ctrl-C"])
def test_stopped_run_sends_nothing_a_second_later_and_cleans_up(
    own_runner: OwnRunner, tmp_path: Path, how: str
) -> None:
    """Workers that wait stop too, and their jobs are removed."""
    scenario = own_runner()
    system, stop = scenario.session.system, tmp_path / "stop"
    assert system.database_url
    with gateway(system.base_url) as between:
        words = ["--base-url", between.url, "--workers", "2", "--report-dir", str(tmp_path / "reports")]
        words += ["--cleanup-database-url", system.database_url, "--stop-file", str(stop)]
        with subprocess.Popen(
            [sys.executable, "-m", "beacon", "--target", "remote", *words],
            cwd=ROOT,
            env=clean(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as run:
            wait("jobs", lambda: sum("gate-" in path for path, _ in between.seen), until=lambda n: n > 20, kind="gate")
            stopped = time.monotonic()
            stop.touch() if how == "stop file" else os.killpg(run.pid, signal.SIGINT)
            wait("no test request", lambda: (time.monotonic() - stopped) > 1, until=bool)
            sent = len(between.seen)
            output = run.communicate(timeout=30)[0]
            ended = time.monotonic() - stopped
        later = {path for path, _ in between.seen[sent:]}
    assert run.returncode == 3, output
    assert ended < 40
    assert all(path.startswith("/api/v1/jobs/gate-") for path in later), later  # the end of its own jobs
    assert scenario.database.query("SELECT jobspec_id FROM jobs WHERE jobspec_id LIKE 'gate-%%-gw%%'") == []
    verdict = json.loads((tmp_path / "reports" / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["left_behind"]) == ("unjudged", [])


@contextmanager
def wrong_analysis(url: str, job: str) -> Iterator[None]:
    """For as long as the block takes a job's analysis has a number that does not follow from its answers."""
    change = (
        "UPDATE cross_region_analyses SET bias_variance = 1 - bias_variance WHERE cross_region_execution_id ="
        " (SELECT id FROM cross_region_executions WHERE jobspec_id = %s)"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(change, [job])
        try:
            yield
        finally:
            connection.execute(change, [job])


def test_existing_jobs_are_judged_by_reading_alone(own_runner: OwnRunner, tmp_path: Path) -> None:
    """Sound ones pass, one with an analysis that does not follow from its answers is found; only GET is sent."""
    scenario = own_runner()
    sound, wrong, standard = scenario.finished(), scenario.finished(), scenario.finished(workflow=STANDARD)
    url = scenario.session.system.database_url
    assert url
    (tmp_path / "jobs").write_text(f"# those of last night\n{standard.id}\n")
    ended = {}
    with wrong_analysis(url, wrong.id), gateway(scenario.session.system.base_url) as between:
        words = ("--base-url", between.url, "--read-only", "--jobs-from", str(tmp_path / "jobs"), "--workers", "1")
        for name, more in {
            "sound": [f"--job={sound.id}"],
            "wrong": [f"--job={wrong.id}", f"--database-url={url}"],
        }.items():
            ended[name] = gate(*words, *more, "--report-dir", str(tmp_path / name))
        assert between.methods == {"GET"}
    assert ended["sound"].returncode == 3, ended["sound"].stdout  # partial: the rows were not seen
    assert ended["wrong"].returncode == 1
    verdict = json.loads((tmp_path / "wrong" / "verdict.json").read_text())
    assert {finding["code"] for finding in verdict["findings"]} == {"BG-ANALYSIS-001"}
    assert json.loads((tmp_path / "sound" / "verdict.json").read_text())["verdict"] == "partial"
    assert not (tmp_path / "sound" / "ledgers").exists()


def test_missing_existing_job_is_a_finding(own_runner: OwnRunner, tmp_path: Path) -> None:
    address = own_runner().session.system.base_url
    ended = gate("--base-url", address, "--read-only", "--job", "no-such-job", "--report-dir", str(tmp_path))
    assert ended.returncode == 1
    assert "BG-LIST-001" in ended.stdout


@pytest.mark.full
def test_fixture_that_the_target_cannot_give_leaves_its_test_unchecked(own_runner: OwnRunner, tmp_path: Path) -> None:
    """As where the test asks for it itself: not checked, with the reason, and no finding."""
    url = own_runner().session.system.base_url
    ended = gate("--base-url", url, "-k", "make_the_published_schema or health_lists", "--report-dir", str(tmp_path))
    assert ended.returncode == Exit.UNJUDGED, ended.stdout + ended.stderr
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert (verdict["verdict"], verdict["findings"]) == ("partial", [])
    assert "this check needs a database of its own" in (tmp_path / "verdict.md").read_text(encoding="utf-8")
