-- rule: An execution that failed or timed out has an error code.
-- source: FailedOutput in runner.yaml
-- severity: major
-- reads: executions(id, job_id, output_data, region, status), jobs(id, jobspec_id)
SELECT j.jobspec_id AS resource, e.id AS execution, e.region, e.status, e.output_data
FROM jobs j
JOIN executions e ON e.job_id = j.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND e.status IN ('failed', 'timeout')
    AND coalesce(e.output_data ->> 'error_code', '') = '';
