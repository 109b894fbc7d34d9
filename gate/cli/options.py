"""Options on the command line: their groups in the help, and their reference."""

from __future__ import annotations

from argparse import ArgumentParser
from itertools import groupby

from gate.core.options import Declared, Options, declared
from gate.core.surroundings import FILE

GROUPS = {
    "target": "target: where the service comes from",
    "depth": "depth: how much is checked",
    "reports": "reports: what is accepted and what is written",
    "remote": "remote: with --target remote alone",
}
"""Headings of the groups, in their order."""
REFERENCE = f"""\
# Options

Generated from the settings model by `./scripts/gate update`.

A value is taken from the command line, else from its variable in the environment, else from the table `[gate]` of
`{FILE}` in the working directory, else it is the default. Variables and file may hold options of several targets: a
run ignores those of other targets. A switch is `1` or `0` in the environment, `true` or `false` in the file. An option
that may be given more than once takes words as a shell does in the environment, a list in the file. A run refuses a
variable that begins with `GATE_` and belongs to no option, so a misspelt one leaves no default in its place.
"""


def _groups(model: type[Options]) -> list[tuple[str, list[Declared]]]:
    """The options of a model by the heading of their group."""
    ordered = sorted(declared(model), key=lambda option: list(GROUPS).index(option.option.group))
    return [(GROUPS[name], list(group)) for name, group in groupby(ordered, lambda option: option.option.group)]


def add(parser: ArgumentParser, model: type[Options]) -> None:
    """Adds every option of a model to a parser."""
    for heading, options in _groups(model):
        group = parser.add_argument_group(heading)
        for option in options:
            group.add_argument(option.flag, **option.arguments())


def reference(model: type[Options]) -> str:
    """The page of documentation about the options of a model."""
    sections = [REFERENCE]
    for heading, options in _groups(model):
        rows = [f"## {heading[0].upper()}{heading[1:]}\n", "| option | default | variable | |", "|---|---|---|---|"]
        for option in options:
            metavar = option.option.metavar.replace("|", "\\|")
            variable = "none" if option.option.typed else f"`{option.variable}`"
            rows.append(f"| `{f'{option.flag} {metavar}'.strip()}` | {option.default} | {variable} | {option.help} |")
        sections.append("\n".join(rows) + "\n")
    return "\n".join(sections)
