-- rule: No timestamp is before the year 2000 or in the future.
-- source: life-cycle in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_analyses(created_at, cross_region_execution_id, id, updated_at), cross_region_executions(completed_at, created_at, id, jobspec_id, started_at, updated_at), executions(completed_at, created_at, id, job_id, last_retry_at?, started_at), jobs(created_at?, id, jobspec_id, updated_at?), region_results(completed_at, created_at?, cross_region_execution_id, id, started_at, updated_at?)
SELECT j.jobspec_id AS resource, t.source, t.row_id, t.at
FROM jobs j
CROSS JOIN LATERAL (
    SELECT 'jobs' AS source, j.id::text AS row_id, at
    FROM unnest(ARRAY[j.created_at, j.updated_at]) AS at
    UNION ALL
    SELECT 'executions', e.id::text, at
    FROM executions e, unnest(ARRAY[e.created_at, e.started_at, e.completed_at, e.last_retry_at]) AS at
    WHERE e.job_id = j.id
    UNION ALL
    SELECT 'cross_region_executions', c.id::text, at
    FROM cross_region_executions c, unnest(ARRAY[c.created_at, c.started_at, c.completed_at, c.updated_at]) AS at
    WHERE c.jobspec_id = j.jobspec_id
    UNION ALL
    SELECT 'region_results', r.id::text, at
    FROM cross_region_executions c
    JOIN region_results r ON r.cross_region_execution_id = c.id,
        unnest(ARRAY[r.created_at, r.started_at, r.completed_at, r.updated_at]) AS at
    WHERE c.jobspec_id = j.jobspec_id
    UNION ALL
    SELECT 'cross_region_analyses', a.id::text, at
    FROM cross_region_executions c
    JOIN cross_region_analyses a ON a.cross_region_execution_id = c.id,
        unnest(ARRAY[a.created_at, a.updated_at]) AS at
    WHERE c.jobspec_id = j.jobspec_id
) t
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND (t.at < '2000-01-01 00:00:00+00' OR t.at > now() + interval '1 minute');
