"""One envelope for every refusal: {error, error_code, details?, request_id}."""

import json
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Mount

from runner import logging
from runner.intake import FullError
from runner.store.database import CLOSED_FOR_WRITING, BusyError

_log = logging.get(__name__)
_RETRY_SECONDS: Final = "1"
_STATIC: Final = {"GET", "HEAD"}


class ApiError(Exception):
    """A refusal that the contract documents.

    Args:
        status: HTTP status.
        code: value of `error_code`.
        message: one sentence for people.
        details: facts for programs.
        headers: further response headers, e.g. Retry-After in seconds.

    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})


class JsonBody(Response):
    """A JSON response in UTF-8; characters that UTF-8 cannot hold (lone surrogates of a request) become `?`."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The content as compact JSON."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )


def invalid_parameter(name: str, message: str) -> ApiError:
    """The refusal of a path, query or header parameter."""
    return ApiError(400, "invalid_parameter", f"{name}: {message}", {"parameter": name})


def not_found(kind: str, message: str) -> ApiError:
    """The refusal for something that does not exist; kind `job` gives the code `job_not_found`."""
    return ApiError(404, f"{kind}_not_found", message)


def envelope(request_id: str, error: ApiError) -> JsonBody:
    """The response of an error."""
    body: dict[str, Any] = {"error": error.message, "error_code": error.code}
    if error.details is not None:
        body["details"] = error.details
    body["request_id"] = request_id
    return JsonBody(body, error.status, error.headers)


def respond(request: Request, error: ApiError) -> JsonBody:
    """The error response to this request."""
    return envelope(request.state.request_id, error)


def allowed_methods(request: Request) -> list[str]:
    """Every method that some route offers for this request's path."""
    methods: set[str] = set()
    scope = {**request.scope, "root_path": ""}  # a mounted application has put its own path there
    for route in request.app.routes:
        match, _ = route.matches(scope)
        if match is not Match.NONE:
            methods |= _STATIC if isinstance(route, Mount) else getattr(route, "methods", None) or set()
    return sorted(methods)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - the type that this handler is registered for
    return respond(request, error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the type that this handler is registered for
    if error.status_code == 405:
        allow = ", ".join(allowed_methods(request))
        problem = ApiError(
            405,
            "method_not_allowed",
            f"This path does not offer {request.method}; it offers {allow}.",
            headers={"Allow": allow},
        )
    elif error.status_code == 404:
        problem = ApiError(404, "not_found", "There is nothing at this path.")
    else:
        problem = ApiError(error.status_code, "invalid_request", str(error.detail), headers=error.headers)
    return respond(request, problem)


async def _parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the type that this handler is registered for
    first = error.errors()[0]
    return respond(request, invalid_parameter(str(first["loc"][-1]), str(first["msg"]).removeprefix("Value error, ")))


async def _database(request: Request, error: Exception) -> Response:
    _log.warning("database_unavailable", error=str(error).strip())
    if isinstance(error, CLOSED_FOR_WRITING):
        request.app.state.database.suspect()
    return respond(
        request,
        ApiError(
            503,
            "persistence_unavailable",
            "The database does not answer; try again soon.",
            headers={"Retry-After": _RETRY_SECONDS},
        ),
    )


def overloaded() -> ApiError:
    """The refusal of a request for which there is no room."""
    message = "There are more requests at once than the runner can answer; try again soon."
    return ApiError(503, "overloaded", message, headers={"Retry-After": _RETRY_SECONDS})


async def _overloaded(request: Request, _: Exception) -> Response:
    return respond(request, overloaded())


def install(app: FastAPI) -> None:
    """Give every error of the application the envelope."""
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(FullError, _overloaded)
    app.add_exception_handler(BusyError, _overloaded)
    app.add_exception_handler(psycopg.OperationalError, _database)
    app.add_exception_handler(psycopg.InterfaceError, _database)
    for kind in CLOSED_FOR_WRITING:
        app.add_exception_handler(kind, _database)
