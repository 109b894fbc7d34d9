"""The OpenAPI document that a service itself publishes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from platformdirs import user_cache_path

from gate.core.client import Client, Unreachable
from gate.core.errors import GateError
from gate.core.settings import Settings
from gate.fuzz.service.elsewhere import client_of
from gate.fuzz.service.pack import DeclaredPack
from gate.targets.choose import choose


def fetched(pack: DeclaredPack, settings: Settings) -> Path:
    """The file with the document, asked of the service on a database of its own; GateError where it has none."""
    place = pack.declaration.service.openapi
    target = choose(settings, pack.service, lambda _: None)
    try:
        system = target.system(target.start())
        remote = settings.target == "remote"
        client = client_of(pack, settings) if remote else Client(system.base_url, lambda _: None, query=pack.query)
        try:
            exchange = client.request("GET", place, headers=dict(pack.headers))
        except Unreachable as error:
            raise GateError(f"The service does not answer: {error}.") from error
        finally:
            system.close()
    finally:
        target.stop()
    if exchange.status != 200:
        message = f"GET {place} answered {exchange.status}, not the OpenAPI document."
        raise GateError(message, "Correct service.openapi in gate.toml: a path on the service, or a file.")
    kind = "yaml" if "yaml" in exchange.media_type or not exchange.text.lstrip().startswith("{") else "json"
    name = hashlib.sha256(exchange.body).hexdigest()[:16]
    path = user_cache_path("beacon-gate") / "documents" / f"{name}.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(exchange.body)
    return path
