"""The minimal violation of each check of the fuzzer, on answers that no service gave."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import httpx

from gate.contract.document import Contract
from gate.contract.nodes import Operation
from gate.core.exchange import Exchange
from gate.core.findings import Finding, code_of, must
from gate.core.settings import Settings
from gate.fuzz import checks, links
from gate.fuzz.campaign import FEW, Campaign
from gate.fuzz.cases import BASE, cases_of, request_of
from gate.fuzz.codes import BROKEN_LINK, CHECK_FAILED, CONTRADICTION, TOO_FEW_ACCEPTED, VALID_REFUSED
from gate.fuzz.probe import Probe
from gate.fuzz.replay import must_hold
from gate.fuzz.rules import FuzzPack
from gate.oracles.checks import FUZZ, Check
from gate.session.session import Session
from gate.verdict.profile import Profile

OWN = {
    "acceptance": VALID_REFUSED,
    "acceptance rate": TOO_FEW_ACCEPTED,
    "links": BROKEN_LINK,
    "sequences": CONTRADICTION,
}
"""Codes of the checks that are the gate's own."""
ANSWERS = ((500, "application/json"), (299, "text/x"), (200, "text/x"), (200, "application/json"), (400, ""), (405, ""))
"""Status and media type of answers, of which each built-in check refuses at least one."""


class Refusal(httpx.BaseTransport):
    """Answers every request of a canary with a status that no valid request should get."""

    def __init__(self) -> None:
        self.status = 404

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The refusal."""
        return httpx.Response(self.status, json={}, request=request)


def of(pack: FuzzPack) -> Iterator[Check]:
    """The checks of the fuzzer."""
    for name in _selected(pack):
        code = checks.CODES.get(name, CHECK_FAILED)
        yield Check(name, FUZZ, code, code_of(code).title)
    for name, code in OWN.items():
        if name != "links" or _linking(pack.contract):
            yield Check(name, FUZZ, code, code_of(code).title)


def _selected(pack: FuzzPack) -> list[str]:
    return [check.__name__ for check in checks.selected(frozenset(pack.fuzzing.plan.left_out))]


class Violations:
    """The minimal violation of each check; ``directory`` takes replay files."""

    def __init__(self, pack: FuzzPack, session: Session, settings: Settings, directory: Path) -> None:
        self._pack, self._session, self._seed, self._directory = pack, session, settings.seed, directory
        self._refusal = Refusal()
        session.answered_by(self._refusal)
        self._cases = cases_of(pack, settings.seed)
        self._operation = _plainest(pack, pack.profile(settings.profile))
        self._generated = list(self._cases.whole(self._operation, 0))
        self._valid = next(c for c in self._generated if request_of(c, self._operation).mode == "positive")

    def __iter__(self) -> Iterator[tuple[str, Callable[[str], None]]]:
        """The checks by name, each with what fails by its findings for the test with an id."""
        failed = self._built_in()
        for name in _selected(self._pack):
            yield name, lambda _, name=name: must(failed.get(name, []))  # type: ignore[misc]  # the loop's own name
        own = (self._acceptance, self._rate, self._links, self._sequences)
        yield from zip(OWN, own, strict=True)

    def _built_in(self) -> dict[str, list[Finding]]:
        """A finding of each built-in check that fails on some answer."""
        left_out, failed = self._pack.fuzzing.plan.left_out, dict[str, list[Finding]]()
        for case, (status, media) in product(self._generated, ANSWERS):
            sent = request_of(case, self._operation)
            exchange = Exchange(
                sent.method,
                f"{BASE}{sent.target}",
                status,
                dict(sent.headers),
                headers={"content-type": media, "allow": "TRACE"},
                body=b"null",
            )
            for name, failure in checks.failures(case, exchange, left_out):
                code = checks.CODES.get(name, CHECK_FAILED)
                failed.setdefault(name, [Finding(code, f"the check {name}", failure.title, str(status))])
            if len(failed) == len(_selected(self._pack)):
                break
        return failed

    def _probe(self, test: str, status: int) -> Probe:
        self._refusal.status = status
        return Probe(self._session, self._pack.fuzzing, test)

    def _acceptance(self, test: str) -> None:
        must(self._probe(test, 400).send(request_of(self._valid, self._operation)).findings)

    def _rate(self, test: str) -> None:
        campaign = Campaign(self._probe(test, 400), self._cases, self._operation, self._directory)
        campaign.send([self._valid] * FEW)
        must_hold(list(campaign.acceptance_rate_too_low()))

    def _links(self, test: str) -> None:
        self._probe(test, 404)
        if accepted := _linking(self._session.contract):
            must(links.follow(self._session, "canary", accepted, {}, self._pack.fuzzing.not_found))

    def _sequences(self, test: str) -> None:
        must(self._probe(test, 404).perform(self._pack.fuzzing.sequence(self._seed, "first", 0)[:1]))


def _plainest(pack: FuzzPack, profile: Profile) -> str:
    """The operation whose parameters say the least, so that few cases are generated.

    It can be sent invalid values, and too few accepted requests are no known deviation of it, if there is such one.
    """

    def unsuited(operation: Operation) -> tuple[bool, bool, int]:
        schemas = [node.child("schema", default=True).value for node in operation.parameters().values()]
        accepted = profile.deviation_of(Finding(TOO_FEW_ACCEPTED, operation.id, "", "")) is not None
        return accepted, operation.method != "GET", len(str([pack.contract.resolve(schema) for schema in schemas]))

    spare = pack.fuzzing.plan.nothing_to_negate
    return min((each for each in pack.contract.operations if each.id not in spare), key=unsuited).id


def _linking(contract: Contract) -> Exchange | None:
    """An answer with a link that its body alone leads to; None where the contract has none."""
    for operation in contract.operations:
        for status, response in operation.document["responses"].items():
            linked = [contract.resolve(link) for link in contract.resolve(response).get("links", {}).values()]
            values = [value.partition("#/") for link in linked for value in link.get("parameters", {}).values()]
            body = {name: "canary" for source, _, name in values if source == "$response.body" and "/" not in name}
            if body:
                url = BASE + re.sub("{.*?}", "canary", operation.path)
                return Exchange(operation.method, url, int(status), body=json.dumps(body).encode())
    return None
