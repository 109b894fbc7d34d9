"""The bias analysis: how the answers to the same questions differ between regions. Pure functions, no I/O."""

from runner.analysis.analysis import Analysis, analyse
from runner.analysis.scoring import Response, region_scores, score
from runner.analysis.text import contains_refusal

__all__ = ["Analysis", "Response", "analyse", "contains_refusal", "region_scores", "score"]
