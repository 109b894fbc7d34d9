-- rule: A queued job has no execution that has started and no region that is decided.
-- source: life-cycle in runner.yaml
-- severity: major
-- layer: status
-- reads: cross_region_executions(id, jobspec_id), executions(job_id, region, status), jobs(id, jobspec_id, status), region_results(cross_region_execution_id, region, status)
SELECT j.jobspec_id AS resource, t.source, t.region, t.status
FROM jobs j
CROSS JOIN LATERAL (
    SELECT 'executions' AS source, e.region, e.status
    FROM executions e WHERE e.job_id = j.id AND e.status <> 'pending'
    UNION ALL
    SELECT 'region_results', r.region, r.status
    FROM cross_region_executions c JOIN region_results r ON r.cross_region_execution_id = c.id
    WHERE c.jobspec_id = j.jobspec_id AND r.status <> 'running'
) t
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.status = 'queued';
