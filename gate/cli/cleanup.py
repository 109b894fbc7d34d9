"""``gate cleanup [LEDGER]``: removes what runs left that were killed, on this machine or on a service elsewhere."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gate.cli.command import Run
from gate.core.errors import Exit, GateError, UsageError
from gate.core.surroundings import FILE
from gate.core.texts import counted

if TYPE_CHECKING:  # what they are made of would slow down every command
    from gate.core.redaction import Redactor
    from gate.session.pack import Pack
    from gate.targets.remote_run.ledger import Created


def prepare(parser: ArgumentParser, pack: Pack | None) -> Run:
    """Fills the parser of the command."""
    parser.description = (
        "Removes what a run left that was killed. Without a ledger: its directories and containers on this machine, "
        f"and its databases on the Postgres that {FILE} names. With that of a run against a service elsewhere: what "
        "it created there. Safe to call again. Exit codes: 0 nothing is left, 3 something is."
    )
    help_ = "the ledger of a run against a service elsewhere, a file below reports/ledgers/"
    parser.add_argument("ledger", metavar="LEDGER", type=Path, nargs="?", help=help_)
    parser.add_argument("--base-url", metavar="URL", help="where the service listens (default: as the ledger says)")
    parser.add_argument("--cleanup-database-url", metavar="URL", help="a role of the database that may delete")
    parser.add_argument("--i-know-this-is-production", dest="production", action="store_true")

    def cleanup(values: Namespace) -> int:
        return _here() if values.ledger is None else _elsewhere(pack, values)

    return cleanup


def _here() -> Exit:
    """Remove what is left on this machine."""
    faults = 0
    for title, removal in (("directories", _directories), ("containers", _containers), ("databases", _databases)):
        try:
            names = removal()
        except GateError as error:
            faults += 1
            print(f"{title}: not removed: {error}")
            continue
        print(f"{title}: {', '.join(names) if names else 'nothing is left'}")
    return Exit.UNJUDGED if faults else Exit.PASS


def _directories() -> list[str]:
    from gate.core import guard, lifetime

    return sorted(map(str, guard.sweep({lifetime.root(), lifetime.MEMORY, lifetime.SHARED})))


def _containers() -> list[str]:
    """The runs whose containers were removed; none where there is no engine."""
    from gate.targets import sweep
    from gate.targets.engine import answers, connect, failing

    if not answers():
        return []
    with failing("What earlier runs left cannot be removed"):
        return [f"those of run {run}" for run in sweep.sweep(connect())]


def _databases() -> list[str]:
    """The databases that were dropped on the server that the declaration here names, if it names one."""
    import psycopg

    from gate.core.declaration import load
    from gate.targets.postgres.given_server import GivenServer

    postgres = load(Path.cwd()).service.postgres if (Path.cwd() / FILE).is_file() else ""
    if "://" not in postgres:
        return []
    try:
        return GivenServer(postgres).sweep()
    except psycopg.Error as error:
        raise GateError(f"the Postgres that {FILE} names: {str(error).strip().splitlines()[0]}.") from error


def _elsewhere(pack: Pack | None, values: Namespace) -> Exit:
    """Remove what a run created on a service elsewhere."""
    from gate.core.redaction import Redactor, unclear
    from gate.fuzz.service.pack import pack_in
    from gate.targets.remote_run import ledger
    from gate.targets.remote_run.address import Address
    from gate.targets.remote_run.cleanup import Cleaner

    created = ledger.read(values.ledger)
    pack = None if created.left else pack  # no rules of a pack know what a declaration alone made
    if pack is None and not (Path.cwd() / FILE).is_file():
        raise UsageError(f"There is no {FILE} in {Path.cwd()}.", "Go to the folder of the service that was judged.")
    ruling = pack or pack_in(Path.cwd())
    base_url = values.base_url or os.environ.get("GATE_BASE_URL") or created.base_url
    database = values.cleanup_database_url or os.environ.get("GATE_CLEANUP_DATABASE_URL")
    for url in (base_url, database or ""):
        if (why := ruling.production.why(url)) and not values.production:
            raise UsageError(
                f"That looks like production: {why}.", "Add --i-know-this-is-production if that is what you mean."
            )
        if unclear(url):
            message = "An address holds a user or a password with a character that ends it."
            raise UsageError(message, "Encode it, as %40 for @.")
    redact = Redactor.of({**os.environ, "GATE_BASE_URL": base_url, "GATE_CLEANUP_DATABASE_URL": database or ""})
    if pack is None:
        return _deleted(created, base_url, values.ledger, redact)
    result = Cleaner(pack.service.remote, Address.of(base_url), database, redact).clean(created)
    print(redact(f"run {created.run}: {result}"))
    return Exit.UNJUDGED if result.remaining else Exit.PASS


def _deleted(created: Created, base_url: str, path: Path, redact: Redactor) -> Exit:
    """Delete through the service what a run made that knew no more of it than a declaration."""
    left = list(_not_deleted(created, base_url, path))
    number = counted(len(created.left), "resource")
    removed = f"{len(created.left) - len(left)} removed"
    print(redact(f"run {created.run}: {number} may have been left, {removed}; left: {', '.join(left) or 'nothing'}"))
    return Exit.UNJUDGED if left else Exit.PASS


def _not_deleted(created: Created, base_url: str, path: Path) -> Iterator[str]:
    from contextlib import closing

    from gate.core.client import Client, Unreachable
    from gate.fuzz.service.pack import pack_in
    from gate.targets.remote_run.address import Address, AddressedTransport
    from gate.targets.remote_run.ledger import Ledger

    pack, address = pack_in(Path.cwd()), Address.of(base_url)
    transport = AddressedTransport(address)
    client = Client(address.url, lambda _: None, transport=transport, defaults=lambda: pack.headers, query=pack.query)
    with closing(client), closing(Ledger(path)) as book:
        for each in reversed(created.left):
            try:
                status = client.request("DELETE", each).status if " " not in each else 0
            except Unreachable as error:
                raise GateError(f"The service does not answer: {str(error).splitlines()[0]}.") from error
            if 200 <= status < 300:
                book.write("gone", path=each)
            else:
                yield f"{each} ({status})" if status else each
