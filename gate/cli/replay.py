"""The command ``gate --replay FILE``: starts the build that the file names and runs what the file holds."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from gate.core import waiting
from gate.core.errors import Exit, GateError, NotAvailable, UsageError
from gate.core.ids import Ids
from gate.core.options import declared
from gate.core.redaction import Redactor
from gate.core.rerun import PASSING, SERVICE_ENV, RunOptions
from gate.core.settings import Settings, load, redactor
from gate.fuzz import replay as files
from gate.fuzz.rules import FuzzPack
from gate.session.pack import Pack
from gate.session.session import Session
from gate.session.start import refuse
from gate.suite.judged import judged
from gate.targets import Target
from gate.targets.choose import choose, configured, resolved
from gate.targets.remote import SCRATCH
from gate.targets.remote_run.access import remote_access
from gate.targets.remote_run.cleanup import RemoteRunCleanup
from gate.verdict import report_directory
from gate.verdict.journal import Journal

FOLDER = "replayed"
"""The folder, within that of the reports, for the ledger of a replay on a remote target."""


def replay(pack: Pack, typed: Mapping[str, Any], path: Path) -> Exit:
    """Print FIXED, FAILED or ERROR and return the exit code; UsageError where ``path`` is no replay file.

    The options are those of the file, but for what was ``typed``.
    """
    if not isinstance(pack, FuzzPack):
        raise UsageError(
            "This pack has no rules for fuzzing, so it has no replay files.", "Use the pack that wrote it."
        )
    wanted = files.load(path)
    settings = resolved(options_of(pack.options, typed, wanted.options))
    refuse(settings, pack)
    waiting.scale(settings.time_factor)
    redact = redactor(settings)
    build = _build(pack, settings)
    try:
        with _opened(pack, settings, redact) as session:
            code, line = files.outcome(session, pack.fuzzing, wanted)
    except (GateError, NotAvailable) as error:
        code, line = Exit.UNJUDGED, f"ERROR {wanted.code} {wanted.where}: {str(error).splitlines()[0]}"
    print(redact(f"{line}\nreplayed against {build}"))
    return code


def options_of(model: type[Settings], typed: Mapping[str, Any], recorded: RunOptions) -> Settings:
    """The options of a replay: those that were typed, then those of its file, else the defaults.

    No variable of the shell changes the build, but for those that the file names. UsageError where one is not set.
    """
    own = {option.variable for option in declared(model) if option.name not in PASSING}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    target = typed.get("target") or recorded.values.get("target", model.model_fields["target"].default)
    for option in declared(model):
        if option.name in typed or (option.option.targets and target not in option.option.targets):
            continue
        if option.name in recorded.values:
            environment[option.variable] = _text(recorded.values[option.name])
        elif option.name in recorded.variables:
            environment[option.variable] = _held(recorded.variables[option.name], option.flag)
        elif option.name == SERVICE_ENV and recorded.service:
            pairs = [f"{name}={_held(held, f'{option.flag} {name}')}" for name, held in recorded.service.items()]
            environment[option.variable] = shlex.join(pairs)
    for name in recorded.headers:
        _held(name, "a header of each request")
    return load(model, typed, environment=environment)


def _text(value: Any) -> str:
    """A recorded value as a variable holds it."""
    return "1" if value is True else shlex.join(value) if isinstance(value, list) else str(value)


def _held(variable: str, place: str) -> str:
    try:
        return os.environ[variable]
    except KeyError as error:
        message = f"The variable {variable} is not set, which held {place} when the replay file was written."
        raise UsageError(message, "Set it to the same value: a replay file holds no secrets.") from error


def _build(pack: Pack, settings: Settings) -> str:
    """The build in a few words, with what else decides on the answers."""
    build = judged(settings, configured(pack.service, settings), ()).build
    profile = (
        f", profile {settings.profile}" if settings.profile != type(settings).model_fields["profile"].default else ""
    )
    return f"{build} (target {settings.target}{profile})"


@contextmanager
def _opened(pack: Pack, settings: Settings, redact: Redactor) -> Iterator[Session]:
    """A session on the build, with nothing left of it afterwards."""
    if settings.target == "remote":
        settings = settings.model_copy(update={"report_dir": settings.report_dir / FOLDER})
        report_directory.claim(settings.report_dir)
    cleanup = RemoteRunCleanup(settings, pack.service.remote)
    target = choose(settings, pack.service, lambda text: print(redact(text), file=sys.stderr))
    try:
        shared = {**target.start(), "run": os.urandom(4).hex()}
        cleanup.begin(shared["run"])
        with _session(pack, settings, target, shared, redact) as session:
            yield session
    finally:
        target.stop()
        for text in cleanup.end():
            print(redact(f"left behind: {text}"), file=sys.stderr)


@contextmanager
def _session(
    pack: Pack, settings: Settings, target: Target, shared: Mapping[str, str], redact: Redactor
) -> Iterator[Session]:
    with (
        tempfile.TemporaryDirectory() as directory,
        closing(Journal(Path(directory) / "journal.ndjson", redact)) as journal,
    ):
        session = Session(
            pack,
            target.system(shared),
            Ids(shared["run"], "r"),
            journal,
            remote_access(settings, shared, pack.service.remote),
            wire=pack.profile(settings.profile).wire,
            scratch_url=shared.get(SCRATCH),
        )
        try:
            yield session
        finally:
            session.close()
