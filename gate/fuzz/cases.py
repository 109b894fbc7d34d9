"""Cases for each operation, from schemathesis: the contract's examples, the boundaries of its keywords, random ones.

Which cases there are follows from the seed and the operation alone: not from the worker, nor from what ran before, nor
from what the runner answers.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.strategies._internal import lazy
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

from gate.fuzz.plan import plan
from gate.fuzz.request import Shot

AnyCase = Case[APIOperation[Any, Any, Any, Any]]

BASE = "http://runner"
CHUNK = 40
RANDOM_SHARE, POSITIVE_SHARE = 0.3, 0.6
"""Of an operation's cases, the share of random ones; and of these the share of positive ones."""


# Hypothesis mixes in constants of whatever modules are loaded, and the cases of a seed would depend on those.
setattr(providers, "_get_local_constants", Constants)  # noqa: B010 (a private name that mypy does not export)
# To describe a lambda in a text that nobody reads it parses the whole module around it: 16 MB in each worker.
setattr(lazy, "get_pretty_function_description", repr)  # noqa: B010 (as above)


class Cases:
    """The cases of one document for one seed."""

    def __init__(self, document: Mapping[str, Any], seed: int) -> None:
        config = SchemathesisConfig.from_dict(
            {"seed": seed, "generation": {"allow-x00": False, "database": "none", "deterministic": True}}
        )
        self.seed = seed
        self._schema = schemathesis.openapi.from_dict(dict(document), config=config)
        found = [one.ok() for one in self._schema.get_all_operations() if isinstance(one, Ok)]
        self._operations = {str(one.definition.raw["operationId"]): one for one in found}

    def take(self, operation: str, number: int) -> Iterator[AnyCase]:
        """``number`` cases of an operation: all examples, then boundaries and random ones."""
        examples, boundaries = self._explicit(operation)
        yield from examples[:number]
        left = number - len(examples[:number])
        chosen = min(len(boundaries), left - round(left * RANDOM_SHARE)) if left > 0 else 0
        picks = sorted(random.Random(f"{self.seed} {operation}").sample(range(len(boundaries)), chosen))  # noqa: S311
        yield from (boundaries[place] for place in picks)
        missing = left - chosen
        for chunk in count():
            if missing <= 0:
                return
            yield from self.random(operation, chunk, min(missing, CHUNK))
            missing -= CHUNK

    def whole(self, operation: str, number: int) -> Iterator[AnyCase]:
        """All examples, all boundaries, and ``number`` random cases of an operation."""
        examples, boundaries = self._explicit(operation)
        yield from (*examples, *boundaries)
        yield from self.random(operation, 0, number)

    def random(self, operation: str, chunk: int, number: int = CHUNK) -> Iterator[AnyCase]:
        """Random cases; each chunk is seeded for itself."""
        positive = round(number * POSITIVE_SHARE)
        if operation in plan().nothing_to_negate:
            positive = number
        yield from self._draw(operation, GenerationMode.POSITIVE, chunk, positive)
        yield from self._draw(operation, GenerationMode.NEGATIVE, chunk, number - positive)

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
            drawn.append(case)

        try:
            draw()
        except Unsatisfiable:
            return []
        return drawn

    def _explicit(self, name: str) -> tuple[list[AnyCase], list[AnyCase]]:
        operation = self._operations[name]
        examples = ExamplesGenerator(operation=operation, override=Override(), feedback=NO_FEEDBACK, fill_missing=True)
        boundaries = CoverageGenerator(
            operation=operation,
            generation_modes=list(GenerationMode),
            generation_config=self._schema.config.generation_for(operation=operation, phase="coverage"),
            auth_storage=None,
            override=Override(),
            feedback=NO_FEEDBACK,
            # Of its own: one session sends undocumented methods to a path for the first of its operations only.
            session=GenerationSession(),
        )
        return list(examples), list(boundaries)


def shot_of(case: AnyCase, operation: str) -> Shot:
    """A case as a request; headers of schemathesis itself are not part of it."""
    sent = case.as_transport_kwargs(base_url=BASE)
    own = {name.lower() for name in case.headers} | {"content-type"}
    prepared = requests.Request(**sent).prepare()
    url = urlsplit(prepared.url or "")
    body = prepared.body
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else None
    meta = case.meta
    return Shot.of(
        content,
        operation=operation,
        method=case.method,
        target=url.path + (f"?{url.query}" if url.query else ""),
        headers={
            name: value if isinstance(value, str) else value.decode("latin-1")
            for name, value in prepared.headers.items()
            if name.lower() in own
        },
        mode="negative" if meta is not None and meta.generation.mode.is_negative else "positive",
        wrong=tuple(one.value for one in ParameterLocation if meta is not None and meta.is_negative_at(one)),
        what=str(getattr(meta.phase.data, "description", None) or "") if meta is not None else "",
    )
