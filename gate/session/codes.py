"""Findings on a test that failed by itself, rather than by an oracle."""

from __future__ import annotations

from collections.abc import Sequence

from gate.core.client import Unreachable
from gate.core.findings import BrokenPromise, Finding, register
from gate.core.waiting import NotReached

CODES = register("""
BG-TEST-001 major test: Test failed
    A test of the suite failed on an assertion of its own. The evidence has the assertion's message.
BG-TEST-002 major wait: Test did not finish
    A wait in a test timed out, or reached a state from which it could no longer succeed. The evidence has the
    history of observed states.
    Example: tests/orders/test_orders.py::test_order_is_shipped | the test passes | the order being shipped: not reached
    within 30 s, last seen: placed
BG-TEST-003 critical process: Service does not answer
    A request got no response at all: the service has stopped or refuses connections. The end of its log says why.
BG-TEST-004 major test: Test ended with an error
    An error that is no assertion ended a test, its set-up or its clean-up, so what the test checks was not judged.
    Example: tests/orders/test_orders.py::test_order_is_stored | the test passes | the database has no table orders
BG-REFUSED-002 critical refusal: Valid submission refused
    The service refused a submission that keeps the contract: its schema and the rules that a schema cannot express.
""")

FAILED, UNFINISHED, SILENT, BROKEN, REFUSED = (code.id for code in CODES)
_CODE_OF = {Unreachable: SILENT, NotReached: UNFINISHED, AssertionError: FAILED}


def findings_of(error: BaseException, where: str) -> Sequence[Finding]:
    """The failure of a test as findings."""
    if isinstance(error, BrokenPromise):
        return error.findings
    code = next((code for kind, code in _CODE_OF.items() if isinstance(error, kind)), BROKEN)
    first = (str(error).strip() or repr(error)).splitlines()[0]
    return [Finding(code, where, "the test passes", first)]
