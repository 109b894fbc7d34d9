"""Registers the plugins in ``fixtures/``."""

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
