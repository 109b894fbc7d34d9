-- rule: A decided region is a success if one of its executions completed, else a timeout if one timed out, else failed; none of its executions is unfinished.
-- source: life-cycle in runner.yaml
-- severity: major
-- reads: cross_region_executions(id, jobspec_id), executions(job_id, region, status), jobs(id, jobspec_id), region_results(cross_region_execution_id, region, status)
SELECT j.jobspec_id AS resource, r.region, r.status, n.completed, n.timed_out, n.unfinished, n.total
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
    AND r.status IN ('success', 'failed', 'timeout')
    AND (
        n.unfinished > 0
        OR r.status <> CASE WHEN n.completed > 0 THEN 'success' WHEN n.timed_out > 0 THEN 'timeout' ELSE 'failed' END
    );
