"""The command ``gate --replay FILE``: starts the target and runs a replay file."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from gate.core import waiting
from gate.core.errors import Exit, GateError, UsageError
from gate.core.ids import Ids
from gate.core.settings import Settings
from gate.fuzz.replay import load, outcome
from gate.fuzz.rules import FuzzPack
from gate.session.pack import Pack
from gate.session.session import Session
from gate.targets.choose import choose
from gate.targets.remote_run.access import redactor
from gate.verdict.journal import Journal


def replay(pack: Pack, settings: Settings, path: Path) -> Exit:
    """Print FIXED, FAILED or ERROR and return the exit code; UsageError where ``path`` is no replay file."""
    if not isinstance(pack, FuzzPack):
        raise UsageError(
            "This pack has no rules for fuzzing, so it has no replay files.", "Use the pack that wrote it."
        )
    wanted = load(path)
    waiting.scale(settings.time_factor)
    redact = redactor(settings)
    target = choose(settings, pack.service, lambda text: print(redact(text), file=sys.stderr))
    try:
        with tempfile.TemporaryDirectory() as directory:
            system = target.system(target.start())
            journal = Journal(Path(directory) / "journal.ndjson", redact)
            session = Session(pack, system, Ids(os.urandom(4).hex(), "r"), journal)
            try:
                code, line = outcome(session, pack.fuzzing, wanted)
            finally:
                session.close()
                journal.close()
    except GateError as error:
        code, line = Exit.UNJUDGED, f"ERROR {wanted.code} {wanted.where}: {error.message}"
    finally:
        target.stop()
    print(redact(line))
    return code
