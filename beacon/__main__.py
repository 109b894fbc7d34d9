"""``python -m beacon``: the gate with the Beacon pack, and the commands of the benchmarks."""

from __future__ import annotations

import sys

from beacon.pack import pack
from benchmarks import COMMANDS
from gate.cli.main import main

if __name__ == "__main__":
    sys.exit(main(pack(), COMMANDS))
