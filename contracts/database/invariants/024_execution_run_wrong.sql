-- rule: An execution of a cross-region job references its job's cross-region execution; an execution of a standard job references none.
-- source: schema: executions.cross_region_execution_id
-- severity: major
-- reads: cross_region_executions(id, jobspec_id), executions(cross_region_execution_id, id, job_id), jobs(id, jobspec_id, workflow)
SELECT j.jobspec_id AS resource, j.workflow, e.id AS execution, e.cross_region_execution_id AS named, c.id AS run
FROM jobs j
JOIN executions e ON e.job_id = j.id
LEFT JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND e.cross_region_execution_id IS DISTINCT FROM CASE WHEN j.workflow = 'cross-region' THEN c.id END;
