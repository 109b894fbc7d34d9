"""Plausible requests for an operation, which are tried before random ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from gate.contract.document import Contract
from gate.contract.nodes import Node, Operation
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service.pool import Pool
from gate.fuzz.survey.samples import FORM, Samples

UNSENT = frozenset({"authorization", "content-type", "accept"})
"""Headers of a document that a client sends by itself."""


class _Known:
    """The ids of the pool that is in use."""

    def __init__(self, pool: Callable[[], Pool]) -> None:
        self._pool = pool

    def known(self, name: str, collection: str = "") -> str | int | None:
        """An id for a parameter or a member of that name."""
        del collection
        value = self._pool().of_name(name)
        return value[0] if value else None


class Sampler:
    """Makes requests from examples and schemas alone, without random choices: a thousand take a second.

    Texts are numbered from ``first`` on.
    """

    def __init__(self, contract: Contract, pool: Callable[[], Pool], drop: Collection[str], first: int = 0) -> None:
        self._contract = contract
        self._samples = Samples(contract, _Known(pool), first)
        self._left_out = UNSENT | set(drop)

    def requests(self, operation: Operation) -> Iterator[tuple[GeneratedRequest, Mapping[str, str]]]:
        """Requests with the values of their path: examples, the least, the whole, and both with texts of our own."""
        media, content = self._content(operation)
        sent: set[str] = set()
        for body in [*_examples(content, self._contract), ...]:
            for whole, invented in ((False, False), (True, False), (False, True), (True, True)):
                self._samples.whole, self._samples.invented = whole, invented
                request, values = self._request(operation, media, content, body)
                if request.digest not in sent:
                    sent.add(request.digest)
                    yield request, values
                if body is not ...:
                    break

    def fresh(self, name: str, schema: Node) -> Any:
        """Another value that a schema allows; a text that was not used before."""
        self._samples.whole, self._samples.invented = False, True
        return self._samples.value(schema.value, name)

    def _request(
        self, operation: Operation, media: str, content: Mapping[str, Any], body: Any
    ) -> tuple[GeneratedRequest, Mapping[str, str]]:
        values, query, headers = dict[str, str](), dict[str, str](), dict[str, str]()
        for (place, name), node in operation.parameters().items():
            needed = bool(node.value.get("required"))
            if place == "path":
                values[name] = self._parameter(node, name)
            elif place == "query" and needed:
                query[name] = self._parameter(node, name)
            elif place == "header" and name not in self._left_out and needed:
                headers[name] = self._parameter(node, name)
        data = None
        if media:
            headers["content-type"] = media
            data = self._data(media, self._samples.value(content.get("schema", {}), "") if body is ... else body)
        target = operation.path + (f"?{urlencode(query)}" if query else "")
        request = GeneratedRequest.of(
            data, operation=operation.id, method=operation.method, target=target, headers=headers
        )
        return request, values

    def _parameter(self, node: Node, name: str) -> str:
        rules = node.value
        example = rules.get("example", next(iter(_named_examples(rules)), None))
        value = example if example is not None else self._samples.value(rules.get("schema", {"type": "string"}), name)
        return self._text(value)

    def _content(self, operation: Operation) -> tuple[str, Mapping[str, Any]]:
        body = self._contract.resolve(operation.document.get("requestBody", {}))
        content = body.get("content", {}) if isinstance(body, Mapping) else {}
        media = next((each for each in content if "json" in each), FORM if FORM in content else "")
        return media, content.get(media, {})

    def _data(self, media: str, value: Any) -> bytes:
        if media != FORM:
            return json.dumps(value).encode()
        pairs = value if isinstance(value, Mapping) else {}
        return urlencode({name: self._text(each) for name, each in pairs.items()}).encode()

    @staticmethod
    def _text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)


def _examples(content: Mapping[str, Any], contract: Contract) -> Iterator[Any]:
    """Whole bodies that a document shows."""
    if "example" in content:
        yield content["example"]
    yield from _named_examples(content)
    schema = contract.resolve(content.get("schema", {}))
    if isinstance(schema, Mapping) and isinstance(schema.get("example"), dict | list):
        yield schema["example"]


def _named_examples(owner: Mapping[str, Any]) -> list[Any]:
    """The values of examples that a document has inline."""
    named = owner.get("examples")
    entries = named.values() if isinstance(named, Mapping) else ()
    return [each["value"] for each in entries if isinstance(each, Mapping) and "value" in each][:2]
