"""``gate``, or ``python -m gate``: the gate without a pack."""

import sys

from gate.core.surroundings import enter


def start() -> None:
    """Runs the command line and ends the process."""
    enter()  # before a library reads the environment

    from gate.cli.main import main

    sys.exit(main())


if __name__ == "__main__":
    start()
