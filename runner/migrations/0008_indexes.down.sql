DROP INDEX idempotency_keys_created_at_idx;

CREATE INDEX region_results_status_idx ON region_results (status);
DROP INDEX cross_region_executions_status_idx;
DROP INDEX cross_region_executions_created_at_idx;
CREATE INDEX cross_region_executions_status_idx ON cross_region_executions (status);
CREATE INDEX cross_region_executions_created_at_idx ON cross_region_executions (created_at);

CREATE INDEX executions_created_at_idx ON executions (created_at);
CREATE INDEX executions_model_id_idx ON executions (model_id);
CREATE INDEX executions_region_idx ON executions (region);
CREATE INDEX executions_job_id_idx ON executions (job_id);

DROP INDEX jobs_workflow_idx;
DROP INDEX jobs_status_idx;
DROP INDEX jobs_created_at_idx;
CREATE INDEX jobs_status_idx ON jobs (status);
CREATE INDEX jobs_created_at_idx ON jobs (created_at);
CREATE INDEX jobs_jobspec_data_idx ON jobs USING gin (jobspec_data);
