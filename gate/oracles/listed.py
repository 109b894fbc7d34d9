"""An answer to reading is the same however it is asked for: again, in pages, and with a filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from gate.contract.document import Contract
from gate.core.effect import Effect, Listing, RowChange, entries_of
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.record import Observations, Record
from gate.core.texts import as_json, clip
from gate.core.values import scalars
from gate.oracles.registry import Need, Oracle
from gate.oracles.row_values import IDENTIFYING, created_row, differing, plain, written

CODES = register("""
BG-LISTED-001 major answer: Page has more entries than were asked for
    The request said how many entries a page has at most. The answer has more.
BG-LISTED-002 major answer: Pages do not make the list
    Consecutive pages of a list, between which no row changed, have an entry twice, or lack one that the whole list
    has, or the total that the answer states is another number.
BG-LISTED-003 major answer: Filter is not kept
    A list was asked for with a parameter that has the name of a member. It has entries with another value of that
    member, or lacks some with this value.
BG-LISTED-004 major answer: Answer differs when it is asked for again
    The same was asked for several times, and no row changed. A list has other entries or another order the next time,
    or an answer changes and changes back.
BG-LISTED-005 major answer: Created resource is not in its list
    The service accepted a request that creates a resource, and the list of these resources, which is short, does not
    have it.
BG-LISTED-006 major answer: Entry of a list differs from its row
    An entry of a list holds another value than the row of its resource.
""")
MORE, PAGES, FILTER, AGAIN, LACKS, ENTRY = (code.id for code in CODES)
TOTALS = frozenset({"total", "totalcount", "totalitems", "totalresults", "totalelements"})
SHORT = 10
"""Entries below which a list is thought to be whole."""


def check(record: Record, _: Observations, __: Contract) -> Iterator[Finding]:
    """Findings on the lists of a record."""
    for effect in record.effects:
        if effect.listing is not None:
            yield from _again(effect, effect.listing)
            yield from _pages(effect, effect.listing)
            yield from _filters(effect, effect.listing)
            yield from _rows(effect, effect.listing)
        if effect.listed is not None and (created := created_row(effect)):
            yield from _lacking(effect, effect.listed, created)


def identity(entry: Mapping[str, Any]) -> str:
    """The text by which an entry is told from others."""
    named = {plain(name): value for name, value in entry.items()}
    value = next((named[name] for name in IDENTIFYING if isinstance(named.get(name), str | int)), None)
    return as_json(entry) if value is None else str(value)


def _ids(answer: Exchange) -> list[str]:
    return [identity(entry) for entry in entries_of(answer.json)]


def _finding(code: str, effect: Effect, place: str, expected: str, got: str) -> Finding:
    return Finding(code, f"{effect.operation} {place}".strip(), expected, got, request=effect.exchange.request_id)


def _again(effect: Effect, listing: Listing) -> Iterator[Finding]:
    """A finding where a list comes in another order, or where an answer goes back to what it was before."""
    answers = [listing.whole, *(each for each in listing.again if each.status == listing.whole.status)]
    first, second = (
        _ids(answers[0]),
        next((ids for each in answers[1:] if (ids := _ids(each)) != _ids(answers[0])), None),
    )
    if second is not None:
        expected, got = clip(", ".join(first), 120), clip(", ".join(second), 120)
        yield _finding(AGAIN, effect, "", f"{expected}, as before", f"{got or 'no entry'} another time")
        return
    turns = [next(same) for _, same in groupby(answers, key=lambda each: each.body)]
    if len({each.body for each in turns}) < len(turns):  # what moves by itself does not come back
        got = f"{clip(turns[1].text, 120)} another time"
        yield _finding(AGAIN, effect, "", f"{clip(turns[0].text, 120)} each time", got)


def _pages(effect: Effect, listing: Listing) -> Iterator[Finding]:
    pages, size = [_ids(page) for page in listing.pages], listing.size
    longest = max(map(len, pages), default=0)
    if longest > size:
        yield _finding(MORE, effect, "", f"at most {size} entries", f"{longest} entries")
        return
    entries = [entry for page in pages for entry in page]
    twice = [entry for entry, number in Counter(entries).items() if number > 1]
    if twice:
        yield _finding(PAGES, effect, "", "each entry on one page", f"{clip(twice[0], 80)} on two pages of {size}")
    if not pages or (len(pages[-1]) == size and not listing.ended):  # there may be more
        return
    lost = [entry for entry in _ids(listing.whole) if entry not in entries]
    if lost:
        yield _finding(PAGES, effect, "", "each entry on one page", f"{clip(lost[0], 80)} on no page of {size}")
    elif not twice:
        for answer in (listing.whole, *listing.pages):
            yield from _total(effect, answer, len(entries))


def _total(effect: Effect, answer: Exchange, number: int) -> Iterator[Finding]:
    members = answer.json if isinstance(answer.json, dict) else {}
    inner = {f"{name}/{each}": part[each] for name, part in members.items() if isinstance(part, dict) for each in part}
    length = len(_ids(answer))
    for name, value in {**members, **inner}.items():
        last = plain(name.rpartition("/")[2])
        wrong = value != number if last in TOTALS else last == "count" and value not in {number, length}
        if isinstance(value, int) and wrong:
            yield _finding(PAGES, effect, f"/{name}", f"{number}, as its pages have", str(value))


def _filters(effect: Effect, listing: Listing) -> Iterator[Finding]:
    whole = entries_of(listing.whole.json)
    for name, (value, answer) in listing.filtered.items():
        kept = entries_of(answer.json)
        strangers = [entry for entry in kept if not _fits(value, entry.get(name))]
        if strangers:
            got = f"{written(strangers[0].get(name))} in an entry"
            yield _finding(FILTER, effect, f"?{name}", f"{written(value)} as asked for", got)
            continue
        present = {identity(entry) for entry in kept}
        lost = [entry for entry in whole if entry.get(name) == value and identity(entry) not in present]
        if lost and len(kept) < len(whole):
            got = f"it lacks {clip(identity(lost[0]), 80)}"
            yield _finding(FILTER, effect, f"?{name}", f"every entry with {written(value)}", got)


def _fits(value: Any, other: Any) -> bool:
    """Return whether an entry may be listed: many filters of texts look for parts, whatever their case."""
    if isinstance(value, str) and isinstance(other, str):
        return value.lower() in other.lower()
    return bool(value == other)


def _rows(effect: Effect, listing: Listing) -> Iterator[Finding]:
    for entry, row in listing.entries:
        for name, column, value, stored in differing(entry, row.after or {}, effect.columns.get(row.table, {})):
            if stored is not None:
                place, expected = f"/{name} -> {row.table}.{column}", f"{written(stored)} as in row {row.key}"
                yield _finding(ENTRY, effect, place, expected, f"{written(value)} in the list")


def _lacking(effect: Effect, answer: Exchange, created: RowChange) -> Iterator[Finding]:
    entries = entries_of(answer.json)
    values = {str(each) for each in scalars(answer.json)}  # of all its lists, where it has several
    own = {str(value) for value in (created.after or {}).values() if value is not None}
    ids = {str(effect.answer[name]) for name in effect.answer if plain(name) in IDENTIFYING} & own
    if ids and not ids & values and len(entries) < SHORT and answer.status < 300:
        got = f"GET {answer.path} has {len(entries)} entries without it"
        yield _finding(LACKS, effect, "", f"{min(ids)} in the list", got)


def _violation(_: Contract) -> tuple[Record, Observations]:
    def answer(*entries: str, total: int = 2) -> Exchange:
        body = as_json({"total": total, "items": [{"id": each, "kind": each} for each in entries]})
        return Exchange("GET", "http://service/items", 200, body=body.encode())

    row = RowChange("items", "a", None, {"id": "a", "kind": "c"})
    columns = {"items": {"id": "text", "kind": "text"}}
    whole, entry = answer("a", "b"), {"id": "a", "kind": "a"}
    first = Listing(whole, [answer("b", "a")], [whole], 1, False, {"kind": ("a", answer("b"))}, [(entry, row)])
    second = Listing(whole, [whole], [answer("a"), answer("a"), answer()], 1)
    post = Exchange("POST", "http://service/items", 201, {}, b'{"id": "a"}', {}, b'{"id": "a"}')
    effects = [
        *(Effect(whole, "GET /items", listing=each, columns=columns) for each in (first, second)),
        Effect(post, "POST /items", changes=[row], listed=answer("b"), columns=columns),
    ]
    return Record("", effects=effects), Observations()


ORACLE = Oracle(
    name="listed",
    promise="What is read again is the same, so is a list in pages and with a filter, and its entries are the rows.",
    codes=CODES,
    check=check,
    violation=_violation,
    wants={Need.ROWS: "a list is compared where it is the same before and after, and with no row"},
)
