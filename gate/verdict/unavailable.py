"""What a remote target does not show, by oracle and with the reason."""

from __future__ import annotations

from gate.core.settings import Settings

_ROWS = {
    "rows": "no row is seen, so the form of none",
    "invariants": "rules between rows need the rows; what the API shows of them was checked instead",
    "refused": "whether a refused request left a trace shows in the rows alone",
    "stored": "compared with what the API shows, not with the rows",
    "listings": "the listings were compared with each other, not with the rows",
    "analysis": "computed again from the answers that the API shows, not from the stored ones",
    "schema": "the tables are not seen",
}
_ALONE = {
    "refused": "other clients write to this database, so only requests sent while it was idle were checked",
}


def blind(settings: Settings) -> dict[str, str]:
    """Oracles that cannot judge all that they judge on a target of the run's own; empty on such a target."""
    if settings.target != "remote":
        return {}
    found = {"router": "the router of a deployed runner is neither programmed nor read"}
    if settings.read_only:
        found |= {"refused": "a run that only reads sends nothing that could be refused"}
    elif settings.database_url:
        found |= _ALONE
    if not settings.database_url:
        reason = "no --database-url: "
        found = {oracle: f"{reason}{why}" for oracle, why in _ROWS.items()} | {"router": found["router"]}
    return found
