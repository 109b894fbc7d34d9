-- rule: A job of workflow B has a cross-region execution as soon as it is accepted.
-- source: fix plan: the cross-region endpoint creates cross-region records
-- severity: critical
-- reads: cross_region_executions(jobspec_id), jobs(jobspec_id, status, workflow)
SELECT j.jobspec_id AS resource, j.workflow, j.status
FROM jobs j
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.workflow = 'cross-region'
    AND NOT EXISTS (SELECT FROM cross_region_executions c WHERE c.jobspec_id = j.jobspec_id);
