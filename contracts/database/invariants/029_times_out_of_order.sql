-- rule: In every row, created <= started <= completed <= updated.
-- source: life-cycle in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_analyses(created_at, cross_region_execution_id, id, updated_at), cross_region_executions(completed_at, created_at, id, jobspec_id, started_at, updated_at), executions(completed_at, created_at, id, job_id, started_at), jobs(created_at?, id, jobspec_id, updated_at?, workflow), region_results(completed_at, created_at?, cross_region_execution_id, id, started_at, updated_at?)
SELECT j.jobspec_id AS resource, t.source, t.row_id, t.created_at, t.started_at, t.completed_at, t.updated_at
FROM jobs j
CROSS JOIN LATERAL (
    SELECT 'jobs' AS source, j.id::text AS row_id, j.created_at, NULL::timestamptz AS started_at,
        NULL::timestamptz AS completed_at, j.updated_at
    UNION ALL
    SELECT 'executions', e.id::text, e.created_at, e.started_at, e.completed_at, NULL
    FROM executions e WHERE e.job_id = j.id
    UNION ALL
    -- A backfilled run is younger than the executions that it summarises.
    SELECT 'cross_region_executions', c.id::text, CASE WHEN j.workflow = 'cross-region' THEN c.created_at END,
        c.started_at, c.completed_at, c.updated_at
    FROM cross_region_executions c WHERE c.jobspec_id = j.jobspec_id
    UNION ALL
    SELECT 'region_results', r.id::text, CASE WHEN j.workflow = 'cross-region' THEN r.created_at END,
        r.started_at, r.completed_at, r.updated_at
    FROM cross_region_executions c JOIN region_results r ON r.cross_region_execution_id = c.id
    WHERE c.jobspec_id = j.jobspec_id
    UNION ALL
    SELECT 'cross_region_analyses', a.id::text, a.created_at, NULL, NULL, a.updated_at
    FROM cross_region_executions c JOIN cross_region_analyses a ON a.cross_region_execution_id = c.id
    WHERE c.jobspec_id = j.jobspec_id
) t
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND (
        t.started_at < t.created_at OR t.completed_at < t.started_at OR t.completed_at < t.created_at
        OR t.updated_at < t.created_at OR t.updated_at < t.completed_at
    );
