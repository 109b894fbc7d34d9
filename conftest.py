"""Registers the plugins in ``fixtures/``."""

pytest_plugins = ["fixtures.run", "fixtures.systems", "fixtures.fuzzing", "fixtures.judging"]
