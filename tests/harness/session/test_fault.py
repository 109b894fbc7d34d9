"""Each error and each end is laid to the build or to the gate, as docs/faults.md says."""

from __future__ import annotations

import errno
import json
import resource
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from beacon.checkout import ROOT
from gate.core.client import Unreachable
from gate.core.errors import GateError
from gate.core.findings import BrokenPromise, Finding
from gate.core.record import Observations, Record
from gate.core.waiting import NotReached
from gate.oracles.registry import Oracle
from gate.session import fault
from gate.session.judge import judge
from gate.suite import pack
from gate.targets import Ended, NotReadyError

SUITE = ROOT / "tests"


@pytest.mark.parametrize(
    ("ended", "how"),
    [
        (Ended(1), "with exit code 1"),
        (Ended(-11), "by SIGSEGV"),
        (Ended(-6), "by SIGABRT"),
        (Ended(139), "by SIGSEGV"),  # as a shell or a container engine says it
        (Ended(4), "with exit code 4"),
    ],
)
def test_service_that_ends_by_itself_is_one_finding_with_its_last_lines(ended: Ended, how: str) -> None:
    lines = ["first line", "│ last line   │", "╰─────╯", ""]
    broken = fault.of_end(Ended(ended.code, lines))
    assert isinstance(broken, BrokenPromise)
    assert [(f.code, f.where, f.got) for f in broken.findings] == [
        ("BG-TEST-003", "the service", f"it ended by itself {how}; its last line: last line")
    ]
    assert broken.findings[0].kind.severity == "critical"
    assert broken.evidence[0].log == lines


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (Ended(-9), "killed from outside by SIGKILL"),
        (Ended(137), "killed from outside by SIGKILL"),
        (Ended(-15), "killed from outside by SIGTERM"),
        (Ended(0), "as if asked to"),
        (Ended(-9, out_of_memory=True), "memory was used up"),
    ],
)
def test_service_that_somebody_else_ended_is_no_finding(ended: Ended, reason: str) -> None:
    cause = fault.of_end(ended)
    assert isinstance(cause, GateError)
    assert reason in cause.message


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def failing() -> object:
    raise ValueError("the test is not ready")


def raised(call: Callable[[], object]) -> BaseException:
    """The error that a call of the gate's own code raises, with its traceback."""
    with pytest.raises(Exception, match=r".") as caught:
        call()
    return caught.value


ERRORS = {
    "open files": (caused(Unreachable("POST"), OSError(errno.EMFILE, "Too many open files")), "files are open"),
    "ports": (caused(Unreachable("POST"), OSError(errno.EADDRNOTAVAIL, "no address")), "No local port"),
    "disk": (OSError(errno.ENOSPC, "No space left"), "disk is full"),
    "memory": (MemoryError(), "No memory is left"),
    "database": (psycopg.OperationalError("server closed the connection"), "does not serve the gate"),
    "database is full": (psycopg.errors.DiskFull("no space"), "does not serve the gate"),
    "first start": (NotReadyError("The service was not ready.", ()), "The service was not ready."),
    "no command": (NotReadyError("The service ended.", (), Ended(127)), "The service ended."),
    "time limit": (Exception("Timeout (>120.0s) from pytest-timeout."), "longer than the gate gives"),
    "name that is not there": (raised(lambda: no_such_name), "test_fault.py failed: NameError"),  # type: ignore[name-defined]  # noqa: F821 (the fault)
    "fixture that is not there": (
        pytest.FixtureLookupError.__new__(pytest.FixtureLookupError),
        "Pytest failed: FixtureLookupError",
    ),
    "attribute that is not there": (raised(lambda: getattr(pytest, "no_such")), "test_fault.py failed: AttributeError"),  # noqa: B009 (the fault)
    "argument that is not there": (raised(lambda: failing(1)), "test_fault.py failed: TypeError"),  # type: ignore[call-arg]  # the fault
    "raised on purpose": (raised(failing), "test_fault.py failed: ValueError: the test is not ready"),
    "code of the gate": (raised(lambda: fault.of_end(None)), "gate/session/fault.py failed: AttributeError"),  # type: ignore[arg-type]  # the fault
}
OWN_CAUSE = AssertionError("raised from itself")
OF_BUILD = {
    "its own cause": caused(OWN_CAUSE, OWN_CAUSE),
    "assertion": AssertionError("no"),
    "no answer": Unreachable("GET"),
    "wait": NotReached("late"),
    "finding": BrokenPromise([Finding("BG-TEST-001", "here", "a", "b")]),
    "attribute of an answer": raised(lambda: getattr(None, "id")),  # noqa: B009 (the fault)
    "value of an answer": raised(lambda: int("many")),
    "body of an answer": raised(lambda: json.loads("<html>")),
    "error of a test": raised(lambda: {"a": 1}["jobs"]),
    "failure by name": pytest.fail.Exception("the service forgot it"),
    "time-out": TimeoutError("the page does not show it"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error_of_the_gate_or_its_surroundings_is_no_finding(name: str) -> None:
    error, reason = ERRORS[name]
    cause = fault.of_error(error, SUITE)
    assert isinstance(cause, GateError)
    assert reason in cause.message


@pytest.mark.parametrize("name", OF_BUILD)
def test_error_of_a_test_is_a_finding(name: str) -> None:
    assert fault.of_error(OF_BUILD[name], SUITE) is None


def test_service_that_ends_at_its_start_or_does_not_start_again_is_a_finding() -> None:
    late = NotReadyError("It was not ready within 30 s.", ("line",), again=True)
    for error in (NotReadyError("It ended.", (), Ended(1)), late):
        assert isinstance(fault.of_error(error, SUITE), BrokenPromise)


def test_oracle_that_raises_is_named_with_its_traceback() -> None:
    def check(record: Record, *_: object) -> list[Finding]:
        return [record.exchanges[0].body["id"]]  # type: ignore[call-overload]  # the fault

    broken = Oracle("broken", "", (), check, lambda _: (Record(""), Observations()))
    with pytest.raises(fault.InternalError, match="The oracle broken failed: IndexError") as caught:
        judge(Record(""), Observations(), pack().contract, [broken])
    assert "test_fault.py" in caught.value.evidence


def test_line_of_a_full_disk_is_no_finding_and_one_of_open_files_where_the_limit_is_low(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service that needs more than the usual number of files leaks them."""
    assert fault.of_log(["fine", "could not extend file: No space left on device"])
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    assert fault.of_log(["OSError: [Errno 24] Too many open files"])
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    assert fault.of_log(["OSError: [Errno 24] Too many open files"]) is None


def test_place_of_an_error_is_that_of_the_checkout_alone() -> None:
    assert fault.of_error(raised(lambda: Path("/nowhere").read_text()), SUITE) is None
