-- How often, when and why an execution was run again.

ALTER TABLE executions
    ADD COLUMN retry_count    INTEGER NOT NULL DEFAULT 0
        CONSTRAINT executions_retry_count_check CHECK (retry_count >= 0),
    ADD COLUMN max_retries    INTEGER NOT NULL DEFAULT 3,
    ADD COLUMN last_retry_at  TIMESTAMPTZ,
    ADD COLUMN retry_history  JSONB   NOT NULL DEFAULT '[]',
    ADD COLUMN original_error TEXT;
