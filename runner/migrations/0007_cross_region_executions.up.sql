-- Workflow B: a job's run as a comparison of regions, its result for each region, and the analysis of their answers.
-- Jobs that exist already were submitted by the standard workflow; their rows stay as they are.

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END;
$$;

ALTER TABLE jobs
    ADD COLUMN workflow VARCHAR(20) NOT NULL DEFAULT 'standard'
        CONSTRAINT jobs_workflow_check CHECK (workflow IN ('standard', 'cross-region'));

CREATE TABLE cross_region_executions (
    id                   UUID PRIMARY KEY,
    jobspec_id           VARCHAR(255) NOT NULL
        CONSTRAINT cross_region_executions_jobspec_id_key UNIQUE
        CONSTRAINT cross_region_executions_jobspec_id_fkey REFERENCES jobs (jobspec_id) ON DELETE CASCADE,
    total_regions        INTEGER      NOT NULL,
    success_count        INTEGER      NOT NULL DEFAULT 0,
    failure_count        INTEGER      NOT NULL DEFAULT 0,
    min_regions_required INTEGER      NOT NULL DEFAULT 1,
    min_success_rate     NUMERIC      NOT NULL DEFAULT 0.67,
    status               VARCHAR(50)  NOT NULL DEFAULT 'running'
        CONSTRAINT cross_region_executions_status_check
        CHECK (status IN ('running', 'completed', 'partial', 'failed', 'cancelled')),
    enable_analysis      BOOLEAN      NOT NULL DEFAULT true,
    analysis_error       TEXT,
    started_at           TIMESTAMPTZ  NOT NULL DEFAULT now(),
    completed_at         TIMESTAMPTZ,
    duration_ms          BIGINT,
    created_at           TIMESTAMPTZ  NOT NULL DEFAULT now(),
    updated_at           TIMESTAMPTZ  NOT NULL DEFAULT now()
);

CREATE INDEX cross_region_executions_status_idx ON cross_region_executions (status);
CREATE INDEX cross_region_executions_created_at_idx ON cross_region_executions (created_at);
CREATE TRIGGER cross_region_executions_touch BEFORE UPDATE ON cross_region_executions
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE region_results (
    id                        UUID PRIMARY KEY,
    cross_region_execution_id UUID         NOT NULL
        CONSTRAINT region_results_cross_region_execution_id_fkey
        REFERENCES cross_region_executions (id) ON DELETE CASCADE,
    region                    VARCHAR(100) NOT NULL,
    provider_id               VARCHAR(255),
    provider_info             JSONB,
    status                    VARCHAR(50)  NOT NULL DEFAULT 'running'
        CONSTRAINT region_results_status_check
        CHECK (status IN ('running', 'success', 'failed', 'timeout', 'cancelled')),
    started_at                TIMESTAMPTZ  NOT NULL DEFAULT now(),
    completed_at              TIMESTAMPTZ,
    duration_ms               BIGINT,
    execution_output          JSONB,
    error_message             TEXT,
    scoring                   JSONB,
    metadata                  JSONB,
    created_at                TIMESTAMPTZ  NOT NULL DEFAULT now(),
    updated_at                TIMESTAMPTZ  NOT NULL DEFAULT now(),
    CONSTRAINT region_results_region_key UNIQUE (cross_region_execution_id, region)
);

CREATE INDEX region_results_status_idx ON region_results (status);
CREATE TRIGGER region_results_touch BEFORE UPDATE ON region_results
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE cross_region_analyses (
    id                        UUID PRIMARY KEY,
    cross_region_execution_id UUID          NOT NULL
        CONSTRAINT cross_region_analyses_cross_region_execution_id_key UNIQUE
        CONSTRAINT cross_region_analyses_cross_region_execution_id_fkey
        REFERENCES cross_region_executions (id) ON DELETE CASCADE,
    bias_variance             NUMERIC(5, 4) NOT NULL,
    censorship_rate           NUMERIC(3, 2) NOT NULL,
    factual_consistency       NUMERIC(3, 2) NOT NULL,
    narrative_divergence      NUMERIC(3, 2) NOT NULL,
    key_differences           JSONB         NOT NULL DEFAULT '[]',
    risk_assessment           JSONB         NOT NULL DEFAULT '[]',
    summary                   TEXT          NOT NULL,
    recommendation            TEXT          NOT NULL,
    created_at                TIMESTAMPTZ   NOT NULL DEFAULT now(),
    updated_at                TIMESTAMPTZ   NOT NULL DEFAULT now()
);

CREATE TRIGGER cross_region_analyses_touch BEFORE UPDATE ON cross_region_analyses
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

ALTER TABLE executions
    ADD COLUMN cross_region_execution_id UUID
        CONSTRAINT executions_cross_region_execution_id_fkey
        REFERENCES cross_region_executions (id) ON DELETE SET NULL;

CREATE INDEX executions_cross_region_execution_id_idx ON executions (cross_region_execution_id);
