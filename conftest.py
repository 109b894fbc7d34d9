"""Hands in the pack, and registers the plugins in ``fixtures/``."""

from beacon.pack import pack
from gate import suite

suite.use(pack())

pytest_plugins = [
    "gate.suite.run",
    "gate.suite.judging",
    "gate.suite.secrets",
    "fixtures.systems",
    "fixtures.races",
    "fixtures.relays",
    "fixtures.commands",
    "fixtures.past",
    "fixtures.fuzzing",
    "gate.suite.selecting",
    "fixtures.portal.plugin",
]
