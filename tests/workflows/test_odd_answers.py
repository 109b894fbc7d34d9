"""Each answer of the router, however odd, ends its execution as published: as an answer, or with a reason."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from beacon.api import EXECUTIONS
from beacon.jobs import MODELS, QUESTIONS
from beacon.regions import REGIONS
from beacon.router import PATHS, Answer, Behaviour, PathOnly, Raw, Status, Unsuccessful
from beacon.scenario import Scenario
from beacon.states import STANDARD

LARGEST = 8 << 20
TEXT = "\u5929 50% of \U0001f600 e\u0301 \\n"


def good(**members: Any) -> bytes:
    """The bytes of a good answer with other members, those that are None left out."""
    body = {"success": True, "response": TEXT, "provider_used": "modal", "metadata": {}, **members}
    return json.dumps({name: value for name, value in body.items() if value is not None}, ensure_ascii=False).encode()


def escaped(response: str) -> Raw:
    return Raw((good(response="here").replace(b"here", response.encode()),))


def metadata(text: str) -> Raw:
    return Raw((good(metadata=0).replace(b'"metadata": 0', f'"metadata": {text}'.encode()),))


MORE_MODELS = (*MODELS, "unknown-1", "Unknown-2")
"""Models of a job with more executions than any default page holds."""
ANSWERS: dict[str, tuple[Raw, str, Mapping[str, Any]]] = {
    "each byte by itself": (Raw(tuple(bytes([byte]) for byte in good())), TEXT, {}),
    "UTF-16": (Raw((good().decode().encode("utf-16"),)), TEXT, {}),
    "byte order mark": (Raw((good().decode().encode("utf-8-sig"),)), TEXT, {}),
    "another charset in the header": (Raw((good(),), "application/json; charset=latin-1"), TEXT, {}),
    "another media type": (Raw((good(),), "text/html"), TEXT, {}),
    "compressed": (Raw((gzip.compress(good()),), headers={"content-encoding": "gzip"}), TEXT, {}),
    "white space around": (Raw((b"\r\n\t ", good(), b" \n" * 50)), TEXT, {}),
    "as long as possible": (Raw((good(), b" " * (LARGEST - len(good())))), TEXT, {}),
    "member twice": (Raw((good().replace(b'{"success": true', b'{"success": false, "success": true'),)), TEXT, {}),
    "NUL": (escaped("a\\u0000b"), "a\ufffdb", {}),
    "half of a pair": (escaped("\\ud83d a \\ude00"), "\ufffd a \ufffd", {}),
    "pair in two escapes": (escaped("\\ud83d\\ude00"), "\U0001f600", {}),
    "blanks around the text": (escaped(" \\n a\\t"), " \n a\t", {}),
    "members that nobody knows": (Raw((good(more=[{}], error="", code=7),)), TEXT, {}),
    "metadata with great numbers": (metadata(f'{{"a": {10**40}, "b": -0.1e-9}}'), TEXT, {"a": 10**40, "b": -0.1e-9}),
    "metadata beyond a double": (metadata('{"a": 1e400, "b": [-1e400]}'), TEXT, {"a": None, "b": [None]}),
    "metadata with NUL in a name": (metadata('{"a\\u0000": "\\ud800"}'), TEXT, {"a\ufffd": "\ufffd"}),
    "metadata a list": (metadata('["a"]'), TEXT, {}),
    "metadata null": (metadata("null"), TEXT, {}),
    "metadata missing": (Raw((good(metadata=None),)), TEXT, {}),
    "receipt a text": (metadata('{"receipt": "signed"}'), TEXT, {"receipt": "signed"}),
}
INVALID, EMPTY, REPORTED = "ROUTER_JSON_ERROR", "ROUTER_EMPTY_RESPONSE", "ROUTER_ERROR"
FAILURES: dict[str, tuple[Behaviour, str]] = {
    "a region that begins alike": (Answer(metadata={"region": "us-east-2"}), "ROUTER_REGION_MISMATCH"),
    "nothing": (Raw(()), INVALID),
    "blanks": (Raw((b" \n",)), INVALID),
    "HTML": (Raw((b"<html>busy</html>",), "text/html"), INVALID),
    "null": (Raw((b"null",)), INVALID),
    "a list": (Raw((b"[" + good() + b"]",)), INVALID),
    "two values": (Raw((good(), good())), INVALID),
    "the half of it": (Raw((good()[:-9],)), INVALID),
    "cut off": (Raw((good()[:-9], b""), cut=True), "ROUTER_NETWORK"),
    "Latin-1": (Raw((good(response="caf\u00e9").decode().encode("latin-1"),)), INVALID),
    "not compressed": (Raw((good(),), headers={"content-encoding": "gzip"}), INVALID),
    "NaN": (metadata('{"a": NaN}'), INVALID),
    "Infinity": (metadata('{"a": [-Infinity]}'), INVALID),
    "too many digits": (metadata("9" * 5000), INVALID),
    "too deep": (metadata("[" * 100_000 + "]" * 100_000), INVALID),
    "longer than possible": (Raw((good(), b" " * (LARGEST + 1 - len(good())))), INVALID),
    "success missing": (Raw((good(success=None),)), INVALID),
    "success a text": (Raw((good(success="true"),)), INVALID),
    "success a number": (Raw((good(success=1),)), INVALID),
    "response a number": (Raw((good(response=4),)), INVALID),
    "response a list": (Raw((good(response=[TEXT]),)), INVALID),
    "response missing": (Raw((good(response=None),)), EMPTY),
    "response null": (Raw((good(response="0").replace(b'"0"', b"null"),)), EMPTY),
    "response blank": (escaped(" \\n\\t\\u2003"), EMPTY),
    "reported without words": (Raw((good(success=False),)), REPORTED),
    "reported with a number": (Raw((good(success=False, error=7),)), REPORTED),
    "reported with NUL": (Raw((good(success=False, error="a\x00b\\"),)), REPORTED),
    "reported at length": (Unsuccessful(f" {TEXT} \x00\n" * 200), REPORTED),
    "reported with blanks": (Unsuccessful(" \n"), REPORTED),
    "refused at length": (Status(503, {"detail": TEXT * 200}), "ROUTER_HTTP_503"),
    "to be tried again": (Status(408, {}), "ROUTER_HTTP_408"),
    "too early": (Status(425, {}), "ROUTER_HTTP_425"),
    "moved": (Status(307, {}, {"location": "/v1/inference"}), "ROUTER_HTTP_307"),
    "unauthorised": (Status(401, "caf\u00e9\x00"), "ROUTER_HTTP_401"),
    "the last status": (Status(599, {}), "ROUTER_HTTP_599"),
}


def test_each_odd_answer_ends_its_execution_as_published(scenario: Scenario, workflow: str) -> None:
    spec = scenario.spec(regions=REGIONS, models=MORE_MODELS, questions=QUESTIONS)
    slots = program(scenario, spec["id"])
    job = scenario.submit(spec, workflow).wait()

    by_slot = {(row["region"], row["model_id"], row["question_id"]): row for row in job.rows().executions}
    ended = {name: by_slot[slot]["output_data"] or {} for name, slot in slots.items()}
    answered = {name: (ended[name].get("response"), ended[name].get("metadata")) for name in ANSWERS}
    assert answered == {name: (text, members) for name, (_, text, members) in ANSWERS.items()}
    assert {name: ended[name].get("error_code") for name in FAILURES} == {n: code for n, (_, code) in FAILURES.items()}
    assert {name: ended[name].get("error_code") for name in PATHS} == dict.fromkeys(PATHS)
    assert len(job.view(include="executions").json["executions"]) == 100
    assert len(scenario.client.get(EXECUTIONS, jobspec_id=job.id, limit=200).json["executions"]) == 120


def program(scenario: Scenario, job: str) -> dict[str, tuple[str, str, str]]:
    """Give each behaviour a region, a model and a question of a job."""
    behaviours: dict[str, Behaviour] = {name: raw for name, (raw, _, _) in ANSWERS.items()}
    behaviours |= {name: behaviour for name, (behaviour, _) in FAILURES.items()}
    behaviours |= {path: PathOnly(path) for path in PATHS}
    slots = dict(zip(behaviours, product(REGIONS, MODELS, QUESTIONS), strict=False))
    prompts = texts(scenario)
    for name, (region, model, question) in slots.items():
        scenario.router.on(behaviours[name], job=job, region=region, model=model, prompt=prompts[question])
    return slots


def texts(scenario: Scenario) -> dict[str, str]:
    """The published text of each question."""
    categories = scenario.client.get("/api/v1/questions").json["categories"]
    return {entry["question_id"]: entry["question"] for entries in categories.values() for entry in entries}


US = '{"name": "modal", "type": "modal", "region": "us-east", "healthy": true}'
LISTINGS: dict[str, tuple[str | bytes, bool]] = {
    "HTML": ("<html>", True),
    "nothing": ("", True),
    "null": ("null", True),
    "a list": (f"[{US}]", True),
    "no providers": ("{}", True),
    "providers null": ('{"providers": null}', True),
    "providers an object": (f'{{"providers": {{"modal": {US}}}}}', True),
    "not UTF-8": (b'{"providers": ["\xff"]}', True),
    "UTF-16": (f'{{"providers": [{US}]}}'.encode("utf-16"), True),
    "odd entries beside a good one": (
        f'{{"providers": [null, 1, [], {{}}, {{"name": 7}}, {US}, {{"name": ""}}]}}',
        True,
    ),
    "odd entries alone": ('{"providers": [null, {"name": 7, "region": "us-east", "healthy": true}]}', False),
    "health in words": (f'{{"providers": [{US.replace("true", chr(34) + "true" + chr(34))}]}}', False),
    "name longer than its column": (f'{{"providers": [{US.replace("modal", "m" * 300)}]}}', True),
    "one name in all regions": (f'{{"providers": [{US}, {US.replace("us-east", "eu-west")}]}}', True),
    "health missing": ('{"providers": [{"name": "modal", "region": "us-east"}]}', False),
    "name with NUL": (f'{{"providers": [{US.replace("modal", "a" + chr(92) + "u0000b")}]}}', True),
}


@pytest.mark.parametrize(("listing", "called"), LISTINGS.values(), ids=LISTINGS)
def test_odd_list_of_providers_is_no_list(scenario: Scenario, listing: str | bytes, called: bool) -> None:
    """Without a list the call itself says whether there is a provider."""
    spec = scenario.spec(regions=["US"])
    content = listing if isinstance(listing, bytes) else listing.encode()
    scenario.router.providers_raw(Raw((content[:9], content[9:])), job=spec["id"])
    job = scenario.submit(spec, STANDARD).wait("completed" if called else "failed")

    assert len(scenario.router.calls(job.id)) == int(called)
