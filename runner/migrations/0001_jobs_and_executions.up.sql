-- A job is one accepted JobSpec; an execution is one call for a (region, model, question) of it.

CREATE TABLE jobs (
    id           SERIAL PRIMARY KEY,
    jobspec_id   VARCHAR(255) NOT NULL CONSTRAINT jobs_jobspec_id_key UNIQUE,
    jobspec_data JSONB        NOT NULL,
    status       VARCHAR(50)  NOT NULL DEFAULT 'queued'
        CONSTRAINT jobs_status_check
        CHECK (status IN ('queued', 'running', 'completed', 'partial', 'failed', 'cancelled')),
    created_at   TIMESTAMPTZ  NOT NULL DEFAULT now(),
    updated_at   TIMESTAMPTZ  NOT NULL DEFAULT now()
);

CREATE INDEX jobs_status_idx ON jobs (status);
CREATE INDEX jobs_created_at_idx ON jobs (created_at);
CREATE INDEX jobs_updated_at_idx ON jobs (updated_at);
CREATE INDEX jobs_jobspec_data_idx ON jobs USING gin (jobspec_data);

CREATE TABLE executions (
    id           SERIAL PRIMARY KEY,
    job_id       INTEGER      NOT NULL CONSTRAINT executions_job_id_fkey REFERENCES jobs (id) ON DELETE CASCADE,
    provider_id  VARCHAR(255) NOT NULL,
    region       VARCHAR(100) NOT NULL,
    status       VARCHAR(50)  NOT NULL DEFAULT 'pending'
        CONSTRAINT executions_status_check
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'timeout', 'cancelled')),
    started_at   TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    output_data  JSONB,
    receipt_data JSONB,
    created_at   TIMESTAMPTZ  NOT NULL DEFAULT now(),
    question_id  VARCHAR(255),
    model_id     VARCHAR(50)  NOT NULL DEFAULT 'llama3.2-1b',
    CONSTRAINT executions_triple_key UNIQUE NULLS NOT DISTINCT (job_id, region, model_id, question_id)
);

CREATE INDEX executions_job_id_idx ON executions (job_id);
CREATE INDEX executions_status_idx ON executions (status);
CREATE INDEX executions_region_idx ON executions (region);
CREATE INDEX executions_created_at_idx ON executions (created_at);
CREATE INDEX executions_model_id_idx ON executions (model_id);

-- Workers listen on job_cancelled, so that a running call ends at once, whoever cancels the job.
CREATE FUNCTION notify_job_cancelled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('job_cancelled', NEW.id::text);
    RETURN NULL;
END;
$$;

CREATE TRIGGER jobs_notify_cancelled
    AFTER UPDATE OF status ON jobs
    FOR EACH ROW
    WHEN (NEW.status = 'cancelled' AND OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION notify_job_cancelled();
