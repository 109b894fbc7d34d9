"""Shapes of requests and responses, for the generated document at /openapi.json.

They describe; they do not check: requests are read by `runner.spec`, responses are made by `runner.web.views`.
"""

from typing import Any, Final

from pydantic import BaseModel

from runner.web.schemas.comparisons import (
    BiasAnalysis,
    CrossRegionExecutionPage,
    CrossRegionView,
    DiffAnalysis,
    RegionView,
)
from runner.web.schemas.jobs import (
    Cancellation,
    CrossRegionJobAccepted,
    CrossRegionJobReplayed,
    ExecutionDetails,
    ExecutionList,
    ExecutionPage,
    JobAccepted,
    JobPage,
    JobReplayed,
    JobView,
)
from runner.web.schemas.operations import ErrorBody, Health, Liveness, QuestionCatalogue, Readiness
from runner.web.schemas.requests import body, request_schemas

__all__ = [
    "BiasAnalysis",
    "Cancellation",
    "CrossRegionExecutionPage",
    "CrossRegionJobAccepted",
    "CrossRegionJobReplayed",
    "CrossRegionView",
    "DiffAnalysis",
    "ErrorBody",
    "ExecutionDetails",
    "ExecutionList",
    "ExecutionPage",
    "Health",
    "JobAccepted",
    "JobPage",
    "JobReplayed",
    "JobView",
    "Liveness",
    "QuestionCatalogue",
    "Readiness",
    "RegionView",
    "body",
    "reading",
    "request_schemas",
    "submission",
]

_REFUSALS: Final = {
    400: "The request is not valid",
    404: "There is no such thing",
    409: "The state of things does not allow it",
    413: "The body is larger than 1 MiB",
    415: "The body is not sent as application/json",
    422: "The idempotency key belongs to another request",
    429: "Too many submissions",
    503: "The database does not answer",
}
Responses = dict[int | str, dict[str, Any]]


def reading(model: type[BaseModel], *refusals: int) -> Responses:
    """The responses of an operation: 200 with the model, some refusals, and 503."""
    return {200: {"model": model, "description": model.__doc__}, **_errors(*refusals, 503)}


def submission(accepted: type[BaseModel], replayed: type[BaseModel]) -> Responses:
    """The responses of a submission."""
    return {
        200: {"model": replayed, "description": replayed.__doc__},
        202: {"model": accepted, "description": accepted.__doc__},
        **_errors(400, 409, 413, 415, 422, 429, 503),
    }


def _errors(*statuses: int) -> Responses:
    return {status: {"model": ErrorBody, "description": _REFUSALS[status]} for status in statuses}
