"""Generated sequences of steps, the same for the same seed in every process."""

from __future__ import annotations

import random

from beacon.forgeries import FORGERIES
from beacon.regions import REGIONS
from beacon.sequences import ACTIONS, PAGES, SCRIPT
from beacon.states import CROSS_REGION, STANDARD
from gate.fuzz.rules import Step

SHORTEST, LONGEST = 6, 18
SUBMITS_ONE_IN = 5
FORGERIES_AT_LEAST, PAGES_AT_LEAST = 4, 4
LIMITS, OFFSETS, PERCENTS = (None, 0, 1, 2, 3, 100, 200, 201), (None, 0, 1, 2, 5, 60, 2147483647, -1), (34, 50, 67, 100)
STATUSES = (None, None, "running", "completed", "partial", "failed", "cancelled", "queued")


def sequence(seed: int, part: str, number: int) -> list[Step]:
    """The ``number``-th sequence of a part; the first performs every action on a job of each workflow."""
    rng = random.Random(f"{seed} {part} {number}")
    if number == 0:
        both = [_submission(rng, STANDARD), _submission(rng, CROSS_REGION)]
        actions: list[Step] = [{"do": action, "job": job} for action in sorted(ACTIONS) for job in range(len(both))]
        actions += [{"do": "list"}, *_others(rng)]
        rng.shuffle(both)
        rng.shuffle(actions)
        return both + actions
    steps = [_submission(rng, rng.choice((STANDARD, CROSS_REGION)))]
    for _ in range(rng.randint(SHORTEST, LONGEST)):
        if rng.randrange(SUBMITS_ONE_IN) == 0:
            steps.append(_submission(rng, rng.choice((STANDARD, CROSS_REGION))))
        else:
            steps.append({"do": rng.choice(sorted(ACTIONS)), "job": rng.randrange(LONGEST)})
    for step in _others(rng):
        steps.insert(rng.randrange(1, len(steps) + 1), step)
    return steps


def _others(rng: random.Random) -> list[Step]:
    """Steps that are about no job: forged signatures, and pages."""
    kinds = rng.sample(sorted(FORGERIES), FORGERIES_AT_LEAST)
    forged = [{"do": "forge", "kind": kind, "workflow": rng.choice((STANDARD, CROSS_REGION))} for kind in kinds]
    return [*forged, *(_page(rng) for _ in range(PAGES_AT_LEAST))]


def _page(rng: random.Random) -> Step:
    of = rng.choice(sorted(PAGES))
    given = {"limit": rng.choice(LIMITS), "offset": rng.choice(OFFSETS)}
    status = rng.choice(STATUSES) if of == "runs" else None
    bounds = {name: value for name, value in {**given, "status": status}.items() if value is not None}
    return {"do": "page", "of": of, "job": rng.randrange(LONGEST), **bounds}


def _submission(rng: random.Random, workflow: str) -> Step:
    sizes = {"regions": rng.randint(1, 3), "models": rng.randint(1, 2), "questions": rng.randint(1, 2)}
    limits = {"least": rng.randint(1, 3), "percent": rng.choice(PERCENTS)}
    given = {name: limits[name] for name in sorted(limits) if rng.randrange(2)}
    script = {region: rng.choice(sorted(SCRIPT)) for region in REGIONS[: sizes["regions"]] if rng.randrange(3) == 0}
    more = {"signed": rng.randrange(2) == 0, "analysed": rng.randrange(5) > 0, "script": script}
    return {"do": "submit", "workflow": workflow, **sizes, **given, **more}
