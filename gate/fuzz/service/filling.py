"""Requests as steps: known ids are put into the places of a path, a query and a body that take one."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from gate.contract.nodes import Node, Operation
from gate.fuzz.cases import AnyCase, request_of
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.service.naming import parameter, parameters
from gate.fuzz.service.pool import Pool, Value
from gate.fuzz.service.schemas import properties, request_schema
from gate.fuzz.service.steps import BODY, PATH, QUERY, History, Reference, Step, with_member, with_query

KNOWN_SHARE = 0.85
"""Share of the places for an id that take a known one, in random cases."""


class Filler:
    """Makes steps of requests with what was learned from answers."""

    def __init__(self, rng: random.Random, pool: Pool, history: History, drop: Iterable[str]) -> None:
        self._rng = rng
        self._pool = pool
        self._history = history
        self._drop = frozenset(drop)
        self._share = KNOWN_SHARE

    def of_case(self, case: AnyCase, operation: Operation) -> Step:
        """A generated case as a step."""
        values = {name: str(value) for name, value in (case.path_parameters or {}).items()}
        request = request_of(case, operation.id)
        query = request.target.partition("?")[2]
        request = replace(request, target=operation.path + (f"?{query}" if query else ""))
        headers = {name: value for name, value in request.headers.items() if name.lower() not in self._drop}
        step = Step(self._history.number(), replace(request, headers=headers), values)
        if case.method.upper() != operation.method:
            return step
        self._share = KNOWN_SHARE
        return self._filled(operation, step)

    def of_request(
        self, request: GeneratedRequest, values: Mapping[str, str], operation: Operation, given: Mapping[str, Value]
    ) -> Step:
        """A plausible request as a step; ``given`` are values of its path that are settled, by their names."""
        self._share = 1.0
        return self._filled(operation, Step(self._history.number(), request, values), given)

    def _filled(self, operation: Operation, step: Step, given: Mapping[str, Value] | None = None) -> Step:
        request, references = step.request, list[Reference]()
        if "path" not in request.invalid:
            step = self._fill_path(operation, step, references, given or {})
        step = self._fill_query(step, references)
        if request.is_json:
            schema = request_schema(operation)
            body = described(step.request.body, schema) if request.mode == "positive" else step.request.body
            step = replace(step, request=replace(step.request, body=self._fill_body(body, references)))
        return replace(step, references=tuple(references))

    def _fill_path(
        self, operation: Operation, step: Step, references: list[Reference], given: Mapping[str, Value]
    ) -> Step:
        values, context = dict(step.values), dict[str, Value]()
        for name in reversed(parameters(operation.path)):
            wanted = parameter(operation.path, name)
            value = given.get(name) or context.get(wanted.kind)
            if value is None:
                known = self._pool.pick(wanted)
                value = known.value(wanted) if known and self._rng.random() < self._share else None
                context = {**(known.context if known and value else {}), **context}
            if value is not None:
                values[name] = str(value[0])
                references.append(replace(value[1], place=f"{PATH} {name}"))
        return replace(step, values=values)

    def _fill_query(self, step: Step, references: list[Reference]) -> Step:
        for name, _ in parse_qsl(step.request.target.partition("?")[2], keep_blank_values=True):
            value = self._pool.of_name(name)
            if value is not None and self._rng.random() < self._share:
                step = replace(step, request=with_query(step.request, name, str(value[0])))
                references.append(replace(value[1], place=f"{QUERY} {name}"))
        return step

    def _fill_body(self, body: Any, references: list[Reference]) -> Any:
        for pointer, name, value in list(_places(body)):
            known = self._pool.of_name(name)
            if known is None or self._rng.random() > self._share:
                continue
            if isinstance(value, list):
                body = with_member(body, pointer, [known[0]])
                references.append(replace(known[1], place=f"{BODY} {pointer}/0"))
            elif type(value) is type(known[0]) or value is None:
                body = with_member(body, pointer, known[0])
                references.append(replace(known[1], place=f"{BODY} {pointer}"))
        return body


def described(body: Any, schema: Node) -> Any:
    """A body without members that its schema does not describe: valid, and noise."""
    members = properties(schema)
    if not isinstance(body, dict) or not members or open_to_all(schema.follow().value):
        return body
    return {name: described(value, members[name]) for name, value in body.items() if name in members}


def open_to_all(schema: Any) -> bool:
    """Return whether a schema says that members without a description are welcome."""
    extra = schema.get("additionalProperties") if isinstance(schema, Mapping) else None
    return extra is True or isinstance(extra, dict)


def _places(body: Any, pointer: str = "", depth: int = 3) -> Iterator[tuple[str, str, Any]]:
    """Pointer, name and value of each member of a body that may be an id."""
    if isinstance(body, dict) and depth:
        for name, value in body.items():
            here = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if isinstance(value, dict):
                yield from _places(value, here, depth - 1)
            elif not isinstance(value, bool):
                yield here, name, value
