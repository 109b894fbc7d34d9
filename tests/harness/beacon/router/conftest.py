"""A router stand-in for each module, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from beacon.router import Router


@pytest.fixture(scope="session")
def shared() -> Iterator[Router]:
    """A stand-in for the whole module."""
    with Router() as router:
        yield router


@pytest.fixture
def router(shared: Router) -> Iterator[Router]:
    """A stand-in that nobody has programmed or asked."""
    yield shared
    shared.reset()


@pytest.fixture(scope="session")
def http(shared: Router) -> Iterator[httpx.Client]:
    """A client of the stand-in."""
    with httpx.Client(base_url=shared.url, trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Clients that may hang."""
    with ThreadPoolExecutor(8) as executor:
        yield executor
