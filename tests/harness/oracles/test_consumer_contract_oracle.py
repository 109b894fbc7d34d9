"""The check of a consumer contract: it finds what a portal relies on and nobody promised, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from beacon import jobs
from beacon.contract import published
from beacon.oracles.portal import check
from beacon.router.serving import Serving
from beacon.scenario import Scenario
from fixtures.portal import verification as live
from gate.contract.document import Contract
from gate.contract.pact import load, read
from gate.core.errors import GateError
from tests.harness.support.sample_pact import document, interaction, no_results, polling, results, submission

PUBLISHED = published()
SAMPLE = document(submission(), polling(), results(), no_results())

Change = Callable[[dict[str, Any]], object]


def broken(pact: dict[str, Any], contract: Contract = PUBLISHED) -> set[str]:
    """Code and place of each finding, without what all have in common."""
    return {f"{finding.code.removeprefix('BG-PORTAL-')} {finding.where}" for finding in check(read(pact), contract)}


def changed(change: Change) -> Contract:
    """The published contract after a change of its schemas."""
    altered = copy.deepcopy(dict(PUBLISHED.document))
    change(altered["components"]["schemas"])
    return Contract(altered, PUBLISHED.conventions)


def test_portal_that_relies_on_the_published_contract_is_no_finding() -> None:
    assert broken(SAMPLE) == set()
    assert broken(document(submission("job_spec"), results())) == set()


def without(schema: str, name: str) -> Change:
    def change(schemas: dict[str, Any]) -> None:
        del schemas[schema]["properties"][name]
        schemas[schema]["required"] = [member for member in schemas[schema]["required"] if member != name]

    return change


def optional(schema: str, name: str) -> Change:
    return lambda schemas: schemas[schema]["required"].remove(name)


def only_job_spec(schemas: dict[str, Any]) -> None:
    wrapper = schemas["CrossRegionRequest"]
    del wrapper["properties"]["jobspec"]
    wrapper.pop("oneOf", None)
    wrapper["required"] = ["job_spec"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (only_job_spec, "002 POST /api/v1/jobs/cross-region /"),
        (without("CrossRegionJobAccepted", "id"), "004 POST /api/v1/jobs/cross-region 202 $.id"),
        (optional("CrossRegionJobAccepted", "id"), "004 POST /api/v1/jobs/cross-region 202 $.id"),
        (without("Execution", "question_id"), "004 GET /api/v1/jobs/{job_id} 200 $.executions[*].question_id"),
        (optional("Execution", "question_id"), "004 GET /api/v1/jobs/{job_id} 200 $.executions[*].question_id"),
        (without("JobView", "executions_total"), "004 GET /api/v1/jobs/{job_id} 200 $.executions_total"),
        (
            optional("Analysis", "bias_variance"),
            "004 GET /api/v2/jobs/{job_id}/bias-analysis 200 $.analysis.bias_variance",
        ),
        (
            lambda schemas: schemas["KeyDifference"]["properties"].update(severity={"type": "integer"}),
            "005 GET /api/v2/jobs/{job_id}/bias-analysis 200 $.analysis.key_differences[*].severity",
        ),
        (
            optional("RegionScore", "censorship_detected"),
            "004 GET /api/v2/jobs/{job_id}/bias-analysis 200 $.region_scores.*.censorship_detected",
        ),
    ],
    ids=[
        "D20 the other wrapper",
        "D21 no id",
        "D21 id may be absent",
        "D22 no question",
        "D22 question may be absent",
        "no total",
        "metric may be absent",
        "severity is a number",
        "score may be absent",
    ],
)
def test_promise_that_is_taken_back_is_found(change: Change, place: str) -> None:
    """A field that the portal relies on and a changed contract lacks is reported at its place."""
    assert any(finding.startswith(place) for finding in broken(SAMPLE, changed(change)))


@pytest.mark.parametrize(
    ("interaction", "places"),
    [
        (
            interaction("retry", "POST", "/api/v1/executions/7/retry", 200, sent={}),
            {"001 POST /api/v1/executions/7/retry"},
        ),
        (
            interaction("all", "GET", "/api/v1/executions", 200, {"total": 1}, query={"job": ["job-1"]}),
            {"002 GET /api/v1/executions query job"},
        ),
        (polling(include="executions", exec_limit="9999"), {"002 GET /api/v1/jobs/{job_id} query exec_limit"}),
        (
            polling(exec_limit="100"),
            {f"004 GET /api/v1/jobs/{{job_id}} 200 $.{name}" for name in ("executions", "executions_total")},
        ),
        (interaction("id", "GET", "/api/v1/jobs/a%20b", 200), {"002 GET /api/v1/jobs/{job_id} path job_id"}),
        (
            submission(target_regions=["MARS"]),
            {f"002 POST /api/v1/jobs/cross-region /target_regions{entry}" for entry in ("", "/0")},
        ),
        (submission(wallet="0x0"), {"002 POST /api/v1/jobs/cross-region /"}),
        (
            interaction("empty", "POST", "/api/v1/jobs/cross-region", 202),
            {"002 POST /api/v1/jobs/cross-region body"},
        ),
        (interaction("gone", "GET", "/api/v1/jobs/job-1", 410), {"003 GET /api/v1/jobs/{job_id} 410"}),
        (no_results("analysis_lost"), {"005 GET /api/v2/jobs/{job_id}/bias-analysis 404 $.error_code"}),
        (no_results(retry=True), {"004 GET /api/v2/jobs/{job_id}/bias-analysis 404 $.retry"}),
        (
            interaction("header", "GET", "/api/v1/questions", 200, headers={"X-Total": ["1"]}),
            {"004 GET /api/v1/questions 200 header x-total"},
        ),
    ],
    ids=[
        "D24 route that is not there",
        "D24 filter that is not there",
        "page too long",
        "executions not asked for",
        "no job id",
        "unknown region",
        "unknown member",
        "no body",
        "undocumented status",
        "unknown code",
        "unknown member of an error",
        "unknown header",
    ],
)
def test_forbidden_call_and_unpromised_member_are_found_at_their_places(
    interaction: dict[str, Any], places: set[str]
) -> None:
    assert broken(document(interaction)) == places


def test_request_that_is_to_be_refused_may_be_wrong() -> None:
    """A request that the portal expects to be refused need not keep the contract."""
    interaction = submission(target_regions=["MARS"])
    interaction["response"] = no_results("validation_error")["response"] | {"status": 400}
    assert broken(document(interaction)) == set()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps(document()),
        json.dumps(SAMPLE | {"metadata": {"pactSpecification": {"version": "3.0.0"}}}),
        json.dumps(document(submission(), submission())),
        json.dumps(document({**submission(), "type": "Asynchronous/Messages"})),
        json.dumps(document({"type": "Synchronous/HTTP", "description": "half"})),
    ],
    ids=["empty", "list", "nothing", "no interaction", "version 3", "name twice", "message", "half"],
)
def test_file_that_is_no_contract_is_refused(tmp_path: Path, text: str) -> None:
    """Nothing to check is never a pass."""
    path = tmp_path / "pact.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GateError, match=r"pact\.json(:1)?: expected (a Pact file|JSON)"):
        load(path)


def test_fresh_copy_has_ids_and_signatures_of_its_own() -> None:
    """Two jobs of a recording with the same id get two, a state keeps its own, and what was signed is signed again."""
    signed = submission()
    signed["request"]["body"]["content"]["jobspec"] |= {"signature": "x", "public_key": "y"}
    state = {**results(), "providerStates": [{"name": "analysed", "params": {"id": "job-1"}}]}
    numbers = iter(range(100))
    fresh = live.renewed(
        read(document(signed, {**submission(), "description": "again"}, state)), lambda: f"n{next(numbers)}"
    )

    [job] = live.states(fresh)
    assert fresh.interactions[2].path == f"/api/v2/jobs/{job}/bias-analysis"
    assert len({job, *live.submitted(fresh)}) == 3
    spec = fresh.interactions[0].request.body["jobspec"]
    assert jobs.sign(spec, nonce=spec["metadata"]["nonce"], timestamp=spec["metadata"]["timestamp"]) == spec


@pytest.fixture
def answering() -> Iterator[Callable[[dict[str, Any]], str]]:
    """Starts a server that gives the same answer to every request, and yields its URL."""
    servers: list[Serving] = []

    def start(body: dict[str, Any]) -> str:
        async def answer(_: Request) -> Response:
            return JSONResponse(body)

        servers.append(Serving(Starlette(routes=[Route("/{path:path}", answer)]), "127.0.0.1"))
        return f"http://127.0.0.1:{servers[-1].port}"

    yield start
    for server in servers:
        server.stop()


EXECUTION = {"question_id": "math_basic", "region": "EU", "status": "failed", "completed_at": "2025"}


@pytest.mark.parametrize(
    ("executions", "places"),
    [
        ([EXECUTION, EXECUTION], set()),
        ([{name: EXECUTION[name] for name in ("region", "status", "completed_at")}], {"poll $.executions[0]"}),
        (None, {"poll $.executions"}),
        ([EXECUTION | {"region": 7}], {"poll $.executions[0].region"}),
    ],
    ids=["as recorded", "D22 no question", "D59 null", "number for a text"],
)
def test_runner_that_answers_otherwise_is_found(
    answering: Callable[[dict[str, Any]], str], executions: Any, places: set[str]
) -> None:
    """The verifier sends each interaction, and what an answer lacks is a finding at its place."""
    url = answering({"status": "completed", "executions": executions, "executions_total": 2})
    wrong = live.verify(read(document(polling())), url)

    assert {finding.where for finding in wrong} == places
    assert {finding.code for finding in wrong} <= {"BG-PORTAL-006"}


def test_runner_that_does_not_answer_is_found() -> None:
    (finding,) = live.verify(read(document(polling())), "http://127.0.0.1:9", 2)
    assert finding.code == "BG-PORTAL-006"


def test_reference_runner_answers_the_sample(scenario: Scenario) -> None:
    """A submission of the sample is accepted as it is recorded."""
    pact = live.renewed(
        read(document(submission(), submission("job_spec") | {"description": "other"})), scenario.new_id
    )
    assert live.verify(pact, scenario.session.system.base_url) == []
    for job in live.submitted(pact):
        scenario.adopt(job).wait("completed")
