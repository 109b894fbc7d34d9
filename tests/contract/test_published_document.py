"""The published contract is a valid OpenAPI document that keeps its own rules: examples, errors, links, references."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beacon.contract import published
from gate.contract.loading import load_openapi
from gate.core.errors import DocumentError

CONTRACT = published()
DOCUMENT: dict[str, Any] = dict(CONTRACT.document)
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ANALYSIS = DOCUMENT["x-beacon-analysis"]
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # by operationId: path item, operation
    item[method]["operationId"]: (item, item[method])
    for item in DOCUMENT["paths"].values()
    for method in METHODS
    if method in item
}


def resolve(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every mapping of the document below ``node``, in its order."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def parameters(operation_id: str) -> list[dict[str, Any]]:
    item, operation = OPERATIONS[operation_id]
    return [resolve(each) for each in [*item.get("parameters", []), *operation.get("parameters", [])]]


def responses() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for operation_id, (_, operation) in OPERATIONS.items():
        for status, response in operation["responses"].items():
            yield operation_id, status, resolve(response)


def errors_of(schema: Any, value: Any) -> list[str]:
    errors = CONTRACT.validator(schema).iter_errors(value)
    return [f"/{'/'.join(map(str, error.instance_path))}: {error.message}" for error in errors]


def examples() -> Iterator[Any]:
    """(schema, value) of every example, named by where it stands."""
    holders: list[tuple[str, Any]] = []
    for operation_id, (_, operation) in OPERATIONS.items():
        holders += [(f"{operation_id} {each['name']}", each) for each in parameters(operation_id)]
        holders += [
            (f"{operation_id} body", media)
            for media in resolve(operation.get("requestBody", {"content": {}}))["content"].values()
        ]
    for operation_id, status, response in responses():
        holders += [(f"{operation_id} {status}", media) for media in response["content"].values()]
        holders += [
            (f"{operation_id} {status} {name}", resolve(header)) for name, header in response["headers"].items()
        ]
    for where, holder in holders:
        if "example" in holder:
            yield pytest.param(holder["schema"], holder["example"], id=where)
        for name, example in holder.get("examples", {}).items():
            yield pytest.param(holder["schema"], resolve(example)["value"], id=f"{where} {name}")


def test_it_is_valid_openapi_3_1() -> None:
    import openapi_spec_validator  # noqa: PLC0415  (smoke has no use for it, and each worker would wait for it)

    openapi_spec_validator.validate(DOCUMENT)


@pytest.mark.parametrize(("schema", "value"), list(examples()))
def test_every_example_is_valid(schema: Any, value: Any) -> None:
    assert errors_of(schema, value) == []


def test_every_json_body_has_an_example() -> None:
    missing = [
        f"{operation_id} {status}"
        for operation_id, status, response in responses()
        if not response["content"].get("application/json", {"examples": True}).get("examples")
    ]
    assert missing == []


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_operation_has_a_known_tag_a_summary_and_the_request_id(operation_id: str) -> None:
    _, operation = OPERATIONS[operation_id]
    assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    assert operation["summary"]
    assert "X-Request-ID" in {each["name"] for each in parameters(operation_id)}


def test_operation_ids_are_unique() -> None:
    assert len(OPERATIONS) == sum(method in item for item in DOCUMENT["paths"].values() for method in METHODS)


def test_every_response_promises_the_request_id() -> None:
    assert all(resolve(response["headers"]["X-Request-ID"])["required"] for _, _, response in responses())


def test_every_error_comes_in_the_envelope_with_a_code_of_its_own() -> None:
    health = {"getHealth", "getReadiness"}  # their 503 is a report and not an error
    for operation_id, status, response in responses():
        if status < "400" or operation_id in health:
            continue
        assert int(status) < 500 or status == "503"
        for schema in alternatives(response["content"]["application/json"]["schema"]):
            assert schema["additionalProperties"] is False
            assert {"error", "error_code", "request_id"} <= set(schema["required"])
            assert set(schema["properties"]) - {"details"} == {"error", "error_code", "request_id"}
            assert {"const", "enum"} & set(schema["properties"]["error_code"])


def alternatives(schema: Any) -> Iterator[dict[str, Any]]:
    schema = resolve(schema)
    for each in schema.get("anyOf", []):
        yield from alternatives(each)
    if "anyOf" not in schema:
        yield schema


def test_every_operation_on_the_database_can_say_that_there_is_none() -> None:
    without = {"listQuestions", "getLiveness", "getMetrics", "getOpenapi"}
    assert {name for name, (_, operation) in OPERATIONS.items() if "503" not in operation["responses"]} == without


def test_response_objects_are_closed() -> None:
    """An undocumented member is a finding; only what a client or the router sent is passed on as it is."""
    passed_on = {"job", "metadata", "receipt", "variations"}
    for operation_id, status, response in responses():
        for media_type, media in response["content"].items():
            if media_type == "application/json":
                assert_closed(media["schema"], f"{operation_id} {status}", passed_on)


def assert_closed(schema: Any, where: str, passed_on: set[str]) -> None:
    schema = resolve(schema)
    if "properties" in schema:
        assert schema.get("additionalProperties") is False, where
    for name, member in schema.get("properties", {}).items():
        if name not in passed_on:
            assert_closed(member, f"{where} {name}", passed_on)
    for each in [*schema.get("anyOf", []), *schema.get("allOf", []), *([schema["items"]] if "items" in schema else [])]:
        assert_closed(each, where, passed_on)


def test_every_link_leads_to_an_operation_and_gives_it_all_that_it_needs() -> None:
    for _, _, response in responses():
        for link in map(resolve, response.get("links", {}).values()):
            target = parameters(link["operationId"])
            assert set(link["parameters"]) <= {each["name"] for each in target}
            assert {each["name"] for each in target if each.get("required")} <= set(link["parameters"])


@pytest.mark.parametrize("name", ["SubmitSigned", "CrossRegionSigned"])
def test_the_signed_examples_verify(name: str) -> None:
    """Ed25519 over the canonical JSON of the JobSpec without signature, public_key, id and created_at."""
    value = DOCUMENT["components"]["examples"][name]["value"]
    spec = value.get("jobspec", value)
    signed = {key: spec[key] for key in spec.keys() - {"signature", "public_key", "id", "created_at"}}
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(spec["public_key"]))
    key.verify(base64.b64decode(spec["signature"]), rfc8785.dumps(signed))


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    references = {node["$ref"] for node in walk(DOCUMENT) if isinstance(node.get("$ref"), str)}
    for reference in references:
        assert resolve({"$ref": reference}) is not None
    components = {f"#/components/{kind}/{name}" for kind, named in DOCUMENT["components"].items() for name in named}
    assert components - references == set()


def test_the_published_words_of_the_analysis_are_those_of_the_schemas() -> None:
    difference = SCHEMAS["KeyDifference"]["properties"]
    assert difference["dimension"]["enum"] == ANALYSIS["dimensions"]
    assert [name.removeprefix("political_stance_") for name in ANALYSIS["dimensions"][:5]] == list(
        ANALYSIS["political_stance"]
    )
    assert SCHEMAS["Severity"]["enum"] == ANALYSIS["severities"]
    assert set(difference["severity"]["enum"]) < set(ANALYSIS["severities"])
    assert SCHEMAS["Risk"]["properties"]["type"]["enum"] == ANALYSIS["risk_types"]
    assert SCHEMAS["Recommendation"]["enum"] == ANALYSIS["labels"]
    assert SCHEMAS["ResponseScores"]["properties"]["keyword_flags"]["items"]["enum"] == sorted(
        ANALYSIS["sensitive_terms"]
    )


def test_the_published_regions_are_those_of_the_router() -> None:
    assert SCHEMAS["Region"]["enum"] == list(DOCUMENT["x-beacon-router"]["regions"])
    assert [*SCHEMAS["Region"]["enum"], "APAC"] == SCHEMAS["RegionName"]["enum"]


def test_schemathesis_reads_every_operation() -> None:
    # Imported here because it takes half a second, which no other test of the suite should pay for.
    import schemathesis  # noqa: PLC0415
    from schemathesis.core.result import Ok  # noqa: PLC0415

    results = list(schemathesis.openapi.from_dict(DOCUMENT).get_all_operations())
    read = {result.ok().definition.raw["operationId"] for result in results if isinstance(result, Ok)}
    assert len(results) == len(read)
    assert read == set(OPERATIONS)


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The request of the fix plan (two regions, bias detection) after ``change``."""
    request: dict[str, Any] = copy.deepcopy(DOCUMENT["components"]["examples"]["CrossRegionFixPlan"]["value"])
    change(request)
    return request


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: r.update(jobspec=r["job_spec"]), id="both spellings of the wrapper"),
        pytest.param(lambda r: r.pop("job_spec"), id="neither spelling of the wrapper"),
        pytest.param(lambda r: r.update(regions=["US"]), id="unknown member of the wrapper"),
        pytest.param(lambda r: r.update(target_regions=[]), id="no region"),
        pytest.param(lambda r: r.update(target_regions=["US", "US"]), id="region twice"),
        pytest.param(lambda r: r.update(target_regions=["ASIA", "APAC"]), id="region twice by two names"),
        pytest.param(lambda r: r.update(target_regions=["us"]), id="region in lower case"),
        pytest.param(lambda r: r.update(min_regions=0), id="min_regions 0"),
        pytest.param(lambda r: r.update(min_regions=3), id="min_regions 3 of 2"),
        pytest.param(lambda r: r.update(min_regions=True), id="min_regions true"),
        pytest.param(lambda r: r.update(min_success_rate=0), id="rate 0"),
        pytest.param(lambda r: r.update(min_success_rate=1.01), id="rate above 1"),
        pytest.param(lambda r: r["job_spec"].update(id="a b"), id="id with a space"),
        pytest.param(lambda r: r["job_spec"].pop("questions"), id="bias without questions"),
        pytest.param(lambda r: r["job_spec"].update(questions=[]), id="bias with no question"),
        pytest.param(lambda r: r["job_spec"].update(questions=["tiananmen-neutral"]), id="unknown question"),
        pytest.param(lambda r: r["job_spec"]["constraints"].update(min_regions=3), id="constraints.min_regions 3 of 2"),
        pytest.param(lambda r: r["job_spec"]["constraints"].update(timeout=86400000000001), id="more than a day"),
        pytest.param(lambda r: r["job_spec"].update(signature="c2ln"), id="signature without key"),
    ],
)
def test_schema_of_the_wrapper_refuses_other_bodies(change: Callable[[dict[str, Any]], Any]) -> None:
    assert errors_of(SCHEMAS["CrossRegionRequest"], changed(change))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: r.update(jobspec=r.pop("job_spec")), id="the other spelling of the wrapper"),
        pytest.param(lambda r: r.update(target_regions=["US", "EU", "APAC"], min_regions=3), id="alias"),
        pytest.param(lambda r: r.update(min_regions=2.0), id="integer written 2.0"),
        pytest.param(lambda r: r["job_spec"].update(questions=["math_basic", "math_basic"]), id="question twice"),
        pytest.param(lambda r: r["job_spec"].update(models=[{"id": "m"}, {"id": "m"}]), id="model twice"),
        pytest.param(lambda r: r["job_spec"].update(x_note={"kept": None}), id="unknown member of the JobSpec"),
    ],
)
def test_schema_of_the_wrapper_accepts_what_is_published(change: Callable[[dict[str, Any]], Any]) -> None:
    assert errors_of(SCHEMAS["CrossRegionRequest"], changed(change)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("openapi: 3.1.0\ninfo: {}\ninfo: {}\n", r":3: expected every key once; 'info' stands in line 2 already"),
        (
            "openapi: 3.1.0\npaths: {/a: {get: {responses: {200: {x: 1}}}}}\n",
            r": expected OpenAPI 3\.1 at /paths/~1a/get/responses/200 \(",
        ),
        ("openapi: 3.1.0\ninfo: {\n", r": expected YAML \("),
        ("- openapi\n", r":1: expected an OpenAPI document"),
        ("swagger: '2.0'\n", r": expected OpenAPI 3\.0 or 3\.1, not Swagger 2\.0\. Convert it"),
        ("openapi: 3.1.0\ninfo: {}\n", r": expected a member paths, webhooks or components"),
    ],
)
def test_loading_says_where_and_what_was_expected(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "runner.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError, match=rf"^{re.escape(str(path))}(:\d+)?{message}") as caught:
        load_openapi(path)
    assert caught.value.path == path


def test_loading_says_that_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="expected a file that can be read"):
        load_openapi(tmp_path / "absent.yaml")


def test_dates_stay_text(tmp_path: Path) -> None:
    """Without quotes too: JSON has no dates."""
    path = tmp_path / "runner.yaml"
    path.write_text("openapi: 3.1.0\ninfo: {title: t, version: '1', x-made: 2025-10-08T16:00:00Z}\npaths: {}\n")
    assert load_openapi(path)["info"]["x-made"] == "2025-10-08T16:00:00Z"
