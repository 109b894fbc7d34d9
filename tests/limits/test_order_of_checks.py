"""The first fault of a submission decides its answer, in the published order, whatever else is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from beacon.api import CROSS_REGION_JOBS, JOBS
from beacon.jobs import Spec, sign, wrap
from beacon.scenario import Scenario
from beacon.states import STANDARD
from gate.core.exchange import Exchange


@dataclass
class Draft:
    """A submission that faults are put into, one after another; ``taken`` is a JobSpec that was accepted before."""

    spec: Spec
    taken: Spec
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    tail: bytes = b""


Fault = Callable[[Draft], None]


def used_nonce(draft: Draft) -> None:
    draft.spec = sign(draft.spec, nonce=draft.taken["metadata"]["nonce"])


def used_id(draft: Draft) -> None:
    draft.spec["id"] = draft.taken["id"]


def changed_after_signing(draft: Draft) -> None:
    draft.spec["purpose"] = "another"


def used_key(draft: Draft) -> None:
    draft.headers["idempotency-key"] = draft.taken["id"]


def without_benchmark(draft: Draft) -> None:
    del draft.spec["benchmark"]


def two_values(draft: Draft) -> None:
    draft.tail += b"{}"


def too_long(draft: Draft) -> None:
    draft.tail += b" " * (1 << 20)


def as_text(draft: Draft) -> None:
    draft.headers["content-type"] = "text/plain"


def unusable_key(draft: Draft) -> None:
    draft.headers["idempotency-key"] = "x" * 256


FAULTS: Mapping[str, Fault] = {
    "invalid_parameter": unusable_key,
    "unsupported_media_type": as_text,
    "payload_too_large": too_long,
    "invalid_json": two_values,
    "validation_error": without_benchmark,
    "idempotency_key_reuse": used_key,
    "signature_mismatch": changed_after_signing,
    "duplicate_job": used_id,
    "replay_detected": used_nonce,
}
"""The fault of each error code, in the order in which the contract tests for them."""


def send(scenario: Scenario, workflow: str, draft: Draft) -> Exchange:
    path, body = (JOBS, draft.spec) if workflow == STANDARD else (CROSS_REGION_JOBS, wrap(draft.spec))
    content = json.dumps(body).encode() + draft.tail
    return scenario.client.request("POST", path, content=content, headers=draft.headers)


def test_first_fault_is_named_whatever_faults_come_after_it(scenario: Scenario, workflow: str) -> None:
    """A request for each place in the order has the fault of that place and all later ones."""
    taken = sign(scenario.spec(), nonce=scenario.new_id())
    first = Draft(taken, taken)
    used_key(first)
    scenario.accepted(send(scenario, workflow, first)).wait("completed")

    named = []
    for number in range(len(FAULTS)):
        draft = Draft(scenario.spec(), taken)
        for put in reversed([*FAULTS.values()][number:]):
            put(draft)
        named.append(send(scenario, workflow, draft).error_code)
    assert named == list(FAULTS)
