"""The demo starts, shows a job in each state, and ends without a trace; its parts for compose.yaml are sound."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata

import httpx
import psutil
import pytest
import yaml

from beacon.checkout import ROOT
from beacon.demo import answers, stack
from beacon.demo.__main__ import main
from beacon.demo.jobs import DEMO
from beacon.jobs import QUESTIONS, spec
from beacon.router import Router
from gate.core.errors import UsageError
from gate.core.waiting import wait
from gate.targets.postgres.supervision import free_port

SECONDS = 60.0


class Demo:
    """A demo that runs as a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-E", "-m", "beacon.demo", "--port", str(free_port())]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.url = self.read(r"  (http://127\.0\.0\.1:\d+)/portal/")

    def read(self, pattern: str) -> str:
        """The first group of the first line that has the pattern; its output is read up to that line."""
        assert self.process.stdout
        for line in self.process.stdout:
            if match := re.fullmatch(pattern, line.rstrip("\n")):
                return match[1]
        pytest.fail(f"no line with {pattern}: {self.process.communicate()[1]}")

    def get(self, path: str) -> httpx.Response:
        """The answer to a GET."""
        return httpx.get(self.url + path, timeout=SECONDS)

    def states(self) -> dict[str, str]:
        """The status of each job, newest first."""
        return {job["id"]: job["status"] for job in self.get("/api/v1/jobs").json()["jobs"]}

    def descendants(self) -> list[psutil.Process]:
        """Its processes but the first."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int) -> tuple[int, str]:
        """The exit code and the errors of a demo that gets a signal."""
        self.process.send_signal(number)
        errors = self.process.communicate(timeout=SECONDS)[1]
        return self.process.returncode, errors


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    running = Demo()
    running.read(r"(\d+) jobs are there to look at\.")
    yield running
    running.process.kill()
    running.process.communicate(timeout=SECONDS)


def expected_states() -> dict[str, str]:
    return {job.id: job.state for job in reversed(DEMO)}


def test_a_job_is_in_each_state(demo: Demo) -> None:
    states = demo.states()
    states.pop("visitor", None)  # another test's
    assert states == expected_states()
    assert set(expected_states().values()) == {"completed", "partial", "running"}


ANALYSES = {
    "demo-standard": (404, "standard_workflow"),
    "demo-pending": (404, "analysis_pending"),
    "demo-ready": (200, 3),
    "demo-control": (200, 3),
    answers.REFUSED: (200, 3),
    answers.FAILED: (200, 2),
    answers.LATE: (200, 2),
}
"""By job: the status of its analysis, and the error code or the number of regions that were compared."""


def test_analysis_of_each_job_is_the_promised_one(demo: Demo) -> None:
    seen = {}
    for job in DEMO:
        answer = demo.get(f"/api/v2/jobs/{job.id}/bias-analysis")
        body = answer.json()
        seen[job.id] = (answer.status_code, body.get("error_code") or len(body["region_scores"]))
    assert seen == ANALYSES


def test_portal_is_served(demo: Demo) -> None:
    page = demo.get("/portal/")
    assert page.status_code == 200
    assert "<html" in page.text


def test_links_of_the_first_page_lead_somewhere(demo: Demo) -> None:
    links = re.findall(r'href="([^"]+)"', demo.get("/").text)
    assert {"/portal/", "/openapi.yaml"} <= set(links)
    assert [demo.get(link).status_code for link in links] == [200] * len(links)


def test_questions_have_answers_that_differ_between_regions_but_for_the_control_questions(demo: Demo) -> None:
    groups = demo.get("/api/v1/questions").json()["categories"].values()
    prompts = {question["question"] for group in groups for question in group}
    texts = answers.texts()
    assert texts.keys() == prompts | {""}
    assert len(prompts) == len(QUESTIONS)
    same = {prompt for prompt, by_region in texts.items() if len(set(by_region.values())) == 1}
    assert len(same) == 3


def test_job_of_a_visitor_takes_a_moment_and_completes(demo: Demo) -> None:
    started = time.monotonic()
    assert httpx.post(f"{demo.url}/api/v1/jobs", json=spec("visitor"), timeout=SECONDS).status_code == 202
    wait("its end", demo.states, until=lambda states: states["visitor"] == "completed", kind="terminal")
    assert time.monotonic() - started > max(answers.LATENCIES["US"], answers.LATENCIES["EU"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_every_process(number: int) -> None:
    demo = Demo()
    descendants = demo.descendants()
    assert len(descendants) >= 4  # Postgres, the runner, and a watchdog of each
    assert demo.end(number) == (0, "")
    assert [process for process in descendants if process.is_running()] == []


def test_demo_ends_with_the_runner() -> None:
    demo = Demo()
    (runner,) = (process for process in demo.descendants() if "runner" in process.cmdline())
    runner.kill()
    code, errors = demo.process.wait(SECONDS), demo.process.communicate()[1]
    assert code == 3
    assert "The runner ended with exit code -9." in errors


def test_port_in_use_is_named_and_the_usual_one_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with Router() as server:
        with pytest.raises(UsageError, match=rf"Port {server.port} is in use.*--port"):
            main(["--port", str(server.port)])
        monkeypatch.setattr(stack, "PORT", server.port)
        assert stack.port_of(None) not in {0, server.port}
    assert stack.port_of(None) == server.port
    assert stack.port_of(0) not in {0, server.port}


@pytest.mark.parametrize("words", [["--port", "x"], ["--port", "65536"], ["--submit-to", "x"], ["--router", "-1"]])
def test_bad_option_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(UsageError, match=words[0]):
        main(words)


def test_compose_profile_runs_the_parts_of_the_demo() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    parts = {name: service for name, service in services.items() if service.get("profiles") == ["demo"]}
    assert parts.keys() == {"router", "jobs"}
    for service in parts.values():
        assert service["entrypoint"] == ["python3", "-m", "beacon.demo"]
        assert service["volumes"] == [f".:{service['working_dir']}:ro"]
    assert parts["router"]["command"] == ["--router", "8000"]
    assert parts["jobs"]["command"] == ["--submit-to", "http://runner:8090"]


def test_parts_of_the_demo_need_no_library_that_the_runners_image_lacks() -> None:
    requirements = (ROOT / "runner" / "requirements.txt").read_text(encoding="utf-8")
    there = {name.lower().replace("-", "_") for name in re.findall(r"^([\w.-]+)==", requirements, re.MULTILINE)}
    installed = metadata.packages_distributions().items()
    lacking = [name for name, of in installed if not {each.lower().replace("-", "_") for each in of} & there]
    program = f"""
import sys
sys.modules.update(dict.fromkeys({[name for name in lacking if not (ROOT / name).exists()]}))
import beacon.demo.__main__, beacon.demo.answers, beacon.demo.jobs, beacon.router
from gate.core import surroundings
"""
    assert "pytest" in program
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
