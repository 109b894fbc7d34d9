-- rule: Every row belongs to a job or to a job's cross-region execution.
-- source: schema: foreign keys
-- severity: major
-- reads: cross_region_analyses(cross_region_execution_id, id), cross_region_executions(id, jobspec_id), executions(id, job_id), jobs(id, jobspec_id), region_results(cross_region_execution_id, id)
SELECT t.resource, t.source, t.row_id
FROM (
    SELECT c.jobspec_id AS resource, 'cross_region_executions' AS source, c.id::text AS row_id
    FROM cross_region_executions c
    WHERE (%(resources)s::text[] IS NULL OR c.jobspec_id = ANY(%(resources)s))
        AND NOT EXISTS (SELECT FROM jobs j WHERE j.jobspec_id = c.jobspec_id)
    UNION ALL
    SELECT NULL, 'executions', e.id::text
    FROM executions e
    WHERE %(resources)s::text[] IS NULL
        AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = e.job_id)
    UNION ALL
    SELECT NULL, 'region_results', r.id::text
    FROM region_results r
    WHERE %(resources)s::text[] IS NULL
        AND NOT EXISTS (SELECT FROM cross_region_executions c WHERE c.id = r.cross_region_execution_id)
    UNION ALL
    SELECT NULL, 'cross_region_analyses', a.id::text
    FROM cross_region_analyses a
    WHERE %(resources)s::text[] IS NULL
        AND NOT EXISTS (SELECT FROM cross_region_executions c WHERE c.id = a.cross_region_execution_id)
) t;
