"""The options of ``gate init`` as a declaration."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gate.core.declaration import Declaration, declared
from gate.core.declaration.places import DATABASE_URL
from gate.core.declaration.tables import ServiceTable
from gate.core.errors import DocumentError, UsageError

FLAGS = {
    "service.start": "--start",
    "service.image": "--image",
    "service.image_port": "--image-port",
    "service.base_url": "--base-url",
    "service.database_url": "--database-url",
    "service.openapi": "--openapi",
    "service.database_env": "--database-env",
    "service.env": "--env",
    "service.migrate": "--migrate",
    "service.ready": "--ready",
    "service.base": "--base",
    "service.postgres": "--postgres",
    "services": "--service",
    "fuzz.headers": "--header",
    "fuzz.query": "--query",
}
"""The option that a member of the declaration comes from."""


def declaration_of(values: Namespace, path: Path) -> Declaration:
    """The declaration that the options make; UsageError where they make none."""
    if not values.start and not values.image and not values.base_url:
        raise UsageError("gate init needs a service.", "Give --start COMMAND, --image NAME, or --base-url URL.")
    service = {
        name: getattr(values, name)
        for name in ServiceTable.model_fields
        if getattr(values, name, None) and name not in {"env", "database_env"}
    }
    service["env"] = _pairs(values.env, "--env", "NAME=VALUE")
    service["database_env"] = _pairs(values.database_env, "--database-env", "NAME or NAME=TEMPLATE", DATABASE_URL)
    sides = _pairs(values.service, "--service", "NAME=COMMAND")
    content: dict[str, Any] = {
        "service": service,
        "services": {name.lower(): _side(name, text) for name, text in sides.items()},
        "fuzz": {
            "headers": _pairs(values.header, "--header", "NAME=VALUE", kind=r"[A-Za-z0-9_-]+"),
            "query": _pairs(values.query, "--query", "NAME=VALUE", kind=r"[A-Za-z0-9_.-]+"),
        },
    }
    try:
        return declared(content, path)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        flag = next((flag for member, flag in FLAGS.items() if place.startswith(member)), "")
        text = str(fault.get("ctx", {}).get("error", fault["msg"])).removeprefix("expected ")
        raise UsageError(
            f"{flag or 'The options'}: expected {_with_flags(text)}.", "See `gate init --help`."
        ) from error
    except DocumentError as error:
        raise UsageError(error.message, error.hint) from error


def _with_flags(text: str) -> str:
    for member, flag in FLAGS.items():
        text = re.sub(rf"(?<![\w-]){member.rpartition('.')[2]}(?![\w-]|:\w)", flag, text)
    return text


def _side(name: str, text: str) -> dict[str, Any]:
    if "://" in text.split(" ", maxsplit=1)[0]:
        return {"address": text, "env": {name: "{address}"}}
    return {"start": text, "env": {name: "http://127.0.0.1:{port}"}}


def _pairs(
    texts: Iterable[str], flag: str, expected: str, default: str | None = None, kind: str = r"[A-Za-z_][A-Za-z0-9_]*"
) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not re.fullmatch(kind, name) or (not separator and default is None):
            raise UsageError(f"{flag} is {text!r}.", f"Expected {expected}.")
        pairs[name] = value if separator else default or ""
    return pairs
