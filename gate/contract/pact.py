"""Reads consumer contracts in the Pact format, version 4."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from gate.core.errors import GateError

SUPPORTED = "4."
HTTP = "Synchronous/HTTP"

Json = dict[str, Any]


@dataclass(frozen=True)
class State:
    """What has to be the case before an interaction: a name, and the parameters that make it exact."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """What goes one way: headers by lower-case name, and a JSON body with the kind of matcher for each path.

    ``rules`` has Pact's own paths (``$.jobs[*].id``), each with the names of its matchers; without one a value has to
    be equal. ``body`` is None where there is none, ``has_body`` tells that from null.
    """

    headers: Mapping[str, str]
    body: Any
    has_body: bool
    rules: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Interaction:
    """One call that a consumer makes, and of its answer what the consumer reads."""

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
    """The consumer contract in a file; GateError where it is none of version 4, or has no interaction."""
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GateError(
            f"{path.name} is not a consumer contract that can be read ({type(error).__name__}: {error}).",
            "Expected a Pact file of version 4 with HTTP interactions.",
        ) from error


def read(document: Json) -> Pact:
    """The consumer contract in a parsed file; ValueError where it is none of version 4, KeyError where a part lacks."""
    version = str(document["metadata"]["pactSpecification"]["version"])
    if not f"{version}.".startswith(SUPPORTED):
        raise ValueError(f"it is of version {version}")
    interactions = [_interaction(one) for one in document["interactions"]]
    if not interactions:
        raise ValueError("it has no interaction")
    if len({one.description for one in interactions}) < len(interactions):
        raise ValueError("two of its interactions have the same description")
    return Pact(document["consumer"]["name"], document["provider"]["name"], interactions, document)


def _interaction(one: Json) -> Interaction:
    if one["type"] != HTTP:
        raise ValueError(f"an interaction is {one['type']}")
    request, response = one["request"], one["response"]
    query = {name: [str(value) for value in _list(values)] for name, values in request.get("query", {}).items()}
    return Interaction(
        description=one["description"],
        states=[State(state["name"], state.get("params", {})) for state in one.get("providerStates", [])],
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
