"""Shrinking: the smallest request or sequence that still shows a finding."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from gate.fuzz.request import GeneratedRequest

REQUEST_TRIES, REQUEST_SECONDS = 80, 8.0
SEQUENCE_TRIES, SEQUENCE_SECONDS = 120, 20.0
"""Limits of one shrinking."""

Path = tuple[str | int, ...]
Steps = Sequence[Mapping[str, Any]]
T = TypeVar("T")


def shrink(request: GeneratedRequest, shows: Callable[[GeneratedRequest], bool]) -> GeneratedRequest:
    """The smallest request for which ``shows`` holds: parts are dropped first, then values are simplified."""
    return _minimise(request, _smaller, shows, REQUEST_TRIES, REQUEST_SECONDS)


def shorten(steps: Steps, shows: Callable[[Steps], bool], least: Mapping[str, int]) -> Steps:
    """The shortest sequence for which ``shows`` holds; ``least`` is the smallest value of each number in a step."""
    return _minimise(steps, lambda some: _shorter(some, least), shows, SEQUENCE_TRIES, SEQUENCE_SECONDS)


def _minimise(
    start: T, smaller: Callable[[T], Iterable[T]], shows: Callable[[T], bool], tries: int, seconds: float
) -> T:
    """Shrinks ``start`` until no smaller candidate shows the finding, or a limit is reached."""
    until = time.monotonic() + seconds
    best, candidates = start, iter(smaller(start))
    for _ in range(tries):
        candidate = next(candidates, None)
        if candidate is None or time.monotonic() > until:
            break
        if shows(candidate):
            best, candidates = candidate, iter(smaller(candidate))
    return best


def _shorter(steps: Steps, least: Mapping[str, int]) -> Iterator[Steps]:
    """Slightly simpler sequences: parts are dropped, large parts first, then numbers are reduced."""
    length = len(steps) // 2
    while length:
        for start in range(0, len(steps), length):
            yield [*steps[:start], *steps[start + length :]]
        length //= 2
    for index, step in enumerate(steps):
        for name, low in least.items():
            if step.get(name, low) != low:
                yield [*steps[:index], {**step, name: low}, *steps[index + 1 :]]


def _smaller(request: GeneratedRequest) -> Iterator[GeneratedRequest]:
    for name in request.headers:
        if name.lower() != "content-type":
            yield replace(request, headers={key: value for key, value in request.headers.items() if key != name})
    target, _, query = request.target.partition("?")
    pairs = query.split("&") if query else []
    for index in range(len(pairs)):
        query = "&".join(pairs[:index] + pairs[index + 1 :])
        yield replace(request, target=target + (f"?{query}" if query else ""))
    if request.is_json:
        for path in sorted(_paths(request.body, ()), key=len):
            yield replace(request, body=_edited(request.body, path))
        for path in _paths(request.body, ()):
            for value in _simpler(_at(request.body, path)):
                yield replace(request, body=_edited(request.body, path, value))


def _paths(node: Any, path: Path) -> Iterator[Path]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _simpler(value: Any) -> Iterator[Any]:
    if isinstance(value, str) and len(value) > 1:
        yield value[:1]
        yield value[: len(value) // 2]
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value not in {0, 1}:
        yield 0
        yield 1


def _at(node: Any, path: Path) -> Any:
    for key in path:
        node = node[key]
    return node


def _edited(body: Any, path: Path, *values: Any) -> Any:
    """A copy of ``body`` with another value at ``path``, or without the value there."""
    edited = copy.deepcopy(body)
    parent = _at(edited, path[:-1])
    if values:
        parent[path[-1]] = values[0]
    else:
        del parent[path[-1]]
    return edited
