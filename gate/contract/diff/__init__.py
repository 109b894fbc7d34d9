"""What a change of the published contract breaks for those who rely on it.

``compare`` takes two OpenAPI documents and returns what changed between them, each change with a rule of
``contracts/diff_rules.toml``, its severity and the smallest place that changed. Texts and examples are not compared.
"""

from gate.contract.diff.change import Change, Where
from gate.contract.diff.compare import compare

__all__ = ["Change", "Where", "compare"]
