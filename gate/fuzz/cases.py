"""Cases for each operation, from schemathesis: the contract's examples, boundaries of its keywords, random requests.

They depend on the seed and the operation alone: not on the worker, earlier cases, or answers.
"""

from __future__ import annotations

import json
import random
import sys
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Unsatisfiable
from hypothesis.internal import charmap
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.internal.intervalsets import IntervalSet
from hypothesis.strategies._internal import lazy
from platformdirs import user_cache_path
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.generation.coverage import GenerationSession
from schemathesis.generation.drivers import CoverageGenerator, ExamplesGenerator
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.overrides import Override
from schemathesis.schemas import APIOperation

from gate.contract.nodes import shape
from gate.fuzz.request import GeneratedRequest
from gate.fuzz.rules import FuzzPack
from gate.fuzz.store import CaseStore, members, restored

AnyCase = Case[APIOperation[Any, Any, Any, Any]]

BASE = "http://service"
AFTER_CASES = 100_000
"""Number of the first chunk of random cases beyond those of the depth."""
CHUNK = 40
RANDOM_SHARE, POSITIVE_SHARE = 0.3, 0.6
"""Share of random cases among those of an operation, and of positive cases among the random ones."""


# Its tables of characters are the same for every checkout, and no directory of a user is littered with them.
set_hypothesis_home_dir(user_cache_path("beacon-gate") / "hypothesis")
TRIED = charmap.intervals_from_codec
"""As hypothesis does it."""


def intervals_from_codec(codec: str) -> tuple[IntervalSet, IntervalSet]:
    """The characters that a codec can encode, and those that it does not give back.

    Hypothesis tries each character to learn it, for a second or more in each new place; of UTF-8 it is known.
    """
    known = IntervalSet(((0, 0xD7FF), (0xE000, sys.maxunicode))), IntervalSet(())
    return known if codec == "utf-8" else TRIED(codec)


setattr(charmap, "intervals_from_codec", intervals_from_codec)  # noqa: B010 (a private name of another package)
# Hypothesis also draws constants from the modules that are loaded, so the cases of a seed would depend on these.
setattr(providers, "_get_local_constants", Constants)  # noqa: B010 (a private name that mypy does not export)
# To describe a lambda it parses the module around it: 16 MB in each worker, for a text that is not used.
setattr(lazy, "get_pretty_function_description", repr)  # noqa: B010 (a private name that mypy does not export)


class Late(BaseException):
    """The time to generate cases is over; nothing is stored. What generates them takes any other error for its own."""


class PreparedCase(AnyCase):
    """A case that nothing changes any more, with the request that it is sent as."""

    __slots__ = ("request",)

    request: GeneratedRequest

    @classmethod
    def of(cls, case: AnyCase, operation: str) -> PreparedCase:
        """The prepared form of a case of an operation."""
        _ = case.meta  # which brings it up to date
        case.freeze_metadata()
        return restored(cls, {**members(case), "request": request_of(case, operation)})


class Cases:
    """The cases of one document for one seed.

    ``nothing_to_negate`` names operations that cannot be sent an invalid value.
    """

    def __init__(self, document: Mapping[str, Any], seed: int, nothing_to_negate: Collection[str] = ()) -> None:
        config = SchemathesisConfig.from_dict(
            {"seed": seed, "generation": {"allow-x00": False, "database": "none", "deterministic": True}}
        )
        self.seed = seed
        self._deadline = inf
        self._nothing_to_negate = nothing_to_negate
        self._schema = schemathesis.openapi.from_dict(dict(document), config=config)
        operations = [result.ok() for result in self._schema.get_all_operations() if isinstance(result, Ok)]
        self._operations = {_id(each): each for each in operations}
        marks = json.dumps([document, seed, sorted(nothing_to_negate)], sort_keys=True, default=str)
        sources = [Path(__file__).with_name(name).read_bytes() for name in ("cases.py", "request.py")]
        self._store = CaseStore(b"".join([marks.encode(), *sources]), self._operations)

    @contextmanager
    def by(self, deadline: float) -> Iterator[None]:
        """Generate in the block until a moment alone, as ``time.monotonic`` has it, which ends the block."""
        self._deadline = deadline
        try:
            yield
        except Late:
            pass
        finally:
            self._deadline = inf

    def take(self, operation: str, number: int) -> Iterator[AnyCase]:
        """``number`` cases of an operation: all examples, then boundaries and random cases."""
        yield from self._store.cases(f"take {operation} {number}", lambda: list(self._take(operation, number)))

    def _take(self, operation: str, number: int) -> Iterator[AnyCase]:
        examples, boundaries = self._explicit(operation)
        yield from examples[:number]
        missing = number - len(examples[:number])
        chosen = min(len(boundaries), missing - round(missing * RANDOM_SHARE))
        picks = sorted(random.Random(f"{self.seed} {operation}").sample(range(len(boundaries)), chosen))
        yield from (boundaries[index] for index in picks)
        for chunk, start in enumerate(range(0, missing - chosen, CHUNK)):
            yield from self.random(operation, chunk, min(missing - chosen - start, CHUNK))

    def whole(self, operation: str, number: int) -> Iterator[AnyCase]:
        """All examples, all boundaries, and ``number`` random cases of an operation."""
        examples, boundaries = self._explicit(operation)
        yield from (*examples, *boundaries)
        if number:
            yield from self._store.cases(
                f"random {operation} {number}", lambda: list(self.random(operation, 0, number))
            )

    def random(self, operation: str, chunk: int, number: int = CHUNK) -> Iterator[AnyCase]:
        """Random cases; each chunk has its own seed."""
        positive = number if operation in self._nothing_to_negate else round(number * POSITIVE_SHARE)
        yield from self._draw(operation, GenerationMode.POSITIVE, chunk, positive)
        yield from self._draw(operation, GenerationMode.NEGATIVE, chunk, number - positive)

    def valid(self, operation: str, chunk: int, number: int) -> Iterator[AnyCase]:
        """Random cases without a value that is invalid; each chunk has its own seed."""
        yield from self._draw(operation, GenerationMode.POSITIVE, chunk, number)

    def until(self, operation: str, deadline: float) -> Iterator[AnyCase]:
        """Random cases beside all others, until a time as ``perf_counter`` has it."""
        for chunk in count(AFTER_CASES):
            if time.perf_counter() >= deadline:
                return
            for case in self.random(operation, chunk):
                if time.perf_counter() >= deadline:
                    return
                yield case

    def _draw(self, operation: str, mode: GenerationMode, chunk: int, number: int) -> list[AnyCase]:
        if number <= 0:
            return []
        drawn: list[AnyCase] = []

        @hypothesis.seed(zlib.crc32(f"{self.seed} {operation} {mode.value} {chunk}".encode()))
        @hypothesis.settings(
            max_examples=number,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=self._operations[operation].as_strategy(generation_mode=mode))
        def draw(case: AnyCase) -> None:
            self._must_be_timely()
            drawn.append(PreparedCase.of(case, operation))

        try:
            draw()
        except Unsatisfiable:
            return []
        return drawn

    def _explicit(self, name: str) -> list[list[AnyCase]]:
        """Examples and boundaries of an operation; each use of its cases needs them, so they are stored too."""
        return self._store.cases(f"explicit {name}", lambda: self._examples_and_boundaries(name))

    def _examples_and_boundaries(self, name: str) -> list[list[AnyCase]]:
        operation = self._operations[name]
        examples = ExamplesGenerator(operation=operation, override=Override(), feedback=NO_FEEDBACK, fill_missing=True)
        boundaries = CoverageGenerator(
            operation=operation,
            generation_modes=list(GenerationMode),
            generation_config=self._schema.config.generation_for(operation=operation, phase="coverage"),
            auth_storage=None,
            override=Override(),
            feedback=NO_FEEDBACK,
            # One for each operation: a session sends undocumented methods to a path for its first operation only.
            session=GenerationSession(),
        )
        return [list(self._prepared(some, name)) for some in (examples, boundaries)]

    def _prepared(self, cases: Iterable[AnyCase], operation: str) -> Iterator[AnyCase]:
        for case in cases:
            self._must_be_timely()
            yield PreparedCase.of(case, operation)

    def _must_be_timely(self) -> None:
        if self._deadline < inf and time.monotonic() > self._deadline:
            raise Late


def _id(operation: APIOperation[Any, Any, Any, Any]) -> str:
    """The operation's id, or its shape where it has none, as a contract names it."""
    return str(operation.definition.raw.get("operationId", f"{operation.method.upper()} {shape(operation.path)}"))


@cache
def cases_of(pack: FuzzPack, seed: int) -> Cases:
    """The cases of a pack's contract for a seed."""
    return Cases(pack.contract.document, seed, pack.fuzzing.plan.nothing_to_negate)


def request_of(case: AnyCase, operation: str) -> GeneratedRequest:
    """A case as a request, without the headers of schemathesis itself."""
    if isinstance(case, PreparedCase) and case.request.operation == operation:
        return case.request
    own = {name.lower() for name in case.headers} | {"content-type"}
    prepared = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
    url, body, meta = urlsplit(prepared.url or ""), prepared.body, case.meta
    return GeneratedRequest.of(
        body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else None,
        operation=operation,
        method=case.method,
        target=url.path + (f"?{url.query}" if url.query else ""),
        headers={
            name: value if isinstance(value, str) else value.decode("latin-1")
            for name, value in prepared.headers.items()
            if name.lower() in own
        },
        mode="negative" if meta is not None and meta.generation.mode.is_negative else "positive",
        invalid=tuple(part.value for part in ParameterLocation if meta is not None and meta.is_negative_at(part)),
        description=str(getattr(meta.phase.data, "description", None) or "") if meta is not None else "",
    )
