-- rule: No execution fails because of a fault in the runner: its error code is a code of the router.
-- source: FailedOutput in runner.yaml
-- severity: critical
-- layer: process
-- reads: executions(id, job_id, output_data, region, status), jobs(id, jobspec_id)
SELECT j.jobspec_id AS resource, e.id AS execution, e.region, e.output_data ->> 'error_code' AS error_code,
    e.output_data ->> 'error' AS error
FROM jobs j
JOIN executions e ON e.job_id = j.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND e.status IN ('failed', 'timeout')
    AND e.output_data ->> 'error_code' <> ''
    AND NOT starts_with(e.output_data ->> 'error_code', 'ROUTER_');
