"""Names of the regions: published codes, aliases, and what the router calls them."""

from __future__ import annotations

ROUTER_NAMES = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}
REGIONS = tuple(ROUTER_NAMES)
ALIASES = {"APAC": "ASIA"}
"""Codes that a request may use, with the code that is stored."""
