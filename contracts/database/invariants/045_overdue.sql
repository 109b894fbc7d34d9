-- rule: A running job ends within its time limit, and the executions of each region within the region's time limit.
-- source: Constraints in runner.yaml
-- severity: critical
-- layer: end
-- reads: executions(job_id, last_retry_at, region, started_at, status), jobs(id, jobspec_data, jobspec_id, status, updated_at)
SELECT j.jobspec_id AS resource, j.status, t.source, t.region, t.begun, t.seconds AS time_limit
FROM jobs j
CROSS JOIN LATERAL (
    SELECT CASE WHEN jsonb_typeof(j.jobspec_data #> '{constraints,timeout}') = 'number'
            THEN (j.jobspec_data #>> '{constraints,timeout}')::numeric / 1e9 END AS job_seconds,
        CASE WHEN jsonb_typeof(j.jobspec_data #> '{constraints,provider_timeout}') = 'number'
            THEN (j.jobspec_data #>> '{constraints,provider_timeout}')::numeric / 1e9 END AS region_seconds
) l
CROSS JOIN LATERAL (
    SELECT 'jobs' AS source, NULL AS region, greatest(j.updated_at, max(e.last_retry_at)) AS begun,
        l.job_seconds AS seconds
    FROM executions e
    WHERE e.job_id = j.id
    UNION ALL
    SELECT 'executions', e.region, greatest(min(e.started_at), max(e.last_retry_at)), l.region_seconds
    FROM executions e
    WHERE e.job_id = j.id
    GROUP BY e.region
    HAVING count(*) FILTER (WHERE e.status IN ('pending', 'running')) > 0
) t
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.status = 'running'
    -- Writing the outcome after the timeout takes time as well. A restart resets the clock.
    AND t.begun + make_interval(secs => (t.seconds + 5)::double precision) < now();
