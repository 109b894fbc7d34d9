"""`python -m runner`: see `python -m runner --help`."""

from runner.cli import app

app(prog_name="python -m runner")
