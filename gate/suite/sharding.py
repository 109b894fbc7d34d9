"""The part of a run that its shard is, and what ``gate merge`` needs to know of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from gate import suite
from gate.core.settings import Settings
from gate.suite.state import Asked
from gate.verdict import inventory, times
from gate.verdict.baseline import without_repetition
from gate.verdict.decide import Run
from gate.verdict.inventory import Inventory, Scope
from gate.verdict.part import Part, digest
from gate.verdict.places import Place
from gate.verdict.times import Times


def part_of(settings: Settings, asked: Asked, collected: Iterable[str] = ()) -> frozenset[str]:
    """The shard's tests: of those that the run has to judge, and of others that were ``collected``."""
    if not settings.shard:
        return frozenset(collected)
    pack = suite.pack()
    known = Inventory()
    if pack.suite.inventory and not asked.narrowed:
        known = inventory.load(pack.root / pack.suite.inventory)
    seconds = times.load(pack.root / pack.suite.times) if pack.suite.times else Times()
    scope = Scope(depth=settings.depth, selected=asked.selected, existing=settings.existing)
    expected = set(known.expected(scope))
    return settings.shard.part([expected, set(map(without_repetition, collected)) - expected], seconds.of)


def described(
    settings: Settings,
    asked: Asked,
    run: Run,
    *,
    workers: Collection[str],
    tests: Collection[str],
    failed: Mapping[str, Place],
    cut_short: bool,
    failed_of_harness: int,
) -> Part:
    """The facts about this shard that a merge needs beside its journals; ``failed`` are places of tests."""
    pack, judged = suite.pack(), run.judged
    return Part(
        shard=str(settings.shard),
        conditions={
            "commit": judged.commit,
            "command": judged.command,
            "image": " ".join(filter(None, (judged.image, judged.image_digest))),
            "address": judged.address,
            "gate": judged.gate,
            "target": run.target,
            "setting": run.setting,
            "depth": run.depth,
            "seed": str(run.seed),
            "profile": settings.profile,
            "repeat": str(run.repeat),
            "budget": "" if settings.budget is None else f"{settings.budget:g}",
            "expression": asked.expression,
            "existing": " ".join(settings.existing),
            "tests": digest(pack.root / name for name in pack.suite.dividing),
        },
        options=run.rerun.options,
        judged=judged,
        existing=list(settings.existing),
        workers=sorted(workers),
        tests=sorted(tests),
        places={test: (str(place.file), place.line) for test, place in failed.items()},
        unavailable=dict(run.unavailable),
        narrowed=asked.narrowed,
        cut_short=cut_short,
        not_tried=dict(run.not_tried),
        stopped=run.stopped,
        left_behind=list(run.left_behind),
        duration=run.duration,
        processes=run.workers,
        failed_of_harness=failed_of_harness,
        report_dir=str(settings.report_dir),
    )
