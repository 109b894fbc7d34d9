ALTER TABLE executions
    DROP COLUMN system_prompt,
    DROP COLUMN response_length,
    DROP COLUMN response_classification,
    DROP COLUMN is_technical_error,
    DROP COLUMN is_content_refusal,
    DROP COLUMN is_substantive;
