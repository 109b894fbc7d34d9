"""A pull request has one comment of the gate; where it cannot be written, the verdict is the same."""

from __future__ import annotations

import json
import threading
from argparse import Namespace
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from gate.cli.annotate import annotate
from gate.cli.comment import LONGEST, MARKER, comment
from gate.core.redaction import Redactor
from gate.verdict import reports
from tests.harness.support.verdicts import passing


class CodeHost:
    """The comments of pull request 7, behind the part of the API that the gate uses."""

    def __init__(self) -> None:
        self.comments: list[dict[str, object]] = [{"id": number, "body": "by a person"} for number in range(100)]
        self.calls: list[str] = []
        self.status = 0


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[CodeHost]:
    """A code host whose address, token and pull request are in the environment."""
    state = CodeHost()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            url = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.calls.append(f"{self.command} {url.path}")
            status, body = state.status or 200, list[dict[str, object]]()
            if self.headers["Authorization"] != "Bearer t0ken":
                status = 401
            elif self.command == "GET":
                start = (int(parse_qs(url.query)["page"][0]) - 1) * 100
                body = state.comments[start : start + 100]
            elif not state.status:
                sent = json.loads(content)["body"]
                if self.command == "POST":
                    state.comments.append({"id": 1000, "body": sent})
                else:
                    [known] = (each for each in state.comments if url.path.endswith(f"/comments/{each['id']}"))
                    known["body"] = sent
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 (the names that the server calls)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    monkeypatch.setenv("GITHUB_REF", "refs/pull/7/merge")
    monkeypatch.setenv("COMMENT_TOKEN", "t0ken")
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def test_second_run_updates_the_comment_of_the_first(host: CodeHost) -> None:
    """Also behind a page of others, none of which changes."""
    assert comment("first").startswith("A comment was added")
    assert comment("second").endswith("updated.")
    own = [each["body"] for each in host.comments if each["body"] != "by a person"]
    assert own == [f"{MARKER}\nsecond"]
    assert host.calls[-1] == "PATCH /repos/o/r/issues/comments/1000"


def test_long_summary_is_cut_to_what_the_host_takes(host: CodeHost) -> None:
    comment("x" * (LONGEST + 10_000))
    assert LONGEST < len(str(host.comments[-1]["body"])) < 65_536


@pytest.mark.parametrize("status", [403, 404, 500])
def test_missing_permission_is_a_warning_and_no_failure(
    host: CodeHost, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The annotation says what to do; the exit code stays that of a verdict that was shown."""
    host.status = status
    reports.write(passing(), tmp_path, Redactor())
    assert annotate(Namespace(reports=tmp_path)) == 0
    out = capsys.readouterr().out
    assert (
        f"::warning title=Beacon Gate::The comment on the pull request was not written: the code host answered {status}"
        in out
    )
    assert "pull-requests: write" in out
    assert "t0ken" not in out


def test_run_of_a_branch_writes_no_comment(host: CodeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    assert "not the run of a pull request" in comment("text")
    assert host.calls == []


def test_host_that_does_not_answer_is_a_warning(
    host: CodeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    reports.write(passing(), tmp_path, Redactor())
    assert annotate(Namespace(reports=tmp_path)) == 0
    assert "ConnectError" in capsys.readouterr().out
    assert host.calls == []
