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
from contextlib import closing, contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from beacon.checkout import ROOT
from beacon.pack import pack
from beacon.states import STANDARD
from fixtures.systems import OwnRunner
from gate.core.client import Client, Unreachable
from gate.core.errors import Exit
from gate.core.exchange import Exchange
from gate.core.waiting import wait
from gate.targets.remote_run.address import Address, AddressedTransport
from tests.harness.support.fake_runner import FakeRunner, handler
from tests.harness.support.gateway import closed_port, gateway

CANARIES = {
    "userinfo": "canary-user-7f3a",
    "password": "canary/pass word",
    "query": "canary-query-91c2",
    "header": "canary-header-5d0e",
    "database": "canary-database-44ab",
}
SPELLINGS = [*CANARIES.values(), quote(CANARIES["password"], safe=""), "Y2FuYXJ5LXVzZXItN2YzY"]
"""How a canary may be written; the last is the beginning of userinfo in base64."""


def ask(url: str, path: str = "/health/live", *, method: str = "GET", **environment: str) -> Exchange:
    """Sends one request as a run would, and leaves no connection open."""
    address = Address.of(url, environment)
    with closing(Client(address.url, lambda _: None, timeout=5, transport=AddressedTransport(address))) as client:
        return client.request(method, path, body={} if method == "POST" else None)


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GATE_"))}


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


def test_production_needs_to_be_typed_out(tmp_path: Path) -> None:
    """Nothing is sent before, and an abbreviation does not do."""
    words = ("--base-url", "http://runner.prod.invalid", "--report-dir", str(tmp_path))
    for more in ((), ("--i-know",), ("--i-know-this-is-prod",)):
        ended = gate(*words, *more)
        assert ended.returncode == 2
        assert "--i-know-this-is-production" in ended.stderr
    assert gate(*words, "--i-know-this-is-production").returncode == 3  # and then nobody answers


def test_no_secret_is_in_anything_that_a_run_writes(own_runner: OwnRunner, tmp_path: Path) -> None:
    """Reports, results, ledger and output of a run with findings, through a gateway that repeats what it was sent."""
    with gateway(own_runner().session.system.base_url, echo=True) as between:
        userinfo = f"{CANARIES['userinfo']}:{quote(CANARIES['password'], safe='')}@"
        url = between.url.replace("//", f"//{userinfo}") + f"?key={CANARIES['query']}"
        ended = gate(
            *("--base-url", url, "--depth", "ci", "--workers", "1", "--report-dir", str(tmp_path)),
            *("-k", "unknown or health or test_standard_submission"),
            GATE_HEADER_X_CANARY=f"Bearer {CANARIES['header']}",
        )
    assert ended.returncode == 1, ended.stdout + ended.stderr  # the gateway's 404 is not as published
    written = {path: path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()}
    assert {"verdict.html", "verdict.md", "verdict.json", "junit.xml"} <= {path.name for path in written}
    assert any("ledgers" in path.parts for path in written)
    texts = [*written.items(), (Path("stdout"), ended.stdout), (Path("stderr"), ended.stderr)]
    leaked = [(path.name, secret) for path, text in texts for secret in SPELLINGS if secret in text]
    assert leaked == []
    assert any(CANARIES["header"] in str(headers) for _, headers in between.seen)


def test_secrets_of_addresses_that_do_not_work_are_not_repeated(tmp_path: Path) -> None:
    """Neither a runner nor a database that nobody answers at is shown with its password."""
    nowhere = f"127.0.0.1:{closed_port()}"
    base = f"http://{CANARIES['userinfo']}:{CANARIES['query']}@{nowhere}"
    ended = gate("--base-url", base, "--report-dir", str(tmp_path))
    runner = FakeRunner("")
    database = f"postgresql://reader:{CANARIES['database']}@{nowhere}/x"
    other = gate("--base-url", runner.base_url, "--database-url", database, "--report-dir", str(tmp_path / "b"))
    runner.close()
    for run in (ended, other):
        assert run.returncode == 3, run.stdout + run.stderr
        assert not [secret for secret in SPELLINGS if secret in run.stdout + run.stderr]


@pytest.mark.parametrize("how", ["stop file", "Ctrl-C"])
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


def test_fixture_that_the_target_cannot_give_leaves_its_test_unchecked(own_runner: OwnRunner, tmp_path: Path) -> None:
    """As where the test asks for it itself: not checked, with the reason, and no finding."""
    url = own_runner().session.system.base_url
    ended = gate("--base-url", url, "-k", "make_the_published_schema or health_lists", "--report-dir", str(tmp_path))
    assert ended.returncode == Exit.UNJUDGED, ended.stdout + ended.stderr
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert (verdict["verdict"], verdict["findings"]) == ("partial", [])
    assert "this check needs a database of its own" in (tmp_path / "verdict.md").read_text(encoding="utf-8")
