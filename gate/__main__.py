"""``python -m gate``: the gate without a pack."""

import sys

from gate.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
