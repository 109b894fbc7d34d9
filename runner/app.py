"""The HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from runner import __version__
from runner.client import session
from runner.intake import Intake
from runner.metrics import Metrics
from runner.settings import Settings
from runner.store.database import Database
from runner.store.probe import Probe
from runner.web import analysis, cross_region, errors, executions, jobs, operations, root, schemas
from runner.web.compression import Compression
from runner.web.limits import RateLimit
from runner.web.middleware import CrossOrigin, LastResort, RequestContext

_DESCRIPTION: Final = "What this build offers. The published contract is at /openapi.yaml."
_REQUEST_ID: Final = {"name": "X-Request-ID", "in": "header", "schema": {"type": "string"}}
_COMPRESSED_FROM: Final = 1024
"""Bytes of an answer from which it is compressed, for clients that accept it."""
_COMPRESSION: Final = 1
"""The quickest level: what the executions of a job repeat is found by any."""
_AREAS: Final = (jobs, cross_region, executions, analysis, operations)


def create_app(
    settings: Settings,
    database: Database,
    probe: Probe,
    intake: Intake,
    metrics: Metrics,
    published: str,
    portal: Path | None = None,
) -> FastAPI:
    """The application.

    Args:
        settings: of this process.
        database: with an open pool.
        probe: asks how the database is.
        intake: notified of every submission.
        metrics: those of this process.
        published: the text of the published contract, served at /openapi.yaml.
        portal: a directory that is served at /portal.

    """

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[None]:
        # The probe that uses it has a limit over all its phases.
        async with session() as client:
            running.state.http = client
            yield

    app = FastAPI(
        title="Project Beacon runner",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(RequestContext, metrics=metrics),
            Middleware(Compression, minimum_size=_COMPRESSED_FROM, compresslevel=_COMPRESSION),
            Middleware(CrossOrigin, origin_regex=settings.cors_origin_regex),
            Middleware(LastResort),
        ],
    )
    app.state.settings = settings
    app.state.database = database
    app.state.probe = probe
    app.state.intake = intake
    app.state.published = published
    app.state.metrics = metrics
    app.state.portal = portal
    app.state.rate_limit = RateLimit(settings.rate_limit)
    errors.install(app)
    for area in _AREAS:
        # One flat list of routes, so that a 405 can name the methods of all that share a path.
        app.router.routes.extend(area.router.routes)
    app.add_route("/", root.page, include_in_schema=False)
    if portal is not None:
        app.add_route("/portal", _to_portal, include_in_schema=False)
        app.mount("/portal", StaticFiles(directory=portal, html=True))
    app.openapi = lambda: _document(app)  # type: ignore[method-assign] # FastAPI's documented way to extend it
    return app


async def _to_portal(_request: Request) -> RedirectResponse:
    return RedirectResponse("/portal/")


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_DESCRIPTION)
        document["components"]["schemas"] = {**schemas.request_schemas(), **document["components"]["schemas"]}
        del (
            document["components"]["schemas"]["HTTPValidationError"],
            document["components"]["schemas"]["ValidationError"],
        )
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            # FastAPI's own answer to a bad parameter; here that is 400, which each operation declares.
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
            operation.setdefault("parameters", []).append(_REQUEST_ID)
            for response in operation["responses"].values():
                response.setdefault("headers", {})["X-Request-ID"] = {"required": True, "schema": {"type": "string"}}
        app.openapi_schema = document
    return app.openapi_schema
