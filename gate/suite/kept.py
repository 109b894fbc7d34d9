"""``--keep``: after the run each worker's database has a service and stand-ins again, until Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from gate.core.errors import GateError
from gate.targets import System, Target
from gate.targets.postgres.clones import database_name, database_url
from gate.targets.postgres.template_server import ADMIN
from gate.verdict.report_directory import KEPT

SUFFIX = ".database"
"""End of the names of files with the name of a worker's database."""
FRESH = "new"
"""Stands for a worker where none had a database."""
USAGE = "The curl of a finding needs the variable BASE_URL"
OF_WORKER = ", of the service whose name is in its ids, as {0} in gate-1a2b3c4d-{0}n-1."


def note(directory: Path, worker: str, system: System) -> None:
    """Notes the database of a worker for the end of the run."""
    name = database_name(system.database_url or "")
    (directory / KEPT).with_name(f"{worker}{SUFFIX}").write_text(name, encoding="utf-8")


def stay(target: Target, shared: Mapping[str, str], directory: Path, say: Callable[[str], None] | None) -> None:
    """Starts the services again, hands out their addresses, and returns after Ctrl-C, with all of them ended.

    Without ``say`` the addresses are left for the command line, in a file of ``directory``.
    """
    marker = directory / KEPT
    noted = {path.stem: path.read_text(encoding="utf-8") for path in sorted(marker.parent.glob(f"*{SUFFIX}"))}
    databases = {worker: database_url(shared[ADMIN], name) for worker, name in noted.items()}
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        lines = ["Kept up until Ctrl-C:"]
        for worker, url in (databases or {FRESH: target.database(shared)}).items():
            for number, line in enumerate(_started(target, shared, url, stack)):
                lines.append(f"  {'' if number else worker:{len(worker)}}  {line}")
        text = "\n".join([*lines, USAGE + (OF_WORKER.format(next(iter(databases))) if len(databases) > 1 else ".")])
        if say:
            say(text)
        else:
            stack.callback(marker.unlink)
            partial = marker.with_suffix(".partial")
            partial.write_text(text, encoding="utf-8")
            partial.replace(marker)
        threading.Event().wait()


def _started(target: Target, shared: Mapping[str, str], url: str, stack: ExitStack) -> list[str]:
    """The addresses of a service on a database, which ``stack`` ends."""
    reach = f"psql '{url}'"
    try:
        system = target.system(shared, database_url=url)
    except GateError as error:
        return [f"the service does not start again: {error.message}", reach]
    stack.callback(system.close)
    stand_ins = (f"{name}={stand_in.url}" for name, stand_in in system.stand_ins.items())
    return [f"BASE_URL={system.base_url}", reach, *stand_ins]
