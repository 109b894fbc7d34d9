"""``python -m beacon.demo``: the demo on this machine, or a part of it for ``compose.yaml``."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Sequence

from gate.cli.guarded import guarded
from gate.cli.parser import Parser


def _parser() -> Parser:
    parser = Parser(
        prog="./scripts/demo",
        description="Start the reference runner with the portal, a Postgres, a router stand-in and a few finished\n"
        "jobs, and print one address. Ctrl-C ends all of it and leaves nothing.",
    )
    parser.add_argument(
        "--port", type=_port, help="port of the portal and the API (default: 8090, or any free one; 0: any free one)"
    )
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--router", type=_port, metavar="PORT", help="run only the router stand-in, on every address")
    part.add_argument("--submit-to", type=_url, metavar="URL", help="only submit the jobs, to the runner at URL")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number from 0 to 65535")
    return int(text)


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL such as http://127.0.0.1:8090")
    return text.rstrip("/")


def main(words: Sequence[str] | None = None) -> int:
    """Runs the demo or a part of it until it is ended."""
    values = _parser().parse_args(words)
    for name in (signal.SIGINT, signal.SIGTERM):  # the first is ignored in the background of a script
        signal.signal(name, signal.default_int_handler)
    try:
        if values.submit_to:
            _submit(values.submit_to)
        elif values.router is not None:
            _router(values.router)
        else:
            _stack(values.port)
    except KeyboardInterrupt:
        print("\nStopped.", flush=True)
    return 0


def _stack(wanted: int | None) -> None:
    from beacon.demo import stack

    port = stack.port_of(wanted)
    print("Starting Postgres, the router stand-in and the runner ...", flush=True)
    with stack.running(port) as demo:
        demo.fill()
        print(f"\n  {demo.url}/portal/\n\nCtrl-C ends the demo and leaves nothing.", flush=True)
        print(f"{demo.settle()} jobs are there to look at.", flush=True)
        demo.watch()


def _submit(url: str) -> None:
    from beacon.demo import jobs

    jobs.submit(url)
    print("The jobs of the demo were submitted.", flush=True)


def _router(port: int) -> None:
    from beacon.demo import answers
    from beacon.router import Router
    from gate.core.errors import GateError

    router = Router("0.0.0.0", port)  # noqa: S104 (for other containers; compose.yaml does not publish the port)
    answers.program(router, answers.LATENCIES)
    with contextlib.closing(router):
        try:
            router.start()
        except OSError as error:
            raise GateError(f"Port {port} cannot be used: {error.strerror}.", "Give --router another one.") from error
        print(f"The router stand-in answers on port {router.port}.", flush=True)
        threading.Event().wait()


def _start() -> int:
    from gate.core.surroundings import enter

    enter()  # before a library reads the environment
    return main()


if __name__ == "__main__":
    sys.exit(guarded(_start))
