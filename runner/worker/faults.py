"""Faults of a job's runs: those of its surroundings pass, others come again with every try."""

from dataclasses import dataclass
from typing import Final

import psycopg

_PASSING: Final = (psycopg.Error, OSError, MemoryError, TimeoutError)
_OF_THE_JOB: Final = (psycopg.DataError, psycopg.IntegrityError)


@dataclass(frozen=True)
class Faults:
    """The faults of one job since its worker began.

    Attributes:
        total: all of them.
        own: those that do not pass.

    """

    total: int = 0
    own: int = 0

    def and_another(self, error: BaseException) -> "Faults":
        """These faults with one more."""
        return Faults(self.total + 1, self.own + (0 if passes(error) else 1))


def passes(error: BaseException) -> bool:
    """Return whether a fault is one of the surroundings, e.g. of the database; of several, all have to be."""
    if isinstance(error, BaseExceptionGroup):
        return all(passes(single) for single in error.exceptions)
    return isinstance(error, _PASSING) and not isinstance(error, _OF_THE_JOB)
