"""The comparison of two OpenAPI documents: what a new one breaks for callers of the old one.

``compare`` returns each change with its rule, its severity and the smallest place that changed. Texts and examples are
not compared.
"""

from gate.contract.diff.change import Change, Where
from gate.contract.diff.compare import compare

__all__ = ["Change", "Where", "compare"]
