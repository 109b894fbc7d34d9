"""A run that pytest cannot go on with says why: the gate's own error as it is, any other with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.core.errors import DocumentError
from gate.suite.outcomes import internal_error

ERROR = DocumentError(Path("contracts/order.toml"), 1, "TOML")
TRACEBACK = """  File "/x/gate/verdict/order.py", line 40, in load
    raise DocumentError(path, line, "TOML")
{error}"""


def in_a_worker(error: str) -> pytest.ExceptionInfo[AssertionError]:
    """The error of a worker, as xdist raises it in the controlling process."""
    code = compile("raise AssertionError(text)", "/x/xdist/dsession.py", "exec")
    with pytest.raises(AssertionError) as raised:
        exec(code, {"text": TRACEBACK.format(error=error)})  # noqa: S102 (of this file, under another file's name)
    return raised


def test_error_of_the_gate_is_said_as_it_is() -> None:
    with pytest.raises(DocumentError) as raised:
        raise ERROR
    assert internal_error(raised) == str(ERROR)
    assert internal_error(in_a_worker(f"gate.core.errors.DocumentError: {ERROR}")) == str(ERROR)


def test_other_error_is_said_with_its_place() -> None:
    expected = "Pytest failed in itself: KeyError: 'a' (/x/gate/verdict/order.py:40)"
    assert internal_error(in_a_worker("KeyError: 'a'")) == expected
