"""Mutilated documents: bytes flipped, members dropped, types exchanged. Each ends in an answer or in a sentence."""

from __future__ import annotations

import copy
import json
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.changes.pairs import documents
from gate.contract.diff import compare
from gate.contract.diff.examples import exemplified
from gate.contract.loading import parse
from gate.core.errors import GateError

NAME = Path("openapi.json")
INSTEAD: tuple[Any, ...] = (None, True, 3, -1, "x", [], {}, [{}], {"$ref": "#/a"}, {"type": "string"})


@dataclass
class Outcomes:
    """How many documents were answered or refused in a sentence, and the errors of the others."""

    counts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


def mutilated(number: int, seed: int) -> Outcomes:
    """Compare mutilated documents with what they were, both ways."""
    random, outcomes = Random(seed), Outcomes()
    whole = json.loads(json.dumps([pair.new for pair in documents()]))
    for _ in range(number):
        document = random.choice(whole)
        text = _mutilated(document, random)
        try:
            old, new = parse(json.dumps(document), NAME), parse(text, NAME)
            exemplified(compare(old, new), seconds=1)
            exemplified(compare(new, old), seconds=1)
        except GateError:
            outcomes.counts["sentence"] += 1
        except Exception as error:  # noqa: BLE001 (whatever is raised is what is looked for)
            frame = traceback.extract_tb(error.__traceback__)[-1]
            outcomes.errors[f"{Path(frame.filename).name}:{frame.lineno} {error!r}"] += 1
        else:
            outcomes.counts["answer"] += 1
    return outcomes


def _mutilated(document: Any, random: Random) -> str:
    if random.random() < 0.3:
        content = bytearray(json.dumps(document).encode())
        for _ in range(random.randint(1, 3)):
            content[random.randrange(len(content))] = random.randrange(256)
        return content.decode("utf-8", "replace")
    changed = copy.deepcopy(document)
    *above, last = random.choice([place for place in _places(changed) if place])
    around = changed
    for step in above:
        around = around[step]
    if random.random() < 0.4:
        del around[last]
    else:
        around[last] = copy.deepcopy(random.choice(INSTEAD))
    return json.dumps(changed)


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    below = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in below:
        yield from _places(value[step], (*place, step))
