"""Words and bases that many shapes share."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from runner.analysis.differences import DIMENSIONS
from runner.jobspec import JOB_ID, RESERVED_ID
from runner.questions import DEFAULT_QUESTION, TEXTS

JobIdText = Annotated[str, Field(pattern=JOB_ID, json_schema_extra={"not": {"const": RESERVED_ID}})]
Region = Literal["US", "EU", "ASIA"]
RegionName = Literal["US", "EU", "ASIA", "APAC"]
RegionNames = Annotated[list[RegionName], Field(min_length=1, max_length=3, json_schema_extra={"uniqueItems": True})]
Rate = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Nanoseconds = Annotated[int, Field(ge=0, le=86_400_000_000_000, description="Nanoseconds; 0 for the default.")]
ModelId = Annotated[str, Field(min_length=1, max_length=50)]
Text = Annotated[str, Field(min_length=1)]
JobStatus = Literal["queued", "running", "completed", "partial", "failed", "cancelled"]
Workflow = Literal["standard", "cross-region"]
Recommendation = Literal["CRITICAL RISK", "HIGH RISK", "MEDIUM RISK", "LOW RISK"]
EndedStatus = Literal["completed", "partial", "failed", "cancelled"]
RunStatus = Literal["running", "completed", "partial", "failed", "cancelled"]
Severity = Literal["critical", "high", "medium", "low"]


def one_of(*known: str) -> dict[str, Any]:
    """The schema's members that say which texts there are, for those that are made from tables."""
    return {"enum": list(known)}


QuestionId = Annotated[str, Field(json_schema_extra=one_of(*TEXTS))]
AskedQuestionId = Annotated[str, Field(json_schema_extra=one_of(*TEXTS, DEFAULT_QUESTION))]
Dimension = Annotated[str, Field(json_schema_extra=one_of(*DIMENSIONS))]


# Built when the document is asked for: these shapes check nothing before, and would take a quarter of the start.
_LATE: Final = ConfigDict(defer_build=True)


class Kept(BaseModel):
    """A part of a request whose unknown members are kept."""

    model_config = ConfigDict(**_LATE, extra="allow")


class Exact(BaseModel):
    """A part of a request or response that has no other members."""

    model_config = ConfigDict(**_LATE, extra="forbid")
