"""The command line: serve, worker, migrate, backfill, prune."""

import sys
from concurrent.futures import BrokenExecutor
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import psycopg
import typer

from runner import __version__
from runner import migrate as migrations
from runner.settings import EXIT_CONFIGURATION, DatabaseSettings, Settings, load, load_as, refuse, table

EXIT_DATABASE: Final = 4
EXIT_FAILED: Final = 1
EXIT_INTERRUPTED: Final = 130
_CONNECTION: Final = "08"
_AWAY: Final = {_CONNECTION, "57"}  # classes of SQLSTATE: no connection, or one that the server ended
_AGAIN: Final = "What was written stays; run it again to finish."
_REMOVED: Final = "What was removed stays so; run it again to finish."

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# rich breaks lines of a paragraph, so each setting is a paragraph.
_SETTINGS: Final = "\n\n".join(
    ["Settings are environment variables, here with their defaults:"]
    + [f"{variable} ({default}): {title}" for variable, default, title in table(Settings)]
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"beacon-runner {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The reference runner of Project Beacon.

    Settings come from environment variables: DATABASE_URL and, to serve or work, ROUTER_URL are required; PORT and
    RUNNER_* are optional. `serve --help` lists them all.
    """


@app.command(epilog=_SETTINGS)
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of RUNNER_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port, instead of PORT; 0 takes any free one.")
    ] = None,
    portal: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            envvar="RUNNER_PORTAL",
            help="Directory of the portal, to be served at /portal.",
        ),
    ] = None,
) -> None:
    """Serve the HTTP interface, and work on jobs too unless RUNNER_EMBEDDED_WORKER is false.

    SIGTERM and SIGINT end it gracefully. Exit codes: 2 a setting is missing or bad, 3 the address is in use, 4 the
    database does not answer or is not migrated.
    """
    settings = load()
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update=changes)
    _leave_out_terminals()
    _log_to_output(settings)
    import uvloop  # noqa: PLC0415 - only the command that needs it loads it

    from runner import service  # noqa: PLC0415 - only the command that needs it loads it

    uvloop.run(service.serve(settings, portal))


@app.command()
def worker() -> None:
    """Work on queued jobs without serving HTTP: more such processes, on any machine, make more jobs run side by side.

    SIGTERM and SIGINT end it gracefully. Exit codes: 2 a setting is missing or bad, 4 the database does not answer or
    is not migrated.
    """
    settings = load()
    _leave_out_terminals()
    _log_to_output(settings)
    import uvloop  # noqa: PLC0415 - only the command that needs it loads it

    from runner import working  # noqa: PLC0415 - only the command that needs it loads it

    uvloop.run(working.work(settings))


@app.command()
def migrate(
    target: Annotated[
        int | None, typer.Option(min=0, help="Schema version to go to, up or down. Default: the newest.")
    ] = None,
) -> None:
    """Bring the database of DATABASE_URL to a schema version, and print what was run."""
    settings = load_as(DatabaseSettings)
    try:
        done = migrations.migrate(settings.database_url, target)
    except migrations.MigrationError as error:
        refuse(f"cannot migrate: {error}.", EXIT_FAILED)
    except psycopg.OperationalError as error:
        refuse(f"the database of DATABASE_URL does not answer: {_first_line(error)}.", EXIT_DATABASE)
    for step in done:
        typer.echo(step)
    if not done:
        typer.echo("nothing to do")


@app.command()
def backfill(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    job: Annotated[str | None, typer.Option(help="Only the job with this id.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
            help="Only jobs created at or after this time; UTC when it has no zone.",
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=10000, help="Jobs in one transaction.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Give jobs of the standard workflow that ended before the cross-region one existed their analysis.

    Running it again changes nothing, and one that was killed is finished by running it again. Jobs that get no analysis
    are listed with the reason. Exit codes: 1 the database refused, 2 there is no such job, or a setting or option is
    missing or bad, 4 the database does not answer or is not migrated.
    """
    settings = load_as(DatabaseSettings)
    from runner import backfill as filling  # noqa: PLC0415 - only the command that needs it loads it

    try:
        filling.backfill(settings.database_url, dry_run=dry_run, job=job, since=since, batch=batch, as_json=as_json)
    except filling.UnknownJobError as error:
        refuse(f"there is no job {error}: give --job the id of a job that exists.", EXIT_CONFIGURATION)
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        refuse("the database of DATABASE_URL is not migrated: run python -m runner migrate first.", EXIT_DATABASE)
    except (psycopg.Error, BrokenExecutor) as error:
        if isinstance(error, psycopg.OperationalError) and (error.sqlstate or _CONNECTION)[:2] in _AWAY:
            refuse(f"the database of DATABASE_URL does not answer: {_first_line(error)}. {_AGAIN}", EXIT_DATABASE)
        refuse(f"the backfill broke off: {_first_line(error)}. {_AGAIN}", EXIT_FAILED)
    except KeyboardInterrupt:
        refuse(f"interrupted. {_AGAIN}", EXIT_INTERRUPTED)


@app.command()
def prune(
    days: Annotated[float, typer.Option(min=0, help="Remove jobs that ended so many days ago, or longer.")],
    archive: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="File to which each job is appended, as a line of JSON, before it is removed."
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=10000, help="Jobs in one transaction.")] = 200,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many there are, and remove nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Remove jobs that ended long ago, with their executions, results, analyses and idempotency keys.

    The service and workers go on meanwhile. One that was killed is finished by running it again. Exit codes: 1 the
    database refused or the archive cannot be written, 2 a setting or option is missing or bad, 4 the database does not
    answer or is not migrated.
    """
    settings = load_as(DatabaseSettings)
    from runner import prune as pruning  # noqa: PLC0415 - only the command that needs it loads it

    try:
        pruning.prune(settings.database_url, days, archive=archive, batch=batch, dry_run=dry_run, as_json=as_json)
    except OSError as error:
        refuse(f"the archive {archive} cannot be written: {error.strerror or error}.", EXIT_FAILED)
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        refuse("the database of DATABASE_URL is not migrated: run python -m runner migrate first.", EXIT_DATABASE)
    except psycopg.Error as error:
        if isinstance(error, psycopg.OperationalError) and (error.sqlstate or _CONNECTION)[:2] in _AWAY:
            refuse(f"the database of DATABASE_URL does not answer: {_first_line(error)}. {_REMOVED}", EXIT_DATABASE)
        refuse(f"the removal broke off: {_first_line(error)}. {_REMOVED}", EXIT_FAILED)
    except KeyboardInterrupt:
        refuse(f"interrupted. {_REMOVED}", EXIT_INTERRUPTED)


def _leave_out_terminals() -> None:
    """Keep structlog from loading rich: a tenth of the time of a start, and no use."""
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type] # the documented way to have an import fail


def _log_to_output(settings: DatabaseSettings) -> None:
    from runner import logging  # noqa: PLC0415 - late, as --help and migrate do without what it imports

    logging.configure(settings.log_level)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
