"""Shapes of requests and responses, for the generated document at /openapi.json.

They describe; they do not check: requests are read by `runner.spec`, responses are made by `runner.web.views`.
"""

from collections.abc import Mapping, Sequence
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
from runner.web.schemas.operations import ErrorBody, Health, Liveness, NotReady, QuestionCatalogue, Ready, Unhealthy
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
    "NotReady",
    "QuestionCatalogue",
    "Ready",
    "RegionView",
    "Unhealthy",
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
    503: "The database does not answer, or there are too many requests at once",
}
_SIGNATURE_CODES: Final = (
    "missing_field:signature",
    "missing_field:public_key",
    "invalid_encoding:public_key",
    "invalid_encoding:signature",
    "canonicalization_error",
    "signature_mismatch",
    "missing_field:metadata",
    "missing_field:timestamp",
    "invalid_field:timestamp",
    "timestamp_invalid",
    "missing_field:nonce",
    "invalid_field:nonce",
    "replay_detected",
)
_CODES: Final[Mapping[int, Sequence[str]]] = {
    400: ("invalid_parameter",),
    413: ("payload_too_large",),
    415: ("unsupported_media_type",),
    422: ("idempotency_key_reuse",),
    429: ("rate_limit_exceeded",),
    503: ("persistence_unavailable", "overloaded"),
}
"""The error codes of a status, where an operation says nothing else."""
_SUBMISSION_CODES: Final[Mapping[int, Sequence[str]]] = {
    400: ("invalid_json", "invalid_body", "validation_error", "invalid_parameter", *_SIGNATURE_CODES),
    409: ("duplicate_job",),
}
_HEADERS: Final[dict[int, dict[str, dict[str, Any]]]] = {
    429: {
        "Retry-After": {"type": "integer", "minimum": 1},
        "X-RateLimit-Limit": {"type": "integer", "minimum": 1},
        "X-RateLimit-Remaining": {"type": "integer", "minimum": 0},
        "X-RateLimit-Reset": {"type": "integer", "minimum": 0},
    },
    503: {"Retry-After": {"type": "integer", "minimum": 1}},
}
_LOCATION: Final = {"headers": {"Location": {"required": True, "schema": {"type": "string"}}}}
Responses = dict[int | str, dict[str, Any]]


def reading(model: type[BaseModel], *refusals: int, **codes: Sequence[str]) -> Responses:
    """The responses of an operation: 200 with the model, some refusals, and 503.

    Args:
        model: of the answer.
        refusals: statuses.
        codes: the error codes of a status, as in `s404=["job_not_found"]`.

    """
    named = {int(status[1:]): tuple(texts) for status, texts in codes.items()}
    return {200: {"model": model, "description": model.__doc__}, **_errors({**_CODES, **named}, *refusals, 503)}


def submission(accepted: type[BaseModel], replayed: type[BaseModel]) -> Responses:
    """The responses of a submission."""
    return {
        200: {"model": replayed, "description": replayed.__doc__, **_LOCATION},
        202: {"model": accepted, "description": accepted.__doc__, **_LOCATION},
        **_errors({**_CODES, **_SUBMISSION_CODES}, 400, 409, 413, 415, 422, 429, 503),
    }


def _errors(codes: Mapping[int, Sequence[str]], *statuses: int) -> Responses:
    return {
        status: {
            "model": ErrorBody,
            "description": _REFUSALS[status],
            "content": {"application/json": {"schema": {"properties": {"error_code": {"enum": list(codes[status])}}}}},
            "headers": _headers(status, codes[status]),
        }
        for status in statuses
    }


def _headers(status: int, codes: Sequence[str]) -> dict[str, Any]:
    """The headers of a refusal; one that another request may not get any more says when to ask again."""
    if "analysis_pending" in codes:
        return {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
    return {name: {"required": True, "schema": schema} for name, schema in _HEADERS.get(status, {}).items()}
