-- rule: A job, its cross-region execution and each region end no earlier than the last of their executions.
-- source: life-cycle in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_executions(completed_at, id, jobspec_id), executions(completed_at, job_id, region), jobs(id, jobspec_id, status, updated_at?), region_results(completed_at, cross_region_execution_id, id, region)
SELECT j.jobspec_id AS resource, t.source, t.region, t.ended, t.last
FROM jobs j
CROSS JOIN LATERAL (
    SELECT 'jobs' AS source, NULL AS region, j.updated_at AS ended, max(e.completed_at) AS last
    FROM executions e
    WHERE e.job_id = j.id AND j.status IN ('completed', 'partial', 'failed', 'cancelled')
    UNION ALL
    SELECT 'cross_region_executions', NULL, c.completed_at, max(e.completed_at)
    FROM cross_region_executions c JOIN executions e ON e.job_id = j.id
    WHERE c.jobspec_id = j.jobspec_id
    GROUP BY c.id, c.completed_at
    UNION ALL
    SELECT 'region_results', r.region, r.completed_at, max(e.completed_at)
    FROM cross_region_executions c
    JOIN region_results r ON r.cross_region_execution_id = c.id
    JOIN executions e ON e.job_id = j.id AND e.region = r.region
    WHERE c.jobspec_id = j.jobspec_id
    GROUP BY r.id, r.region, r.completed_at
) t
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND t.ended < t.last;
