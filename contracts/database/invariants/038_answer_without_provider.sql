-- rule: A completed execution names the provider that answered.
-- source: Execution in runner.yaml
-- severity: major
-- reads: executions(id, job_id, provider_id, region, status), jobs(id, jobspec_id)
SELECT j.jobspec_id AS resource, e.id AS execution, e.region, e.provider_id
FROM jobs j
JOIN executions e ON e.job_id = j.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND e.status = 'completed'
    AND coalesce(trim(e.provider_id), '') IN ('', 'unassigned');
