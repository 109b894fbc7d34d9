"""Registers the plugins in ``fixtures/``."""

pytest_plugins = [
    "fixtures.run",
    "fixtures.systems",
    "fixtures.commands",
    "fixtures.past",
    "fixtures.fuzzing",
    "fixtures.selecting",
    "fixtures.judging",
    "fixtures.portal",
]
