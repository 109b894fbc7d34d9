-- The first answer to a submission under an Idempotency-Key, and the hash of the request that got it.

CREATE TABLE idempotency_keys (
    id           BIGSERIAL PRIMARY KEY,
    idem_key     TEXT        NOT NULL CONSTRAINT idempotency_keys_idem_key_key UNIQUE,
    jobspec_id   TEXT        NOT NULL,
    request_hash TEXT        NOT NULL,
    response     JSONB       NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idempotency_keys_jobspec_id_idx ON idempotency_keys (jobspec_id);
