"""The router stand-in: takes the place of the inference service that the runner calls.

with Router() as router:
    router.on(Status(503), job="job-1", region="EU")
    ...  # let a runner whose ROUTER_URL is router.url work on job-1
    assert [call.region for call in router.calls("job-1")] == ["EU", "US"]
"""

from beacon.router.behaviours import (
    Answer,
    Behaviour,
    Drop,
    Elsewhere,
    Empty,
    Hang,
    Malformed,
    NoPath,
    NotJson,
    PathOnly,
    Raw,
    Refusal,
    SameText,
    Status,
    Unsuccessful,
)
from beacon.router.log import Call
from beacon.router.providers import DEFAULT_PROVIDERS, Provider, duplicated, unhealthy, without
from beacon.router.router import Router, router_in
from beacon.router.wire import MODELS, PATHS, echo

__all__ = [
    "DEFAULT_PROVIDERS",
    "MODELS",
    "PATHS",
    "Answer",
    "Behaviour",
    "Call",
    "Drop",
    "Elsewhere",
    "Empty",
    "Hang",
    "Malformed",
    "NoPath",
    "NotJson",
    "PathOnly",
    "Provider",
    "Raw",
    "Refusal",
    "Router",
    "SameText",
    "Status",
    "Unsuccessful",
    "duplicated",
    "echo",
    "router_in",
    "unhealthy",
    "without",
]
