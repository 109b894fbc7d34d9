"""Benchmarks: known defects and mutants of the runner, other tools beside the gate, images, and figures."""

from __future__ import annotations

from argparse import ArgumentParser

from gate.cli.command import Command, Run


def _defects(parser: ArgumentParser) -> Run:
    from benchmarks.defects.cli import prepare  # noqa: PLC0415 (loaded only when the command is called)

    return prepare(parser)


COMMANDS = (Command("defects", "prove that the gate catches known defects", _defects),)
"""Commands of the gate that live here."""
