"""Answers to reading, asked for again, in pages and with filters: they must fit together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from gate.contract.nodes import Node, Operation
from gate.core.effect import Listing, entries_of
from gate.core.exchange import Exchange
from gate.oracles.listed import identity
from gate.oracles.row_values import moment, plain

SIZES = frozenset({"limit", "pagesize", "perpage", "size", "take", "first", "maxresults", "itemsperpage"})
OFFSETS, PAGES = frozenset({"offset", "skip"}), frozenset({"page", "pagenumber"})
CURSORS = frozenset({"cursor", "after", "pagetoken", "startingafter", "marker", "continuationtoken", "nexttoken"})
AFTER = frozenset({"after", "startingafter", "marker"})
NEXT = frozenset({"next", "endcursor", *CURSORS, *(f"next{name}" for name in ("id", "page", *CURSORS))})
"""Members of an answer that lead to the page after it."""
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
    size, pages, ended = _pages(queries, len(entries), ask)
    filtered = {}
    for name, value in _filters(queries, entries):
        answer = ask({name: _text(value)})
        if answer.status < 300:
            member = next(each for each in entries[0] if plain(each) == plain(name))
            filtered[member] = value, answer
    return Listing(whole, again, pages, size, ended, filtered)


def _pages(queries: Mapping[str, Node], number: int, ask: Ask) -> tuple[int, list[Exchange], bool]:
    """The size of pages, pages until one is not full, and whether the last one says that it is the last."""
    named = {plain(name): name for name in queries}
    size_name = next((named[each] for each in named if each in SIZES), "")
    place_name = next((named[each] for each in named if each in OFFSETS), "")
    place_name = place_name or next((named[each] for each in named if each in PAGES), "")
    cursor_name = next((named[each] for each in named if each in CURSORS), "")
    if not size_name:
        return 0, [], False
    least = _rules(queries[size_name]).get("minimum", 1)
    size = max(int(least), 1, -(-number // IN_PAGES))
    if cursor_name and not place_name:
        pages = _by_cursor(size_name, size, cursor_name, ask)
        return size, pages, bool(pages)
    pages = []
    for index in range(IN_PAGES + 1 if place_name else 1):
        places = {size_name: str(size)}
        if place_name:
            places[place_name] = str(_start(queries[place_name], place_name) + index * _stride(place_name, size))
        page = ask(places)
        if page.status >= 300:
            return 0, [], False
        pages.append(page)
        if len(entries_of(page.json)) < size:
            break
    return size, pages, False


def _by_cursor(size_name: str, size: int, name: str, ask: Ask) -> list[Exchange]:
    """Pages, each from where the answer before it says; none where an answer leads nowhere."""
    pages: list[Exchange] = []
    place: dict[str, str] = {}
    for _ in range(IN_PAGES + 1):
        page = ask({size_name: str(size), **place})
        pages.append(page)
        entries = entries_of(page.json)
        cursor = _next(page.json, name) if page.status < 300 else ""
        if not cursor and plain(name) in AFTER and len(entries) == size:
            cursor = identity(entries[-1])
        if not cursor:
            ended = page.status < 300 and (len(pages) > 1 or len(entries) < size)
            return pages if ended else []
        place = {name: cursor}
    return []


def _next(answer: Any, name: str) -> str:
    """The cursor of the next page that an answer has, perhaps in a URL; empty where it has none."""
    members = answer if isinstance(answer, dict) else {}
    for each in (members, *(value for value in members.values() if isinstance(value, dict))):
        for member, value in each.items():
            if plain(member) in NEXT and isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                query = dict(parse_qsl(urlsplit(str(value)).query))
                return query.get(name, "") if query else str(value)
    return ""


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
        if value is None and scalars:  # all are alike: a choice that none has shows as much
            value = next((each for each in _choices(queries[name]) if each not in values), None)
        if value is not None:
            filters.append((name, value))
    return filters[:MOST_FILTERS]


def _choices(node: Node) -> list[Any]:
    """The few values that a parameter may have, where it has such."""
    rules = _rules(node)
    parts = [rules, *(part for keyword in ("anyOf", "oneOf", "allOf") for part in rules.get(keyword, ()))]
    values = [each for part in parts if isinstance(part, Mapping) for each in part.get("enum", ())]
    return values or [True, False] * any(isinstance(part, Mapping) and part.get("type") == "boolean" for part in parts)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
