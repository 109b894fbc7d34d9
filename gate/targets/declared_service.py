"""A declared service in the form that targets start."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path

from gate.core.declaration import Declaration
from gate.targets.service import RemoteRules, Removal, Service

IDS = ("id", "uuid", "key", "slug")
"""Members of an answer that tell a new resource from others."""
LOCKS = ("package-lock.json", "node_modules/.package-lock.json", "yarn.lock", "pnpm-lock.yaml", "uv.lock", "go.sum")
"""Files in the service's folder that change with what is installed there."""


def service_of(declaration: Declaration) -> Service:
    """The service as targets start and reach it."""
    table = declaration.service
    root = declaration.root / table.directory
    words = {name: tuple(shlex.split(text)) for name, text in (("serve", table.start), ("migrate", table.migrate))}
    return Service(
        root=root,
        commands={"serve": table.start, **({"migrate": table.migrate} if table.migrate else {})},
        image=table.image,
        image_words={name: given for name, given in words.items() if given} if table.image else {},
        own_image="",
        image_hint="Build it, or correct service.image.",
        database_env=next(iter(table.database_env), "DATABASE_URL"),
        port_env="PORT",
        stand_ins={},
        ready=(table.ready,) if table.ready else (),
        alive=table.ready or "/",
        template_key=lambda _: template_key(declaration),
        own_env=(),
        env={},
        local_env={},
        container_env={},
        worker_env={},
        remote=_NO_RULES,
        declaration=declaration,
    )


_NO_RULES = RemoteRules(
    noun="resources",
    creates=lambda method, _: method == "POST",
    ids=lambda _: set(),
    facts=lambda _: {},
    given=lambda body: next((str(body[name]) for name in IDS if name in body), "") if isinstance(body, dict) else "",
    key_header="",
    addressed=lambda _: "",
    state=lambda _, __: "unknown",
    ended=frozenset(),
    cancel=lambda _, __: None,
    removal=Removal(statements=(), states="", by_key=("", ""), values=lambda _: {}),
)
"""The rules of a service of which a declaration alone is known: nothing is ended or removed there."""


def template_key(declaration: Declaration) -> bytes:
    """The members of the declaration, the programs and the files that the schema depends on."""
    table = declaration.service
    made_by = table.model_dump_json(include={"start", "env", "database_env", "migrate", "migrations"})
    digest = hashlib.sha256(made_by.encode())
    root = declaration.root / table.directory
    programs = [word for command in (table.start, table.migrate) for word in command.split()[:3]]
    named = [*map(Path, programs), *map(Path, LOCKS), *(path for each in table.migrations for path in root.glob(each))]
    for path in sorted(root / each for each in named):
        if path.is_file():
            status = path.stat()
            digest.update(f"\0{path}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return digest.digest()
