"""The published contract as the gate uses it: whose operation an exchange is, and whether it keeps its promise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from gate.contract.loading import load_openapi
from gate.core.exchange import Exchange
from gate.core.findings import Finding

BASE = "urn:beacon:contract"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
API = "/api/"
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")


@dataclass(frozen=True)
class Operation:
    """One documented operation."""

    id: str
    method: str
    path: str
    document: Mapping[str, Any]
    pattern: re.Pattern[str]


class Contract:
    """A loaded OpenAPI document; references inside it are followed, none outside it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = list(_operations(document))
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    @classmethod
    @cache
    def published(cls, path: Path | None = None) -> Contract:
        """The contract of this repository, or the one in ``path``; raises ContractError where it does not load."""
        return cls(load_openapi(path) if path else load_openapi())

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry([(BASE, {"$schema": DIALECT, "components": self.document.get("components", {})})])

    def validator(self, schema: Any, **options: Any) -> jsonschema_rs.Validator:
        """A validator of a schema of this document, formats included; what it refers to is compiled only as needed."""
        return jsonschema_rs.Draft202012Validator(
            _absolute(schema), registry=self._registry, validate_formats=True, **options
        )

    @lru_cache(maxsize=64)  # noqa: B019 (there is one contract in a process; each exchange is looked up by many)
    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that a request addresses; literal paths win over templates, whatever methods they have."""
        path = path.replace("%2F", "/").replace("%2f", "/")  # routed as what it stands for
        found = [o for o in self.operations if o.pattern.fullmatch(path)]
        least = min((o.path.count("{") for o in found), default=0)
        return next((o for o in found if o.method == method.upper() and o.path.count("{") == least), None)

    def error_codes(self) -> set[str]:
        """Every error code that some response of some operation can have."""
        found: set[str] = set()

        def walk(node: Any, name: str = "") -> None:
            if isinstance(node, Mapping):
                if name == "error_code":
                    found.update(str(code) for code in [*node.get("enum", []), *filter(None, [node.get("const")])])
                for key, value in node.items():
                    walk(value, key)
            elif isinstance(node, list):
                for value in node:
                    walk(value)

        walk(self.document.get("components", {}).get("schemas", {}))
        return found

    def resolve(self, node: Any) -> Any:
        """``node``, or what its ``$ref`` points to."""
        while isinstance(node, Mapping) and "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[unquote(part).replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def check(self, exchange: Exchange) -> list[Finding]:
        """What a response has that the contract does not allow, or lacks that it promises."""
        operation = self.operation(exchange.method, exchange.path)
        if operation is not None and _unrouted(exchange):
            got = f"{exchange.status} {exchange.error_code or exchange.body[:80].decode(errors='replace')}"
            where = f"{operation.method} {operation.path}"
            return [Finding("BG-HTTP-007", where=where, expected=f"an answer of {operation.id}", got=got)]
        # Every path refuses the methods that it does not have, documented or not.
        if operation is None or exchange.status == 405:
            elsewhere = f"{exchange.method} {exchange.path} {exchange.status}"
            return _envelope(elsewhere, exchange) if exchange.status >= 400 else self._nobodys(exchange)
        where = f"{operation.method} {operation.path}"
        responses = operation.document["responses"]
        response = self.resolve(responses.get(str(exchange.status), responses.get("default")))
        if response is None:
            code = "BG-HTTP-001" if exchange.status >= 500 else "BG-HTTP-002"
            return [Finding(code, where=where, expected=f"one of {', '.join(responses)}", got=str(exchange.status))]
        found = self._check_headers(where, response, exchange)
        content = response.get("content", {})
        if content and exchange.media_type not in content:
            got = exchange.media_type or "nothing"
            found.append(Finding("BG-HTTP-003", where=where, expected=" or ".join(content), got=got))
        elif content and exchange.media_type.endswith("json"):
            schema = content[exchange.media_type].get("schema", True)
            if self._is_error(schema) and _lacking(exchange):
                return found + _envelope(f"{where} {exchange.status}", exchange)
            found += self._check_body(where, f"{operation.id}/{exchange.status}", schema, exchange)
        return found

    def _is_error(self, schema: Any) -> bool:
        """Whether a schema is that of an error, and not of a report such as that of an unhealthy service."""
        node = self.resolve(schema)
        if not isinstance(node, Mapping):
            return False
        parts = [part for name in ("anyOf", "oneOf", "allOf") for part in node.get(name, [])]
        return "error_code" in node.get("properties", {}) or any(self._is_error(part) for part in parts)

    def _nobodys(self, exchange: Exchange) -> list[Finding]:
        """Below the paths of the API there is nothing but what the contract has."""
        known = any(self.operation(method.upper(), exchange.path) for method in METHODS)
        ours = exchange.path.startswith(API) and exchange.method != "OPTIONS"
        if known or not ours or not 200 <= exchange.status < 300:
            return []
        got = f"{exchange.status} {exchange.body[:200].decode(errors='replace')}"
        return [Finding("BG-HTTP-009", where=f"{exchange.method} {exchange.path}", expected="404", got=got)]

    def check_request(self, exchange: Exchange) -> list[Finding]:
        """What the body of a request that was accepted has that the contract does not allow."""
        operation = self.operation(exchange.method, exchange.path)
        if operation is None or not 200 <= exchange.status < 300:
            return []
        content = self.resolve(operation.document.get("requestBody", {})).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            return []
        where, key = f"request of {operation.id}", f"{operation.id}/request"
        return self._breaches("BG-HTTP-008", where, key, schema, exchange.sent)

    def _check_headers(self, where: str, response: Mapping[str, Any], exchange: Exchange) -> list[Finding]:
        return [
            Finding("BG-HTTP-005", where=where, expected=f"header {name}", got="no such header")
            for name, header in response.get("headers", {}).items()
            if self.resolve(header).get("required") and name.lower() not in exchange.headers
        ]

    def _check_body(self, where: str, key: str, schema: Any, exchange: Exchange) -> list[Finding]:
        if exchange.json is None and exchange.body.strip() != b"null":
            return [
                Finding(
                    "BG-HTTP-004", where=where, expected="a JSON body", got=exchange.body[:80].decode(errors="replace")
                )
            ]
        return self._breaches("BG-HTTP-004", f"{where} {exchange.status}", key, schema, exchange.json)

    def _breaches(self, code: str, where: str, key: str, schema: Any, value: Any) -> list[Finding]:
        """A finding for each place at which ``value`` breaks the schema that ``key`` stands for."""
        validator = self._validators.get(key)
        if validator is None:
            validator = self._validators[key] = self.validator(schema, mask="this value")
        found: dict[tuple[str, str], Finding] = {}
        for error in validator.iter_errors(value):
            # The entries of a list all break a rule for the same reason, so they are one finding.
            path = "/".join("*" if isinstance(part, int) else part for part in error.instance_path)
            one = Finding(
                code,
                where=f"{where} /{path}",
                expected=error.message[:300],
                got=json.dumps(error.instance)[:300],
            )
            found.setdefault(one.cause, one)
        return list(found.values())


def _absolute(schema: Any) -> Any:
    """``schema`` with its references into the document made absolute, so that it can stand alone."""
    if isinstance(schema, Mapping):
        return {
            name: f"{BASE}{value}"
            if name == "$ref" and isinstance(value, str) and value.startswith("#")
            else _absolute(value)
            for name, value in schema.items()
        }
    return [_absolute(value) for value in schema] if isinstance(schema, list) else schema


def _unrouted(exchange: Exchange) -> bool:
    """Whether a request was answered as one to a path or method that does not exist: in the envelope or a bare 404."""
    if exchange.status == 405:
        return True
    bare = exchange.json is None and exchange.media_type != "application/json"
    return exchange.status == 404 and (exchange.error_code == "not_found" or bare)


def _lacking(exchange: Exchange) -> list[str]:
    """The members of the envelope that an error does not have, or not as text."""
    members = exchange.json if isinstance(exchange.json, dict) else {}
    return [name for name in ("error", "error_code", "request_id") if not isinstance(members.get(name), str)]


def _envelope(where: str, exchange: Exchange) -> list[Finding]:
    """Every error comes in the envelope, those outside the documented operations too."""
    if not _lacking(exchange) and exchange.media_type == "application/json" and exchange.headers.get("x-request-id"):
        return []
    return [
        Finding(
            "BG-HTTP-006",
            where=where,
            expected="JSON with string members error, error_code, request_id, and header X-Request-ID",
            got=exchange.body[:200].decode(errors="replace"),
        )
    ]


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        pattern = re.compile(
            "".join(
                f"(?P<{_group(part)}>[^/]+)" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{[^}]+\})", path)
            )
        )
        for method in METHODS:
            if method in item:
                yield Operation(item[method]["operationId"], method.upper(), path, item[method], pattern)


def _group(part: str) -> str:
    return re.sub(r"\W", "_", part[1:-1])
