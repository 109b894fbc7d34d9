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


def _load(parser: ArgumentParser) -> Run:
    from benchmarks.load.cli import prepare

    return prepare(parser)


def _explain(parser: ArgumentParser) -> Run:
    from beacon.pack import pack
    from benchmarks.defects.cases import cases
    from gate.cli.explain import prepare

    return prepare(parser, pack(), cases)


COMMANDS = (
    Command("defects", "prove that the gate catches known defects", _defects),
    Command("sabotage", "prove that a broken gate neither passes nor blames the build", _sabotage),
    Command("load", "drive the runner with many clients and faults, and judge what is left", _load),
    Command("explain", "print what the code of a finding means, and what makes such findings", _explain),
)
"""Commands of the gate that live here, or stand for one of the gate's own because they know more."""
