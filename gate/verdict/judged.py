"""The build that a run judged, and where and when it did."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict


class Judged(BaseModel):
    """The build, and what judged it; a field is empty where it is not known or does not apply."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    commit: str = ""  # of the checkout that holds the command, with a plus sign where files were changed
    command: str = ""  # that started the service
    image: str = ""
    image_digest: str = ""
    address: str = ""  # of a service that was up already
    gate: str = ""  # version
    python: str = ""
    postgres: str = ""
    host: str = ""
    date: str = ""  # of the start, in UTC
    command_line: str = ""  # without secrets

    @property
    def build(self) -> str:
        """The build in a few words."""
        digest = f" ({self.image_digest})" if self.image_digest else ""
        named = self.address or (f"{self.image}{digest}" if self.image else self.command)
        return f"{named}, commit {self.commit}" if self.commit else named

    @property
    def facts(self) -> Iterator[tuple[str, str]]:
        """Each fact that is known, with its name."""
        for name, value in self:
            if value:
                yield name.replace("_", " "), str(value)
