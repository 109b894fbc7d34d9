-- rule: Executions and regions are cancelled only with their job.
-- source: life-cycle in runner.yaml
-- severity: major
-- layer: status
-- reads: cross_region_executions(id, jobspec_id), executions(job_id, region, status), jobs(id, jobspec_id, status), region_results(cross_region_execution_id, region, status)
SELECT j.jobspec_id AS resource, j.status AS job_status, t.source, t.region
FROM jobs j
CROSS JOIN LATERAL (
    SELECT 'executions' AS source, e.region
    FROM executions e WHERE e.job_id = j.id AND e.status = 'cancelled'
    UNION ALL
    SELECT 'region_results', r.region
    FROM cross_region_executions c JOIN region_results r ON r.cross_region_execution_id = c.id
    WHERE c.jobspec_id = j.jobspec_id AND r.status = 'cancelled'
) t
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.status <> 'cancelled';
