"""Decides whose fault an error was; docs/faults.md has the table.

A fault of the build is a BrokenPromise, whose findings break the verdict. Anything else is a GateError: the run is
unjudged, and its message says why.
"""

from __future__ import annotations

import dis
import errno
import re
import resource
import signal
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from types import CodeType, TracebackType

import psycopg

from gate.core.errors import GateError, NotAvailable
from gate.core.evidence import Evidence
from gate.core.findings import BrokenPromise, Finding
from gate.core.resources import FILES_NEEDED
from gate.core.texts import clip
from gate.session.codes import SILENT
from gate.targets import Ended, NotReadyError

CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS, signal.SIGTRAP}
"""Signals by which a process ends of its own doing; any other one comes from outside."""
NOT_EXECUTED = {126, 127}
"""Exit codes of a shell whose command is not there or no program."""
USED_UP = {
    errno.EMFILE: "Too many files are open",
    errno.ENFILE: "Too many files are open on this machine",
    errno.ENOSPC: "A disk is full",
    errno.EDQUOT: "A disk quota is used up",
    errno.EADDRNOTAVAIL: "No local port is free",
    errno.EADDRINUSE: "No local port is free",
    errno.EFBIG: "A file is too large for the limit of this shell (ulimit -f)",
    errno.ENOMEM: "No memory is left",
    errno.EAGAIN: "No further process or thread can be started",
}
_USED_UP_LINE = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|(?:Cannot|Can't) assign requested address"
)
_FILES_LINE = "Too many open files"
_FRAME = " \t│|╰╯─"
"""Characters around a line of a message in a frame, as command lines draw one."""
_OF_CODE = (NameError, ImportError, SyntaxError)
_MISCALLED = re.compile(r"\(\) (got an unexpected keyword|got multiple values|missing \d+ required|takes )")
_OF_ANSWERS = (str, int, float, list, dict, type(None))
"""Classes of what an answer holds: an attribute that they lack may be missing because the answer is another."""
_TIME_LIMIT = "Timeout (>"
"""The beginning of the failure of a test that took longer than the gate gives any test."""


class InternalError(GateError):
    """Code of the gate failed; ``evidence`` is its traceback."""

    def __init__(self, message: str, error: BaseException) -> None:
        super().__init__(f"{message} failed: {type(error).__name__}: {_first_line(error)}")
        self.evidence = "".join(traceback.format_exception(error))


def of_end(ended: Ended) -> BrokenPromise | GateError:
    """The fault where a service ended and the gate had not asked it to."""
    number = -ended.code if ended.code < 0 else ended.code - 128
    name = signal.Signals(number).name if number in set(signal.Signals) else ""
    if ended.out_of_memory:
        return GateError("The service was killed because memory was used up.", "Give it more, or use fewer workers.")
    if ended.code == 0:
        return GateError("The service ended with exit code 0 as if asked to, but not by the gate.")
    if name and number not in CRASHES:
        return GateError(f"The service was killed from outside by {name}, not by the gate.")
    how = f"by {name}" if name else f"with exit code {ended.code}"
    last = next((text for line in reversed(ended.lines) if re.search(r"\w", text := line.strip(_FRAME))), "")
    got = f"it ended by itself {how}" + (f"; its last line: {clip(last, 120)}" if last else "")
    return _broken("it runs until the gate ends it", got, ended.lines)


def of_start(error: NotReadyError) -> BrokenPromise | GateError:
    """The fault where a service did not get ready; one that is only slow is to blame where it was ready here before."""
    if error.ended and error.ended.code not in NOT_EXECUTED:
        return of_end(error.ended)
    return _broken("it starts again", error.message, error.log) if error.again else error


def _broken(expected: str, got: str, lines: Sequence[str]) -> BrokenPromise:
    finding = Finding(SILENT, "the service", expected, got)
    return BrokenPromise([finding], [Evidence(message=str(finding), log=list(lines))])


def of_log(lines: Iterable[str]) -> GateError | None:
    """The fault where a service complains of what its surroundings lack."""
    few_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] < FILES_NEEDED
    for line in lines:
        if _USED_UP_LINE.search(line) or (few_files and _FILES_LINE in line):
            return GateError("The service lacks what its surroundings have to give; its log says what.", log=(line,))
    return None


def of_oracle(name: str, error: Exception) -> GateError:
    """The fault where an oracle raised."""
    return error if isinstance(error, GateError) else InternalError(f"The oracle {name}", error)


def of_error(error: BaseException, suite: Path) -> BrokenPromise | GateError | None:
    """The fault behind the failure of a test of the folder ``suite``; None where the failure says it itself.

    An assertion is about the build wherever it stands, and so is a wait that timed out. Any other error is the build's
    where an operation of a test failed, and the gate's where the gate's own code did; one of pytest, of a name or an
    attribute that is not there, or of a test's own ``raise`` is never the build's.
    """
    for cause in _chain(error):
        if known := _of_class(cause):
            return known
    if isinstance(error, AssertionError) or type(error).__name__ == "TimeoutError":
        return None
    module = type(error).__module__
    if module == "_pytest.outcomes":  # ``pytest.fail``, and ``pytest.raises`` where nothing was raised
        return None
    if module.startswith("_pytest."):
        return InternalError("Pytest", error)
    place = _place(error.__traceback__, suite.parent)
    if place is None or (place.is_relative_to(suite) and not _of_code(error, suite)):
        return None
    return InternalError(str(place.relative_to(suite.parent)), error)


def _of_code(error: BaseException, suite: Path) -> bool:
    """True if code of the suite uses what is not there, calls what it cannot so, or raises an error by itself.

    Whatever the service answered does not matter then: of an answer a test says by an assertion what is wrong.
    """
    if isinstance(error, _OF_CODE) or (isinstance(error, AttributeError) and not isinstance(error.obj, _OF_ANSWERS)):
        return True
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    if not Path(frame.f_code.co_filename).is_relative_to(suite):  # a library found fault with what it was given
        return False
    miscalled = isinstance(error, TypeError) and _MISCALLED.search(str(error)) is not None
    return miscalled or _is_raise(frame.f_code, error.__traceback__)


def _is_raise(code: CodeType, trace: TracebackType | None) -> bool:
    """True if the innermost place of a traceback, in ``code``, is a ``raise`` and no operation that failed."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and dis.opname[code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"


def unavailable(error: BaseException, absent: Collection[str]) -> NotAvailable | None:
    """The reason why a test that failed with an error cannot be made on a database without these columns."""
    missing = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)
    cause = next((each for each in _chain(error) if isinstance(each, missing)), None)
    return NotAvailable(f"the database lacks what this check reads: {_first_line(cause)}") if cause and absent else None


def _of_class(error: BaseException) -> BrokenPromise | GateError | None:
    """The fault that the class of an error decides."""
    if isinstance(error, NotReadyError):
        return of_start(error)
    if isinstance(error, GateError):
        return error
    line, number = _first_line(error), errno.ENOMEM if isinstance(error, MemoryError) else getattr(error, "errno", None)
    reason = ""
    if isinstance(error, OSError | MemoryError) and number in USED_UP:
        reason = USED_UP[number]
    elif isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        reason = "The database does not serve the gate"
    elif isinstance(error, psycopg.errors.InsufficientPrivilege):
        reason = "The role of the gate may not read all that has to be judged"
    elif line.startswith(_TIME_LIMIT):
        reason = "A test took longer than the gate gives it"
    elif type(error).__name__ == "TargetClosedError":
        reason = "The browser ended"
    return GateError(f"{reason}: {line}") if reason else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes; an error that was raised from itself is its own."""
    passed: list[BaseException] = []
    while error is not None and error not in passed:
        passed.append(error)
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _place(trace: TracebackType | None, root: Path) -> Path | None:
    """The innermost of the checkout's own files in a traceback."""
    files = [Path(frame.f_code.co_filename) for frame, _ in traceback.walk_tb(trace)]
    own = [file for file in files if file.is_relative_to(root) and "site-packages" not in file.parts]
    return own[-1] if own else None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]
