"""Codes of findings on generated requests, and the catalogue of all codes."""

from __future__ import annotations

from collections.abc import Mapping

from gate.core.findings import Code, add, catalogue, register
from gate.oracles import finished, published_contract, schema, unchanged
from gate.session import codes as of_session
from gate.session.pack import Pack
from gate.verdict import codes as of_verdict

CODES = register("""
BG-FUZZ-001 major request F102: Invalid request accepted
    The service accepted a generated request that violates the published contract. It may now store data that no
    reader expects.
BG-FUZZ-002 major refusal: Valid request refused
    The service refused a generated request that keeps the published contract. Either the service is too strict, or
    the contract omits a rule.
    Example: POST /orders answered 400 | 2xx | 400 invalid: quantity must be at most 99
BG-FUZZ-003 minor form: Undocumented method not answered with 405
    A method that the contract does not have for a path must be answered with 405 and an Allow header that lists
    every method of the path.
    Example: PATCH /orders | 405 with Allow: GET, POST | 404
BG-FUZZ-004 major refusal: Too few generated requests accepted
    Too few of the generated valid requests were answered with 2xx, so the code behind validation was hardly tested.
    The operation does not count as fuzzed.
    Example: POST /orders | at least 10 of 40 valid requests accepted | 2
BG-FUZZ-005 critical client: Link of an accepted submission leads nowhere
    The answer to an accepted submission links to operations that show the new resource, some of them under another
    version of the API. One of them does not know it; a resource that is not ready yet must say so instead.
    Example: POST /orders 201 link to GET /orders/{order_id} | the linked resource | 404 order_not_found
BG-FUZZ-006 major client: Built-in check of the fuzzer failed
    A check of schemathesis failed for which the gate has no oracle of its own. The expectation shows the check's
    message.
    Example: GET /orders/7 answered 200 | no access to a resource after its deletion | DELETE /orders/7 had been
    answered with 204
BG-FUZZ-007 critical client: Sequence of requests led to an unexpected state
    After a generated sequence, an answer contradicts what earlier steps established: for example, an accepted
    resource is gone, a cancellation had no effect, or the same submission created a second resource.
    Example: POST /orders/{order_id}/cancel, then GET /orders/{order_id} | status cancelled | status placed
""")

INVALID_ACCEPTED, VALID_REFUSED, METHOD_NOT_REFUSED, TOO_FEW_ACCEPTED = (code.id for code in CODES[:4])
BROKEN_LINK, CHECK_FAILED, CONTRADICTION = (code.id for code in CODES[4:])


def whole(pack: Pack | None) -> Mapping[str, Code]:
    """Every code by its id: those of the engine, and those of the pack's oracles."""
    for module in (finished, published_contract, schema, unchanged, of_session, of_verdict):
        add(*module.CODES)
    for oracle in pack.oracles if pack else ():
        add(*oracle.codes)
    return catalogue()
