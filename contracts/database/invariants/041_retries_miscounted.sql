-- rule: An execution is retried at most max_retries times, and each retry is in its history.
-- source: ExecutionDetails in runner.yaml
-- severity: major
-- reads: executions(id, job_id, max_retries, retry_count, retry_history), jobs(id, jobspec_id)
SELECT j.jobspec_id AS resource, e.id AS execution, e.retry_count, e.max_retries, e.retry_history
FROM jobs j
JOIN executions e ON e.job_id = j.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND (
        e.retry_count > e.max_retries
        OR e.retry_count IS DISTINCT FROM
            CASE WHEN jsonb_typeof(e.retry_history) = 'array' THEN jsonb_array_length(e.retry_history) END
    );
