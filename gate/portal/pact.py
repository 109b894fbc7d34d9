"""The portal's consumer contract, from what a visit recorded: a Pact file, version 4.

An interaction has the call as it was sent, and of the answer exactly the members that the portal read. Values that
differ from run to run are replaced by examples, so that the same portal gives the same bytes.
"""

from __future__ import annotations

import base64
import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from gate.contract import Contract
from gate.options import ROOT
from gate.portal.states import State
from gate.portal.visit import Call

RECORDED = ROOT / "contracts" / "portal" / "beacon-portal-beacon-runner.json"
CONSUMER, PROVIDER = "beacon-portal", "beacon-runner"

Json = dict[str, Any]
Tree = dict[str, "Tree"]

TIME = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]{5,6})$")
AN_ID = "bias-detection-1759939200000-5f2c9a"
A_TIME = "2025-10-08T16:00:00.000Z"
SOME_TEXT = "Some text for people to read."
A_NONCE = "0b8f6a4e-2c1d-4e3f-9a5b-6c7d8e9f0a1b"
STATED = frozenset({"$.status", "$.error_code", "$.executions[*].status"})
"""Members whose value is what a state is about."""
SIGNED = "The JobSpec is signed: whoever sends it again has to sign it anew."
REFUSED = "The request is wrong on purpose, to have it refused."
ENVELOPE = frozenset({"$.error", "$.error_code", "header Content-Type", "header Retry-After"})
"""What the portal reads of any error."""
VOLATILE: Mapping[str, tuple[str, str]] = {
    "id": (AN_ID, "^[A-Za-z0-9_-]{1,100}$"),
    "created_at": (A_TIME, TIME.pattern),
    "metadata.timestamp": (A_TIME, TIME.pattern),
    "metadata.nonce": (A_NONCE, "^.{1,255}$"),
    "signature": (base64.b64encode(bytes(64)).decode(), "^[A-Za-z0-9+/]{86}==$"),
    "public_key": (base64.b64encode(bytes(32)).decode(), "^[A-Za-z0-9+/]{43}=$"),
}
"""Members of a JobSpec that no two submissions share, with an example and the pattern that holds."""


class NotUniform(ValueError):  # noqa: N818 (says what the recording is, not that something went wrong)
    """What was recorded in one state cannot be said in one interaction; the message says where."""


@dataclass
class Interaction:
    """Every call of one kind in one state."""

    operation: str
    state: str | None
    params: State
    call: Call
    reads: set[str] = field(default_factory=set)


class Recording:
    """Collects calls, state by state."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._found: dict[tuple[str, str, int], Interaction] = {}
        self._ids: dict[str, str] = {}

    def name(self, job_id: str, example: str) -> None:
        """Says that the contract calls this job by its example's id."""
        self._ids[job_id] = example

    def add(self, calls: Iterable[Call], state: str | None, params: State) -> None:
        """Takes down calls that were made in a state; what needs no state is recorded without."""
        for call in calls:
            exchange = call.exchange
            operation = self._contract.operation(exchange.method, exchange.path)
            if operation is None:
                raise NotUniform(f"the portal calls {exchange.method} {exchange.path}, which the contract has not")
            about = state if "{" in operation.path or operation.id == "listJobs" else None
            made = Interaction(operation.id, about, params if about else {}, call)
            found = self._found.setdefault((operation.id, about or exchange.error_code, exchange.status), made)
            found.call = call  # the newest shows the state best
            found.reads |= call.reads

    def text(self) -> str:
        """The Pact file."""
        interactions = sorted(
            (self._interaction(one) for one in self._found.values()), key=lambda one: one["description"]
        )
        document = {
            "consumer": {"name": CONSUMER},
            "provider": {"name": PROVIDER},
            "interactions": interactions,
            "metadata": {"pactSpecification": {"version": "4.0"}},
        }
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def _interaction(self, one: Interaction) -> Json:
        exchange = one.call.exchange
        about = one.state or exchange.error_code
        made: Json = {
            "type": "Synchronous/HTTP",
            "description": f"{one.operation}: {about}" if about else one.operation,
            "pending": False,
            "request": self._request(one.call),
            "response": self._response(one),
        }
        if one.state:
            made["providerStates"] = [{"name": one.state, "params": dict(one.params)}]
        if exchange.sent is not None:
            made["comments"] = {"text": [SIGNED if exchange.status < 400 else REFUSED]}
        return made

    def _request(self, call: Call) -> Json:
        exchange = call.exchange
        made: Json = {"method": exchange.method, "path": self._renamed(exchange.path)}
        if exchange.query:
            made["query"] = parse_qs(exchange.query, strict_parsing=True)
        if exchange.sent is None:
            return made
        body, rules = _sent(exchange.sent)
        key = f"portal-{A_NONCE}"
        made["headers"] = {"Content-Type": ["application/json"], "Idempotency-Key": [key]}
        made["body"] = _body(body)
        made["matchingRules"] = {
            "body": rules,
            "header": {"Idempotency-Key": _rule({"match": "regex", "regex": "^[!-~]{1,255}$"})},
        }
        return made

    def _response(self, one: Interaction) -> Json:
        exchange = one.call.exchange
        tree = _tree(path for path in one.reads if path.startswith("$"))
        rules: Json = {}
        content = self._picked(exchange.json, tree, "$", rules)
        headers: Json = {}
        header_rules: Json = {}
        for name in sorted(path.removeprefix("header ") for path in one.reads if path.startswith("header ")):
            value = exchange.headers.get(name.lower())
            if value is not None:
                headers[name] = ["application/json" if name == "Content-Type" else "2"]
                pattern = "^application/json(;.*)?$" if name == "Content-Type" else "^[0-9]+$"
                header_rules[name] = _rule({"match": "regex", "regex": pattern})
        return {
            "status": exchange.status,
            "headers": headers,
            "body": _body(content),
            "matchingRules": {"body": rules, "header": header_rules},
        }

    def _picked(self, value: Any, tree: Tree, path: str, rules: Json) -> Any:
        """What was read of a value, and the rules for it."""
        if isinstance(value, list):
            rules[path] = _rule({"match": "type", "min": 1} if value and tree else {"match": "type"})
            return self._same(value, tree.get("[*]"), f"{path}[*]", rules)
        if isinstance(value, dict) and "*" in tree:
            rules[path] = _rule({"match": "eachValue", "rules": [{"match": "type"}]})
            first = min(value)
            return {first: self._same([value[name] for name in sorted(value)], tree["*"], f"{path}.*", rules)[0]}
        if isinstance(value, dict):
            if missing := sorted(set(tree) - set(value)):
                raise NotUniform(f"the portal reads {path}.{missing[0]}, which the answer has not")
            if path != "$":
                rules[path] = _rule({"match": "type"})
            return {name: self._picked(value[name], tree[name], f"{path}.{name}", rules) for name in sorted(tree)}
        rules[path] = _rule({"match": "equality"} if path in STATED else _type(value))
        return self._example(value)

    def _same(self, values: list[Any], tree: Tree | None, path: str, rules: Json) -> list[Any]:
        """The first of some values; all of them have to be of its form."""
        if not values or tree is None:
            return []
        made: list[Any] = []
        forms: list[str] = []
        for value in values:
            its: Json = {}
            made.append(self._picked(value, tree, path, its))
            forms.append(json.dumps(its, sort_keys=True))
        if len(set(forms)) > 1:
            raise NotUniform(f"the values of {path} differ in form: {sorted(set(forms))}")
        rules.update(json.loads(forms[0]))
        return made[:1]

    def _example(self, value: Any) -> Any:
        if isinstance(value, str):
            return A_TIME if TIME.match(value) else SOME_TEXT if len(value.split()) > 3 else self._renamed(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return 1
        return value

    def _renamed(self, text: str) -> str:
        for job_id, example in sorted(
            self._ids.items(), key=lambda pair: -len(pair[0])
        ):  # none is a part of a later one
            text = text.replace(job_id, example)
        return text


def unknown(call: Call, contract: Contract, recorded: Json) -> Iterator[str]:
    """What a call sends or reads that the recorded contract does not say."""
    exchange = call.exchange
    operation = contract.operation(exchange.method, exchange.path)
    where = operation.id if operation else f"{exchange.method} {exchange.path}"
    same = [
        one
        for one in recorded["interactions"]
        if one["description"].partition(":")[0] == where and one["response"]["status"] // 100 == exchange.status // 100
    ]
    if not same and exchange.status >= 400 and call.reads <= ENVELOPE:
        return  # an error of which it reads what every error has
    if not same:
        yield f"calls {where} and reads its {exchange.status}"
        return
    said = {path for one in same for path in _said(one["response"])}
    yield from (f"reads {path} of {where} {exchange.status}" for path in sorted(call.reads - said))
    queries = {name for one in same for name in one["request"].get("query", {})}
    sent = set(parse_qs(exchange.query, strict_parsing=bool(exchange.query)))
    yield from (f"sends the parameter {name} to {where}" for name in sorted(sent - queries))
    members = {path for one in same for path in _members(one["request"].get("body", {}).get("content"), "$")}
    yield from (f"sends {path} to {where}" for path in sorted(set(_members(exchange.sent, "$")) - members))


def _said(response: Json) -> Iterator[str]:
    """The reads that an interaction speaks of; a header that only some answers have may be looked for in all."""
    yield from ("header Content-Type", "header Retry-After")
    maps = {path for path, rule in response["matchingRules"]["body"].items() if "rules" in rule["matchers"][0]}
    yield from _members(response["body"]["content"], "$", maps)


def _members(value: Any, path: str, maps: Iterable[str] = ()) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            below = f"{path}.*" if path in maps else f"{path}.{name}"
            yield below
            yield from _members(member, below, maps)
    elif isinstance(value, list):
        for member in value:
            yield f"{path}[*]"
            yield from _members(member, f"{path}[*]", maps)


def _tree(paths: Iterable[str]) -> Tree:
    root: Tree = {}
    for path in paths:
        node = root
        for step in re.findall(r"\[\*\]|[^.$\[\]]+", path):
            node = node.setdefault(step, {})
    return root


def _sent(body: Json) -> tuple[Json, Json]:
    """A request's body with examples for what no two submissions share, and the rules for those."""
    body = json.loads(json.dumps(body))
    at, spec = ("$.jobspec", body["jobspec"]) if "jobspec" in body else ("$", body)
    rules: Json = {}
    for name, (example, pattern) in VOLATILE.items():
        *parents, last = name.split(".")
        holder = spec[parents[0]] if parents else spec
        holder[last] = example
        rules[f"{at}.{name}"] = _rule({"match": "regex", "regex": pattern})
    return body, rules


def _type(value: Any) -> Json:
    if value is None:
        return {"match": "null"}
    if isinstance(value, bool):
        return {"match": "boolean"}
    return {"match": "number" if isinstance(value, int | float) else "type"}


def _rule(matcher: Json) -> Json:
    return {"combine": "AND", "matchers": [matcher]}


def _body(content: Any) -> Json:
    return {"content": content, "contentType": "application/json", "encoded": False}


def difference(recorded: str, text: str) -> str:
    """What two recordings differ in: their interactions in one line, then at most 60 lines; empty where in nothing."""
    if recorded == text:
        return ""
    before, now = _named(recorded), _named(text)
    changed = [name for name in before if name in now and before[name] != now[name]]
    kinds = {"no longer": [*before.keys() - now], "new": [*now.keys() - before], "changed": changed}
    told = "; ".join(f"{kind}: {', '.join(sorted(names))}" for kind, names in kinds.items() if names)
    lines = difflib.unified_diff(recorded.splitlines(), text.splitlines(), "checked in", "recorded now", "", "", 2, "")
    return "\n".join([told or "no interaction differs", *islice(lines, 60)])


def _named(text: str) -> dict[str, Json]:
    return {
        f"{one['request']['method']} {one['request']['path']} {one['response']['status']} ({one['description']})": one
        for one in json.loads(text)["interactions"]
    }


def load(path: Path = RECORDED) -> Json:
    """The contract as it is checked in."""
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found
