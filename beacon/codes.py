"""Codes of the pack that no oracle judges."""

from __future__ import annotations

from gate.core.findings import register

(REFUSED,) = register("""
BG-REFUSED-002 critical: Valid submission refused
    The service refused a submission that keeps the contract: its schema and the rules that a schema cannot express.
""")
