"""The door of every command: whatever goes wrong is one sentence on standard error and the right exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gate.core.errors import Exit, GateError

TRACEBACK = "GATE_TRACEBACK"
"""Variable with which a fault of the gate prints its traceback."""
LIBRARIES = "./scripts/gate, or uv sync, installs the locked libraries."
CHECKOUT, LIBRARY = Path(__file__).parents[2], "site-packages"


def guarded(run: Callable[[], int]) -> int:
    """The exit code of ``run``; every error is one sentence with a hint, never a traceback."""
    _open_streams()
    try:
        if sys.stdout is None:
            raise closed()  # noqa: TRY301 (reported like any other)
        code = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        _say("gate: interrupted.")
        return Exit.UNJUDGED
    except SystemExit as ended:  # --help, --version; or rich, which ends a process whose output nobody reads
        if ended.code in {0, None}:
            return guarded(lambda: 0)
        return _report(closed())
    except OSError as error:
        fault = output_fault() if error.filename is None and sys.stdout else None
        return _report(closed(fault) if fault else explained(error))
    except Exception as error:  # noqa: BLE001 (the last resort)
        return _report(explained(error))
    return code


def closed(fault: OSError | None = None) -> GateError:
    """The error of an output that nobody can read."""
    why = f"cannot be written: {fault.strerror}" if fault else "is closed"
    return GateError(f"Standard output {why}.", "Send it to a terminal, a file with room, or /dev/null.")


def output_fault() -> OSError | None:
    """The reason why standard output does not take an empty line; None where it does."""
    try:
        os.write(sys.stdout.fileno(), b"\n")
    except OSError as error:
        return error if error.errno else None  # an output without a descriptor, as in tests, has none
    return None


def explained(error: Exception) -> GateError:
    """An error as a sentence that says what happened, where, and what to do."""
    match error:
        case GateError():
            return error
        case ImportError():
            return GateError(f"A library cannot be loaded: {error}.", LIBRARIES)
        case OSError() if error.errno:
            return GateError(f"{error.filename or 'A file'} cannot be read or written: {error.strerror}.")
        case MemoryError():
            return GateError("There is not enough memory.", "Close other programs, or use fewer --workers.")
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).is_relative_to(CHECKOUT)]
    ours = [frame for frame in inside if LIBRARY not in frame.filename]
    place = next((f" at {frame.filename}:{frame.lineno}" for frame in reversed(ours or frames)), "")
    text = next(iter(str(error).splitlines()), "").rstrip(".")
    return GateError(f"{type(error).__name__}{place}: {text}. This is a fault of the gate.", _kept(error))


def _kept(error: Exception) -> str:
    """Keeps the traceback of an error; the sentence says where it is."""
    from gate.core.redaction import of_process
    from gate.verdict import report_directory

    text = of_process()("".join(traceback.format_exception(error)))
    if os.environ.get(TRACEBACK):
        sys.stderr.write(text)
        return "Please report it with the traceback above."
    for directory in reversed([*report_directory.held()]):
        with suppress(OSError):
            (directory / report_directory.ERRORS).write_text(text, encoding="utf-8", errors="replace")
            return f"Please report it with {directory / report_directory.ERRORS}."
    return f"Please report it with the traceback that {TRACEBACK}=1 prints."


def _report(error: GateError) -> int:
    from gate.core.redaction import of_process

    hint = f"\n{error.hint}" if error.hint else ""
    _say(of_process()(f"gate: {error.message}{hint}" + "".join(f"\n  | {line}" for line in error.log)))
    try:
        if sys.stdout:
            sys.stdout.flush()
    except OSError:  # Python would try again at its end, and fail with a code of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return error.exit_code


def _say(text: str) -> None:
    with suppress(OSError):
        red, plain = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() and "NO_COLOR" not in os.environ else ("", "")
        print(f"{red}{text}{plain}", file=sys.stderr, flush=True)


def _open_streams() -> None:
    """Opens what was closed at the start, so that no file of the gate takes its place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), number != 1)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (open as long as the process)
