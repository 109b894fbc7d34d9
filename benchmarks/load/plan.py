"""The mix of a load run and its thresholds, from contracts/load.toml."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zlib import crc32

from beacon.checkout import ROOT
from gate.core.documents import load_toml

PATH = ROOT / "contracts" / "load.toml"
SAMPLE = 1000
"""Jobs that the oracles look at."""
SUBMISSIONS = ("submitJob", "submitCrossRegionJob")


@dataclass(frozen=True)
class Submissions:
    """Shares of submissions with a key, sent again although they were answered, and signed."""

    keyed: float
    repeated: float
    signed: float


@dataclass(frozen=True)
class Shape:
    """A size of jobs, and how frequent it is."""

    weight: int
    regions: Sequence[str]
    models: Sequence[str]
    questions: int


@dataclass(frozen=True)
class Upstream:
    """The router's behaviour: how long each answer takes, and the regions and models that fail."""

    milliseconds: float
    failing: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Relative:
    """Limits as multiples of a baseline's values, and the values below which nothing is compared."""

    milliseconds: float
    least_milliseconds: float
    drain_seconds: float
    least_drain_seconds: float
    memory: float


@dataclass(frozen=True)
class Thresholds:
    """Limits of a run; see contracts/load.toml."""

    refusals: float
    drain_seconds: float
    memory_growth: float
    warm_up: float
    milliseconds: Mapping[str, float]
    baseline: Relative


@dataclass(frozen=True)
class Plan:
    """The content of contracts/load.toml."""

    mix: Mapping[str, int]
    submissions: Submissions
    shapes: Sequence[Shape]
    router: Upstream
    thresholds: Thresholds

    @property
    def requests_for_each_job(self) -> float:
        """The number of requests of the mix that come with each submission, itself included."""
        return sum(self.mix.values()) / sum(self.mix[name] for name in SUBMISSIONS)


def read() -> Plan:
    """The plan of the checkout; raises DocumentError."""
    return load_toml(PATH, Plan, "the mix, shapes, router and thresholds of a load run")


@dataclass(frozen=True)
class Order:
    """Everything that the clients are asked for: the mix, the number of jobs a second, and how ids begin.

    ``sample`` is the share of jobs of which every exchange is kept; ``rate`` counts jobs, ``seconds`` is the duration.
    """

    mix: Mapping[str, int]
    submissions: Submissions
    shapes: Sequence[Shape]
    prefix: str
    seed: int
    users: int
    rate: float
    seconds: float
    sample: float

    @classmethod
    def of(cls, plan: Plan, prefix: str, seed: int, users: int, rate: float, seconds: float) -> Order:
        """The order of a plan."""
        sample = min(1.0, SAMPLE / max(1.0, rate * seconds))
        return cls(plan.mix, plan.submissions, plan.shapes, prefix, seed, users, rate, seconds, sample)

    def as_dict(self) -> dict[str, Any]:
        """Plain members, for a file that ``Order`` is read from."""
        return asdict(self)

    @classmethod
    def from_dict(cls, members: dict[str, Any]) -> Order:
        """The order in a file."""
        shapes = [Shape(**shape) for shape in members.pop("shapes")]
        return cls(submissions=Submissions(**members.pop("submissions")), shapes=shapes, **members)

    def samples(self, job: str | None) -> bool:
        """Return whether a job is one of the sample; any process answers alike."""
        return job is not None and crc32(f"{self.seed} {job}".encode()) < math.ceil(self.sample * 2**32)
