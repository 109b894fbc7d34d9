"""Checks at the start of a run: of options against what they name, and of the documents of the pack."""

from __future__ import annotations

from gate.contract import pact
from gate.core.errors import UsageError
from gate.core.options import flag_of
from gate.core.settings import Settings
from gate.session.pack import Pack
from gate.verdict import baseline
from gate.verdict.promises import Promises


def refuse(settings: Settings, pack: Pack) -> None:
    """Raises UsageError for a profile or baseline that cannot be used, and for production that was not meant."""
    for name in ("base_url", "database_url", "cleanup_database_url"):
        why = pack.production.why(getattr(settings, name) or "")
        if why and not settings.i_know_this_is_production:
            raise UsageError(
                f"{flag_of(name)} looks like production: {why}.",
                "Add --i-know-this-is-production if that is what you mean.",
            )
    pack.profile(settings.profile)
    if settings.baseline:
        baseline.load(settings.baseline)


def promises(pack: Pack) -> Promises:
    """The promises of a pack, after a look at each document that only a test or an oracle reads; raises GateError."""
    from gate.oracles import schema  # noqa: PLC0415 (its libraries would slow down every command)

    if pack.database.schema is not None:
        schema.load(pack.database.schema)
    for directory in pack.consumers.values():
        for path in sorted(directory.glob("*.json")):
            pact.load(path)
    return pack.promises
