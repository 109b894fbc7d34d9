"""Changes of security: requirements by what they ask for, and the schemes behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from gate.contract.diff.change import Change
from gate.contract.diff.place import Place
from gate.contract.diff.rules import Rule
from gate.contract.nodes import Node

Requirement = dict[str, set[str]]
"""Scopes by the meaning of a scheme."""


def security(place: Place, old: Node, new: Node) -> Iterator[Change]:
    """The change of an operation's security: whether the callers of old are still admitted."""
    before, after = _written(old), _written(new)
    callers, asked = _meant(old, before), _meant(new, after)
    if not _admitted(callers, asked):
        yield place.change(Rule.SECURITY_TIGHTENED, new.child("security"), "security tightened", before, after)
    elif not _admitted(asked, callers):
        yield place.change(Rule.SECURITY_LOOSENED, new.child("security"), "security loosened", before, after)
    yield from _definitions(old, new, before, after)


def _written(operation: Node) -> list[dict[str, list[str]]]:
    """The alternatives of an operation; the empty one where nothing is asked for."""
    return operation.value.get("security", operation.document.get("security")) or [{}]


def _scheme(operation: Node, name: str) -> Node:
    return Node(operation.document, "", operation.document).child("components", "securitySchemes", name).follow()


def _meant(operation: Node, alternatives: list[dict[str, list[str]]]) -> list[Requirement]:
    meant: list[Requirement] = [{} for _ in alternatives]
    for requirement, alternative in zip(meant, alternatives, strict=True):
        for name, scopes in alternative.items():
            requirement.setdefault(_meaning(_scheme(operation, name), name), set()).update(scopes)
    return meant


def _meaning(scheme: Node, name: str) -> str:
    """The credentials that a scheme asks for; its name has no part in them."""
    value = scheme.value
    if not isinstance(value, Mapping):
        return name
    kind = value.get("type")
    if kind == "apiKey":
        key = str(value.get("name"))
        return f"apiKey {value.get('in')} {key.lower() if value.get('in') == 'header' else key}"
    if kind == "http":
        return f"http {str(value.get('scheme')).lower()}"
    if kind == "openIdConnect":
        return f"openIdConnect {value.get('openIdConnectUrl')}"
    if kind == "oauth2":
        urls = {flow.get("tokenUrl") or flow.get("authorizationUrl") for flow in value.get("flows", {}).values()}
        return "oauth2" if len(urls) < 2 else f"oauth2 {name}"
    return str(kind)


def _admitted(callers: list[Requirement], asked: list[Requirement]) -> bool:
    """Return whether every caller that satisfies the first alternatives satisfies the second."""

    def enough(has: Requirement, needs: Requirement) -> bool:
        return all(name in has and scopes <= has[name] for name, scopes in needs.items())

    return all(any(enough(has, needs) for needs in asked) for has in callers)


def _definitions(old: Node, new: Node, *written: list[dict[str, list[str]]]) -> Iterator[Change]:
    """Changes of schemes of one meaning that are used on both sides: flows, addresses, forms of a token."""
    place = Place("", "security scheme")
    names = [dict.fromkeys(name for alternative in side for name in alternative) for side in written]
    after = {_meaning(_scheme(new, name), name): _scheme(new, name) for name in reversed(names[1])}
    for name in names[0]:
        here = _scheme(old, name)
        there = _scheme(new, name) if name in names[1] else None  # of several of one meaning, that of the name
        if there is None or _meaning(there, name) != _meaning(here, name):
            there = after.get(_meaning(here, name))
        if there is None or not isinstance(here.value, Mapping) or not isinstance(there.value, Mapping):
            continue
        before, now = (side.value.get("bearerFormat") for side in (here, there))
        if before and before != now:
            text = f"bearerFormat {before} -> {now}"
            yield place.change(Rule.SECURITY_SCHEME_CHANGED, there.child("bearerFormat"), text)
        used = {scope for need in written[0] for scope in need.get(name, ())}
        yield from _flows(place, here.child("flows"), there.child("flows"), used)


def _flows(place: Place, old: Node, new: Node, used: set[str]) -> Iterator[Change]:
    rule = Rule.SECURITY_SCHEME_CHANGED
    before, after = dict(old.items()), dict(new.items())
    for name in [name for name in after if name not in before]:
        yield place.change(rule, after[name], f"flow {name} added", severity="safe")
    for name, flow in before.items():
        if name not in after:
            yield place.change(rule, flow, f"flow {name} removed", severity="breaking")
            continue
        there = after[name]
        for key in ("authorizationUrl", "tokenUrl", "refreshUrl"):
            before, now = flow.value.get(key), there.value.get(key)
            if before is not None and before != now:
                text = f"{key} {json.dumps(before)} -> {json.dumps(now)}"
                yield place.change(rule, there.child(key), text, before, now)
        gone = used & set(flow.value.get("scopes", {})) - set(there.value.get("scopes", {}))
        if gone:
            text = f"scopes removed: {', '.join(sorted(gone))}"
            yield place.change(rule, there.child("scopes"), text, severity="breaking")
