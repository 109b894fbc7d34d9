-- rule: A job of workflow B has a cross-region execution from its acceptance on.
-- source: fix plan: jobs of the cross-region endpoint create cross-region records
-- severity: critical
SELECT j.jobspec_id AS job, j.workflow, j.status
FROM jobs j
WHERE (%(jobs)s::text[] IS NULL OR j.jobspec_id = ANY(%(jobs)s))
    AND j.workflow = 'cross-region'
    AND NOT EXISTS (SELECT FROM cross_region_executions c WHERE c.jobspec_id = j.jobspec_id);
