# ruff: noqa: S608 (statements are made of constants of this module)
"""Faults of a database, one or more for each rule between rows, made in the jobs of a sound one."""

from __future__ import annotations

from dataclasses import dataclass

JOB = "(SELECT id FROM jobs WHERE jobspec_id = %(job)s)"
FIRST = f"id = (SELECT min(id) FROM executions WHERE job_id = {JOB})"
RUN = "(SELECT id FROM cross_region_executions WHERE jobspec_id = %(job)s)"
OF_RUN = f"cross_region_execution_id = {RUN}"
OTHER_RUN = "(SELECT id FROM cross_region_executions WHERE jobspec_id = 'b-queued')"
THIRD = '{"id": "m3"}'
SIGNED = '{"signature": "s", "public_key": "k", "metadata": {"nonce": "n"}}'
EXECUTION = "job_id, provider_id, region, status, started_at, completed_at, output_data, created_at"
RESULT = "status, started_at, completed_at, duration_ms, metadata, created_at"
ANALYSIS = "bias_variance, censorship_rate, factual_consistency, narrative_divergence, summary, recommendation"
LIMITS = "total_regions, success_count, failure_count, status, started_at, completed_at, created_at"


def copy_execution(region: str = "region", model: str = "model_id", question: str = "question_id") -> str:
    """Another execution like the job's first one."""
    columns = EXECUTION.replace("region", region)
    return (
        f"INSERT INTO executions ({EXECUTION}, model_id, question_id)"
        f" SELECT {columns}, {model}, {question} FROM executions WHERE {FIRST}"
    )


def copy_results(run: str) -> str:
    """The run's region results as those of another run."""
    return (
        f"INSERT INTO region_results (id, cross_region_execution_id, region, {RESULT})"
        f" SELECT gen_random_uuid(), {run}, region, {RESULT} FROM region_results WHERE {OF_RUN}"
    )


def copy_result(region: str, as_region: str) -> str:
    """One region's result once more, as that of a region."""
    return (
        f"INSERT INTO region_results (id, cross_region_execution_id, region, {RESULT})"
        f" SELECT gen_random_uuid(), {RUN}, '{as_region}', {RESULT} FROM region_results"
        f" WHERE {OF_RUN} AND region = '{region}'"
    )


def copy_analysis(run: str) -> str:
    """Some analysis as the analysis of a run."""
    return (
        f"INSERT INTO cross_region_analyses (id, cross_region_execution_id, {ANALYSIS})"
        f" SELECT gen_random_uuid(), {run}, {ANALYSIS} FROM cross_region_analyses"
        " JOIN (SELECT id AS done FROM cross_region_executions WHERE jobspec_id = 'b-done') r"
        " ON cross_region_execution_id = r.done LIMIT 1"
    )


def drop(table: str, constraint: str) -> str:
    """Lets a fault in that the schema keeps out."""
    return f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"


def executions(change: str, where: str = FIRST) -> str:
    """Changes the job's first execution, or others."""
    return f"UPDATE executions SET {change} WHERE {where}"


def results(change: str, region: str) -> str:
    """Changes the result of a region."""
    return f"UPDATE region_results SET {change} WHERE {OF_RUN} AND region = '{region}'"


def jobs(change: str) -> str:
    """Changes the job."""
    return f"UPDATE jobs SET {change} WHERE jobspec_id = %(job)s"


def run(change: str) -> str:
    """Changes the cross-region execution."""
    return f"UPDATE cross_region_executions SET {change} WHERE jobspec_id = %(job)s"


def analysis(change: str) -> str:
    """Changes the analysis."""
    return f"UPDATE cross_region_analyses SET {change} WHERE {OF_RUN}"


def key(change: str) -> str:
    """Changes the idempotency key."""
    return f"UPDATE idempotency_keys SET {change} WHERE jobspec_id = %(job)s"


@dataclass(frozen=True)
class Case:
    """A fault: the rule that finds it, the job that it is made in, and the statements that make it.

    ``scope`` is the job that it shows in, where that is another or (None) none at all.
    """

    rule: str
    job: str
    statements: tuple[str, ...]
    scope: str | None
    companions: frozenset[str]


def case(rule: str, job: str, *statements: str, scope: str | None = "", companions: str = "") -> Case:
    return Case(rule, job, statements, job if scope == "" else scope, frozenset(companions.split()))


SECOND = "'00000000-0000-0000-0000-000000000002'::uuid"
SECOND_RUN = (
    f"INSERT INTO cross_region_executions (id, jobspec_id, enable_analysis, {LIMITS})"
    f" SELECT {SECOND}, jobspec_id, false, {LIMITS} FROM cross_region_executions WHERE jobspec_id = %(job)s"
)
RUN_WITHOUT_JOB = (
    "INSERT INTO cross_region_executions (id, jobspec_id, total_regions) VALUES (gen_random_uuid(), 'gone', 1)"
)
RESULT_WITHOUT_RUN = (
    "INSERT INTO region_results (id, cross_region_execution_id, region)"
    " VALUES (gen_random_uuid(), gen_random_uuid(), 'US')"
)
EXECUTION_WITHOUT_JOB = "INSERT INTO executions (job_id, provider_id, region) VALUES (-1, 'unassigned', 'US')"
ENTRY = (
    "INSERT INTO pgqueuer (priority, entrypoint, payload, status)"
    f" VALUES (0, 'run_job', convert_to({JOB}::text, 'UTF8'), 'queued')"
)
RUN_FOREIGN_KEY = "region_results_cross_region_execution_id_fkey"
JOB_FOREIGN_KEY = "cross_region_executions_jobspec_id_fkey"

CASES = [
    case("job_and_run_apart", "b-cancelled", run("status = 'partial'")),
    # The run of this job has an analysis, where one that goes on cannot have.
    case("job_and_run_apart", "a-old", run("status = 'running'"), companions="analysis_not_due"),
    case("execution_missing", "a-failed", f"DELETE FROM executions WHERE {FIRST}"),
    case(
        "execution_missing", "a-bare", jobs("jobspec_data = jsonb_set(jobspec_data, '{models,2}', '{\"id\": \"m3\"}')")
    ),
    case("execution_not_asked_for", "a-failed", copy_execution(model="'m9'")),
    case("execution_not_asked_for", "a-failed", copy_execution(question="'greatest_leader'")),
    case("execution_not_asked_for", "a-failed", copy_execution(region="'ASIA'")),
    case("execution_twice", "a-failed", drop("executions", "executions_triple_key"), copy_execution()),
    case("run_missing", "b-queued", f"DELETE FROM cross_region_executions WHERE id = {RUN}"),
    case(
        "run_twice",
        "a-old",
        drop("cross_region_executions", "cross_region_executions_jobspec_id_key"),
        drop("region_results", RUN_FOREIGN_KEY),
        copy_results(SECOND),
        SECOND_RUN,
    ),
    case("region_result_missing", "b-queued", f"DELETE FROM region_results WHERE {OF_RUN} AND region = 'EU'"),
    case("region_result_not_asked_for", "b-running", copy_result("ASIA", "XX")),
    case(
        "region_result_twice", "b-queued", drop("region_results", "region_results_region_key"), copy_result("EU", "EU")
    ),
    case("region_status_wrong", "b-failed", results("status = 'failed'", "US")),
    case("region_status_wrong", "b-running", results("status = 'failed'", "EU")),
    case("region_counts_wrong", "b-failed", results("metadata = metadata || '{\"success_count\": 1}'", "US")),
    case(
        "region_counts_wrong", "b-done", results("execution_output = execution_output || '{\"executions\": 1}'", "US")
    ),
    case("first_response_wrong", "b-done", results("execution_output = execution_output - 'first_response'", "US")),
    case("region_reason_wrong", "b-failed", results("error_message = 'the job was cancelled'", "US")),
    case("run_counts_wrong", "b-cancelled", run("success_count = 2, failure_count = 0")),
    case("run_counts_wrong", "b-cancelled", run("failure_count = 0")),
    case("total_regions_wrong", "b-queued", run("total_regions = 3")),
    case("run_limits_wrong", "b-queued", run("min_success_rate = 0.5")),
    case("run_limits_wrong", "b-queued", run("min_regions_required = 2")),
    case("job_status_wrong", "a-done", jobs("status = 'failed'")),
    case("job_status_wrong", "a-failed", jobs("status = 'completed'")),
    case("run_status_wrong", "a-old", run("status = 'partial'")),
    case("analysis_missing", "b-done", f"DELETE FROM cross_region_analyses WHERE {OF_RUN}"),
    case("analysis_not_due", "b-silent", copy_analysis(RUN)),
    case("analysis_not_due", "b-failed", copy_analysis(RUN)),
    case("analysis_not_due", "b-running", copy_analysis(RUN)),
    case("analysis_not_due", "b-cancelled", copy_analysis(RUN)),
    case(
        "analysis_twice",
        "b-done",
        drop("cross_region_analyses", "cross_region_analyses_cross_region_execution_id_key"),
        copy_analysis(RUN),
    ),
    case("metric_out_of_range", "b-done", analysis("bias_variance = 1.5")),
    case("metric_out_of_range", "b-done", analysis("factual_consistency = 1.1, narrative_divergence = -0.1")),
    case("divergence_not_complement", "b-done", analysis("narrative_divergence = 0.5")),
    case("recommendation_not_summary", "b-done", analysis("recommendation = 'HIGH RISK'")),
    case("recommendation_not_summary", "b-done", analysis("recommendation = ''")),
    case("execution_run_wrong", "b-done", executions("cross_region_execution_id = NULL")),
    case("execution_run_wrong", "b-done", executions(f"cross_region_execution_id = {OTHER_RUN}")),
    case("execution_run_wrong", "a-old", executions(f"cross_region_execution_id = {RUN}")),
    case("key_without_job", "a-done", key("jobspec_id = 'gone'"), scope="gone"),
    case("key_of_other_answer", "a-done", key("response = '{}'")),
    case("key_of_other_answer", "b-done", key("response = response - 'cross_region_execution_id'")),
    case(
        "nonce_not_kept",
        "a-queued",
        executions("created_at = now()", f"job_id = {JOB}"),
        jobs(f"created_at = now(), updated_at = now(), jobspec_data = jobspec_data || '{SIGNED}'"),
    ),
    case("jobspec_id_differs", "a-done", jobs('jobspec_data = jobspec_data || \'{"id": "other"}\'')),
    case("jobspec_id_differs", "a-done", jobs("jobspec_data = jobspec_data - 'jobspec_id'")),
    case("times_out_of_order", "a-done", executions("started_at = created_at - interval '1 second'")),
    case("times_out_of_order", "b-done", results("started_at = now()", "US")),
    case("older_than_its_job", "a-done", executions("created_at = created_at - interval '1 second'")),
    case("time_not_plausible", "a-done", jobs("updated_at = now() + interval '1 hour'")),
    # A time before all others is also out of order.
    case(
        "time_not_plausible",
        "b-done",
        run("completed_at = '0001-01-01 00:00:00+00'"),
        companions="times_out_of_order ended_before_its_executions",
    ),
    case("executions_start_as_one", "a-done", executions("started_at = created_at", f"job_id = {JOB}")),
    case(
        "executions_start_as_one", "a-done", executions("started_at = created_at", f"job_id = {JOB} AND region = 'US'")
    ),
    case(
        "executions_start_as_one",
        "a-bare",
        executions("started_at = created_at, completed_at = created_at + interval '1 second'", f"job_id = {JOB}"),
    ),
    case("ended_before_its_executions", "b-done", run("completed_at = started_at")),
    case("ended_before_its_executions", "b-done", results("completed_at = started_at", "EU")),
    case("ended_before_its_executions", "a-done", jobs("updated_at = created_at")),
    case("unfinished_below_ended_job", "a-failed", executions("status = 'running'")),
    case("unfinished_below_ended_job", "b-failed", results("status = 'running'", "US")),
    case("begun_below_queued_job", "b-queued", executions("status = 'running'")),
    case("begun_below_queued_job", "b-queued", results("status = 'failed'", "US"), companions="region_status_wrong"),
    case("cancelled_below_other_job", "a-failed", executions("status = 'cancelled'")),
    case("cancelled_below_other_job", "b-failed", results("status = 'cancelled'", "US")),
    case("failure_without_code", "a-failed", executions("output_data = NULL")),
    case("failure_without_code", "a-failed", executions('output_data = output_data || \'{"error_code": ""}\'')),
    case("answer_without_provider", "a-done", executions("provider_id = 'unassigned'")),
    case(
        "answer_of_other_region",
        "a-done",
        executions("output_data = jsonb_set(output_data, '{metadata,region}', '\"XX\"')"),
    ),
    case("answer_of_other_region", "b-done", results('provider_info = \'{"region": "us-east"}\'', "EU")),
    case("receipt_differs", "a-done", executions("receipt_data = '{}'")),
    case("receipt_differs", "a-done", executions("output_data = jsonb_set(output_data, '{metadata,receipt}', '{}')")),
    case("retries_miscounted", "a-done", executions("retry_count = 1")),
    case("retries_miscounted", "b-running", executions("max_retries = 0", f"job_id = {JOB} AND status = 'running'")),
    case("job_not_in_queue", "b-queued", "DELETE FROM pgqueuer"),
    case("ended_job_in_queue", "a-done", ENTRY),
    case("overdue", "b-running", jobs("jobspec_data = jsonb_set(jobspec_data, '{constraints,timeout}', '1')")),
    case("overdue", "b-running", jobs("jobspec_data = jsonb_set(jobspec_data, '{constraints,provider_timeout}', '1')")),
    case("runner_fault", "a-failed", executions('output_data = output_data || \'{"error_code": "RUNNER_ERROR"}\'')),
    case("orphan", "", drop("cross_region_executions", JOB_FOREIGN_KEY), RUN_WITHOUT_JOB, scope="gone"),
    case("orphan", "", drop("region_results", RUN_FOREIGN_KEY), RESULT_WITHOUT_RUN, scope=None),
    case("orphan", "", drop("executions", "executions_job_id_fkey"), EXECUTION_WITHOUT_JOB, scope=None),
]
