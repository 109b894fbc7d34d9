-- rule: Each execution starts with its own router call, so the executions of a job or of one of its regions do not all start at the same instant.
-- source: life-cycle in runner.yaml
-- severity: major
-- layer: derived
-- reads: executions(completed_at, job_id, region, started_at), jobs(id, jobspec_id)
SELECT j.jobspec_id AS resource, e.region, min(e.started_at) AS started_at, count(*) AS executions
FROM jobs j
JOIN executions e ON e.job_id = j.id AND e.started_at IS NOT NULL
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
GROUP BY GROUPING SETS ((j.jobspec_id), (j.jobspec_id, e.region))
HAVING count(*) > 1
    AND count(DISTINCT e.started_at) = 1
    -- Two workers can start a call in the same microsecond, but their calls do not also end in the same one.
    AND (count(*) > 2 OR (count(e.completed_at) = 2 AND count(DISTINCT e.completed_at) = 1));
