"""Benchmarks: known defects and mutants of the runner, other tools beside the gate, images, and figures."""

from __future__ import annotations

from collections.abc import Sequence

from gate.cli.command import Command


def _defects(words: Sequence[str]) -> int:
    from benchmarks.defects.cli import defects  # noqa: PLC0415 (loaded only when the command is called)

    return defects(words)


COMMANDS = (Command("defects", "prove that the gate catches known defects", _defects),)
"""Commands of the gate that live here."""
