"""A plausible request for an operation: the least that its schema asks for, with ids that answers gave."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from gate.contract.document import Contract
from gate.contract.nodes import Operation

FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "email": "gate{number}@example.org",
    "uri": "http://127.0.0.1:9/{number}",
    "url": "http://127.0.0.1:9/{number}",
    "hostname": "gate-{number}.example.org",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "duration": "PT1H",
    "byte": "Z2F0ZQ==",
    "json-pointer": "/a",
}
NAMED = ("email", "url", "uri")
"""Formats that the names of members tell."""
CANDIDATES = (
    "gate-{number}",
    "gate_{number}",
    "gate{number}",
    "a",
    "A",
    "0",
    "1",
    "1.0.0",
    "#a1b2c3",
    "0 0 * * *",
    "a/b",
)
DEEPEST, WIDEST = 8, 3
"""Depths down to which a body has members, and members that it need not have."""
FORM = "application/x-www-form-urlencoded"


def kind_of(text: str) -> str:
    """A collection or a parameter as the singular name of what it holds: ``flow_runs`` and ``flowRunId`` alike."""
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    plain = re.sub(r"(ids?|keys?|names?|slugs?)$", "", plain) or plain
    return plain[:-3] + "y" if plain.endswith("ies") else plain.removesuffix("s")


@dataclass
class Pool:
    """Ids that answers gave, by the kind of what they tell apart, the newest last."""

    ids: dict[str, list[str | int]] = field(default_factory=dict)

    def learn(self, operation: Operation, answer: Any) -> None:
        """Keeps what an accepted request's answer shows of ids."""
        entries = answer if isinstance(answer, list) else [answer]
        if isinstance(answer, Mapping):
            entries += [each for value in answer.values() if isinstance(value, list) for each in value[:3]]
        literal = [part for part in operation.path.split("/") if part and "{" not in part]
        for entry in entries[:3]:
            for name, value in entry.items() if isinstance(entry, Mapping) else ():
                if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                    self._keep(name, value, literal[-1] if literal else "")

    def _keep(self, name: str, value: str | int, collection: str) -> None:
        member = re.sub(r"[^a-z]", "", name.lower())
        if member in {"id", "uuid", "key", "slug", "name"}:
            self._add(f"{kind_of(collection)} {'id' if member == 'uuid' else member}", value)
        elif member.endswith("id"):
            self._add(f"{kind_of(name)} id", value)

    def _add(self, kind: str, value: str | int) -> None:
        values = self.ids.setdefault(kind, [])
        if value not in values:
            values.append(value)

    def known(self, name: str, collection: str = "") -> str | int | None:
        """An id for a parameter or a member of that name, in the place of a collection."""
        plain = re.sub(r"[^a-z]", "", name.lower())
        member = next((each for each in ("key", "slug", "name") if plain.endswith(each)), "id")
        members = dict.fromkeys([member, *(("id", "key", "slug", "name") if collection else ())])
        for kind in dict.fromkeys([kind_of(name), kind_of(collection)]):
            for each in members:
                if values := self.ids.get(f"{kind} {each}"):
                    return values[-1]
        return None


@dataclass(frozen=True)
class Sample:
    """A request; ``optional`` are headers that it need not have, and ``missing`` parameters without a known id."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes | None
    optional: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Known(Protocol):
    """Ids that are known by name."""

    def known(self, name: str, collection: str = "") -> str | int | None:
        """An id for a parameter or a member of that name, in the place of a collection."""


class Samples:
    """Makes requests for the operations of a contract.

    With ``whole`` objects have all their members and lists two entries. With ``invented`` no text is an example of
    the document, which a service may take once. Texts have a number, above ``first``.
    """

    def __init__(self, contract: Contract, pool: Known, first: int = 0) -> None:
        self.whole = self.invented = False
        self._contract = contract
        self._pool = pool
        self._number = first
        self._used: set[str] = set()  # a service may want each text once

    def of(self, operation: Operation, *, drop: frozenset[str] = frozenset()) -> Sample:
        """A request, without the optional headers in ``drop``."""
        path, query, headers = operation.path, dict[str, str](), dict[str, str]()
        missing, optional = [], []
        for (place, name), node in operation.parameters().items():
            schema = node.value.get("schema", {"type": "string"})
            if place == "path":
                before = path.partition(f"{{{name}}}")[0].rstrip("/").rpartition("/")[2]
                known = self._pool.known(name, before)
                if known is None and not self._contract.resolve(schema).get("enum"):
                    missing.append(name)
                value = self._text(known if known is not None else self.value(schema, name))
                path = path.replace(f"{{{name}}}", quote(value, safe=""))
            elif place == "query" and node.value.get("required"):
                query[name] = self._text(self.value(schema, name))
            elif place == "header" and name not in drop and name not in {"authorization", "content-type", "accept"}:
                headers[name] = self._text(self.value(schema, name))
                optional += [] if node.value.get("required") else [name]
        content, media = self._content(operation)
        if media:
            headers["content-type"] = media
        target = path + (f"?{urlencode(query)}" if query else "")
        return Sample(operation.method, target, headers, content, tuple(optional), tuple(missing))

    def _content(self, operation: Operation) -> tuple[bytes | None, str]:
        body = self._contract.resolve(operation.document.get("requestBody", {}))
        content = body.get("content", {}) if isinstance(body, Mapping) else {}
        media = next((each for each in content if "json" in each), FORM if FORM in content else "")
        if not media:
            return None, ""
        value = self.value(content[media].get("schema", {}), "")
        if media == FORM:
            pairs = value if isinstance(value, Mapping) else {}
            return urlencode({name: self._text(each) for name, each in pairs.items()}).encode(), media
        return json.dumps(value).encode(), media

    @staticmethod
    def _text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    def value(self, schema: Any, name: str, depth: int = 0) -> Any:
        """The least value that a schema allows; a known id where ``name`` is that of one."""
        schema = self._contract.resolve(schema)
        if not isinstance(schema, Mapping):
            return {}
        known = self._pool.known(name) if re.search(r"(?i)_?id$", name) else None
        if known is not None and _fits(known, schema):
            return known
        merged = self._merged(schema)
        schema = schema if merged is None else merged
        for keyword in ("const", "example", "default"):
            if schema.get(keyword) is not None and not (self.invented and _free_text(schema)):
                return schema[keyword]
        for keyword in ("enum", "examples"):
            if isinstance(schema.get(keyword), list) and schema[keyword] and not (self.invented and _free_text(schema)):
                return next((each for each in schema[keyword] if each is not None), None)
        if depth > DEEPEST:
            return None
        return self._of_type(merged, name, depth) if merged is not None else self._branch(schema, name, depth)

    def _merged(self, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The schema with the parts of ``allOf`` put in; None where it is a choice."""
        if "anyOf" in schema or "oneOf" in schema:
            return None
        merged = dict(schema)
        for part in schema.get("allOf", ()):
            below = self._contract.resolve(part)
            below = self._merged(below) if isinstance(below, Mapping) else None
            for keyword, value in (below or {}).items():
                if keyword == "properties":
                    merged[keyword] = {**merged.get(keyword, {}), **value}
                elif keyword == "required":
                    merged[keyword] = [*merged.get(keyword, ()), *value]
                else:
                    merged.setdefault(keyword, value)
        return merged

    def _branch(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        others = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf"}}
        parts = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        for part in reversed(parts) if self.invented else parts:
            branch = self._contract.resolve(part)
            if isinstance(branch, Mapping) and branch.get("type") != "null":
                return self.value({**others, "allOf": [*others.get("allOf", ()), branch]}, name, depth + 1)
        return None

    def _of_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        kind = next((each for each in kinds if each != "null"), "null") if isinstance(kinds, list) else kinds
        match kind:
            case "object":
                members = schema.get("properties", {})
                names = [*schema.get("required", ()), *(self._optional(members, depth) if self.whole else ())]
                return {each: self.value(members.get(each, {}), each, depth + 1) for each in dict.fromkeys(names)}
            case "array":
                least = int(schema.get("minItems", 0))
                number = max(least, min(2, schema.get("maxItems", 2))) if self.whole and depth < WIDEST else least
                entries = [self.value(schema.get("items", {}), name, depth + 1) for _ in range(number)]
                return [each for index, each in enumerate(entries) if index < least or each not in entries[:index]]
            case "integer" | "number":
                low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
                return min(low, schema.get("maximum", low))
            case "boolean":
                return False
            case "null":
                return None
        return self._string(schema, name)

    def _optional(self, members: Mapping[str, Any], depth: int) -> list[str]:
        """Members that a request may have, without ids of which none is known."""
        names = []
        for name, schema in members.items() if depth < WIDEST else ():
            rules = self._contract.resolve(schema)
            unknown = re.search(r"(?i)(^|_)ids?$|[a-z]Ids?$", name) and self._pool.known(name) is None
            if isinstance(rules, Mapping) and not rules.get("readOnly") and not unknown:
                names.append(name)
        return names

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        self._number += 1
        if schema.get("format") == "uuid":
            return str(uuid.UUID(int=(0x9A7E << 112) | self._number, version=4))
        least, most, pattern = schema.get("minLength", 0), schema.get("maxLength", 10**6), schema.get("pattern", "")
        meant = next((each for each in NAMED if name.lower().endswith(each)), "")
        form = schema.get("format", meant)
        candidates = (FORMATS[form],) if form in FORMATS else CANDIDATES
        texts = [text.format(number=self._number) for text in candidates]
        texts += [text.ljust(least, "a")[:most] for text in texts]
        fitting = (text for text in texts if least <= len(text) <= most and matches(pattern, text))
        text = next((text for text in fitting if text not in self._used), "")
        text = (
            text or _shortest(pattern, lambda text: least <= len(text) <= most and text not in self._used) or texts[0]
        )
        self._used.add(text)
        return text


def _free_text(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" and not schema.keys() & {"enum", "const"}


def matches(pattern: str, text: str) -> bool:
    """Return whether an expression is found in a text, as far as Python can read it."""
    try:
        return re.search(pattern, text, re.ASCII) is not None
    except re.error:
        return True


def _shortest(pattern: str, fits: Callable[[str], bool]) -> str:
    """The simplest text that an expression matches and that ``fits``; empty where none is found soon."""
    from hypothesis import HealthCheck, Phase, find, settings, strategies  # noqa: PLC0415 (for few documents)
    from hypothesis.errors import HypothesisException  # noqa: PLC0415 (as above)

    soon = settings(max_examples=200, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    try:
        expression = re.compile(pattern, re.ASCII)  # as ECMA 262 has it: only 0 to 9 are digits
        return find(
            strategies.from_regex(expression), lambda text: not text.endswith("\n") and fits(text), settings=soon
        )
    except (HypothesisException, re.error):
        return ""


def _fits(value: str | int, schema: Mapping[str, Any]) -> bool:
    """Return whether an id is of a type that the schema allows, where it names one of those that ids have."""
    kinds = schema.get("type", ())
    named = {"string", "integer"} & set([kinds] if isinstance(kinds, str) else kinds)
    return not named or ("string" if isinstance(value, str) else "integer") in named
