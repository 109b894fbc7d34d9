"""Reads consumer contracts in the Pact format, version 4."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from gate.core.documents import load_json, shaped

SUPPORTED = "4."
HTTP = "Synchronous/HTTP"

Json = dict[str, Any]


@dataclass(frozen=True)
class State:
    """A provider state that an interaction needs, with its parameters."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """A request or response: headers by lower-case name, and a JSON body with its matchers.

    ``rules`` has the names of matchers by Pact's own paths (``$.items[*].id``); a value without one has to be equal.
    ``has_body`` distinguishes a body that is null from no body.
    """

    headers: Mapping[str, str]
    body: Any
    has_body: bool
    rules: Mapping[str, Sequence[str]]

    @property
    def media_type(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip()


@dataclass(frozen=True)
class Interaction:
    """A call of the consumer, and the parts of the response that it reads."""

    description: str
    states: Sequence[State]
    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    request: Message
    status: int
    response: Message

    @property
    def target(self) -> str:
        """Path and query."""
        query = urlencode([(name, value) for name, values in self.query.items() for value in values])
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True)
class Pact:
    """A consumer contract."""

    consumer: str
    provider: str
    interactions: Sequence[Interaction]
    document: Json = field(repr=False)


def load(path: Path) -> Pact:
    """The consumer contract in a file; DocumentError unless it is of version 4 and has interactions."""
    document = load_json(path)
    return shaped(path, lambda: read(document), "a Pact file of version 4 with HTTP interactions")


def read(document: Json) -> Pact:
    """The consumer contract in a parsed file; ValueError or KeyError where it is not valid."""
    version = str(document["metadata"]["pactSpecification"]["version"])
    if not f"{version}.".startswith(SUPPORTED):
        raise ValueError(f"it is of version {version}")
    interactions = [_interaction(entry) for entry in document["interactions"]]
    if not interactions:
        raise ValueError("it has no interaction")
    if len({interaction.description for interaction in interactions}) < len(interactions):
        raise ValueError("two of its interactions have the same description")
    return Pact(document["consumer"]["name"], document["provider"]["name"], interactions, document)


def _interaction(entry: Json) -> Interaction:
    if entry["type"] != HTTP:
        raise ValueError(f"an interaction is {entry['type']}")
    request, response = entry["request"], entry["response"]
    query = {name: [str(value) for value in _list(values)] for name, values in request.get("query", {}).items()}
    return Interaction(
        description=entry["description"],
        states=[State(state["name"], state.get("params", {})) for state in entry.get("providerStates", [])],
        method=request["method"].upper(),
        path=request["path"],
        query=query,
        request=_message(request),
        status=int(response["status"]),
        response=_message(response),
    )


def _message(part: Json) -> Message:
    body = part.get("body", {})
    content = body.get("content")
    kind = body.get("contentType", "")
    if isinstance(content, str) and "json" in kind:
        encoded = body.get("encoded")
        if encoded not in {None, False, "", "json", "JSON"}:
            raise ValueError(f"a body is encoded as {encoded}")
        content = json.loads(content) if encoded else content
    headers = {name.lower(): ", ".join(map(str, _list(value))) for name, value in part.get("headers", {}).items()}
    if "content" in body and kind:
        headers.setdefault("content-type", kind)
    rules = part.get("matchingRules", {}).get("body", {})
    return Message(headers, content, "content" in body, {path: _matchers(rule) for path, rule in rules.items()})


def _matchers(rule: Json) -> list[str]:
    return [matcher.get("match", "equality") for matcher in rule["matchers"]]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
