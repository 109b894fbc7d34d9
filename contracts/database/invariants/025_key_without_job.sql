-- rule: An idempotency key belongs to a job that exists.
-- source: Idempotency-Key in runner.yaml
-- severity: major
-- reads: idempotency_keys(idem_key, jobspec_id), jobs(id, jobspec_id)
SELECT k.jobspec_id AS resource, k.idem_key
FROM idempotency_keys k
LEFT JOIN jobs j ON j.jobspec_id = k.jobspec_id
WHERE (%(resources)s::text[] IS NULL OR k.jobspec_id = ANY(%(resources)s))
    AND j.id IS NULL;
