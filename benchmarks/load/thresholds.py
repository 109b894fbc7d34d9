"""Limits on latency, refusals, draining and memory, absolute and against a baseline."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from beacon.load_codes import DRAIN, MEMORY, REFUSALS, SLOW
from benchmarks.load.answers import Answer, percentile
from benchmarks.load.plan import Thresholds
from benchmarks.load.watch import Sample
from gate.core.findings import Finding


@dataclass(frozen=True)
class Figures:
    """The measured quantities of a run, as its report and a later baseline have them.

    Attributes:
        milliseconds: the 95th percentile by operation.
        median: the 50th.
        requests: by operation.
        jobs_per_second: submissions a second, answered or not.
        refusals: share of requests with nothing wrong that were refused or not answered.
        drain_seconds: from the last submission to the end of the last job.
        memory: MB of the runner's processes in the last tenth of the load.
        memory_growth: MB since the end of the warm-up.

    """

    milliseconds: Mapping[str, float]
    median: Mapping[str, float]
    requests: Mapping[str, int]
    jobs_per_second: float
    refusals: float
    drain_seconds: float
    memory: float
    memory_growth: float


def figures(answers: Sequence[Answer], samples: Sequence[Sample], warm_up: float, drain_seconds: float) -> Figures:
    """The figures of a run; ``warm_up`` is the share of the load after which memory counts."""
    times: dict[str, list[float]] = defaultdict(list)
    for answer in answers:
        if answer.status:
            times[answer.operation].append(answer.milliseconds)
    begin, end = min(answer.at for answer in answers), max(answer.at for answer in answers)
    rate = sum(answer.submission for answer in answers) / max(0.001, end - begin)
    memory = [sample for sample in samples if sample.memory is not None and sample.at <= end]
    warm = begin + warm_up * (end - begin)
    early = [each.memory for each in memory if warm <= each.at <= warm + (end - begin) / 10 and each.memory]
    late = [each.memory for each in memory if each.at >= end - (end - begin) / 10 and each.memory]
    last = statistics.median(late) if late else 0.0
    return Figures(
        {name: percentile(values, 0.95) for name, values in sorted(times.items())},
        {name: percentile(values, 0.5) for name, values in sorted(times.items())},
        {name: len(values) for name, values in sorted(times.items())},
        rate,
        sum(answer.refused for answer in answers) / len(answers),
        drain_seconds,
        last,
        last - statistics.median(early) if early else 0.0,
    )


def check(seen: Figures, limits: Thresholds, baseline: Figures | None) -> Iterator[Finding]:
    """A finding for each limit that is exceeded."""
    if seen.refusals > limits.refusals:
        yield Finding(REFUSALS, "all operations", f"at most {limits.refusals:.2%} refused", f"{seen.refusals:.2%}")
    slow = {name: value for name, value in seen.milliseconds.items() if value > limits.milliseconds.get(name, value)}
    if slow:
        expected = ", ".join(f"{name} at most {limits.milliseconds[name]:g} ms" for name in slow)
        yield Finding(SLOW, "95th percentiles", expected, _listed(slow))
    if seen.drain_seconds > limits.drain_seconds:
        got = f"{seen.drain_seconds:.0f} s"
        yield Finding(DRAIN, "the queue", f"empty within {limits.drain_seconds:g} s", got)
    if seen.memory_growth > limits.memory_growth:
        got = f"{seen.memory_growth:.0f} MB"
        yield Finding(MEMORY, "the runner", f"at most {limits.memory_growth:g} MB of growth", got)
    if baseline is not None:
        yield from compared(seen, limits, baseline)


def compared(seen: Figures, limits: Thresholds, baseline: Figures) -> Iterator[Finding]:
    """A finding for each quantity that is too far above that of the baseline."""
    relative = limits.baseline
    least = relative.least_milliseconds
    known = {name: max(baseline.milliseconds.get(name, value), least) for name, value in seen.milliseconds.items()}
    slow = {name: value for name, value in seen.milliseconds.items() if value > known[name] * relative.milliseconds}
    if slow:
        expected = f"at most {relative.milliseconds:g} times {_listed({name: known[name] for name in slow})}"
        yield Finding(SLOW, "95th percentiles beside the baseline", expected, _listed(slow))
    before = max(baseline.drain_seconds, relative.least_drain_seconds)
    if seen.drain_seconds > before * relative.drain_seconds:
        expected = f"at most {relative.drain_seconds:g} times the baseline's {before:.0f} s"
        yield Finding(DRAIN, "the queue beside the baseline", expected, f"{seen.drain_seconds:.0f} s")
    if baseline.memory and seen.memory > baseline.memory * relative.memory:
        expected = f"at most {relative.memory:g} times the baseline's {baseline.memory:.0f} MB"
        yield Finding(MEMORY, "the runner beside the baseline", expected, f"{seen.memory:.0f} MB")


def _listed(milliseconds: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f} ms" for name, value in milliseconds.items())
