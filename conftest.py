"""Hands in the pack, and registers the plugins in ``fixtures/``."""

from beacon.pack import pack
from gate import suite

suite.use(pack())

pytest_plugins = [
    "gate.suite.run",
    "fixtures.systems",
    "fixtures.commands",
    "fixtures.past",
    "fixtures.fuzzing",
    "gate.suite.selecting",
    "gate.suite.judging",
    "fixtures.portal.plugin",
]
