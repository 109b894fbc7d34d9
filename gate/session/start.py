"""Checks at the start of a run, of options against what they name."""

from __future__ import annotations

from gate.core.errors import UsageError
from gate.core.options import flag_of
from gate.core.settings import Settings
from gate.session.pack import Pack
from gate.verdict import baseline


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
