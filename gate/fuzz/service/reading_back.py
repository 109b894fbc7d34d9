"""Reads what a step created, deleted or listed, in the ways that the document offers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from gate.contract.document import Contract
from gate.contract.nodes import Operation, shape
from gate.core.effect import Effect, RowChange, entries_of
from gate.core.exchange import Exchange
from gate.core.waiting import NotReached, wait
from gate.fuzz.service.facts import Facts
from gate.fuzz.service.listing import listing_of
from gate.fuzz.service.naming import collection_of, kind_of, kinds, own_kind, parameter, parameters
from gate.fuzz.service.row_watch import NoRows, RowWatch
from gate.fuzz.service.schemas import asks_for_nothing, unique
from gate.fuzz.service.steps import Step
from gate.oracles.row_values import columns_of, created_row, plain

MOST_ENTRIES, MOST_LISTED, MOST_ASKED = 5, 8, 8
"""Entries of a list that are compared with rows, rows of a table up to which its list is thought to be whole, and
answers of an operation that are asked for in other ways."""
LATER, NOT_FOUND, CREATED = 202, 404, {201, 202}
"""Statuses: of work that is done later, of what is not there, and of creations."""
MOST_WAITED = 2
"""Answers of an operation whose work is waited for, where it does not come."""
OWNER = re.compile(r"_id$|[a-z]Id$|tenant|owner|account", re.IGNORECASE)
GONE = re.compile(r"delete|archive|remove", re.IGNORECASE)
"""Names of columns that say whose a row is, and that it counts as gone."""


class ReadingBack:
    """Completes the effects of steps with the answers to reading.

    ``get`` sends a GET, and ``own`` says whether a row, by its table and key, may be judged.
    """

    def __init__(
        self,
        contract: Contract,
        facts: Facts,
        watch: RowWatch,
        get: Callable[[str], Exchange],
        own: Callable[[str, str], bool],
    ) -> None:
        self._contract = contract
        self._facts = facts
        self._watch = watch
        self._get = get
        self._own = own
        self._kinds = kinds(contract.operations)
        self._shapes = {(each.method, each.shape.partition(" ")[2]): each for each in contract.operations}
        self.tables: dict[str, str] = {}  # by kind, as creations showed
        self._waited = Counter[str]()  # answers by operation after which it was waited for what they promise
        self._asked = Counter[str]()  # answers by operation that were asked for in other ways
        self._below: dict[str, set[str]] = defaultdict(set)  # tables by the path of the item above, as they showed

    def listed(self, effect: Effect, operation: Operation, step: Step) -> Effect:
        """The effect with what was read in other ways, where it was asked for without choices."""
        needed = {name for (place, name), node in operation.parameters().items() if node.value.get("required")}
        target, _, query = step.target.partition("?")
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        if effect.changes or not pairs.keys() <= needed or self._asked[operation.id] >= MOST_ASKED:
            return effect
        self._asked[operation.id] += 1

        def ask(places: Mapping[str, str]) -> Exchange:
            text = urlencode({**pairs, **places})
            return self._get(self._facts.base + target + (f"?{text}" if text else ""))

        before = self._watch.version()
        listing = listing_of(operation, ask)
        if listing is None or self._watch.changes() or self._watch.version() != before:
            return effect
        # Without rows nobody knows whether somebody wrote meanwhile.
        if isinstance(self._watch, NoRows) and ask({}).body != listing.whole.body:
            return effect
        return replace(effect, listing=replace(listing, entries=list(self._rows_of(operation, listing.whole))))

    def _rows_of(self, operation: Operation, answer: Exchange) -> Iterator[tuple[Mapping[str, Any], RowChange]]:
        """Entries of a list with their rows, as far as these are known."""
        declared = self._facts.resources.get(operation.path)
        table = declared[0] if declared else self.tables.get(self._kind(operation), "")
        above = operation.path.rstrip("/").rpartition("/")[0]
        if not declared and "{" in above and table not in self._below[shape(above)]:
            return  # a list below an item may be of another kind with the same name
        keys = [declared[1]] if declared else list(self._watch.key_columns(table))
        for entry in entries_of(answer.json)[:MOST_ENTRIES] if len(keys) == 1 else ():
            value = next((entry[name] for name in entry if plain(name) == plain(keys[0])), None)
            key = self._watch.named(table, keys, str(value))
            row = self._watch.row(table, key) if key else None
            if row is not None:
                yield entry, RowChange(table, key, row, row)

    def _kind(self, operation: Operation) -> str:
        return own_kind(operation.path) or kind_of(operation.path, self._kinds)

    def _taken(self, operation: Operation, effect: Effect, created: RowChange) -> Iterator[str]:
        """Members that have to be unique, and that another row of the same owners has, too."""
        row = created.after or {}
        owners = [name for name in row if OWNER.search(name) and name not in self._watch.key_columns(created.table)]
        others = [
            other
            for key, other in self._watch.rows.get(created.table, {}).items()
            if key != created.key
            and self._own(created.table, key)
            and all(other.get(name) == row[name] for name in owners)
            and not any(value for name, value in other.items() if GONE.search(name))
        ]
        for name, column in columns_of(sorted(unique(operation) & effect.sent.keys()), row):
            if row[column] is not None and any(other.get(column) == row[column] for other in others):
                yield name

    def read_back(self, effect: Effect, operation: Operation, step: Step) -> Effect:
        """The effect with the answer to reading what was created or deleted."""
        if not effect.accepted or effect.exchange.method not in {"POST", "PUT", "DELETE"}:
            return effect
        if effect.exchange.method == "DELETE":
            known = effect.addressed is not None or isinstance(self._watch, NoRows)
            return self._read_deleted(effect, operation, step) if known else effect
        created = created_row(effect)
        tables = {change.table for change in effect.inserted()}
        if isinstance(effect.exchange.sent, list) and len(tables) == 1:
            self.tables.setdefault(self._kind(operation), tables.pop())
        if effect.addressed is not None or (
            created is None and (effect.exchange.status not in CREATED or effect.changes)
        ):
            return effect
        path = self._item_path(operation, effect, step)
        if created is None:
            return replace(effect, read=self._awaited(operation, effect, path)) if path else effect
        effect = replace(effect, taken=list(self._taken(operation, effect, created)))
        self.tables.setdefault(self._kind(operation), created.table)
        above = (collection_of(operation.path) or operation.path.rstrip("/")).rpartition("/")[0]
        self._below[shape(above)].add(created.table)
        if len(self._watch.rows.get(created.table, {})) <= MOST_LISTED and self._lists(operation):
            effect = replace(effect, listed=self._get(self._facts.base + step.target.partition("?")[0]))
        if not path:
            return effect
        read = self._get(path)
        self._watch.changes()
        return replace(effect, read=read, read_row=self._watch.row(created.table, created.key))

    def _awaited(self, operation: Operation, effect: Effect, path: str) -> Exchange:
        """The answer to reading what is not stored yet, as soon as it is there where it was promised for later."""
        later = effect.exchange.status == LATER and self._waited[operation.id] < MOST_WAITED
        self._waited[operation.id] += later
        with suppress(NotReached):
            return wait(path, lambda: self._get(path), until=lambda read: not later or read.status != NOT_FOUND)
        return self._get(path)

    def _read_deleted(self, effect: Effect, operation: Operation, step: Step) -> Effect:
        """The effect with the answers to reading what was deleted, and the list that it was in."""
        target = self._facts.base + step.target.partition("?")[0]
        if self._reads(operation.path):
            effect = replace(effect, read=self._get(target))
        effect = replace(effect, parts=list(self._parts(operation, effect.addressed)) if effect.addressed else [])
        collection = self._reads(collection_of(operation.path))
        if collection is not None and asks_for_nothing(collection):
            effect = replace(effect, listed=self._get(target.rstrip("/").rpartition("/")[0]))
        return effect

    def _parts(self, operation: Operation, row: RowChange) -> Iterator[RowChange]:
        """Rows that refer to a row by the name of its kind, of tables that creations below its path have filled."""
        kind = parameter(operation.path, parameters(operation.path)[-1]).kind
        for table in sorted(self._below[shape(operation.path.rstrip("/"))] - {row.table}):
            for key, part in self._watch.rows.get(table, {}).items():
                if any(plain(column) == f"{kind}id" and str(value) == row.key for column, value in part.items()):
                    yield RowChange(table, key, part, part)

    def _lists(self, operation: Operation) -> bool:
        """Return whether the path of a creation can be read, with no parameter that has to be known."""
        reads = self._shapes.get(("GET", operation.shape.partition(" ")[2]))
        return reads is not None and operation.method == "POST" and asks_for_nothing(reads)

    def _reads(self, path: str) -> Operation | None:
        return self._shapes.get(("GET", shape(path)))

    def _reading(self, kind: str) -> Operation | None:
        """The operation that reads a resource of a kind by a path with no other parameter."""
        for each in self._contract.operations:
            names = parameters(each.path)
            item = each.method == "GET" and len(names) == 1 and collection_of(each.path)
            if item and parameter(each.path, names[0]).kind == kind:
                return each
        return None

    def _item_path(self, operation: Operation, effect: Effect, step: Step) -> str:
        """The path of what was created, where the document has an operation that reads it; else empty."""
        if operation.path.rstrip("/").endswith("}"):
            return self._facts.base + step.target.partition("?")[0] if self._reads(operation.path) else ""
        below = operation.path.rstrip("/") + "/{}"
        reads = self._reads(below) or self._reads(f"{below}/") or self._reading(self._kind(operation))
        if reads is None:
            return ""
        name = parameters(reads.path)[-1]
        wanted = parameter(reads.path, name)
        members = {plain(key): value for key, value in effect.answer.items()}
        names = [wanted.kind + wanted.member, wanted.member or "id", "id", wanted.kind]
        value = next((members[each] for each in names if isinstance(members.get(each), str | int)), None)
        if value is None:
            return ""
        above = [step.values[each] for each in parameters(operation.path) if each in step.values]
        values = dict(zip(parameters(reads.path), above, strict=False)) | {name: str(value)}
        request = replace(step.request, target=reads.path)
        return self._facts.base + Step(0, request, values).target
