-- rule: The counts in a region result match the region's executions.
-- source: RegionCounts in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_executions(id, jobspec_id), executions(job_id, region, status), jobs(id, jobspec_id), region_results(cross_region_execution_id, execution_output, metadata, region, status)
SELECT j.jobspec_id AS resource, r.region, r.metadata, r.execution_output -> 'executions' AS output_executions,
    n.completed, n.total
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN region_results r ON r.cross_region_execution_id = c.id
CROSS JOIN LATERAL (
    SELECT count(*) AS total,
        count(*) FILTER (WHERE e.status = 'completed') AS completed,
        count(*) FILTER (WHERE e.status = 'timeout') AS timed_out,
        count(*) FILTER (WHERE e.status IN ('pending', 'running')) AS unfinished
    FROM executions e
    WHERE e.job_id = j.id AND e.region = r.region
) n
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND r.status <> 'running'
    AND (
        r.metadata <> jsonb_build_object(
            'success_count', n.completed, 'failure_count', n.total - n.completed, 'total_executions', n.total
        )
        OR r.execution_output -> 'executions' <> to_jsonb(n.completed)
    );
