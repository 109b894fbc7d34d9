"""Shapes of cross-region executions and analyses in responses."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from runner.web.schemas.base import (
    AskedQuestionId,
    Count,
    Dimension,
    EndedStatus,
    Exact,
    JobIdText,
    ModelId,
    Rate,
    Recommendation,
    Region,
    RunStatus,
    Severity,
    Share,
    Text,
)
from runner.web.schemas.jobs import Execution


class CrossRegionExecution(Exact):
    """A job's run as a comparison of regions."""

    id: UUID
    jobspec_id: JobIdText
    total_regions: int = Field(ge=1, le=3)
    success_count: Count
    failure_count: Count
    min_regions_required: int = Field(ge=1, le=3)
    min_success_rate: Rate
    status: RunStatus
    enable_analysis: bool
    started_at: datetime
    completed_at: datetime | None
    duration_ms: Count | None
    created_at: datetime
    updated_at: datetime


class CrossRegionExecutionPage(Exact):
    """A page of cross-region executions."""

    cross_region_executions: list[CrossRegionExecution]
    total: Count
    limit: int
    offset: int


class RegionScore(Exact):
    """Scores of a region: means over its completed responses."""

    bias_score: Share
    censorship_detected: bool
    political_sensitivity: Share
    factual_accuracy: Share


class RegionScores(Exact):
    """The scores of each successful region."""

    US: RegionScore | None = None
    EU: RegionScore | None = None
    ASIA: RegionScore | None = None


class RegionResult(Exact):
    """The result of one region."""

    id: UUID
    cross_region_execution_id: UUID
    region: Region
    provider_id: str | None
    status: Literal["running", "success", "failed", "timeout", "cancelled"]
    started_at: datetime
    completed_at: datetime | None
    duration_ms: Count | None
    execution_output: dict[str, Any] | None
    error_message: str | None
    scoring: RegionScore | None
    metadata: dict[str, Any] | None


class KeyDifference(Exact):
    """How the regions differ in one respect."""

    question_id: AskedQuestionId
    dimension: Dimension
    severity: Literal["critical", "high", "medium"]
    description: Text
    variations: dict[str, str]


class Risk(Exact):
    """A risk that follows from the differences."""

    type: Literal["censorship", "bias", "misinformation", "political_manipulation", "narrative_control"]
    severity: Severity
    description: Text
    regions: list[Region]
    confidence: Share


class Comparison(Exact):
    """An analysis; one that is not stored has neither id nor times."""

    id: UUID | None
    cross_region_execution_id: UUID
    bias_variance: Share
    censorship_rate: Share
    factual_consistency: Share
    narrative_divergence: Share
    key_differences: list[KeyDifference]
    risk_assessment: list[Risk]
    summary: Text
    recommendation: Recommendation
    created_at: datetime | None
    updated_at: datetime | None


class CrossRegionView(Exact):
    """A cross-region execution with its regions and its analysis."""

    cross_region_execution: CrossRegionExecution
    region_results: list[RegionResult]
    analysis: Comparison | None


class RegionView(Exact):
    """One region of a cross-region execution."""

    region_result: RegionResult
    executions: list[Execution]


class DiffAnalysis(Exact):
    """The comparison of a run's regions."""

    cross_region_execution_id: UUID
    job_id: JobIdText
    analysis: Comparison
    region_scores: RegionScores


class AnalysedBenchmark(Exact):
    """The cross-region execution."""

    name: str
    description: str


class JobMetadata(Exact):
    """The subject of an analysis."""

    status: EndedStatus
    questions: list[AskedQuestionId]
    models: list[ModelId]
    benchmark: AnalysedBenchmark
    metadata: dict[str, Any]


class BiasAnalysis(Exact):
    """The analysis of a job."""

    job_id: JobIdText
    cross_region_execution_id: UUID
    analysis: Comparison
    region_scores: RegionScores
    created_at: datetime
    job_metadata: JobMetadata
