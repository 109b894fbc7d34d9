"""``gate``, or ``python -m gate``: the gate without a pack."""

import sys

from gate.cli.guarded import guarded


def start() -> None:
    """Runs the command line and ends the process."""
    sys.exit(guarded(_start))


def _start() -> int:
    from gate.core.surroundings import enter

    enter()  # before a library reads the environment

    from gate.cli.main import main

    return main()


if __name__ == "__main__":
    start()
