"""Makes what shows a fault as small as it gets while it still shows it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from gate.fuzz.request import Shot

TRIES, SECONDS = 80, 8.0
"""Limits of one shrinking: requests, and time."""

Path = tuple[str | int, ...]


Made = TypeVar("Made")


def shrink(shot: Shot, shows: Callable[[Shot], bool]) -> Shot:
    """The smallest request found for which ``shows`` holds: parts go first, then values get simple."""
    return least(shot, _smaller, shows, TRIES, SECONDS)


def least(
    made: Made,
    smaller: Callable[[Made], Iterable[Made]],
    shows: Callable[[Made], bool],
    tries: int,
    seconds: float,
) -> Made:
    """What is left of ``made`` when nothing ``smaller`` shows it any more, or the limits are reached."""
    until = time.monotonic() + seconds
    best = made
    progress = True
    while progress:
        progress = False
        for one in smaller(best):
            tries -= 1
            if tries < 0 or time.monotonic() > until:
                return best
            if shows(one):
                best, progress = one, True
                break
    return best


def _smaller(shot: Shot) -> Iterator[Shot]:
    for name in shot.headers:
        if name.lower() != "content-type":
            yield replace(shot, headers={key: value for key, value in shot.headers.items() if key != name})
    if "?" in shot.target:
        path, _, query = shot.target.partition("?")
        pairs = query.split("&")
        for place in range(len(pairs)):
            left = "&".join(pairs[:place] + pairs[place + 1 :])
            yield replace(shot, target=path + (f"?{left}" if left else ""))
    if shot.is_json:
        for path_ in sorted(_places(shot.body, ()), key=len):
            yield replace(shot, body=_without(shot.body, path_))
        for path_ in _places(shot.body, ()):
            value = _at(shot.body, path_)
            for simple in _simpler(value):
                yield replace(shot, body=_with(shot.body, path_, simple))


def _places(node: Any, path: Path) -> Iterator[Path]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in items:
        yield (*path, step)
        yield from _places(value, (*path, step))


def _simpler(value: Any) -> Iterator[Any]:
    if isinstance(value, str) and len(value) > 1:
        yield value[:1]
        yield value[: len(value) // 2]
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value not in {0, 1}:
        yield 0
        yield 1


def _at(node: Any, path: Path) -> Any:
    for step in path:
        node = node[step]
    return node


def _without(body: Any, path: Path) -> Any:
    made = copy.deepcopy(body)
    del _at(made, path[:-1])[path[-1]]
    return made


def _with(body: Any, path: Path, value: Any) -> Any:
    made = copy.deepcopy(body)
    _at(made, path[:-1])[path[-1]] = value
    return made
