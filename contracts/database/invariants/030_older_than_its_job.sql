-- rule: No row of a job was created before the job.
-- source: life-cycle in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_analyses(created_at, cross_region_execution_id, id), cross_region_executions(created_at, id, jobspec_id), executions(created_at, id, job_id), jobs(created_at, id, jobspec_id), region_results(created_at, cross_region_execution_id, id)
SELECT j.jobspec_id AS resource, t.source, t.row_id, t.created_at, j.created_at AS job_created_at
FROM jobs j
CROSS JOIN LATERAL (
    SELECT 'executions' AS source, e.id::text AS row_id, e.created_at
    FROM executions e WHERE e.job_id = j.id
    UNION ALL
    SELECT 'cross_region_executions', c.id::text, c.created_at
    FROM cross_region_executions c WHERE c.jobspec_id = j.jobspec_id
    UNION ALL
    SELECT 'region_results', r.id::text, r.created_at
    FROM cross_region_executions c JOIN region_results r ON r.cross_region_execution_id = c.id
    WHERE c.jobspec_id = j.jobspec_id
    UNION ALL
    SELECT 'cross_region_analyses', a.id::text, a.created_at
    FROM cross_region_executions c JOIN cross_region_analyses a ON a.cross_region_execution_id = c.id
    WHERE c.jobspec_id = j.jobspec_id
) t
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND t.created_at < j.created_at;
