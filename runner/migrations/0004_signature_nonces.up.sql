-- The nonces of accepted signed JobSpecs: each is good once for its key.

CREATE TABLE signature_nonces (
    public_key TEXT        NOT NULL,
    nonce      TEXT        NOT NULL,
    seen_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT signature_nonces_pkey PRIMARY KEY (public_key, nonce)
);

CREATE INDEX signature_nonces_seen_at_idx ON signature_nonces (seen_at);
