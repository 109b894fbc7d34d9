-- rule: The nonce of a signed job is stored for as long as its signature is fresh, so that the request cannot be replayed.
-- source: signatures in runner.yaml
-- severity: critical
-- reads: jobs(created_at, jobspec_data, jobspec_id), signature_nonces(nonce, public_key)
SELECT j.jobspec_id AS resource, j.jobspec_data #>> '{metadata,nonce}' AS nonce
FROM jobs j
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.jobspec_data ? 'signature' AND j.jobspec_data ? 'public_key'
    AND j.created_at > now() - interval '5 minutes'
    AND NOT EXISTS (
        SELECT FROM signature_nonces n
        WHERE n.nonce = j.jobspec_data #>> '{metadata,nonce}'
            -- The last base64 digit of a key has unused bits, so one key has several spellings.
            AND left(n.public_key, 42) = left(j.jobspec_data ->> 'public_key', 42)
    );
