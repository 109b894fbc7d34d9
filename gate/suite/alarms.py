"""Alarms: the helpers by which tests fail show, before the first test, that they raise.

An oracle that says nothing is noticed by its canary. A helper that says nothing would turn every test that relies on it
green, whatever the service does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from gate.core.errors import GateError
from gate.core.findings import BrokenPromise, Finding, must
from gate.core.waiting import DEADLINES, NotReached, wait
from gate.session.codes import FAILED


def _over() -> object:
    return wait("a condition that is never met", lambda: None, until=lambda _: False, kind="never")


def _impossible() -> object:
    return wait("a state that ends a wait", lambda: None, until=lambda _: False, never=lambda _: True)


UNDO = "Undo what was changed in gate/core."
ALARMS: Mapping[str, tuple[Callable[[], object], type[Exception]]] = {
    "must() with a finding": (lambda: must([Finding(FAILED, "an alarm", "an error", "none")]), BrokenPromise),
    "wait() beyond its deadline": (_over, NotReached),
    "wait() in a state from which its condition cannot be met": (_impossible, NotReached),
}
"""Uses of the helpers that must raise, each with its error."""


def check(alarms: Mapping[str, tuple[Callable[[], object], type[Exception]]] = ALARMS) -> None:
    """Use each helper so that it has to raise, and each kind of wait so that it must not; GateError names the wrong."""
    for name, (use, error) in alarms.items():
        try:
            use()
        except error:
            continue
        message = f"{name} raised no {error.__name__}, so tests that rely on it cannot fail."
        raise GateError(message, UNDO)
    for kind in DEADLINES.keys() - {"never"}:
        looks = iter((False, True))
        try:
            wait("a condition that is met soon", partial(next, looks), until=bool, kind=kind)
        except NotReached as error:
            raise GateError(
                f"wait() of the kind {kind!r} ends too early, so tests that wait would fail.", UNDO
            ) from error
