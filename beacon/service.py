"""The runner as a service that the gate starts, or judges where it is deployed."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, LiteralString

from beacon.api import CROSS_REGION_JOBS, JOBS, Api
from beacon.checkout import BACKFILL_COMMAND, MIGRATE_COMMAND, ROOT, RUNNER_COMMAND, RUNNER_IMAGE
from beacon.states import TERMINAL
from gate.core.client import Client
from gate.targets.service import Facts, RemoteRules, Removal, Service, StandIn

_OF_JOBS: LiteralString = "(SELECT id FROM jobs WHERE jobspec_id = ANY(%(ids)s))"
_OF_RUNS: LiteralString = "(SELECT id FROM cross_region_executions WHERE jobspec_id = ANY(%(ids)s))"


def _specs(content: bytes) -> list[dict[str, Any]]:
    """Every object of a body that may be taken for a JobSpec."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return []
    if not isinstance(body, dict):
        return []
    return [spec for spec in (body, body.get("job_spec"), body.get("jobspec")) if isinstance(spec, dict)]


def _ids(content: bytes) -> set[str]:
    named = (spec.get(name) for spec in _specs(content) for name in ("id", "jobspec_id"))
    return {name for name in named if isinstance(name, str) and name}


def _nonce(spec: Mapping[str, Any]) -> list[str] | None:
    metadata = spec.get("metadata")
    pair = [spec.get("public_key"), metadata.get("nonce") if isinstance(metadata, dict) else None]
    return [str(part) for part in pair] if all(isinstance(part, str) for part in pair) else None


def _facts(content: bytes) -> Facts:
    """Public key and nonce of a signed submission, which the runner keeps so that it is not sent twice."""
    return {"nonce": next(filter(None, map(_nonce, _specs(content))), None)}


def _nonces(facts: Sequence[Facts]) -> Mapping[str, Any]:
    pairs = [fact["nonce"] for fact in facts if fact["nonce"]]
    return {"publics": [public for public, _ in pairs], "nonces": [nonce for _, nonce in pairs]}


def _given(body: Any) -> str:
    given = body.get("id") if isinstance(body, dict) else None
    return given if isinstance(given, str) else ""


def _addressed(segments: Sequence[str]) -> str:
    """The job of /api/{version}/jobs/{id}/..."""
    return segments[3] if len(segments) > 3 and (segments[0], segments[2]) == ("api", "jobs") else ""


def _state(client: Client, job: str) -> str:
    answer = Api(client).job(job)
    status = answer.json.get("status") if isinstance(answer.json, dict) else None
    return str(status) if answer.status == 200 else "" if answer.status == 404 else "unknown"


REMOTE = RemoteRules(
    noun="jobs",
    creates=lambda method, path: method == "POST" and path in {JOBS, CROSS_REGION_JOBS},
    ids=_ids,
    facts=_facts,
    given=_given,
    key_header="idempotency-key",
    addressed=_addressed,
    state=_state,
    ended=TERMINAL,
    cancel=lambda client, job: Api(client).cancel(job),
    removal=Removal(
        statements=(
            ("pgqueuer", "dedupe_key IN (SELECT 'job:' || id FROM jobs WHERE jobspec_id = ANY(%(ids)s))"),
            ("outbox", "payload->>'id' = ANY(%(ids)s)"),
            ("cross_region_analyses", f"cross_region_execution_id IN {_OF_RUNS}"),
            ("region_results", f"cross_region_execution_id IN {_OF_RUNS}"),
            ("executions", f"job_id IN {_OF_JOBS}"),
            ("diffs", f"job_id IN {_OF_JOBS}"),
            ("cross_region_executions", "jobspec_id = ANY(%(ids)s)"),
            ("idempotency_keys", "jobspec_id = ANY(%(ids)s)"),
            (
                "signature_nonces",
                "(public_key, nonce) IN (SELECT * FROM unnest(%(publics)s::text[], %(nonces)s::text[]))",
            ),
            ("jobs", "jobspec_id = ANY(%(ids)s)"),
        ),
        states="SELECT jobspec_id AS id, status AS state FROM jobs WHERE jobspec_id = ANY(%(ids)s)",
        by_key=("idempotency_keys", "SELECT jobspec_id AS id FROM idempotency_keys WHERE idem_key = ANY(%(keys)s)"),
        values=_nonces,
    ),
)

ROUTER = "ROUTER_URL"
"""The variable with the URL of the inference router."""


def _router(host: str) -> StandIn:
    from beacon.router import Router  # noqa: PLC0415 (a web server, which the controller of a run does not need)

    return Router(host)


def _template_key(root: Path) -> bytes:
    """The migrations of the reference runner, and the version of the queue that brings tables of its own."""
    digest = hashlib.sha256()
    with contextlib.suppress(metadata.PackageNotFoundError):
        digest.update(metadata.version("pgqueuer").encode())
    for path in sorted((root / "runner" / "migrations").glob("*.sql")):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.digest()


_LOADED_LATE = ("anyio._backends._asyncio", "encodings.idna", "httpcore", "uvicorn.lifespan.on", "uvloop")
"""Modules that a start of the runner loads after its own."""
SERVICE = Service(
    root=ROOT,
    commands={"serve": RUNNER_COMMAND, "migrate": MIGRATE_COMMAND, "backfill": BACKFILL_COMMAND},
    image=RUNNER_IMAGE,
    image_words={"migrate": ("migrate",), "backfill": ("backfill",), "worker": ("worker",)},
    own_image=RUNNER_IMAGE,
    image_hint="Build it with ./scripts/images, or name another with --runner-image.",
    database_env="DATABASE_URL",
    port_env="PORT",
    stand_ins={ROUTER: _router},
    ready=("/health/ready", "/health"),
    alive="/health/live",
    template_key=_template_key,
    own_env=("RUNNER_",),
    # Half an hour off, west of UTC, and another zone than the database's; in this form it needs no list of zones.
    env={"RUNNER_RATE_LIMIT": "", "TZ": "NST3:30"},
    # Several runners share one machine: fewer connections than the default, at 4 MB each.
    local_env={"RUNNER_DATABASE_POOL": "3"},
    container_env={"RUNNER_HOST": "0.0.0.0"},  # noqa: S104 (its port is published on the loopback address alone)
    worker_env={"RUNNER_EMBEDDED_WORKER": "false"},
    remote=REMOTE,
    loaded={"runner": ("runner.cli", "runner.service", "runner.working", "runner.backfill", *_LOADED_LATE)},
)


def service(root: Path = ROOT, env: Mapping[str, str] | None = None, **commands: str) -> Service:
    """The runner of a checkout, with other commands and more variables than its own."""
    return replace(SERVICE, root=root, commands={**SERVICE.commands, **commands}, env={**SERVICE.env, **(env or {})})
