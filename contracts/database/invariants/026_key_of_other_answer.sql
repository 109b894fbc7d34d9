-- rule: The answer stored for an idempotency key is that of its own job and names the job's cross-region execution.
-- source: Idempotency-Key in runner.yaml
-- severity: major
-- reads: cross_region_executions(id, jobspec_id), idempotency_keys(idem_key, jobspec_id, response), jobs(jobspec_id, workflow)
SELECT j.jobspec_id AS resource, k.idem_key, k.response ->> 'id' AS answered,
    k.response ->> 'cross_region_execution_id' AS answered_run, c.id AS run
FROM jobs j
JOIN idempotency_keys k ON k.jobspec_id = j.jobspec_id
LEFT JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id AND j.workflow = 'cross-region'
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND (
        k.response ->> 'id' IS DISTINCT FROM j.jobspec_id
        OR k.response ->> 'cross_region_execution_id' IS DISTINCT FROM c.id::text
    );
