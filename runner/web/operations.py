"""Health, metrics, the questions, and the documents of this interface."""

import asyncio

import aiohttp
import psycopg
from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from runner import __version__, queue
from runner.questions import CATEGORIES
from runner.store import executions
from runner.store.database import BusyError
from runner.store.probe import ANSWER_SECONDS
from runner.web import schemas
from runner.web.errors import JsonBody

router = APIRouter(tags=["operations"])


class YamlResponse(Response):
    """A document in YAML."""

    media_type = "application/yaml"


@router.get("/api/v1/questions", operation_id="listQuestions", response_model=schemas.QuestionCatalogue)
async def list_questions() -> JsonBody:
    """List the questions that jobs may ask, with the texts that models are given."""
    return JsonBody(
        {
            "categories": {
                category: [{"question_id": name, "question": text} for name, text in questions.items()]
                for category, questions in CATEGORIES.items()
            }
        }
    )


@router.get(
    "/health", operation_id="getHealth", responses={200: {"model": schemas.Health}, 503: {"model": schemas.Unhealthy}}
)
async def get_health(request: Request) -> JsonBody:
    """Return the state of the runner; without the router it is degraded, without database or queue unhealthy."""
    services = await _services(request)
    states = {service["status"] for service in services}
    worst = next((state for state in ("unhealthy", "degraded") if state in states), "healthy")
    body = {"status": worst, "version": __version__, "services": services}
    return JsonBody(body, 503 if worst == "unhealthy" else 200)


@router.get("/health/live", operation_id="getLiveness", response_model=schemas.Liveness)
async def get_liveness() -> JsonBody:
    """Answer while the process lives."""
    return JsonBody({"status": "alive"})


@router.get(
    "/health/ready",
    operation_id="getReadiness",
    responses={200: {"model": schemas.Ready}, 503: {"model": schemas.NotReady}},
)
async def get_readiness(request: Request) -> JsonBody:
    """Return whether jobs can be accepted."""
    services = await _services(request)
    ready = all(service["status"] != "unhealthy" for service in services)
    return JsonBody({"ready": ready, "services": services}, 200 if ready else 503)


@router.get("/metrics", operation_id="getMetrics", response_class=PlainTextResponse)
async def get_metrics(request: Request) -> Response:
    """Show the metrics in the text format of Prometheus."""
    metrics = request.app.state.metrics
    try:
        async with request.app.state.database.connection() as connection:
            metrics.observed(
                await queue.queue_depth(connection),
                await queue.oldest_seconds(connection),
                await executions.counts_by_status(connection),
            )
    except BusyError:
        pass  # it answers, and what it said last stands
    except (psycopg.OperationalError, psycopg.InterfaceError):
        metrics.unobserved()
    return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/openapi.yaml", operation_id="getOpenapi", response_class=YamlResponse)
async def get_openapi(request: Request) -> Response:
    """Show the published contract."""
    return YamlResponse(request.app.state.published)


async def _services(request: Request) -> list[dict[str, str]]:
    stores, inference = await asyncio.gather(_database_and_queue(request), _router(request))
    return [*stores, inference]


async def _database_and_queue(request: Request) -> list[dict[str, str]]:
    try:
        reading = await request.app.state.probe()
    except (psycopg.OperationalError, psycopg.InterfaceError):
        return [
            _service("database", "unhealthy", "does not answer"),
            _service("queue", "unhealthy", "is in the database"),
        ]
    if reading.behind or not reading.writable:
        lacking = "lacks a migration" if reading.behind else "takes no writes"
        return [_service("database", "unhealthy", lacking), _service("queue", "unhealthy", lacking)]
    if reading.depth is None:
        return [_service("database", "healthy"), _service("queue", "unhealthy", "its tables are missing")]
    return [_service("database", "healthy"), _service("queue", "healthy", f"{reading.depth} jobs queued or running")]


async def _router(request: Request) -> dict[str, str]:
    client: aiohttp.ClientSession = request.app.state.http
    address = f"{request.app.state.settings.router_url.rstrip('/')}/health"
    try:
        # The status is all that counts: a body of any length is left unread.
        async with asyncio.timeout(ANSWER_SECONDS), client.get(address, allow_redirects=False) as response:
            pass
    except (aiohttp.ClientError, TimeoutError):
        return _service("router", "degraded", "does not answer")
    if 200 <= response.status < 300:
        return _service("router", "healthy")
    return _service("router", "degraded", f"answers {response.status}")


def _service(name: str, status: str, detail: str | None = None) -> dict[str, str]:
    return {"name": name, "status": status, **({"detail": detail} if detail else {})}
