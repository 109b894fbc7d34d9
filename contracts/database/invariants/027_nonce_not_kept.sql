-- rule: The nonce of a signed job is kept for as long as its signature is fresh, so that it cannot be used again.
-- source: signatures of runner.yaml
-- severity: critical
SELECT j.jobspec_id AS job, j.jobspec_data #>> '{metadata,nonce}' AS nonce
FROM jobs j
WHERE (%(jobs)s::text[] IS NULL OR j.jobspec_id = ANY(%(jobs)s))
    AND j.jobspec_data ? 'signature' AND j.jobspec_data ? 'public_key'
    AND j.created_at > now() - interval '5 minutes'
    AND NOT EXISTS (
        SELECT FROM signature_nonces n
        WHERE n.nonce = j.jobspec_data #>> '{metadata,nonce}'
            -- The last digit of a key in base64 has spare bits, so that it has several spellings.
            AND left(n.public_key, 42) = left(j.jobspec_data ->> 'public_key', 42)
    );
