-- rule: An idempotency key belongs to a job that exists.
-- source: Idempotency-Key in runner.yaml
-- severity: major
SELECT k.jobspec_id AS job, k.idem_key
FROM idempotency_keys k
LEFT JOIN jobs j ON j.jobspec_id = k.jobspec_id
WHERE (%(jobs)s::text[] IS NULL OR k.jobspec_id = ANY(%(jobs)s))
    AND j.id IS NULL;
