"""Benchmarks: defects and mutants of the runner, sabotages of the gate, other tools, images, and figures."""

from __future__ import annotations

from argparse import ArgumentParser

from gate.cli.command import Command, Run


def _defects(parser: ArgumentParser) -> Run:
    from benchmarks.defects.cli import prepare

    return prepare(parser)


def _sabotage(parser: ArgumentParser) -> Run:
    from benchmarks.sabotage.cli import prepare

    return prepare(parser)


COMMANDS = (
    Command("defects", "prove that the gate catches known defects", _defects),
    Command("sabotage", "prove that a broken gate neither passes nor blames the build", _sabotage),
)
"""Commands of the gate that live here."""
