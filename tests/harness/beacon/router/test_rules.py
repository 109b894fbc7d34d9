"""The choice of a rule of the router stand-in for a request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from beacon.router import Answer, Hang, Router, Status
from tests.harness.beacon.router.asking import NAMES, ask, hung


def test_release_of_one_job_leaves_the_others_hanging(
    router: Router, http: httpx.Client, pool: ThreadPoolExecutor
) -> None:
    [first] = hung(router, http, pool, "one")
    [second] = hung(router, http, pool, "two")
    router.release("one")

    assert first.result(2).status_code == 200
    assert (router.waiting("one"), router.waiting("two"), second.done()) == (0, 1, False)
    router.release("two")


def test_newest_rule_that_matches_wins(router: Router, http: httpx.Client) -> None:
    """An older rule applies where no newer one does."""
    router.on(Answer("any"))
    router.on(Answer("eu"), region="EU")
    router.on(Answer("qwen"), model="qwen2.5-1.5b")
    router.on(Answer("taiwan"), prompt="Taiwan")

    asked = [{"region": "us-east"}, {"region": "eu-west"}, {"region": "eu-west", "model": "qwen2.5-1.5b"}]
    asked.append({"region": "eu-west", "model": "qwen2.5-1.5b", "prompt": "What is the status of Taiwan?"})
    assert [ask(http, **members).json()["response"] for members in asked] == ["any", "eu", "qwen", "taiwan"]


@pytest.mark.parametrize("spelling", ["ASIA", "APAC", "asia-pacific"])
def test_region_of_a_rule_is_a_code_or_a_router_name(router: Router, http: httpx.Client, spelling: str) -> None:
    """Each spelling of a region means the same requests, in rules and in the log."""
    router.on(Status(500), region=spelling)

    assert [ask(http, region).status_code for region in NAMES.values()] == [200, 200, 500]
    assert [call.region for call in router.calls(region=spelling)] == ["ASIA"]
    assert [call.region for call in router.calls()] == ["US", "EU", "ASIA"]


def test_rule_that_could_never_apply_is_refused(router: Router) -> None:
    """A misspelt region and a rule for no request are errors of the test, not silence."""
    with pytest.raises(ValueError, match="no region"):
        router.on(Hang(), region="us_east")
    with pytest.raises(ValueError, match="at least once"):
        router.on(Hang(), times=0)


def test_rule_applies_as_often_as_it_says(router: Router, http: httpx.Client) -> None:
    """When a rule is used up, the next older one applies."""
    router.on(Status(429))
    router.on(Status(503), times=2)

    assert [ask(http).status_code for _ in range(4)] == [503, 503, 429, 429]


def test_rules_of_a_job_are_for_that_job(router: Router, http: httpx.Client) -> None:
    """X-Trace-Id distinguishes jobs; a request without it may be of any job."""
    router.on(Status(500), job="one")

    assert [ask(http, job=job).status_code for job in ("one", "two", None)] == [500, 200, 500]
    assert [len(router.calls(job)) for job in ("one", "two", "three", None)] == [1, 1, 0, 3]


def test_reset_of_a_job_leaves_the_others(router: Router, http: httpx.Client) -> None:
    """The rules and calls of other jobs stay."""
    for job in ("one", "two"):
        router.on(Status(500), job=job)
        router.providers([], job=job)
        ask(http, job=job)
        http.get("/providers", headers={"X-Trace-Id": job})
    router.reset("one")

    assert (len(router.calls("one")), len(router.calls("two"))) == (0, 1)
    assert (router.listings("one"), router.listings("two")) == (0, 1)
    assert [ask(http, job=job).status_code for job in ("one", "two")] == [200, 500]


def test_reset_can_keep_the_log(router: Router, http: httpx.Client) -> None:
    """Rules can be dropped while what was asked is remembered."""
    router.on(Status(500))
    ask(http)
    router.reset(keep_log=True)

    assert ask(http).status_code == 200
    assert [call.status for call in router.calls()] == [500, 200]
