-- rule: A job and its cross-region execution become terminal together; in workflow B both end with the same status.
-- source: life-cycle in runner.yaml
-- severity: critical
-- layer: status
-- reads: cross_region_executions(jobspec_id, status), jobs(jobspec_id, status, workflow)
SELECT j.jobspec_id AS resource, j.workflow, j.status AS job_status, c.status AS run_status
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND CASE WHEN j.workflow = 'cross-region'
        THEN c.status <> CASE WHEN j.status IN ('queued', 'running') THEN 'running' ELSE j.status END
        ELSE (c.status = 'running') <> (j.status IN ('queued', 'running'))
    END;
