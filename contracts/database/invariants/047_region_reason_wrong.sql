-- rule: The reason of a region that failed or timed out is the reason of one of its executions that ended the same way.
-- source: RegionResult in runner.yaml
-- severity: major
-- reads: cross_region_executions(id, jobspec_id), executions(job_id, output_data, region, status), jobs(id, jobspec_id), region_results(cross_region_execution_id, error_message, region, status)
SELECT j.jobspec_id AS resource, r.region, r.status, left(r.error_message, 80) AS error_message
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN region_results r ON r.cross_region_execution_id = c.id
CROSS JOIN LATERAL (
    SELECT count(*) AS with_reason, count(*) FILTER (WHERE e.output_data ->> 'error' = r.error_message) AS same
    FROM executions e
    WHERE e.job_id = j.id AND e.region = r.region AND e.status = r.status AND e.output_data ->> 'error' <> ''
) n
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND r.status IN ('failed', 'timeout')
    AND n.with_reason > 0
    AND n.same = 0;
