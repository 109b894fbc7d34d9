-- rule: A job has at most one cross-region execution.
-- source: schema: cross_region_executions_jobspec_id_key
-- severity: major
-- reads: cross_region_executions(jobspec_id), jobs(jobspec_id)
SELECT j.jobspec_id AS resource, count(*) AS runs
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
GROUP BY j.jobspec_id
HAVING count(*) > 1;
