"""``python -m beacon``: the gate with the Beacon pack, and the commands of the benchmarks."""

from __future__ import annotations

import sys

from gate.core.surroundings import enter

if __name__ == "__main__":
    enter()  # before a library reads the environment

    from beacon.pack import pack
    from benchmarks import COMMANDS
    from gate.cli.main import main

    sys.exit(main(pack(), COMMANDS))
