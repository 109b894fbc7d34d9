"""The checkout, and the commands and the image of its reference runner."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNNER_COMMAND = "python -m runner serve"
MIGRATE_COMMAND = "python -m runner migrate"
BACKFILL_COMMAND = "python -m runner backfill"
RUNNER_IMAGE = "beacon-gate/runner"
"""The image that ``scripts/images`` builds."""
