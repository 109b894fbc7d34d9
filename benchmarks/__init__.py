"""Benchmarks: known defects and mutants of the runner, other tools beside the gate, images, and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence


def _defects(words: Sequence[str]) -> int:
    """Proves that the gate catches known defects of the deployed runner."""
    from benchmarks.defects.cli import defects  # noqa: PLC0415 (loaded only when the command is called)

    return defects(words)


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {"defects": _defects}
"""Commands of the gate that live here; each takes its arguments, returns the exit code, and has its help as docstring.

The door, ``beacon/__main__.py``, hands them to ``gate.cli.main``.
"""
