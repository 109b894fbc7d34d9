"""The options of ``gate judge``."""

from __future__ import annotations

import os
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from gate.core.declaration import Declaration
from gate.core.declaration.places import revealed
from gate.core.errors import UsageError
from gate.core.options import Option, check, declared
from gate.core.settings import Settings, database_url, duration, root_url

BUDGETS = {"smoke": 60.0, "ci": 300.0, "full": 1800.0}
"""Seconds for the exploration by depth."""
KEPT = frozenset({"keep", "max_rate", "max_seconds", "stop_file", "i_know_this_is_production"})
"""Options of certain targets that a declared service has, too."""


class ServiceSettings(Settings):
    """The gate's options without those that gate.toml takes the place of, and those of a declared service."""

    without: ClassVar[frozenset[str]] = frozenset(
        {"target", *(each.name for each in declared(Settings) if each.option.targets)} - KEPT
    )

    budget: Annotated[
        float | None, check(duration), Option("depth", "TIME", "1m at depth smoke, 5m at ci, 30m at full")
    ] = None
    """how long to explore the service, such as 600 (seconds), 90s or 10m; each operation has its share"""
    network: Annotated[bool, Option("target", typed=True)] = False
    """let the service reach the network; by default it has no way out of this machine"""

    @model_validator(mode="after")
    def _fits_its_target(self) -> Self:
        """UsageError for an option of a service that runs elsewhere with one that is started, and the reverse."""
        for option in declared(type(self)):
            targets, field = option.option.targets, type(self).model_fields[option.name]
            value = getattr(self, option.name)
            if targets and self.target not in targets and value and value != field.default:
                other = "start" if self.target == "remote" else "base_url"
                raise UsageError(f"{option.flag} goes with service.{other} in gate.toml.", "Leave it out here.")
        return self


class ImageSettings(ServiceSettings):
    """The options of a service that an image holds."""

    target: str = "containers"


def settings_of(declaration: Declaration) -> type[ServiceSettings]:
    """The options of a declared service; of one at an address, they hold that and the address of its database."""
    service = declaration.service
    if service.image:
        return ImageSettings
    if not service.base_url:
        return ServiceSettings

    def address() -> str | None:
        return _checked(root_url, service.base_url, "service.base_url")

    def database() -> str | None:
        return _checked(database_url, service.database_url, "service.database_url")

    class DeployedSettings(ServiceSettings):
        """The options where the service runs elsewhere."""

        target: str = "remote"
        read_only: bool = not service.writes
        workers: Annotated[int, *Settings.model_fields["workers"].metadata] = 1
        base_url: str | None = Field(default_factory=address, repr=False)
        database_url: str | None = Field(default_factory=database, repr=False)

    return DeployedSettings


def _checked(test: object, text: str, member: str) -> str | None:
    """The value of a member of gate.toml that ``test`` takes; UsageError where it takes none."""
    value = revealed(text, member, os.environ)
    try:
        return test(value) if callable(test) else None
    except UsageError as error:
        raise UsageError(f"{member} {error.message}", error.hint) from error
