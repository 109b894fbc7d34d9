-- rule: A job that has ended has no pending or running execution and no running region.
-- source: life-cycle in runner.yaml
-- severity: critical
-- layer: status
-- reads: cross_region_executions(id, jobspec_id), executions(job_id, region, status), jobs(id, jobspec_id, status), region_results(cross_region_execution_id, region, status)
SELECT j.jobspec_id AS resource, j.status AS job_status, t.source, t.region, t.status
FROM jobs j
CROSS JOIN LATERAL (
    SELECT 'executions' AS source, e.region, e.status
    FROM executions e WHERE e.job_id = j.id AND e.status IN ('pending', 'running')
    UNION ALL
    SELECT 'region_results', r.region, r.status
    FROM cross_region_executions c JOIN region_results r ON r.cross_region_execution_id = c.id
    WHERE c.jobspec_id = j.jobspec_id AND r.status = 'running'
) t
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.status IN ('completed', 'partial', 'failed', 'cancelled');
