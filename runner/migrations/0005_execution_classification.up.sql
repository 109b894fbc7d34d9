-- What kind of answer an execution got.

ALTER TABLE executions
    ADD COLUMN is_substantive          BOOLEAN     NOT NULL DEFAULT false,
    ADD COLUMN is_content_refusal      BOOLEAN     NOT NULL DEFAULT false,
    ADD COLUMN is_technical_error      BOOLEAN     NOT NULL DEFAULT false,
    ADD COLUMN response_classification VARCHAR(50) NOT NULL DEFAULT 'unknown'
        CONSTRAINT executions_response_classification_check
        CHECK (response_classification IN ('substantive', 'content_refusal', 'technical_failure', 'unknown')),
    ADD COLUMN response_length         INTEGER     NOT NULL DEFAULT 0
        CONSTRAINT executions_response_length_check CHECK (response_length >= 0),
    ADD COLUMN system_prompt           TEXT;
