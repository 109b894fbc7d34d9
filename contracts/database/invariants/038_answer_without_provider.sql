-- rule: A completed execution names the provider that answered.
-- source: Execution in runner.yaml
-- severity: major
SELECT j.jobspec_id AS job, e.id AS execution, e.region, e.provider_id
FROM jobs j
JOIN executions e ON e.job_id = j.id
WHERE (%(jobs)s::text[] IS NULL OR j.jobspec_id = ANY(%(jobs)s))
    AND e.status = 'completed'
    AND trim(e.provider_id) IN ('', 'unassigned');
