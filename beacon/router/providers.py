"""The providers that a router lists, and its names of the regions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from beacon.regions import ALIASES, ROUTER_NAMES

REGIONS = ROUTER_NAMES | {alias: ROUTER_NAMES[code] for alias, code in ALIASES.items()}
"""The router's name of each published region code."""
CODES = {name: code for code, name in ROUTER_NAMES.items()}
"""The published code of each region of the router."""


def router_name(region: str) -> str:
    """The router's name of a region, given by its code or that name; ValueError for any other text."""
    name = REGIONS.get(region, region)
    if name not in CODES:
        raise ValueError(f"{region!r} is no region: use one of {', '.join([*REGIONS, *CODES])}")
    return name


def code(region: str) -> str | None:
    """The published code of a region, given by the code or the router's name; None for any other text."""
    return CODES.get(REGIONS.get(region, region))


@dataclass(frozen=True, slots=True)
class Provider:
    """One entry of ``GET /providers``.

    ``region`` is the router's name. ``cost_per_second`` is in dollars, ``avg_latency`` in seconds, ``success_rate`` a
    share of 1, ``last_health_check`` in seconds since the epoch, 0 for never. An empty ``name`` is ``modal-<region>``.
    """

    region: str
    name: str = ""
    healthy: bool = True
    type: str = "modal"
    cost_per_second: float = 0.0003
    avg_latency: float = 1.5
    success_rate: float = 0.99
    last_health_check: float = 1_700_000_000.0

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", f"modal-{self.region}")

    def as_dict(self) -> dict[str, Any]:
        """The provider as the router sends it."""
        return asdict(self)


DEFAULT_PROVIDERS = (Provider("us-east"), Provider("eu-west"), Provider("asia-pacific"))
"""One healthy provider in each region."""


def without(region: str, providers: Iterable[Provider] = DEFAULT_PROVIDERS) -> list[Provider]:
    """``providers`` without those of ``region``, a code or a router name."""
    return [provider for provider in providers if provider.region != router_name(region)]


def unhealthy(region: str, providers: Iterable[Provider] = DEFAULT_PROVIDERS) -> list[Provider]:
    """``providers`` with those of ``region`` marked unhealthy and never checked."""
    name = router_name(region)
    return [
        Provider(name, provider.name, False, last_health_check=0.0) if provider.region == name else provider
        for provider in providers
    ]


def duplicated(region: str, providers: Iterable[Provider] = DEFAULT_PROVIDERS) -> list[Provider]:
    """``providers`` with those of ``region`` listed twice, under the same name."""
    return [provider for provider in providers for _ in range(2 if provider.region == router_name(region) else 1)]


def serving(providers: Iterable[Provider], region_preference: str) -> Provider | None:
    """The provider that answers: the first healthy one of this region, else the first healthy one, else None."""
    healthy = [provider for provider in providers if provider.healthy]
    in_region = (provider for provider in healthy if provider.region == region_preference)
    return next(in_region, healthy[0] if healthy else None)
