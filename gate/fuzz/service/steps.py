"""Requests that refer to the answers of earlier ones, so that they can be sent again where ids are others."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from gate.core import pointer as pointers
from gate.core.effect import Effect
from gate.core.exchange import Exchange
from gate.fuzz.request import GeneratedRequest

PATH, QUERY, BODY = "path", "query", "body"
RELATED, RECENT = 12, 40
"""Accepted writes before a step that may have led to what it shows: those below its path or on the same resources, and
any."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A place of a request, as ``path id`` or ``body /flow_id``, and the place in an earlier answer that fills it.

    Without a ``pointer`` the value stays as it is, and the step is needed all the same.
    """

    place: str
    step: int
    pointer: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A request of a sequence.

    The target of ``request`` has the parameters of its path in braces; ``values`` fill them.
    """

    number: int
    request: GeneratedRequest
    values: Mapping[str, str] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    repeats: bool = False  # the step before it, under the same idempotency key

    @property
    def target(self) -> str:
        """Path and query as they are sent."""
        target, mark, query = self.request.target.partition("?")
        for name, value in self.values.items():
            target = target.replace("{" + name + "}", quote(value, safe=""))
        return target + mark + query

    def filled(self, answers: Mapping[int, Exchange]) -> Step:
        """The step with values from the answers of a repetition; LookupError where one is not there.

        A list that has fewer entries this time gives the last of them.
        """
        values, request = dict(self.values), self.request
        for reference in self.references:
            if reference.pointer is None:
                continue
            value = _resolved(answers[reference.step].json, reference.pointer)
            kind, _, name = reference.place.partition(" ")
            if kind == PATH:
                values[name] = str(value)
            elif kind == QUERY:
                request = with_query(request, name, str(value))
            else:
                request = replace(request, body=with_member(request.body, name, value))
        return replace(self, values=values, request=request)

    def as_dict(self) -> dict[str, Any]:
        """Plain members, for a file."""
        references = [[each.place, each.step, each.pointer] for each in self.references]
        return {
            "number": self.number,
            "request": self.request.as_dict(),
            "values": dict(self.values),
            "references": references,
            "extra": dict(self.extra),
            "repeats": self.repeats,
        }

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Step:
        """The step that ``as_dict`` describes."""
        references = tuple(Reference(place, step, pointer) for place, step, pointer in members["references"])
        request = GeneratedRequest.from_dict(members["request"])
        return cls(members["number"], request, members["values"], references, members["extra"], members["repeats"])


def _resolved(answer: Any, pointer: str) -> Any:
    value = answer
    for token in pointers.split(pointer):
        entries = isinstance(value, list) and token.isdecimal()
        value = value[min(int(token), len(value) - 1)] if entries and value else pointers.resolve(value, f"/{token}")
    return value


def with_query(request: GeneratedRequest, name: str, value: str) -> GeneratedRequest:
    """The request with another value of a parameter of its query."""
    target, _, query = request.target.partition("?")
    pairs = [(key, value if key == name else old) for key, old in parse_qsl(query, keep_blank_values=True)]
    return replace(request, target=f"{target}?{urlencode(pairs)}")


def with_member(body: Any, pointer: str, value: Any) -> Any:
    """A copy of a body with another value at a JSON pointer."""
    whole = copy.deepcopy(body)
    *above, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    place = whole
    for part in above:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return whole


class History:
    """The accepted steps of a system, from which the way to a finding is taken."""

    def __init__(self) -> None:
        self._steps: dict[int, Step] = {}
        self._inserted: dict[tuple[str, str], int] = {}  # the step, by table and key of a row
        self._next = 0

    def number(self) -> int:
        """A number for the next step."""
        self._next += 1
        return self._next

    def add(self, step: Step, effect: Effect) -> None:
        """Keep an accepted step, and the rows that it inserted."""
        self._steps[step.number] = step
        for change in effect.inserted():
            self._inserted[change.table, change.key] = step.number

    def maker(self, table: str, key: str) -> int:
        """The number of the step that inserted a row; 0 where none did."""
        return self._inserted.get((table, key), 0)

    def needed(self, *steps: Step) -> list[Step]:
        """The steps that others refer to, directly or not, and themselves at the end, in their order."""
        wanted, pending = {step.number: step for step in steps}, list(steps)
        while pending:
            for reference in pending.pop().references:
                if reference.step not in wanted and reference.step in self._steps:
                    wanted[reference.step] = self._steps[reference.step]
                    pending.append(self._steps[reference.step])
        return [wanted[number] for number in sorted(wanted)]

    def ways(self, step: Step, effect: Effect) -> list[list[Step]]:
        """Sequences that may lead to what a step showed, the shortest first."""
        shortest = self.needed(step)
        rows = [*effect.changes, *([effect.addressed] if effect.addressed else [])]
        makers = {self.maker(row.table, row.key) for row in rows}
        with_rows = self.needed(*(self._steps[each] for each in makers if 0 < each < step.number), step)
        sources = {each.number for each in shortest}
        writes = [each for each in self._earlier(step) if each.request.method not in {"GET", "HEAD"}]
        related = [each for each in writes if sources & {reference.step for reference in each.references}]
        path = step.request.target.partition("?")[0].rstrip("/")
        within = [each for each in writes if f"{each.request.target}/".startswith(f"{path}/")]
        groups = related[-RELATED:], within[-RELATED:], writes[-RECENT:]
        ways = [shortest, with_rows, *(self.needed(*group, step) for group in groups)]
        return [way for number, way in enumerate(ways) if way not in ways[:number]]

    def _earlier(self, step: Step) -> Iterable[Step]:
        return (each for number, each in sorted(self._steps.items()) if number < step.number)


def as_steps(members: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps of a file."""
    return [Step.from_dict(each) for each in members]
