"""Generated requests get ids of their own, and generated sequences reach every action."""

from __future__ import annotations

from itertools import combinations, product
from unittest.mock import MagicMock

from beacon.jobs import spec, wrap
from beacon.personalise import personalise
from beacon.sequences import ACTIONS, Expected, Model, similar
from beacon.states import STANDARD
from beacon.steps import sequence
from gate.core.errors import NotSafe
from gate.core.ids import Ids
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.rules import KnownIds


def test_personalising_replaces_valid_ids_and_keys_and_keeps_invalid_members() -> None:
    ids = Ids("t", "w")
    body = wrap(spec("same"), min_regions=-1)
    request = GeneratedRequest("submitCrossRegionJob", "POST", "/", {"Idempotency-Key": "k"}, body, has_body=True)
    first, second = (personalise(request, "/", KnownIds({}), ids) for _ in range(2))
    assert first.body["job_spec"]["id"] != second.body["job_spec"]["id"]
    assert first.headers != second.headers
    assert first.body["min_regions"] == -1
    invalid = GeneratedRequest("submitJob", "POST", "/", {}, {**spec("a b"), "jobspec_id": "ok"}, has_body=True)
    assert personalise(invalid, "/", KnownIds({}), ids).body["id"] == "a b"


def test_first_sequence_of_every_seed_performs_every_action_on_a_job_of_each_workflow() -> None:
    for seed in range(20):
        steps = sequence(seed, "first", 0)
        assert {step["workflow"] for step in steps[:2]} == {"standard", "cross-region"}
        assert {(step["do"], step["job"]) for step in steps if step["do"] in ACTIONS} == set(product(ACTIONS, (0, 1)))


def test_request_that_is_not_safe_is_left_out_and_the_sequence_goes_on() -> None:
    """As on staging, where the job that another id names may be somebody else's."""
    scenario = MagicMock()
    scenario.client.cancel.side_effect = NotSafe("not the run's own")
    model = Model(scenario, [Expected("gate-b", STANDARD, {}, "", {}, 1, spec("gate-b"))])
    assert model.perform({"do": "similar", "job": 0}) == []
    assert scenario.client.get.call_count == len(similar("gate-b"))
    scenario.client.job.assert_called_with(similar("gate-b")[4])  # after that which was to be cancelled
    assert model.perform({"do": "cancel", "job": 0}) == []


def test_sequences_differ_by_seed_part_and_number() -> None:
    assert sequence(1, "first", 3) == sequence(1, "first", 3)
    sequences = [sequence(1, "first", 3), sequence(2, "first", 3), sequence(1, "second", 3), sequence(1, "first", 4)]
    assert all(first != second for first, second in combinations(sequences, 2))
