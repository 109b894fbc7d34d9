"""Members of what the API shows, by the column that each shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

Members = Mapping[str, str]
"""Column by member."""


def _same(names: str) -> dict[str, str]:
    return {name: name for name in names.split()}


EXECUTION: Members = _same("""
    id region provider_id status model_id question_id created_at started_at completed_at response_classification
    is_substantive is_content_refusal is_technical_error response_length retry_count max_retries
    cross_region_execution_id
""") | {"output": "output_data"}
DETAILS: Members = {
    **EXECUTION,
    "receipt": "receipt_data",
    **_same("system_prompt original_error retry_history last_retry_at"),
}
RUN: Members = _same("""
    id jobspec_id total_regions success_count failure_count min_regions_required min_success_rate status
    enable_analysis started_at completed_at duration_ms created_at updated_at
""")
REGION: Members = _same("""
    id cross_region_execution_id region provider_id status started_at completed_at duration_ms execution_output
    error_message scoring metadata
""")
ANALYSIS: Members = _same("""
    id cross_region_execution_id bias_variance censorship_rate factual_consistency narrative_divergence
    key_differences risk_assessment summary recommendation created_at updated_at
""")
BIAS_ANALYSIS: Members = _same("cross_region_execution_id created_at")
SUMMARY: Members = {
    "id": "jobspec_id",
    **_same("status workflow benchmark_name regions models risk_level created_at started_at completed_at updated_at"),
}
JOB: Members = {"job": "jobspec_data", "status": "status"}
RESPONSE_COLUMNS: Mapping[str, Collection[str]] = {
    "jobs": ("id", "jobspec_id", "workflow", *JOB.values()),
    "executions": ("job_id", *EXECUTION.values()),
    "cross_region_executions": RUN.values(),
    "region_results": REGION.values(),
    "cross_region_analyses": ANALYSIS.values(),
}
"""Columns by table of the rows that ``beacon.views.shown_rows`` builds. A job's number is its place in the record."""
