"""A declaration as a file: each line that was guessed has its reason beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gate.core.declaration.tables import ServiceTable

HEAD = """\
# A service, as `gate init` saw it. Look at each guess, correct it, and delete what is wrong; then run `gate judge`.
"""


@dataclass
class Guessed:
    """The parts of a declaration that were guessed, with the reason of each."""

    base: str = ""
    base_reason: str = ""
    ready: str = ""
    header: tuple[str, str, str] = ("", "", "")  # name, value, reason
    headers: Mapping[str, str] = field(default_factory=dict)  # that were given
    query: Mapping[str, str] = field(default_factory=dict)  # that was given
    drop: Mapping[str, int] = field(default_factory=dict)
    skip: Mapping[str, str] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    resources: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    postgres_reason: str = ""


def quoted(text: str) -> str:
    """A text as TOML has it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(text: str) -> str:
    """A key as TOML has it."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else quoted(text)


def table(values: Mapping[str, str]) -> str:
    """A mapping as TOML has it in one line."""
    return "{ " + ", ".join(f"{key(name)} = {quoted(value)}" for name, value in values.items()) + " }"


def listed(values: Iterable[str]) -> str:
    """A list as TOML has it, one entry a line where it is long."""
    entries = [quoted(each) for each in values]
    line = f"[{', '.join(entries)}]"
    return line if len(line) < 100 else "[\n" + "".join(f"    {entry},\n" for entry in entries) + "]"


def pattern(operation: str) -> str:
    """The expression that finds an operation and no other."""
    return f"^{re.escape(operation)}$".replace("\\ ", " ").replace("\\{", "{").replace("\\}", "}").replace("\\-", "-")


def written(service: ServiceTable, services: Mapping[str, Mapping[str, object]], guessed: Guessed) -> str:
    """The text of ``gate.toml``."""
    parts = [HEAD, *_service(service, guessed), *_services(services), *_fuzz(guessed), *_rows(guessed), MORE]
    return "\n".join(parts)


def _service(service: ServiceTable, guessed: Guessed) -> list[str]:
    lines = ["[service]"]
    own = ("image", "image_port") if service.image else ()
    for name in (*own, "start", "base_url", "database_url", "migrate", "postgres", "openapi"):
        value = getattr(service, name)
        remark = "  # Others use it, too: only GET is sent there." if name == "base_url" else ""
        text = str(value) if isinstance(value, int) else quoted(value)
        lines += [f"{name} = {text}{remark}"] if value else []
    if service.base_url:
        lines.append("# writes = true  # Also create there, and change and delete what the run itself created.")
    if guessed.ready:
        lines.append(f"ready = {quoted(guessed.ready)}  # It answered 2xx. Any answer counts without this line.")
    lines.append(f"base = {quoted(guessed.base)}  # {guessed.base_reason}")
    for name, values in (("env", service.env), ("database_env", service.database_env)):
        if values:
            lines += ["", f"[service.{name}]", *(f"{key(each)} = {quoted(text)}" for each, text in values.items())]
    return lines


def _services(services: Mapping[str, Mapping[str, object]]) -> list[str]:
    lines: list[str] = []
    for name, members in services.items():
        lines += ["", f"[services.{key(name)}]"]
        for member, value in members.items():
            if isinstance(value, Mapping):
                lines.append(f"{member} = {table({str(each): str(text) for each, text in value.items()})}")
            else:
                lines.append(f"{member} = {quoted(str(value))}")
    return lines


def _fuzz(guessed: Guessed) -> list[str]:
    lines = ["", "[fuzz]"]
    name, value, reason = guessed.header
    if guessed.headers:
        lines.append(f"headers = {table(guessed.headers)}")
    elif name and not guessed.query:
        lines += [f"# {reason} Set the variable, and remove the mark:", f"# headers = {table({name: value})}"]
    if guessed.query:
        lines.append(f"query = {table(guessed.query)}")
    for header, number in guessed.drop.items():
        times = "an operation" if number == 1 else f"{number} operations"
        lines.append(f"# {header}: {times} took a request without it alone, and none took one with it.")
    if guessed.drop:
        lines.append(f"drop = {listed(guessed.drop)}")
    if guessed.skip:
        lines += [
            "",
            "# Left out, because they look as if they did harm or never ended. Delete the line to try one.",
            "[fuzz.skip]",
        ]
        lines += [f"{quoted(pattern(operation))} = {quoted(reason)}" for operation, reason in guessed.skip.items()]
    return lines


def _rows(guessed: Guessed) -> list[str]:
    lines = ["", "[rows]"]
    if guessed.late:
        lines += ["# Written while no request was under way.", f"late = {listed(guessed.late)}"]
    for path, (name, column, member) in guessed.resources.items():
        lines += ["", f"[rows.resources.{quoted(path)}]  # A POST there made one row of this table."]
        lines.append(f"table = {quoted(name)}")
        if column != "id":
            lines.append(f"key = {quoted(column)}")
        if member != column:
            lines.append(f"member = {quoted(member)}")
    return lines


MORE = """
# More that can be declared, where the judgement is to go further:
#
# [rows]
# computed = ["users.image_url"]                   # columns that the service computes
# encrypted = ["remotes.password"]                 # columns that are encrypted at rest
# soft_deletes = { features = "archived_at IS NOT NULL" }
# models = { flow_run = "#/components/schemas/FlowRun" }
#
# [[stored]]
# operation = "POST /tokens"
# except = ["expiresAt"]
# reason = "Cut to a month."
#
# [states]
# "orders.status" = { new = ["paid", "cancelled"], paid = [] }
#
# [idempotency]
# header = "Idempotency-Key"
#
# invariants = "invariants"   # above the first table: a folder of SQL files that select rows that must not be
"""
