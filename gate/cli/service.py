"""The command ``gate judge``: judges the service that the ``gate.toml`` of the working directory declares."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from gate.cli import judge
from gate.cli.command import Run
from gate.core.errors import GateError, UsageError
from gate.core.options import given
from gate.core.redaction import HEADER
from gate.core.settings import load
from gate.core.surroundings import FILE
from gate.session.start import refuse

EPILOG = """\
examples:
  gate init --start "..."                declare a service first: this writes gate.toml
  gate judge                             judge it
  gate judge --depth full --seed 7       with more requests, and others
  gate judge -k "POST and users"         the operations with both in their names
  gate judge --replay reports/replay/BG-SENT-001-1a2b3c4d.json

Exit codes: 0 nothing wrong, 1 confirmed findings, 2 usage, 3 the service could not be judged.
"""


def prepare(parser: ArgumentParser) -> Run:
    """Fills the parser of the command."""
    from gate.fuzz.service.settings import ServiceSettings

    parser.description = (
        "Judges a service by its OpenAPI document and by what its requests do to the rows of its database. "
        "Each finding is confirmed on a fresh database; what was not reached comes first in the report. A service "
        "that runs at base_url gets GET requests alone, unless service.writes allows others, and findings are what is "
        "certain beside its other users."
    )
    parser.epilog = EPILOG
    judge.add_options(parser, ServiceSettings)
    return run


def run(values: Namespace) -> int:
    """Judges the service; the exit code."""
    from gate.cli.init import kept_in
    from gate.core.isolation import elsewhere
    from gate.fuzz.service.document import fetched
    from gate.fuzz.service.elsewhere import must_answer, must_be_of_the_service
    from gate.fuzz.service.pack import DOCUMENT, pack_in

    path = Path.cwd() / FILE
    if not path.is_file():
        raise UsageError(f"There is no {FILE} in {Path.cwd()}.", "Write it with `gate init`, or go where it is.")
    pack = pack_in(Path.cwd())
    settings = load(pack.options, given(pack.options, values), directory=Path.cwd())
    remote = settings.target == "remote"
    refuse(settings, pack)
    if remote:
        elsewhere(writes=pack.declaration.service.writes)
        os.environ.update({HEADER + name.replace("-", "_").upper(): value for name, value in pack.headers.items()})
        must_answer(pack, settings)
    elif sentence := kept_in(pack.declaration, network=settings.network):
        print(sentence)
    if pack.declaration.document is None:
        os.environ[DOCUMENT] = str(fetched(pack, settings))
    if unused := pack.declaration.fuzz.unused_patterns(map(str, pack.contract.operations)):
        raise GateError(
            f"{FILE} leaves out {unused[0]!r}, which is no operation of the document.", "Correct it in [fuzz.skip]."
        )
    if remote:
        must_be_of_the_service(pack, settings)
    return judge.judge(pack, values)
