ALTER TABLE executions
    DROP COLUMN original_error,
    DROP COLUMN retry_history,
    DROP COLUMN last_retry_at,
    DROP COLUMN max_retries,
    DROP COLUMN retry_count;
