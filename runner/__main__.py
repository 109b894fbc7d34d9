"""`python -m runner`: see `python -m runner --help`."""

from runner.cli import app

if __name__ == "__main__":  # processes that the backfill starts import this module again
    app(prog_name="python -m runner")
