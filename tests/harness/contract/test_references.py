"""References of every kind lead to what they name, in the document and in files of its directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gate.contract.document import Contract
from gate.contract.loading import load_openapi
from gate.core.errors import DocumentError
from gate.core.exchange import Exchange

HEAD = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}


def answering(schema: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"get": {"responses": {"200": {"description": "ok", "content": content}}}}


def contract(directory: Path, **files: Any) -> Contract:
    """The contract ``openapi`` of files, written as JSON, whose names have ``__`` for a slash."""
    for name, value in files.items():
        path = directory / f"{name.replace('__', '/')}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**HEAD, **value} if name == "openapi" else value))
    return Contract.load(directory / "openapi.json")


def codes(judge: Contract, body: Any, path: str = "/a") -> list[str]:
    headers = {"content-type": "application/json"}
    outcome = judge.check(Exchange("GET", f"http://h{path}", 200, headers=headers, body=json.dumps(body).encode()))
    return [finding.code for finding in outcome]


NUMBER = {"type": "integer"}
NUMBERS: dict[str, dict[str, Any]] = {
    "component": {
        "openapi": {
            "paths": {"/a": answering({"$ref": "#/components/schemas/N"})},
            "components": {"schemas": {"N": NUMBER}},
        }
    },
    "chain": {
        "openapi": {
            "paths": {"/a": answering({"$ref": "#/components/schemas/M"})},
            "components": {"schemas": {"M": {"$ref": "#/components/schemas/N"}, "N": NUMBER}},
        }
    },
    "escaped pointer": {
        "openapi": {
            "paths": {
                "/b/{id}": answering(NUMBER),
                "/a": answering({"$ref": "#/paths/~1b~1%7Bid%7D/get/responses/200/content/application~1json/schema"}),
            }
        }
    },
    "pointer with braces": {
        "openapi": {
            "paths": {
                "/b/{id}": answering(NUMBER),
                "/a": answering({"$ref": "#/paths/~1b~1{id}/get/responses/200/content/application~1json/schema"}),
            }
        }
    },
    "extension": {
        "openapi": {"paths": {"/a": answering({"$ref": "#/x-shared/n"})}, "x-shared": {"n": NUMBER}},
    },
    "anchor": {
        "openapi": {
            "paths": {"/a": answering({"$ref": "#number"})},
            "components": {"schemas": {"N": {"$anchor": "number", **NUMBER}}},
        }
    },
    "identifier": {
        "openapi": {
            "paths": {"/a": answering({"$ref": "https://example.com/schemas/n"})},
            "components": {"schemas": {"N": {"$id": "https://example.com/schemas/n", **NUMBER}}},
        }
    },
    "definitions of a schema with an identifier": {
        "openapi": {
            "paths": {"/a": answering({"$ref": "#/components/schemas/N"})},
            "components": {"schemas": {"N": {"$id": "urn:n", "$ref": "#/$defs/number", "$defs": {"number": NUMBER}}}},
        }
    },
    "dynamic reference": {
        "openapi": {
            "paths": {"/a": answering({"$dynamicRef": "#number"})},
            "components": {"schemas": {"N": {"$dynamicAnchor": "number", **NUMBER}}},
        }
    },
    "dynamic reference of a generic schema": {
        "openapi": {
            "paths": {"/a": answering({"$ref": "#/components/schemas/Own"})},
            "components": {
                "schemas": {
                    "Any": {"$id": "urn:any", "$dynamicRef": "#of", "$defs": {"of": {"$dynamicAnchor": "of"}}},
                    "Own": {"$id": "urn:own", "$ref": "urn:any", "$defs": {"of": {"$dynamicAnchor": "of", **NUMBER}}},
                }
            },
        }
    },
    "dynamic reference of a generic schema in a file": {
        "openapi": {"paths": {"/a": answering({"$ref": "own.json"})}},
        "any": {"$dynamicRef": "#of", "$defs": {"of": {"$dynamicAnchor": "of"}}},
        "own": {"$id": "urn:own", "$ref": "any.json", "$defs": {"of": {"$dynamicAnchor": "of", **NUMBER}}},
    },
    "whole file": {"openapi": {"paths": {"/a": answering({"$ref": "./schemas/n.json"})}}, "schemas__n": NUMBER},
    "part of a file": {
        "openapi": {"paths": {"/a": answering({"$ref": "all.json#/definitions/N"})}},
        "all": {"definitions": {"N": {"$ref": "#/definitions/M"}, "M": NUMBER}},
    },
    "file of a file": {
        "openapi": {
            "paths": {"/a": answering({"$ref": "one/n.json"})},
            "components": {"schemas": {"N": NUMBER}},
        },
        "one__n": {"$ref": "../two/n.json"},
        "two__n": {"$ref": "../openapi.json#/components/schemas/N"},
    },
    "path item in a file": {"openapi": {"paths": {"/a": {"$ref": "a.json"}}}, "a": answering(NUMBER)},
    "paths in a file": {"openapi": {"paths": {"$ref": "all.json"}}, "all": {"/a": answering(NUMBER)}},
    "path item of the components": {
        "openapi": {
            "paths": {"/a": {"$ref": "#/components/pathItems/a"}},
            "components": {"pathItems": {"a": answering(NUMBER)}},
        }
    },
    "response": {
        "openapi": {"paths": {"/a": {"get": {"responses": {"200": {"$ref": "r.json#/ok"}}}}}},
        "r": {"ok": answering({"$ref": "n.json"})["get"]["responses"]["200"]},
        "n": NUMBER,
    },
    "file of older words": {
        "openapi": {"openapi": "3.0.3", "paths": {"/a": answering({"$ref": "n.json"})}},
        "n": {
            "type": "integer",
            "minimum": -5,
            "exclusiveMinimum": True,
            "$schema": "https://json-schema.org/draft/2020-12/schema",
        },
    },
}


@pytest.mark.parametrize("files", NUMBERS.values(), ids=NUMBERS)
def test_reference_leads_to_the_schema(files: dict[str, Any], tmp_path: Path) -> None:
    judge = contract(tmp_path, **files)
    assert codes(judge, 1) == []
    assert codes(judge, "text") == ["BG-HTTP-004"]


def test_files_that_refer_to_each_other_are_read_once(tmp_path: Path) -> None:
    judge = contract(
        tmp_path,
        openapi={"paths": {"/a": answering({"$ref": "tree.json"})}},
        tree={"type": "object", "properties": {"leaf": {"$ref": "leaf.json"}}},
        leaf={"type": "object", "properties": {"tree": {"$ref": "tree.json"}}},
    )
    assert codes(judge, {"leaf": {"tree": {}}}) == []
    assert codes(judge, {"leaf": {"tree": {"leaf": 1}}}) == ["BG-HTTP-004"]
    assert [*judge.document["components"]["schemas"]] == ["tree", "leaf"]


def test_parts_of_every_kind_come_from_files(tmp_path: Path) -> None:
    operation = {
        "parameters": [{"$ref": "p.json#/limit"}],
        "requestBody": {"$ref": "p.json#/body"},
        "responses": {"200": {"description": "ok", "headers": {"x-a": {"$ref": "p.json#/header"}}}},
    }
    judge = contract(
        tmp_path,
        openapi={"paths": {"/a": {"parameters": [{"$ref": "p.json#/other"}], "post": operation}}},
        p={
            "limit": {"name": "limit", "in": "query", "schema": NUMBER},
            "other": {"name": "limit", "in": "query", "schema": {"type": "string"}},
            "body": {"content": {"application/json": {"schema": NUMBER}}},
            "header": {"required": True, "schema": NUMBER},
        },
    )
    [parameter] = judge.operations[0].parameters().values()
    assert parameter.value["schema"] == NUMBER  # the operation's wins over its path's
    assert [finding.code for finding in judge.check(Exchange("POST", "http://h/a", 200))] == ["BG-HTTP-005"]
    sent = Exchange("POST", "http://h/a", 200, request_body=b'"text"')
    assert [finding.code for finding in judge.check_request(sent)] == ["BG-HTTP-008"]


def test_operations_beside_the_reference_of_a_path_stay(tmp_path: Path) -> None:
    put = {"operationId": "b", "responses": {"200": {"description": "ok"}}}
    judge = contract(tmp_path, openapi={"paths": {"/a": {"$ref": "a.json", "put": put}}}, a=answering(NUMBER))
    assert [str(operation) for operation in judge.operations] == ["GET /a", "PUT /a"]


def test_operations_and_sections_of_components_come_from_files(tmp_path: Path) -> None:
    """OpenAPI has no such references; documents that are published in parts do."""
    judge = contract(
        tmp_path,
        openapi={"paths": {"/a": {"get": {"$ref": "a.json#/get"}}}, "components": {"schemas": {"$ref": "s/all.json"}}},
        a=answering({"$ref": "openapi.json#/components/schemas/N"}),
        s__all={"N": {"$ref": "n.json"}, "M": NUMBER},
        s__n=NUMBER,
    )
    assert [str(operation) for operation in judge.operations] == ["GET /a"]
    assert judge.document["components"]["schemas"]["M"] == NUMBER
    assert codes(judge, 1) == []
    assert codes(judge, "a") == ["BG-HTTP-004"]


def test_mapping_of_a_discriminator_leads_into_the_document(tmp_path: Path) -> None:
    discriminator = {"propertyName": "kind", "mapping": {"n": "n.json", "m": "M"}}
    judge = contract(
        tmp_path,
        openapi={"paths": {"/a": answering({"oneOf": [{"$ref": "n.json"}], "discriminator": discriminator})}},
        n={"type": "object"},
    )
    node = judge.operations[0].node.child("responses", "200", "content", "application/json", "schema")
    assert node.value["discriminator"]["mapping"] == {"n": "#/components/schemas/n", "m": "M"}


REFUSED = {
    "network": ("https://example.com/n.json", "which is not fetched"),
    "file URL": ("file:///etc/passwd", "which is not fetched"),
    "absolute": ("/etc/passwd", "within the document's directory"),
    "above": ("../n.json", "within the document's directory"),
    "link out of the directory": ("link.json", "not a link out of it"),
    "absent": ("absent.json", "'absent.json' to be a file that can be read"),
    "absent part": ("n.json#/a", "a reference that leads somewhere, not 'n.json#/a'"),
    "absent anchor": ("#absent", "there are 0"),
    "not JSON": ("bad.json", "bad.json:1: expected JSON"),
}


@pytest.mark.parametrize(("reference", "message"), REFUSED.values(), ids=REFUSED)
def test_reference_that_cannot_be_followed_is_refused(reference: str, message: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    for path in (tmp_path / "n.json", inside / "n.json"):
        path.write_text("{}")
    (inside / "bad.json").write_text("{")
    (inside / "link.json").symlink_to(tmp_path / "n.json")
    (inside / "openapi.json").write_text(json.dumps({**HEAD, "paths": {"/a": answering({"$ref": reference})}}))
    with pytest.raises(DocumentError) as refused:
        load_openapi(inside / "openapi.json")
    assert message in refused.value.message
