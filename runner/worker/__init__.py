"""The worker: takes jobs from the queue and runs them, surviving its own death and that of the database."""

from runner.worker.service import run

__all__ = ["run"]
