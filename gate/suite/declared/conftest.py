"""Hands in the pack of the ``gate.toml`` in the working directory, and registers the plugins."""

from pathlib import Path

from gate import suite
from gate.fuzz.service.pack import pack_in

suite.use(pack_in(Path.cwd()))

pytest_plugins = [
    "gate.suite.run",
    "gate.suite.judging",
    "gate.suite.secrets",
    "gate.suite.declared.exploring",
    "gate.suite.selecting",
]
