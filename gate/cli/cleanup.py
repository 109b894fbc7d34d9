"""``gate cleanup LEDGER``: removes what a run against a remote target left."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from gate.cli.command import Run
from gate.core.errors import Exit, UsageError
from gate.core.redaction import Redactor, unclear
from gate.session.pack import Pack
from gate.targets.remote_run import ledger
from gate.targets.remote_run.address import Address
from gate.targets.remote_run.cleanup import Cleaner


def prepare(parser: ArgumentParser, pack: Pack) -> Run:
    """Fills the parser of the command."""
    parser.description = (
        "Removes what a run against a remote service left: cancels it through the API, then deletes its rows. "
        "Safe to call again. Exit codes: 0 nothing is left, 3 something is."
    )
    parser.add_argument("ledger", metavar="LEDGER", type=Path, help="the run's ledger, a file below reports/ledgers/")
    parser.add_argument("--base-url", metavar="URL", help="where the service listens (default: as the ledger says)")
    parser.add_argument("--cleanup-database-url", metavar="URL", help="a role of the database that may delete")
    parser.add_argument("--i-know-this-is-production", dest="production", action="store_true")

    def cleanup(values: Namespace) -> int:
        created = ledger.read(values.ledger)
        base_url = values.base_url or os.environ.get("GATE_BASE_URL") or created.base_url
        database = values.cleanup_database_url or os.environ.get("GATE_CLEANUP_DATABASE_URL")
        for url in (base_url, database or ""):
            if (why := pack.production.why(url)) and not values.production:
                raise UsageError(
                    f"That looks like production: {why}.", "Add --i-know-this-is-production if that is what you mean."
                )
            if unclear(url):
                message = "An address holds a user or a password with a character that ends it."
                raise UsageError(message, "Encode it, as %40 for @.")
        redact = Redactor.of({**os.environ, "GATE_BASE_URL": base_url, "GATE_CLEANUP_DATABASE_URL": database or ""})
        result = Cleaner(pack.service.remote, Address.of(base_url), database, redact).clean(created)
        print(redact(f"run {created.run}: {result}"))
        return Exit.UNJUDGED if result.remaining else Exit.PASS

    return cleanup
