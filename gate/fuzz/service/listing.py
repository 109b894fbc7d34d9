"""Answers to reading, asked for again, in pages and with filters: they must fit together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gate.contract.nodes import Node, Operation
from gate.core.effect import Listing, entries_of
from gate.core.exchange import Exchange
from gate.oracles.row_values import moment, plain

SIZES = frozenset({"limit", "pagesize", "perpage", "size", "take", "first", "maxresults", "itemsperpage"})
OFFSETS, PAGES = frozenset({"offset", "skip"}), frozenset({"page", "pagenumber"})
NO_FILTERS = frozenset(
    {"order", "sort", "fields", "include", "expand", "version", "format", "locale", "lang", "position"}
)
"""Parameters that say how entries are shown, or which version of them."""
AGAIN, IN_PAGES, MOST_FILTERS = 3, 3, 4
"""Further times that the same is asked for, pages that a list is divided into, and filters that are tried."""
Ask = Callable[[Mapping[str, str]], Exchange]
"""Asks for the list with these parameters beside those that it has to have."""


def listing_of(operation: Operation, ask: Ask) -> Listing | None:
    """The answer in several ways; None where it cannot be read."""
    whole, *again = (ask({}) for _ in range(1 + AGAIN))
    entries = entries_of(whole.json)
    if whole.status >= 300:
        return None
    if not entries:
        return Listing(whole, again)
    queries = {name: node for (place, name), node in operation.parameters().items() if place == "query"}
    size, pages = _pages(queries, len(entries), ask)
    filtered = {}
    for name, value in _filters(queries, entries):
        answer = ask({name: _text(value)})
        if answer.status < 300:
            member = next(each for each in entries[0] if plain(each) == plain(name))
            filtered[member] = value, answer
    return Listing(whole, again, pages, size, filtered)


def _pages(queries: Mapping[str, Node], number: int, ask: Ask) -> tuple[int, list[Exchange]]:
    """The size of pages, and pages until one is not full."""
    named = {plain(name): name for name in queries}
    size_name = next((named[each] for each in named if each in SIZES), "")
    place_name = next((named[each] for each in named if each in OFFSETS), "")
    place_name = place_name or next((named[each] for each in named if each in PAGES), "")
    if not size_name:
        return 0, []
    least = _rules(queries[size_name]).get("minimum", 1)
    size = max(int(least), 1, -(-number // IN_PAGES))
    pages: list[Exchange] = []
    for index in range(IN_PAGES + 1 if place_name else 1):
        places = {size_name: str(size)}
        if place_name:
            places[place_name] = str(_start(queries[place_name], place_name) + index * _stride(place_name, size))
        page = ask(places)
        if page.status >= 300:
            return 0, []
        pages.append(page)
        if len(entries_of(page.json)) < size:
            break
    return size, pages


def _start(node: Node, name: str) -> int:
    rules = _rules(node)
    first = 0 if plain(name) in OFFSETS else 1
    return int(rules.get("default", rules.get("minimum", first)) or 0) if plain(name) in PAGES else 0


def _stride(name: str, size: int) -> int:
    return size if plain(name) in OFFSETS else 1


def _rules(node: Node) -> Mapping[str, Any]:
    schema = node.child("schema", default={}).follow().value
    return schema if isinstance(schema, Mapping) else {}


def _filters(queries: Mapping[str, Node], entries: list[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    """Parameters with the name of a member, each with a value that not every entry has."""
    members = {plain(name): name for name in entries[0] if plain(name) not in NO_FILTERS}
    filters: list[tuple[str, Any]] = []
    for name in queries:
        values = [entry.get(members[plain(name)]) for entry in entries] if plain(name) in members else []
        scalars = [each for each in values if isinstance(each, str | int) and each != "" and moment(each) is None]
        value = next((each for each in scalars if any(other != each for other in values)), None)
        if value is not None:
            filters.append((name, value))
    return filters[:MOST_FILTERS]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
