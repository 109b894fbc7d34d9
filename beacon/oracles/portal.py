"""The portal's consumer contract keeps to the published one."""

from __future__ import annotations

from gate.contract.document import Contract
from gate.contract.pact import Pact
from gate.core.findings import Finding, register
from gate.oracles import consumer_contract

PREFIX = "BG-PORTAL"
(ANSWER,) = register("""
BG-PORTAL-006 critical client: Runner breaks the portal's consumer contract
    A recorded interaction of the portal was sent to the runner. The answer lacks what the portal reads, or has it in
    another form.
    Example: GET /api/v2/jobs/job-12/bias-analysis 200 /analysis/bias_variance | a number, which the portal reads | no
    such member
""")
ORACLE = consumer_contract.oracle(PREFIX, "portal")


def check(pact: Pact, contract: Contract) -> list[Finding]:
    """Findings on fields that the portal relies on and the contract does not promise."""
    return consumer_contract.check(pact, contract, PREFIX)
