"""A published contract: the operation that an exchange belongs to, and findings where it breaks its promise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from gate.contract import answer_bytes
from gate.contract.loading import load_openapi
from gate.contract.nodes import METHODS, Node, Operation, absolute, operations, registry
from gate.contract.parts import Parts, parts_of
from gate.core import pointer
from gate.core.errors import DocumentError
from gate.core.exchange import Exchange
from gate.core.findings import Finding

BASE = "urn:openapi"
OF_VALUES = frozenset({"BG-HTTP-004", "BG-HTTP-006"})
"""Codes of findings on the value of a body, which a body that cannot be read does not have."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """Promises about every answer of a service, documented or not.

    ``prefix`` is the beginning of paths that answer 2xx only where they are documented. Every error is JSON with
    ``error_members``, which are texts, and the header ``error_header``; ``unrouted`` are the values of ``error_code``
    that say that there is no such path. ``present_with`` is the extension of a property that is there if, and only if,
    the request has the query parameters that it names. What is empty is not promised.
    """

    prefix: str = ""
    error_members: tuple[str, ...] = ()
    error_header: str = ""
    unrouted: tuple[str, ...] = ()
    present_with: str = ""


def media_in(content: Mapping[str, Any], media_type: str) -> str | None:
    """The key of ``content`` that covers a media type: the type itself without parameters, ``type/*`` or ``*/*``."""
    keys = {key.partition(";")[0].strip().lower(): key for key in reversed([*content])}
    candidates = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((keys[each] for each in candidates if each in keys), None) if media_type else None


class Contract:
    """An OpenAPI document and its service's conventions; references outside the document are not followed.

    ``base`` stands before each path on the service, whatever servers the document names.
    """

    def __init__(
        self, document: Mapping[str, Any], conventions: Conventions | None = None, base: str | None = None
    ) -> None:
        self.document = document
        self.conventions = conventions or Conventions()
        documented = operations(document)
        self.operations = [each if base is None else replace(each, bases=(base,)) for each in documented]
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        self._standing: dict[int, jsonschema_rs.Validator] = {}  # by the schema's place in memory, which stays

    @classmethod
    def load(cls, path: Path, conventions: Conventions | None = None, base: str | None = None) -> Contract:
        """The contract in a file; raises DocumentError where it does not load."""
        contract = cls(load_openapi(path), conventions, base)
        if not contract.operations:
            raise DocumentError(path, None, "an operation below paths, without which there is nothing to judge")
        return contract

    @cached_property
    def parts(self) -> Parts:
        """The parts of the document."""
        return self.parts_of(self.document)

    def parts_of(self, document: Mapping[str, Any]) -> Parts:
        """The parts of another document of the service, its operations named as in this one."""
        return parts_of(document, {operation.shape: operation.id for operation in self.operations})

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return registry(self.document, BASE)

    def validator(self, schema: Any, **options: Any) -> jsonschema_rs.Validator:
        """A validator of a schema of this document, formats included; references are compiled only as needed."""
        return jsonschema_rs.Draft202012Validator(
            absolute(schema, BASE), registry=self._registry, validate_formats=True, **options
        )

    def standing_validator(self, schema: Any) -> jsonschema_rs.Validator:
        """The same, compiled once, for a schema that is a part of the document itself."""
        if id(schema) not in self._standing:
            self._standing[id(schema)] = self.validator(schema)
        return self._standing[id(schema)]

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that a request addresses; literal paths win over templates, whatever methods they have."""
        return next((each for each in self._addressed(path) if each.method == method.upper()), None)

    @lru_cache(maxsize=256)  # noqa: B019 (there is one contract in a process; each exchange is looked up by many)
    def _addressed(self, path: str) -> list[Operation]:
        matching = [operation for operation in self.operations if operation.path_values(path) is not None]
        most = max((operation.literal for operation in matching), default=None)
        return [operation for operation in matching if operation.literal == most]

    def response(self, operation: Operation, status: int) -> Mapping[str, Any] | None:
        """The response that an operation documents for a status, by its code, its range or as the default."""
        documented = operation.response(status)
        return self.resolve(documented[1]) if documented else None

    def error_codes(self) -> set[str]:
        """Every error code that the schemas of the document name."""
        codes: set[str] = set()
        pending = [("", self.document.get("components", {}).get("schemas", {}))]
        while pending:
            name, node = pending.pop()
            if isinstance(node, Mapping):
                if name == "error_code":
                    codes.update(str(code) for code in [*node.get("enum", ()), node.get("const")] if code)
                pending.extend(node.items())
            elif isinstance(node, list):
                pending.extend(("", child) for child in node)
        return codes

    def resolve(self, value: Any) -> Any:
        """``value``, or the target of its ``$ref``; raises DanglingReferenceError."""
        return Node(self.document, "", value).follow().value

    @lru_cache(maxsize=512)  # noqa: B019 (there is one contract in a process; a batch of the fuzzer is checked twice)
    def check(self, exchange: Exchange) -> Sequence[Finding]:
        """Findings where a response is not what the contract promises, those on its bytes first."""
        operation = self.operation(exchange.method, exchange.path)
        findings = answer_bytes.check(exchange, str(operation or f"{exchange.method} {exchange.path}"))
        unreadable = any(finding.code == answer_bytes.NOT_JSON for finding in findings)
        return findings + [
            finding for finding in self._check(exchange) if not (unreadable and finding.code in OF_VALUES)
        ]

    def _check(self, exchange: Exchange) -> list[Finding]:
        operation = self.operation(exchange.method, exchange.path)
        if operation is not None and self.is_unrouted(exchange):
            got = f"{exchange.status} {exchange.error_code or exchange.text}"
            return [Finding("BG-HTTP-007", where=str(operation), expected=f"an answer of {operation.id}", got=got)]
        # Every path refuses the methods that it does not have, documented or not.
        if operation is None or exchange.status == 405:
            return self._check_undocumented(exchange)
        where, responses = str(operation), operation.document["responses"]
        response = self.response(operation, exchange.status)
        if response is None and responses:
            code = "BG-HTTP-001" if exchange.status >= 500 else "BG-HTTP-002"
            return [Finding(code, where=where, expected=f"one of {', '.join(responses)}", got=str(exchange.status))]
        response = response or {}
        findings = self._check_headers(where, response, exchange)
        bodiless = exchange.method == "HEAD"  # whose answers have the headers of one to GET, at most
        content = response.get("content", {})
        media = media_in(content, exchange.media_type)
        if content and media is None and (exchange.media_type or not bodiless):
            got = exchange.media_type or "nothing"
            findings.append(Finding("BG-HTTP-003", where=where, expected=" or ".join(content), got=got))
        elif media is not None and exchange.media_type.endswith("json") and not bodiless:
            schema = content[media].get("schema", True)
            if self._is_error(schema) and self._lacks_error_members(exchange):
                return findings + self._check_error(f"{where} {exchange.status}", exchange)
            findings += self._check_body(where, f"{operation.id}/{exchange.status}/{media}", schema, exchange)
        return findings

    def check_request(self, exchange: Exchange) -> list[Finding]:
        """Findings where the body of an accepted request is not what the contract allows."""
        operation = self.operation(exchange.method, exchange.path)
        if operation is None or not 200 <= exchange.status < 300:
            return []
        content = self.resolve(operation.document.get("requestBody", {})).get("content", {})
        schema = content.get(media_in(content, "application/json"), {}).get("schema")
        if schema is None:
            return []
        where, key = f"request of {operation.id}", f"{operation.id}/request"
        return self._violations("BG-HTTP-008", where, key, schema, exchange.sent)

    def is_unrouted(self, exchange: Exchange) -> bool:
        """Return whether a request was answered like one to a path or method that does not exist."""
        if exchange.status == 405:
            return True
        bare = exchange.json is None and exchange.media_type != "application/json"
        return exchange.status == 404 and (bare or exchange.error_code in self.conventions.unrouted)

    def _check_undocumented(self, exchange: Exchange) -> list[Finding]:
        """A documented form of errors; below the API's prefix, an undocumented path must not answer 2xx."""
        if exchange.status >= 400:
            return self._check_error(f"{exchange.method} {exchange.path} {exchange.status}", exchange)
        prefix = self.conventions.prefix
        ours = bool(prefix) and exchange.path.startswith(prefix) and exchange.method != "OPTIONS"
        known = any(self.operation(method, exchange.path) for method in METHODS)
        if known or not ours or not 200 <= exchange.status < 300:
            return []
        got = f"{exchange.status} {exchange.text}"
        return [Finding("BG-HTTP-009", where=f"{exchange.method} {exchange.path}", expected="404", got=got)]

    def _is_error(self, schema: Any) -> bool:
        """Return whether a schema is that of an error, and not of a report such as that of an unhealthy service."""
        node = self.resolve(schema)
        if not isinstance(node, Mapping):
            return False
        parts = [part for name in ("anyOf", "oneOf", "allOf") for part in node.get(name, [])]
        return "error_code" in node.get("properties", {}) or any(self._is_error(part) for part in parts)

    def _lacks_error_members(self, exchange: Exchange) -> bool:
        members = exchange.json if isinstance(exchange.json, dict) else {}
        return not all(isinstance(members.get(name), str) for name in self.conventions.error_members)

    def _check_error(self, where: str, exchange: Exchange) -> list[Finding]:
        """Every error has the promised form, those outside the documented operations too."""
        members, header = self.conventions.error_members, self.conventions.error_header
        json_type = not members or exchange.media_type == "application/json"
        lacking = exchange.method != "HEAD" and self._lacks_error_members(exchange)  # whose answers have no body
        if json_type and not lacking and (not header or exchange.headers.get(header.lower())):
            return []
        expected = f"JSON with string members {', '.join(members)}, and header {header}"
        return [Finding("BG-HTTP-006", where=where, expected=expected, got=exchange.text)]

    def _check_headers(self, where: str, response: Mapping[str, Any], exchange: Exchange) -> list[Finding]:
        return [
            Finding("BG-HTTP-005", where=where, expected=f"header {name}", got="no such header")
            for name, header in response.get("headers", {}).items()
            if self.resolve(header).get("required") and name.lower() not in exchange.headers
        ]

    def _check_body(self, where: str, key: str, schema: Any, exchange: Exchange) -> list[Finding]:
        return self._violations("BG-HTTP-004", f"{where} {exchange.status}", key, schema, exchange.json)

    def _violations(self, code: str, where: str, key: str, schema: Any, value: Any) -> list[Finding]:
        """A finding for each place at which ``value`` violates the schema; ``key`` names the schema in the cache."""
        if key not in self._validators:
            self._validators[key] = self.validator(schema, mask="this value")
        by_cause: dict[tuple[str, str], Finding] = {}
        for error in self._validators[key].iter_errors(value):
            # The entries of a list all break a rule for the same reason, so they are one finding.
            path = pointer.join(*("*" if isinstance(part, int) else part for part in error.instance_path))
            finding = Finding(code, f"{where} {path or '/'}", error.message, json.dumps(error.instance))
            by_cause.setdefault(finding.cause, finding)
        return list(by_cause.values())
