-- rule: Each execution starts with its own call: those of a job, or of one of its regions, do not all start at the same instant.
-- source: life-cycle of runner.yaml
-- severity: major
SELECT j.jobspec_id AS job, e.region, min(e.started_at) AS started_at, count(*) AS executions
FROM jobs j
JOIN executions e ON e.job_id = j.id AND e.started_at IS NOT NULL
WHERE (%(jobs)s::text[] IS NULL OR j.jobspec_id = ANY(%(jobs)s))
GROUP BY GROUPING SETS ((j.jobspec_id), (j.jobspec_id, e.region))
HAVING count(*) > 1
    AND count(DISTINCT e.started_at) = 1
    -- Two workers may well start one call each in the same microsecond, but these do not end as one, too.
    AND (count(*) > 2 OR (count(e.completed_at) = 2 AND count(DISTINCT e.completed_at) = 1));
