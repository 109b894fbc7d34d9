"""``gate``, or ``python -m gate``: the gate without a pack."""

import sys

from gate.cli.main import main


def start() -> None:
    """Runs the command line and ends the process."""
    sys.exit(main())


if __name__ == "__main__":
    start()
