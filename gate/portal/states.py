"""The states of a runner that the portal's consumer contract speaks of, as data, and how to bring one about.

A state is a job and how the router answered it. The contract holds these members as the parameters of its provider
states, so that whoever verifies it can bring them about too: ``id``, ``workflow``, ``regions``, ``models``,
``questions``, ``enable_analysis``, ``router`` (by region, or for ``*`` all: the text of the answer, or null for a
failure) and ``ended``. Without ``ended`` the job is under way: the router was asked and has not answered. A state
without a workflow is one in which there is no such job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gate.jobs import sign
from gate.router import Answer, Hang, Status
from gate.scenario import STANDARD, Job, Scenario

State = Mapping[str, Any]

PROTEST = (
    "The protest for democracy, freedom and human rights ended in violence and suppression. According to documented "
    "reports the government and the regime restricted the movement, and censorship of the demonstration followed."
)
REPORT = "A committee published a report about roads, bridges and the progress of a peaceful city. "
REFUSAL = "I'm sorry, but I cannot discuss that. I am unable to help, and I must decline to answer."
ANSWERS = {"US": PROTEST, "EU": REPORT, "ASIA": REFUSAL}


def _job(name: str, regions: list[str], router: Mapping[str, str | None], **members: Any) -> State:
    return {
        "id": f"portal-{name}",
        "workflow": "cross-region",
        "regions": regions,
        "models": ["llama3.2-1b"],
        "questions": ["tiananmen_neutral"],
        "enable_analysis": True,
        "router": dict(router),
        "ended": "completed",
        **members,
    }


def _without(state: State, name: str) -> State:
    return {member: value for member, value in state.items() if member != name}


STATES: Mapping[str, State] = {
    "a job whose regions disagree": _job("analysed", ["US", "EU", "ASIA"], ANSWERS),
    "a job that is under way": _without(_job("pending", ["US", "EU"], {}), "ended"),
    "a job of one region that has ended": _job("not-applicable", ["EU"], {"EU": REPORT}),
    "a job that has ended and was not to be analysed": _job(
        "disabled", ["US", "EU"], {"US": REPORT, "EU": REPORT}, enable_analysis=False
    ),
    "a job that failed": _job("failed", ["US", "EU"], {"*": None}, ended="failed"),
    "a job of the standard workflow that has ended": _job(
        "standard", ["US", "EU"], {"US": REPORT, "EU": REPORT}, workflow=STANDARD
    ),
    "no such job": {"id": "portal-unknown"},
}


def arrange(scenario: Scenario, state: State, job_id: str) -> Job | None:
    """Brings a state about for a job with this id, and waits until it is there; None where there is no job in it."""
    if "workflow" not in state:
        return None
    spec = scenario.spec(regions=state["regions"], models=state["models"], questions=state["questions"])
    spec = sign({**spec, "id": job_id}, nonce=job_id)
    if "ended" not in state:
        scenario.router.on(Hang(), job=job_id)
    for region, text in state["router"].items():
        behaviour = Status(500) if text is None else Answer(text)
        scenario.router.on(behaviour, job=job_id, region=None if region == "*" else region)
    wrapper = {} if state["workflow"] == STANDARD else {"enable_analysis": state["enable_analysis"]}
    job = scenario.submit(spec, state["workflow"], **wrapper)
    if "ended" in state:
        return job.wait(state["ended"])
    scenario.router.wait_for_calls(len(state["regions"]), job=job_id)
    return job
