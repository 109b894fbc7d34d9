"""``gate init``: looks at a service and writes the ``gate.toml`` that ``gate judge`` needs."""

from __future__ import annotations

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.cli.command import Run
from gate.core.errors import Exit, UsageError
from gate.core.surroundings import FILE

if TYPE_CHECKING:  # their libraries would slow down every command
    from gate.core.declaration import Declaration
    from gate.fuzz.survey.look import Say

EPILOG = """\
examples:
  gate init --start "prefect server start --host 127.0.0.1 --port {port} --no-ui" --openapi /openapi.json \\
    --database-env 'PREFECT_API_DATABASE_CONNECTION_URL=postgresql+asyncpg://{user}@{host}:{port}/{name}'
  gate init --start "node server.js" --database-env DATABASE_URL --header "Authorization=env:TOKEN"
  gate init --image example/library:7 --image-port 3000 --database-env DATABASE_URL
  gate init --base-url https://staging.example.org --database-url env:STAGING_DATABASE --openapi openapi.yaml

In --start and --env, {port} is the port to serve on, which PORT holds too, and {database_url} the database. In
--database-env, {user}, {host}, {port} and {name} are those of the database; a bare NAME means
postgresql://{user}@{host}:{port}/{name}.
With --base-url, `gate judge` sends only GET, too, until service.writes in gate.toml allows more.
Exit codes: 0 gate.toml was written, 2 usage, 3 the service could not be looked at.
"""
TRIAL_SECONDS = 70.0
"""Seconds for trying the operations; what is left then is not tried."""


def prepare(parser: ArgumentParser) -> Run:
    """Fills the parser of the command."""
    from argparse import RawDescriptionHelpFormatter

    parser.formatter_class = RawDescriptionHelpFormatter
    parser.description = (
        "Starts a service on an empty database, tries each operation of its OpenAPI document once, and writes\n"
        f"{FILE} with what it had to guess and why. Run it in the folder of the service."
    )
    parser.epilog = EPILOG
    add = parser.add_argument
    add("--start", metavar="COMMAND", default="", help="starts the service, in this folder")
    help_ = "instead: an image of this machine's container engine; --start is then a command in it, if it needs one"
    add("--image", metavar="NAME", default="", help=help_)
    help_ = "with --image: the port that it serves on in its container (default: 8080)"
    add("--image-port", metavar="N", type=int, default=0, help=help_)
    add("--base-url", metavar="URL", default="", help="instead: a service that runs; this sends only GET")
    help_ = "with --base-url: its database, as env:NAME of a variable; without it, answers alone are judged"
    add("--database-url", metavar="URL", default="", help=help_)
    add("--openapi", metavar="PLACE", default="/openapi.json", help="the document: a path on the service, or a file")
    add(
        "--database-env",
        metavar="NAME[=TEMPLATE]",
        action="append",
        default=[],
        help="a variable that leads the service to its database; may be given more than once",
    )
    add("--env", metavar="NAME=VALUE", action="append", default=[], help="a further variable of the service")
    add("--migrate", metavar="COMMAND", default="", help="makes the schema, where starting the service does not")
    add("--ready", metavar="PATH", default="", help="answers 2xx once the service is ready (default: any answer)")
    add("--base", metavar="PATH", help="stands before each path of the document (default: it is looked for)")
    add("--header", metavar="NAME=VALUE", action="append", default=[], help="a header of each request, as env:VARIABLE")
    help_ = "a parameter of the query of each request, as env:VARIABLE"
    add("--query", metavar="NAME=VALUE", action="append", default=[], help=help_)
    add(
        "--service",
        metavar="NAME=COMMAND",
        action="append",
        default=[],
        help="a server that the service needs, with {port} in its command; NAME is the variable with its address",
    )
    help_ = "another Postgres than the gate's own; with --image the name of an image"
    add("--postgres", metavar="DIR|URL", default="", help=help_)
    add("--network", action="store_true", help="let the service reach the network")
    add("--cold", action="store_true", help="make the database anew instead of from the cache")
    help_ = "with --base-url: look at it although its address looks like production"
    add("--i-know-this-is-production", dest="production", action="store_true", help=help_)
    add("--force", action="store_true", help=f"overwrite {FILE}")
    return run


def run(values: Namespace) -> int:
    """Looks at the service and writes the file; the exit code."""
    from gate.cli.init_options import declaration_of
    from gate.core.isolation import elsewhere

    path = Path.cwd() / FILE
    if path.exists() and not values.force:
        raise UsageError(f"There is a {FILE} in {path.parent} already.", "Add --force to overwrite it.")
    declaration = declaration_of(values, path)
    document = declaration.document
    if document and not document.is_file():
        raise UsageError(f"There is no document {document}.", "Give --openapi a file, or a path on the service.")
    if declaration.service.base_url:
        elsewhere()
    elif sentence := kept_in(declaration, network=values.network):
        print(sentence)
    return _survey(values, declaration, path)


def kept_in(declaration: Declaration, *, network: bool) -> str:
    """Takes the way out of this machine from a service that is started; a sentence on how, empty where it is whole."""
    if declaration.service.image:
        from gate.targets.declared_image import contain

        return contain(network=network, near=declaration.outside)
    from gate.core.isolation import isolate

    return isolate(network=network, near=declaration.outside)


def _survey(values: Namespace, declaration: Declaration, path: Path) -> int:
    from gate.cli.init_report import show
    from gate.core.declaration import parse
    from gate.core.lifetime import Lifetime
    from gate.fuzz.service.pack import DeclaredPack
    from gate.fuzz.service.settings import settings_of
    from gate.fuzz.survey.look import Look
    from gate.fuzz.survey.writing import written
    from gate.session.start import refuse

    settings = settings_of(declaration)(cold=values.cold, i_know_this_is_production=values.production)
    refuse(settings, DeclaredPack(declaration))
    life = Lifetime()
    os.environ.update(life.environment)
    began = time.monotonic()
    try:
        with _progress() as say:
            look = Look(declaration, settings, base=values.base, say=say)
            look.run(TRIAL_SECONDS)
        services = {name: side.model_dump(exclude_defaults=True) for name, side in declaration.services.items()}
        text = written(declaration.service, services, look.guessed)
        parse(text, path)  # what cannot be read again is a fault of the gate
        path.write_text(text, encoding="utf-8")
        show(look, path, time.monotonic() - began)
    finally:
        life.close()
    return Exit.PASS


@contextmanager
def _progress() -> Iterator[Say]:
    """Shows what goes on: in a terminal in one line that changes, else a line for each phase."""
    from rich.console import Console

    console = Console(highlight=False, stderr=True)
    if console.is_terminal:
        with console.status("") as status:

            def show(text: str, **_: Any) -> None:
                status.update(text)

            yield show
        return
    last = [0.0]

    def say(text: str, *, phase: bool = True) -> None:
        if phase or time.monotonic() > last[0] + 10:
            last[0] = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    yield say
