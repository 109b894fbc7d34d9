"""``python -m beacon``: the gate with the Beacon pack, and the commands of the benchmarks."""

from __future__ import annotations

import sys

from gate.cli.guarded import guarded


def _start() -> int:
    from gate.core.surroundings import enter

    enter()  # before a library reads the environment

    from beacon.pack import pack
    from benchmarks import COMMANDS
    from gate.cli.main import main

    return main(pack(), COMMANDS)


if __name__ == "__main__":
    sys.exit(guarded(_start))
