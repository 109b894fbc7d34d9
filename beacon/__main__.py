"""``python -m beacon``: the gate with the Beacon pack, and the commands of the benchmarks."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from beacon.pack import pack
from gate.cli.command import Command
from gate.cli.main import main


def _defects(words: Sequence[str]) -> int:
    from benchmarks.defects.cli import defects  # noqa: PLC0415 (its libraries would slow down every other command)

    return defects(words)


COMMANDS = (Command("defects", "prove that the gate catches known defects", _defects),)

if __name__ == "__main__":
    sys.exit(main(pack(), COMMANDS))
